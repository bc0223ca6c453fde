// The one pipeline: read, map, plan, guards, apply. A dry run is the same pipeline that returns after the plan.
// Every function throws Failure for what ends the run; what one record or one call came to is in the result.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/apply/executor.h"
#include "daemon/model/clock.h"
#include "daemon/model/observer.h"
#include "daemon/model/plan.h"
#include "daemon/model/store.h"
#include "daemon/model/trace.h"
#include "daemon/model/transport.h"
#include "daemon/plan/planner.h"
#include "daemon/run/program.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::run {

class TargetOfRun;

/// What every step of a run needs; all outlive the run.
struct Context {
  Program& program;
  const Clock& clock;
  Observer& observer;
  std::function<bool()> stop_requested;  ///< May be empty.
  /// Lets time pass, to wait for a source that is being written. Empty: it is taken as it is.
  std::function<void(Duration)> pause = {};
  /// Reaches the target in place of the network; a simulation brings its own. Outlives the run.
  Transport* transport = nullptr;
  /// What all who ask the target share. Null: each asks on its own account.
  TargetOfRun* target_of_run = nullptr;
  /// Told at the end of a sync, also of one that fails: whether somebody else wrote to the state since its plan was
  /// begun. Null: nobody asks.
  bool* others_wrote = nullptr;
  /// Seeds and ids; empty: the system's.
  std::function<std::uint64_t()> random = {};
};

struct PlanRequest {
  bool refresh = false;                                       ///< List the target even when there is state.
  bool needs_whole = false;                                   ///< With refresh: a list that ends early is no plan.
  std::set<Kind> unlisted{};                                  ///< Of these kinds nobody is created.
  bool offline = false;                                       ///< Never ask the target.
  std::string only;                                           ///< A key or an e-mail.
  std::map<std::string, std::filesystem::path> source_paths;  ///< --source NAME=PATH
  Trace* trace = nullptr;                                     ///< Told of each decision about whom it wants.
  /// Where the plan is written as it is made, in its JSON; anew each time when it is made more than once. Empty:
  /// nowhere.
  std::function<std::ostream&()> file{};
};

struct Planned {
  Plan plan;
  PlanNotes notes;
  std::vector<SnapshotHistory> histories;  ///< Of the complete snapshots.
  std::optional<Instant> listed_at;        ///< When the whole of the target was listed for it.
  std::vector<std::uint64_t> listed{};     ///< Then: digests of what was there.
  std::optional<std::string> refused{};    ///< Why, where the target refused to list them.
  std::set<Kind> unlisted{};               ///< Kinds that are new and could not be listed: nobody of them is created.
};

/// Reads the sources and plans against `state`. Lists the target when `refresh` is set, and as long as nobody has
/// looked at all of it: without a state, or after a first run that was cut off.
Planned MakePlan(const Context& context, const PlanRequest& request, const state::SqliteStore& state);

/// The dry run: opens the state for reading alone.
Planned PlanOnly(const Context& context, const PlanRequest& request);

struct SyncResult {
  std::string run;
  ExitCode code = ExitCode::kConverged;
  std::string message;
  std::string why_approved;  ///< The reason that a person gave, for the journal alone: it may name people.
  std::string approve;       ///< The command that lets pass what a guard holds; empty when nothing is held.
  Plan plan;
  apply::ApplyResult applied;
};

/// One run under the run lock: read, plan, guards, apply. A refused run is in the journal too.
SyncResult Sync(const Context& context, const PlanRequest& request, const std::string& trigger);

/// Applies exactly the plan in `file`. Refused (kStale) when it was altered or used, or when the configuration or an
/// entity that it touches has changed since; refused (kHeld) when a guard holds it.
SyncResult ApplyFile(const Context& context, const std::filesystem::path& file);

}  // namespace ucaas_sync::run
