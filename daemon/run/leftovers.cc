#include "daemon/run/leftovers.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/run/leftovers_steps.h"
#include "daemon/run/target.h"

namespace ucaas_sync::run {
namespace {

// What the run did is done; a question that cannot be asked must not make it a failed one.
void TellNotAsked(const Context& context, state::SqliteStore& store, const Failure& failure) {
  context.observer.OnEvent(
      {.id = EventId::kLeftoverUnknown,
       .text = std::string("what a run that was cut off may have done cannot be looked up now, the next run asks "
                           "again: ") +
               failure.what()});
  store.NoteDue(context.clock.Now() + kAskAgainAfter);
}

/// Whether the target can be asked; says so when it cannot.
bool Reaches(const Context& context, state::SqliteStore& store, Target::Patience patience,
             std::optional<Target>& target) {
  try {
    target.emplace(context, patience);
    return true;
  } catch (const Failure& failure) {
    TellNotAsked(context, store, failure);
    return false;
  }
}

}  // namespace

void SettleBeforePlan(state::SqliteStore& store, apply::Caller& caller, const plan::Policy& policy, const Clock& clock,
                      Observer& observer) {
  const Unanswered unanswered = UnansweredOf(store);
  // Groups before contacts, whose rows name them.
  for (const Kind kind : kAllKinds) {
    FindCreated(store, caller, kind, unanswered, clock, observer);
    if (caller.stopped()) return;
  }
  std::vector<std::int64_t> changed;
  for (const auto& [id, changes] : unanswered.changes) changed.push_back(id);
  SettleUnanswered(store, caller, policy, clock, observer, changed, unanswered, Moment::kBeforePlan);
}

std::optional<apply::Stop> SettleBeforePlan(const Context& context, state::SqliteStore& store) {
  if (store.LeftoverCreates().empty() && store.UnansweredUpdates().empty()) return std::nullopt;
  std::optional<Target> target;
  try {
    target.emplace(context);
  } catch (const Failure&) {
    // Whoever asks next, for what the plan wants, says so.
    return std::nullopt;
  }
  SettleBeforePlan(store, target->caller(), context.program.policy, context.clock, context.observer);
  return target->caller().stopped();
}

std::optional<apply::Stop> SettleHeld(const Context& context, state::SqliteStore& store,
                                      const std::optional<apply::Stop>& before) {
  if (before) {
    // What was just asked in vain would be asked in vain again.
    store.NoteDue(context.clock.Now() + kAskAgainAfter);
    return before;
  }
  const std::vector<std::int64_t> unknown = store.UnknownChanges();
  if (unknown.empty()) return std::nullopt;
  std::optional<Target> target;
  if (!Reaches(context, store, Target::Patience::kLittle, target)) return std::nullopt;
  SettleChanges(store, target->caller(), context.program.policy, context.clock, context.observer, unknown);
  return target->caller().stopped();
}

std::optional<apply::Stop> SettleLeftovers(const Context& context, state::SqliteStore& store, const Plan& plan,
                                           const std::vector<std::int64_t>& unknown) {
  if (!HasLeftovers(store, plan) && unknown.empty()) return std::nullopt;
  std::optional<Target> target;
  if (!Reaches(context, store, Target::Patience::kAsConfigured, target)) return std::nullopt;
  SettleLeftovers(store, target->caller(), context.clock, context.observer, plan);
  if (target->caller().stopped()) return target->caller().stopped();
  SettleChanges(store, target->caller(), context.program.policy, context.clock, context.observer, unknown);
  return target->caller().stopped();
}

}  // namespace ucaas_sync::run
