// What a run does for the refresh beside its own work: when the next is due, what was put back, and one slice at the
// end. Private to this room. Each throws StateFailure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/model/exit_code.h"
#include "daemon/model/plan.h"
#include "daemon/run/pipeline.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::run {

/// Has whoever is there already been matched? Not so after a first run that was cut off, that was held, or that was for
/// one person: then the state holds some, and the rest are not known to be there.
bool WasLookedAt(const state::SqliteStore& store);

/// Lets the next run come when a refresh is due, unless this one does it. `listed_at`: this run looked at everything
/// itself.
void NoteRefreshDue(const Context& context, const state::SqliteStore& store, const std::optional<Instant>& listed_at,
                    PlanNotes& notes);

/// Of `repairs` those that the target has accepted in `run`.
void RecordPutBack(const Context& context, state::SqliteStore& store, const std::string& run,
                   const std::vector<DriftRepair>& repairs);

/// A plan's listing of everything is as good as a refresh. `listed`: digests of the objects that it showed.
void RecordWholeLook(state::SqliteStore& store, Instant at, std::vector<std::uint64_t> listed);

/// One slice of the refresh if it is due, the state was looked at once as a whole, and the run that ended with `code`
/// reached the target, or did not need to. What goes wrong at the target is told and changes nothing about the run;
/// what was not looked at is due at once.
void ContinueRefresh(const Context& context, state::SqliteStore& store, ExitCode code);

}  // namespace ucaas_sync::run
