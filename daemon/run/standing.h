// How the account stands, from the state alone: for `status`, the pages and the metrics.
#pragma once

#include <cstddef>

#include "daemon/model/time.h"
#include "daemon/report/metrics.h"
#include "daemon/report/status.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::run {

/// With the last `runs` runs. `next_run` is the instant from which the same files would give another plan: a service
/// knows better when it will look.
report::Status StandingOf(const state::SqliteStore& store, std::size_t runs, Instant now);

/// Counts everything that is kept: looks at each entity, so not for every page.
report::Inventory InventoryOf(const state::SqliteStore& store);

}  // namespace ucaas_sync::run
