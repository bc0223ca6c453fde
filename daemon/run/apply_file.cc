#include <optional>
#include <set>
#include <string>
#include <utility>

#include "daemon/model/text.h"
#include "daemon/run/consent.h"
#include "daemon/run/pipeline.h"
#include "daemon/run/plan_file.h"
#include "daemon/run/steps.h"
#include "daemon/state/run_lock.h"

namespace ucaas_sync::run {
namespace {

// The plan was made from a state that may have moved since: each touched entity must be as it was then.
void CheckPreconditions(Plan& plan, const StateStore& store, const std::filesystem::path& file, Instant now) {
  const auto stale = [&file](const std::string& why) { return StalePlan(file, why); };
  std::set<std::pair<Kind, std::string>> held;
  for (const StoredHold& hold : store.Holds(now)) {
    for (const Kind kind : kAllKinds) {
      if (!hold.kind || hold.kind == kind) held.emplace(kind, hold.key);
    }
  }
  OperationList checked = plan.operations.EmptyAlike();
  plan.operations.ForEach([&](Operation operation) {
    const std::string who = std::string(Name(operation.kind)) + ' ' + Printable(operation.key);
    if (held.contains({operation.kind, operation.key})) throw stale(who + " was put on hold since the plan was made");
    const auto row = store.Find(operation.kind, operation.key);
    const bool exists = row && row->lifecycle != Lifecycle::kGone;
    const bool makes = operation.action == Action::kCreate || operation.action == Action::kAdopt;
    // One that was known then is made anew because the target was found to have lost it.
    if (makes && exists && row->version > plan.state_version) {
      throw stale(who + " has been created or adopted since the plan was made");
    }
    if (!makes) {
      if (!exists) throw stale(who + " is not in the state any more");
      if (row->remote_id != operation.remote_id || row->version > plan.state_version) {
        throw stale(who + " has changed since the plan was made");
      }
    }
    operation.entity_id = row ? row->id : 0;
    checked.Add(operation);
  });
  plan.operations = std::move(checked);
}

/// Whoever approved the file and came too late must not wonder why it is held again.
std::string EndedWord(const state::SqliteStore& store, const Context& context, const std::filesystem::path& file) {
  for (const Approval& approval : store.EndedApprovals(context.clock.Now())) {
    if (approval.subject == ApprovedFile(file)) {
      return "; the approval by " + approval.who + " ended at " + FormatInstant(approval.until);
    }
  }
  return {};
}

}  // namespace

SyncResult ApplyFile(const Context& given, const std::filesystem::path& file) {
  Plan plan = LoadPlan(given.program, file);
  const auto lock = state::RunLock::Acquire(given.program.config.state_dir, given.clock.Now());
  const auto store = OpenState(given, state::OpenMode::kReadWrite);
  PoliteContext polite(given, *store);
  const Context& context = polite.context;
  const std::string used_as = UsedAs(plan);
  return Journalled(context, *store, "apply", [&](SyncResult& result) {
    if (store->PlanWasUsed(used_as)) throw StalePlan(file, "was applied before, and a plan is applied once");
    CheckPreconditions(plan, *store, file, context.clock.Now());
    JudgeAgain(context, *store, plan);
    if (plan.held) {
      throw Failure(ExitCode::kHeld, file.string() + ": this plan is " + HeldMessage(plan) +
                                         EndedWord(*store, context, file) +
                                         "; nothing was written; if every change in it is meant, run: ucaas-sync "
                                         "approve " +
                                         ShellWord(file.string()) + ", then apply it");
    }
    result.plan = std::move(plan);
    store->MarkPlanUsed(used_as, context.clock.Now());
    result.applied = Apply(context, *store, result.run, result.plan, PlanOrigin::kReviewed);
    Conclude(result);
  });
}

}  // namespace ucaas_sync::run
