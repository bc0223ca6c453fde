#include "daemon/run/consent.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/model/text.h"
#include "daemon/plan/consent.h"
#include "daemon/plan/guards.h"
#include "daemon/plan/tally.h"
#include "daemon/run/plan_file.h"
#include "daemon/run/steps.h"

namespace ucaas_sync::run {
namespace {

Failure NothingToApprove(const std::string& why) {
  return {ExitCode::kUsage, "approve: " + why};
}

ConsentScope ScopeOfRun(const state::SqliteStore& store, const RunRecord& run) {
  if (auto scope = store.ScopeOfRun(run.id)) return std::move(*scope);
  if (run.outcome == ExitCode::kSource) {
    throw NothingToApprove("run " + run.id +
                           " was not stopped by a guard: a source that cannot be used proves nothing, and nobody can "
                           "approve that; mend the source and run again. It said: " +
                           run.message);
  }
  if (run.outcome == ExitCode::kHeld) {
    const auto held = store.Held();
    throw NothingToApprove("what run " + run.id + " held is not kept any more" +
                           (held ? "; the last held run is " + held->run : "; run `ucaas-sync sync` again"));
  }
  throw NothingToApprove("no guard held run " + run.id + ": there is nothing to approve; `ucaas-sync status` shows " +
                         "what is held");
}

/// What would hold it now: sums may have grown since it was made, and approvals ended.
ConsentScope ScopeOfFile(const Context& context, const state::SqliteStore& store, const Plan& plan,
                         const std::string& file) {
  if (store.PlanWasUsed(UsedAs(plan))) throw StalePlan(file, "was applied before, and a plan is applied once");
  Plan judged = plan;
  JudgeAgain(context, store, judged);
  // What waits is judged by the plan that it waits for; until then it is held as the file says.
  for (const GuardVerdict& verdict : plan.guards) {
    if (!verdict.held || verdict.holds_everything || plan.waiting.empty()) continue;
    const auto same = std::find_if(judged.guards.begin(), judged.guards.end(), [&](const GuardVerdict& other) {
      return verdict.name == other.name && verdict.subject == other.subject;
    });
    if (same != judged.guards.end()) *same = verdict;
  }
  OperationList operations = plan.operations;
  plan.waiting.ForEach([&operations](const Operation& operation) { operations.Add(operation); });
  ConsentScope scope = plan::ScopeOf(judged.guards, operations);
  if (!scope.empty()) return scope;
  throw NothingToApprove(file + ": no guard holds this plan: apply it with `ucaas-sync apply " + file + '`');
}

std::string NextWordOfFile(const Plan& plan, const std::string& file) {
  // What waits is not among a plan's operations, but among the next plan's.
  if (!plan.held && !plan.waiting.empty()) return "The next run does it: ucaas-sync sync, or the service by itself";
  return "This does it: ucaas-sync apply " + ShellWord(file) +
         (plan.waiting.empty() ? "" : "; removals of groups come with the next run");
}

std::string NextWord(const state::SqliteStore& store, const Approval& approval, const std::optional<RunRecord>& run) {
  constexpr std::string_view kRevert = "revert ";
  if (run && run->trigger.starts_with(kRevert)) {
    return "Then revert again, which does it: ucaas-sync revert " + run->trigger.substr(kRevert.size());
  }
  const auto held = store.Held();
  if (!held) return "Nothing is held now: it serves if the same should be held again in that time.";
  const auto all = store.ScopeOfRun(held->run);
  if (all && plan::CoversAll(approval.scope, *all))
    return "The next run does it: ucaas-sync sync, or the service by itself";
  return "It does not cover all that is held now: ucaas-sync status";
}

/// "user.suspend, user.suspend.week"; empty when none of them is about it.
std::string GuardsOver(const Operation& operation, const ConsentScope& scope) {
  const Hash128 hash = plan::ConsentHash(operation);
  std::string names;
  for (const ConsentGuard& guard : scope.guards) {
    if (!std::binary_search(guard.operations.begin(), guard.operations.end(), hash)) continue;
    names += (names.empty() ? "" : ", ") + guard.name;
  }
  return names;
}

/// Whether all that stands under those guards is among `done`. Of a source no operation tells.
bool AreAmong(const ConsentScope& held, const OperationList& done) {
  std::vector<Hash128> wanted;
  for (const ConsentGuard& guard : held.guards) {
    if (guard.operations.empty()) return false;
    wanted.insert(wanted.end(), guard.operations.begin(), guard.operations.end());
  }
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  std::size_t found = 0;
  done.ForEach([&](const Operation& operation) {
    if (std::binary_search(wanted.begin(), wanted.end(), plan::ConsentHash(operation))) ++found;
  });
  return found == wanted.size();
}

}  // namespace

std::string ApprovedFile(const std::filesystem::path& file) {
  return "plan file " + file.string();
}

std::vector<StoredDecision> HeldDecisions(const Plan& plan, const ConsentScope& scope) {
  std::vector<StoredDecision> decisions;
  const bool tells_all = plan.operations.size() + plan.waiting.size() <= kMostHeldTold;
  const auto tell = [&](const Operation& operation) {
    if (decisions.size() == kMostHeldTold) return;
    const std::string guards = GuardsOver(operation, scope);
    if (guards.empty() && !(tells_all && plan.held)) return;
    decisions.push_back({.kind = std::string(Name(operation.kind)),
                         .key = operation.key,
                         .run = {},
                         .at = {},
                         .word = "held back",
                         .reason = "would " + std::string(Name(operation.action)) + ": " + operation.reason +
                                   (guards.empty() ? "; the whole plan is held" : "; held by " + guards),
                         .source = operation.source});
  };
  plan.operations.ForEach(tell);
  plan.waiting.ForEach(tell);
  return decisions;
}

Approved Approve(const Context& context, const ApproveRequest& request) {
  const auto store = OpenState(context, state::OpenMode::kReadWrite);
  const Instant now = context.clock.Now();
  Approval approval{.subject = request.what,
                    .who = request.who,
                    .reason = request.reason,
                    .at = now,
                    .until = now + kApprovalLasts,
                    .scope = {}};
  if (request.what == "last") {
    const auto held = store->Held();
    if (!held) throw NothingToApprove("nothing is held; `ucaas-sync status` shows how things stand");
    approval.subject = held->run;
  }
  const std::optional<RunRecord> run = store->FindRun(approval.subject);
  std::string next_word;
  if (run) {
    approval.scope = ScopeOfRun(*store, *run);
  } else if (std::filesystem::exists(request.what)) {
    const Plan plan = LoadPlan(context.program, request.what);
    approval.scope = ScopeOfFile(context, *store, plan, request.what);
    approval.subject = ApprovedFile(request.what);
    next_word = NextWordOfFile(plan, request.what);
  } else {
    throw NothingToApprove("there is neither a run nor a file " + Printable(request.what) +
                           "; `ucaas-sync status` shows what is held, and the command that approves it");
  }
  store->RecordApproval(approval);
  if (next_word.empty()) next_word = NextWord(*store, approval, run);
  return {.approval = std::move(approval), .next = std::move(next_word)};
}

void NoteDone(const Context& context, state::SqliteStore& store, const Plan& plan, const apply::ApplyResult& applied) {
  const auto held = store.Held();
  if (!held) return;
  const bool is_all_done = applied.failed + applied.kept + applied.outdated + applied.left == 0;
  const auto scope = is_all_done ? store.ScopeOfRun(held->run) : std::nullopt;
  if (scope && AreAmong(*scope, plan.operations)) {
    store.ClearHeld();
  } else {
    store.NoteDue(context.clock.Now());
  }
}

void JudgeAgain(const Context& context, const StateView& state, Plan& plan) {
  const Instant now = context.clock.Now();
  for (GuardVerdict& verdict : plan.guards) {
    verdict.held = verdict.held || !verdict.approved_by.empty();
    verdict.approved_by.clear();
    verdict.approved_why.clear();
  }
  const plan::GuardContext judged{.policy = context.program.policy, .state = state, .now = now, .sources = {}};
  const plan::Tally tally = plan::TallyOf(plan.operations, state);
  for (GuardVerdict& fresh : plan::JudgeGuards(tally, plan.operations, judged)) {
    const auto same = std::find_if(plan.guards.begin(), plan.guards.end(), [&](const GuardVerdict& verdict) {
      return verdict.name == fresh.name && verdict.subject == fresh.subject;
    });
    if (same != plan.guards.end()) {
      *same = std::move(fresh);
    } else if (fresh.name != "members_lost") {
      // Whoever goes from a group that is missing from the source to another one is not lost, and the plan alone knows
      // which groups are missing.
      plan.guards.push_back(std::move(fresh));
    }
  }
  plan::UseApprovals(state, now, plan.guards, plan.operations);
  const bool removes_groups = plan.summary_of(Kind::kGroup).of(Action::kDelete) != 0;
  plan.held = std::any_of(plan.guards.begin(), plan.guards.end(), [&](const GuardVerdict& verdict) {
    return verdict.held && (verdict.holds_everything || removes_groups);
  });
}

}  // namespace ucaas_sync::run
