// What a run that was cut off left unknown. Before anything is planned: what its creates have made, and its changes
// made anew, becomes ours in the state, so that the plan knows who has which address. After the plan, what it did not
// ask for. Creates: whether the target did them is looked up once more, and the rules of leaving apply to what is
// there. Changes: the target is asked how the object is, and what differs from the state is settled by the next plan
// like anything that changed there. Only reads the target. Owns nothing. Single-threaded. A look-up that fails leaves
// it unknown for the next run; StateFailure ends it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/apply/caller.h"
#include "daemon/model/clock.h"
#include "daemon/model/observer.h"
#include "daemon/model/plan.h"
#include "daemon/plan/policy.h"
#include "daemon/run/pipeline.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::run {

/// Asks for every create of unknown outcome, and for every change that may have made its object anew. What is found,
/// and nobody else's by the state, by the last listing or by another request that nobody answered, is ours. Whatever
/// else is left to the plan.
void SettleBeforePlan(state::SqliteStore& store, apply::Caller& caller, const plan::Policy& policy, const Clock& clock,
                      Observer& observer);

/// Looks up every create of unknown outcome that `plan`, already applied, has no operation for.
void SettleLeftovers(state::SqliteStore& store, apply::Caller& caller, const Clock& clock, Observer& observer,
                     const Plan& plan);

/// Looks up `unknown`, the entities with a change of unknown outcome: also whom the plan, already applied, has changed
/// since, for it may have changed something else of them. A row moves to the one object that such a change made anew.
void SettleChanges(state::SqliteStore& store, apply::Caller& caller, const plan::Policy& policy, const Clock& clock,
                   Observer& observer, const std::vector<std::int64_t>& unknown);

/// Reaches the target itself; asks nobody when nothing was left. Why it was stopped before the end, if it was: so do
/// the other two.
std::optional<apply::Stop> SettleBeforePlan(const Context& context, state::SqliteStore& store);

/// Where a plan is held, and nothing of it is applied: SettleChanges of all, and the target is not waited for.
/// `before`: why SettleBeforePlan was stopped; then nobody is asked again.
std::optional<apply::Stop> SettleHeld(const Context& context, state::SqliteStore& store,
                                      const std::optional<apply::Stop>& before);

/// The other two; asks nobody when nothing was left.
std::optional<apply::Stop> SettleLeftovers(const Context& context, state::SqliteStore& store, const Plan& plan,
                                           const std::vector<std::int64_t>& unknown);

}  // namespace ucaas_sync::run
