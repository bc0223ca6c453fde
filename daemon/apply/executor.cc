#include "daemon/apply/executor.h"

#include <algorithm>

#include "daemon/apply/executor_work.h"
#include "daemon/apply/rows.h"
#include "daemon/model/text.h"

namespace ucaas_sync::apply {
namespace {

// Operations of one phase do not depend on each other but through addresses; between phases everything is finished and
// in the journal: access is removed first, groups exist before contacts join them, and are empty before they go.
int PhaseOf(const Operation& operation) {
  const bool removes = operation.action == Action::kDelete;
  switch (operation.kind) {
    case Kind::kUser:
      return removes || operation.action == Action::kSuspend ? 0 : 3;
    case Kind::kContact:
      return removes ? 1 : 4;
    case Kind::kGroup:
      return removes ? 5 : 2;
  }
  return 0;
}

constexpr std::uint64_t kFailuresJudgedFrom = 10;
constexpr std::size_t kCommitSize = 64;

std::string OneLine(const ucaas::CallResult& result) {
  std::string text = result.message;
  if (text.empty() && result.http_status != 0) text = "HTTP status " + std::to_string(result.http_status);
  if (text.empty()) text = "no answer";
  if (!result.result.empty() && result.result != "1") text += " (result " + result.result + ")";
  return Shorten(text, 300);
}

}  // namespace

Executor::Executor(StateStore& store, Caller& caller, const Clock& clock, Observer& observer, ExecutorOptions options)
    : store_(store), caller_(caller), clock_(clock), observer_(observer), options_(std::move(options)) {}

ApplyResult Executor::Apply(const std::string& run, const Plan& plan) {
  run_ = run;
  result_ = {};
  total_ = plan.operations.size();
  mark_ = 0;
  for (UnknownCreate& create : store_.UnknownCreates()) {
    unknown_creates_.emplace(std::pair(create.kind, std::move(create.key)), std::move(create.address));
  }
  store_.StorePlan(run, plan);
  for (std::size_t begin = 0; begin < plan.operations.size() && !caller_.stopped();) {
    const int phase = PhaseOf(plan.operations.At(begin));
    std::size_t end = begin + 1;
    while (end < plan.operations.size() && PhaseOf(plan.operations.At(end)) == phase) ++end;
    RunPhase(run, plan, begin, end);
    begin = end;
  }
  Flush();
  result_.left = total_ - result_.done - result_.failed;
  if (caller_.stopped()) {
    result_.code = caller_.stopped()->code;
    result_.message = caller_.stopped()->because;
  } else if (result_.failed > 0) {
    result_.code = ExitCode::kPartial;
    result_.message = Counted(result_.failed, "operation") + " of " + WithThousands(total_) + " failed";
  }
  return result_;
}

void Executor::RunPhase(const std::string& run, const Plan& plan, std::size_t begin, std::size_t end) {
  std::size_t next = begin;
  while ((next < end || open_ > 0) && !(caller_.stopped() && caller_.idle())) {
    while (next < end && open_ < options_.window && !caller_.stopped()) {
      if (next + 1 > mark_) {
        mark_ = std::min<std::uint64_t>(end, next + options_.mark_batch);
        store_.AdvanceMark(run, mark_);
      }
      auto work = std::make_shared<Work>();
      work->operation = plan.operations.At(next++);
      Begin(std::move(work));
    }
    if (open_ == 0) continue;
    caller_.Turn();
    if (caller_.stopped() && caller_.outstanding() == 0) break;
    if (outcomes_.size() >= kCommitSize) Flush();
    // Stopped: what was queued but never sent will not end; what is in flight will.
    if (caller_.stopped()) {
      caller_.Drain();
      break;
    }
  }
  Flush();
}

void Executor::Begin(WorkPtr work) {
  ++open_;
  const Operation& operation = work->operation;
  if (operation.entity_id != 0) work->row = store_.Load(operation.entity_id);
  const FieldChange* address = FindChange(operation, NaturalKeyField(operation.kind));
  if (address != nullptr && operation.action != Action::kDelete) {
    const auto wanted = std::pair(operation.kind, FoldCase(address->after.text));
    const auto released = std::pair(operation.kind, FoldCase(address->before.text));
    if (!address->before.text.empty() && released != wanted) {
      work->releases = released;
      releasing_[released];
    }
    if (const auto holder = releasing_.find(wanted); holder != releasing_.end() && released != wanted) {
      holder->second.push_back(std::move(work));
      return;
    }
  }
  Dispatch(work);
}

void Executor::Dispatch(const WorkPtr& work) {
  switch (work->operation.action) {
    case Action::kCreate: {
      const auto unknown = unknown_creates_.find({work->operation.kind, work->operation.key});
      if (unknown == unknown_creates_.end()) {
        SendCreate(work);
      } else {
        // A run that was cut off may have created it: look before anything is sent.
        work->was_sent = true;
        AfterUnknownCreate(work);
      }
      return;
    }
    case Action::kAdopt:
    case Action::kUpdate:
    case Action::kSuspend:
    case Action::kReactivate:
      SendChange(work);
      return;
    case Action::kDelete:
      SendDelete(work);
      return;
  }
}

std::vector<std::string> Executor::ResolveGroups(const std::vector<std::string>& keys,
                                                 std::vector<std::string>& resolved_keys) {
  std::vector<std::string> ids;
  for (const std::string& key : keys) {
    auto known = group_ids_.find(key);
    if (known == group_ids_.end()) {
      const auto group = store_.Find(Kind::kGroup, key);
      if (!group || group->remote_id.empty()) continue;
      known = group_ids_.emplace(key, group->remote_id).first;
    }
    ids.push_back(known->second);
    resolved_keys.push_back(key);
  }
  return ids;
}

void Executor::FinishDone(const WorkPtr& work, const ucaas::CallResult& result, StoredEntity row, bool converged) {
  OperationOutcome outcome;
  outcome.done = true;
  outcome.verdict = ucaas::Name(result.verdict);
  outcome.result = result.result;
  outcome.http_status = result.http_status;
  outcome.message = result.message;
  outcome.row = std::move(row);
  // Without a fingerprint the next plan compares in full, and finds what is still missing.
  if (converged && !work->groups_incomplete) outcome.fingerprint = work->operation.fingerprint;
  ++result_.done;
  Finish(work, std::move(outcome));
}

void Executor::FinishFailed(const WorkPtr& work, const ucaas::CallResult& result, bool quarantine,
                            const std::string& message) {
  OperationOutcome outcome;
  outcome.verdict = ucaas::Name(result.verdict);
  outcome.result = result.result;
  outcome.http_status = result.http_status;
  outcome.message = message.empty() ? OneLine(result) : message;
  outcome.quarantine = quarantine;
  outcome.fingerprint = work->operation.fingerprint;
  const Operation& operation = work->operation;
  observer_.OnEvent({.severity = Severity::kWarning,
                     .name = quarantine ? "operation_quarantined" : "operation_failed",
                     .text = std::string(Name(operation.action)) + ' ' + std::string(Name(operation.kind)) + ' ' +
                             Printable(operation.key) + ": " + Printable(outcome.message)});
  ++result_.failed;
  if (quarantine) ++result_.quarantined;
  ++failure_texts_[outcome.message];
  Finish(work, std::move(outcome));
  JudgeFailures();
}

void Executor::Finish(const WorkPtr& work, OperationOutcome outcome) {
  outcome.seq = work->operation.seq;
  outcome.attempts = std::max<std::uint32_t>(1, work->attempts);
  outcome.at = clock_.Now();
  --open_;
  observer_.OnOutcome(work->operation, outcome.verdict, outcome.done);
  const bool was_done = outcome.done;
  outcomes_.push_back(std::move(outcome));
  observer_.OnProgress("apply", result_.done + result_.failed, total_);
  if (!work->releases) return;
  auto waiting = releasing_.extract(*work->releases);
  if (waiting.empty() || waiting.mapped().empty()) return;
  Flush();
  for (const WorkPtr& next : waiting.mapped()) {
    if (was_done) {
      Dispatch(next);
    } else {
      FinishFailed(next, {}, /*quarantine=*/false,
                   "its address is still held by " + work->operation.key + ", whose change failed");
    }
  }
}

void Executor::JudgeFailures() {
  const std::uint64_t finished = result_.done + result_.failed;
  if (finished < kFailuresJudgedFrom || caller_.stopped()) return;
  if (static_cast<double>(result_.failed) * 100.0 <= options_.failures_percent * static_cast<double>(finished)) return;
  const auto common = std::max_element(failure_texts_.begin(), failure_texts_.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
  caller_.RequestStop({.code = ExitCode::kPartial,
                       .because = WithThousands(result_.failed) + " of the first " + Counted(finished, "operation") +
                                  " failed, more than guards.failures allows; " + WithThousands(common->second) +
                                  " of them: " + common->first});
}

void Executor::Flush() {
  if (outcomes_.empty()) return;
  store_.RecordOutcomes(run_, outcomes_);
  outcomes_.clear();
}

}  // namespace ucaas_sync::apply
