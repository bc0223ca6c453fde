#include <fstream>
#include <optional>
#include <utility>

#include "daemon/model/text.h"
#include "daemon/plan/plan_json.h"
#include "daemon/run/pipeline.h"
#include "daemon/run/steps.h"
#include "daemon/state/run_lock.h"

namespace ucaas_sync::run {
namespace {

// The plan was made from a state that may have moved since: each touched entity must be as it was then.
void CheckPreconditions(Plan& plan, const StateStore& store, const std::string& file) {
  const auto stale = [&file](const std::string& why) {
    return Failure(ExitCode::kStale, file + ": " + why + "; nothing was written; make a new plan and review it");
  };
  OperationList checked;
  plan.operations.ForEach([&](Operation operation) {
    const std::string who = std::string(Name(operation.kind)) + ' ' + Printable(operation.key);
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
    checked.Add(std::move(operation));
  });
  plan.operations = std::move(checked);
}

}  // namespace

SyncResult ApplyFile(const Context& context, const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    throw Failure(ExitCode::kStale, file.string() + ": cannot be opened; name a file that `plan --out` wrote");
  }
  Plan plan = plan::ReadPlan(in, file.string());
  const auto stale = [&file](const std::string& why) {
    return Failure(ExitCode::kStale,
                   file.string() + ": " + why + "; nothing was written; make a new plan and review it");
  };
  if (!plan::VerifyHash(plan)) throw stale("was altered after it was made: its hash does not fit");
  if (plan.config_hash != context.program.config.hash) throw stale("was made with another configuration");
  if (plan.held) {
    throw Failure(ExitCode::kHeld,
                  file.string() + ": a guard holds this plan (" + HeldMessage(plan) + "); nothing was written");
  }
  const auto lock = state::RunLock::Acquire(context.program.config.state_dir, context.clock.Now());
  const auto store = OpenState(context, state::OpenMode::kReadWrite);
  const std::string used_as = plan.hash + ' ' + plan.id;
  return Journalled(context, *store, "apply", [&](SyncResult& result) {
    if (store->PlanWasUsed(used_as)) throw stale("was applied before, and a plan is applied once");
    CheckPreconditions(plan, *store, file.string());
    result.plan = std::move(plan);
    store->MarkPlanUsed(used_as, context.clock.Now());
    result.applied = Apply(context, *store, result.run, result.plan);
    Conclude(result);
  });
}

}  // namespace ucaas_sync::run
