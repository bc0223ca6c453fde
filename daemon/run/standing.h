// How the account stands, from the state and a look at the files of the sources: for `status`, the pages and the
// metrics.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/model/time.h"
#include "daemon/report/metrics.h"
#include "daemon/report/status.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::run {

/// As in the journal, newest first; but one that has no end there, while no process is at work, is told as the next run
/// will record it: cut off.
std::vector<RunRecord> RunsOf(const state::SqliteStore& store, std::size_t limit, Instant now);
std::optional<RunRecord> RunOf(const state::SqliteStore& store, const std::string& id, Instant now);

/// With the last `runs` runs, and what the files of `sources` look like now. `next_run` is the instant from which the
/// same files would give another plan: a service knows better when it will look.
report::Status StandingOf(const state::SqliteStore& store, const std::vector<config::SourceConfig>& sources,
                          std::size_t runs, Instant now);

/// Whether a guard holds whatever would be done.
bool IsAllHeld(const state::SqliteStore& store);

/// Counts everything that is kept: looks at each entity, so not for every page.
report::Inventory InventoryOf(const state::SqliteStore& store);

}  // namespace ucaas_sync::run
