// How the account stands, from the state and a look at the files of the sources: for `status`, the pages and the
// metrics.
#pragma once

#include <cstddef>
#include <vector>

#include "config/config.h"
#include "daemon/model/time.h"
#include "daemon/report/metrics.h"
#include "daemon/report/status.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::run {

/// With the last `runs` runs, and what the files of `sources` look like now. `next_run` is the instant from which the
/// same files would give another plan: a service knows better when it will look.
report::Status StandingOf(const state::SqliteStore& store, const std::vector<config::SourceConfig>& sources,
                          std::size_t runs, Instant now);

/// Counts everything that is kept: looks at each entity, so not for every page.
report::Inventory InventoryOf(const state::SqliteStore& store);

}  // namespace ucaas_sync::run
