// The order of a plan: access is taken away first, an address is released before it is taken, groups exist before
// contacts join them and go after contacts left them. Within that by key, so that the order of a file or of a hash
// never shows.
#pragma once

#include <cstdint>

#include "daemon/plan/workspace.h"

namespace ucaas_sync::plan {

/// Indices of the drafts that stand, in plan order.
LargeVector<std::uint32_t> PlanOrder(const Workspace& work);

}  // namespace ucaas_sync::plan
