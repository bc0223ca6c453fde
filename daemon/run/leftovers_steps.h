// What leftovers.h is made of: creates and changes, each before a plan and after it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/run/leftovers.h"
#include "daemon/run/unanswered.h"

namespace ucaas_sync::run {

/// So many are asked for beside each other, and recorded in one commit.
inline constexpr std::size_t kAtOnce = 16;

/// When the next run is due after the target did not say: not at once, since runs that write nothing end well, and have
/// no other rest between them.
inline constexpr Duration kAskAgainAfter = std::chrono::minutes(5);

enum class Moment : std::uint8_t { kBeforePlan, kAfterPlan };

/// Are there creates of unknown outcome that `plan` has no operation for?
bool HasLeftovers(const state::SqliteStore& store, const Plan& plan);

/// Before the plan: what the creates of one kind have made, one object at their addresses that nobody else knows of.
void FindCreated(state::SqliteStore& store, apply::Caller& caller, Kind kind, const Unanswered& unanswered,
                 const Clock& clock, Observer& observer);

/// Asks how `unknown`, entities with a change of unknown outcome, are. Before a plan only what was made anew is
/// recorded.
void SettleUnanswered(state::SqliteStore& store, apply::Caller& caller, const plan::Policy& policy, const Clock& clock,
                      Observer& observer, const std::vector<std::int64_t>& unknown, const Unanswered& unanswered,
                      Moment moment);

}  // namespace ucaas_sync::run
