// Counts a finished list of operations as the guards look at it, for plans that no planner made.
#pragma once

#include "daemon/model/operation.h"
#include "daemon/model/store.h"
#include "daemon/plan/guards.h"

namespace ucaas_sync::plan {

/// `state` is what it was before the first operation.
Tally TallyOf(const OperationList& operations, const StateView& state);

/// The same list without the removals of groups, which wait when a guard holds them alone.
OperationList WithoutGroupRemovals(const OperationList& operations);

}  // namespace ucaas_sync::plan
