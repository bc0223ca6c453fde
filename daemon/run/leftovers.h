// Creates of a run that was cut off, of people whom no plan asks for any more: whether the target did them is looked
// up, and what is there becomes ours in the state, so that the rules of leaving apply to it. Only reads the target.
// Owns nothing. Single-threaded. A look-up that fails leaves the create unknown for the next run; StateFailure ends it.
#pragma once

#include "daemon/apply/caller.h"
#include "daemon/model/clock.h"
#include "daemon/model/observer.h"
#include "daemon/model/plan.h"
#include "daemon/run/pipeline.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::run {

/// Looks up every create of unknown outcome that `plan`, already applied, has no operation for.
void SettleLeftovers(state::SqliteStore& store, apply::Caller& caller, const Clock& clock, Observer& observer,
                     const Plan& plan);

/// The same with a target of its own; asks nobody when nothing was left.
void SettleLeftovers(const Context& context, state::SqliteStore& store, const Plan& plan);

}  // namespace ucaas_sync::run
