// Counts a finished list of operations as the guards look at it, for plans that no planner made.
#pragma once

#include "daemon/model/plan.h"
#include "daemon/model/store.h"
#include "daemon/plan/guards.h"

namespace ucaas_sync::plan {

/// `state` is what it was before the first operation.
Tally TallyOf(const OperationList& operations, const StateView& state);

/// Lets the removals of groups wait, when a guard holds them alone.
void PutGroupRemovalsAside(Plan& plan);

}  // namespace ucaas_sync::plan
