#include "daemon/run/revert.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "daemon/model/text.h"
#include "daemon/run/consent.h"
#include "daemon/run/plan_file.h"
#include "daemon/run/source_words.h"
#include "daemon/run/steps.h"
#include "daemon/state/run_lock.h"

namespace ucaas_sync::run {
namespace {

plan::Revert PlanAgainst(const Context& context, const std::string& run, const state::SqliteStore& store) {
  plan::RevertInputs inputs{.run = run, .done = {}, .config_hash = PlanFit(context.program), .new_id = [&context] {
                              return NewPlanId(context);
                            }};
  std::uint64_t kept = 0;
  store.ForEachOperation(run, [&](const Operation& operation, const OperationOutcome* outcome) {
    ++kept;
    if (outcome == nullptr || !outcome->done) return;
    if (operation.key.empty()) {
      ++inputs.forgotten;
    } else {
      inputs.done.push_back(operation);
    }
  });
  // A run that was held has a plan and never stored it.
  if (kept != 0) inputs.outdated = std::max(store.PlannedBy(run), kept) - kept;
  return plan::PlanRevert(inputs, store, context.program.policy, context.clock.Now());
}

std::map<KindAndKey, SourceWord> WordsFor(const Context& context, const StateView& state, const Plan& plan) {
  std::set<KindAndKey> who;
  plan.operations.ForEach([&who](const Operation& operation) { who.emplace(operation.kind, operation.key); });
  try {
    return AskSources(context, state, who);
  } catch (const Failure& failure) {
    if (failure.code() != ExitCode::kSource) throw;
    context.observer.OnEvent({.id = EventId::kRevertWithoutSources,
                              .text = std::string("the sources cannot be read; what the next good read says is taken "
                                                  "for what they say now: ") +
                                      failure.what()});
    return {};
  }
}

/// A hold for each entity that the plan touches.
std::vector<StoredHold> HoldsFor(const Context& context, const StateView& state, const Plan& plan,
                                 const std::string& run) {
  const std::map<KindAndKey, SourceWord> words = WordsFor(context, state, plan);
  std::vector<StoredHold> holds;
  plan.operations.ForEach([&](const Operation& operation) {
    const auto word = words.find({operation.kind, operation.key});
    holds.push_back({.key = operation.key,
                     .reason = "reverted " + run,
                     .until = std::nullopt,
                     .since = context.clock.Now(),
                     .kind = operation.kind,
                     .mark = word == words.end() ? Hash128{} : word->second.mark.value_or(Hash128{})});
  });
  return holds;
}

/// Who was not put back after all need not stay as is. `run` has ended: what it may have sent without an answer is
/// known as unknown, and what else has no outcome was never sent.
void EndHoldsOfUndone(state::SqliteStore& store, const std::string& run, const std::set<KindAndKey>& held_before) {
  std::set<KindAndKey> unknown;
  for (const UnknownCreate& create : store.UnknownCreates()) unknown.emplace(create.kind, create.key);
  const std::vector<std::int64_t> changed = store.UnknownChanges();
  std::vector<StoredHold> ended;
  store.ForEachOperation(run, [&](const Operation& operation, const OperationOutcome* outcome) {
    const bool is_done = outcome != nullptr && outcome->done;
    // Nobody knows what the target did: held until a person has looked.
    const bool is_unknown =
        outcome == nullptr && (unknown.contains({operation.kind, operation.key}) ||
                               std::binary_search(changed.begin(), changed.end(), operation.entity_id));
    if (is_done || is_unknown || held_before.contains({operation.kind, operation.key})) return;
    ended.push_back({.key = operation.key, .reason = {}, .until = std::nullopt, .kind = operation.kind});
  });
  if (!ended.empty()) store.EndRevertHolds(ended);
}

}  // namespace

plan::Revert PlanRevert(const Context& context, const std::string& run) {
  const auto store = OpenState(context, state::OpenMode::kReadOnly);
  return PlanAgainst(context, run, *store);
}

SyncResult Revert(const Context& given, const std::string& run, const std::string& reviewed) {
  const auto lock = state::RunLock::Acquire(given.program.config.state_dir, given.clock.Now());
  const auto store = OpenState(given, state::OpenMode::kReadWrite);
  ContextOfRun run_context(given, *store);
  const Context& context = run_context.context;
  plan::Revert revert = PlanAgainst(context, run, *store);
  std::set<KindAndKey> held_before;
  bool is_applied = false;
  SyncResult done = Journalled(context, *store, "revert " + run, [&](SyncResult& result) {
    result.plan = std::move(revert.plan);
    if (!reviewed.empty() && result.plan.hash != reviewed) {
      throw Failure(ExitCode::kStale,
                    "another run has changed what this revert would do since it was shown; nothing was written; run "
                    "`ucaas-sync revert " +
                        run + "` again and look at it anew");
    }
    if (result.plan.held) {
      result.code = ExitCode::kHeld;
      store->RecordHeld(result.run, revert.consent, HeldDecisions(result.plan, revert.consent), context.clock.Now());
      result.approve = "ucaas-sync approve " + result.run;
      result.message = HeldMessage(result.plan) + "; if it is right: " + result.approve + ", then revert again";
      return;
    }
    if (result.plan.operations.empty()) return;
    for (const StoredHold& hold : store->Holds(context.clock.Now())) {
      if (hold.kind) held_before.emplace(*hold.kind, hold.key);
    }
    // Before anything is sent: after a crash in between, the next run must not do it all again.
    store->PutHolds(HoldsFor(context, *store, result.plan, run));
    result.applied = Apply(context, *store, result.run, result.plan, PlanOrigin::kRevert);
    is_applied = true;
    NoteDone(context, *store, result.plan, result.applied);
    Conclude(result);
    if (result.applied.left > 0) {
      result.message += (result.message.empty() ? "`" : "; `") + ("ucaas-sync revert " + run) + "` again does the rest";
    }
  });
  if (is_applied) EndHoldsOfUndone(*store, done.run, held_before);
  return done;
}

}  // namespace ucaas_sync::run
