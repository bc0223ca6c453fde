// The executor's early end: when too much fails for the run to go on, and what is known then of what it left.
#include <algorithm>

#include "daemon/apply/executor.h"
#include "daemon/apply/executor_work.h"
#include "daemon/model/text.h"

namespace ucaas_sync::apply {
namespace {

constexpr std::uint64_t kFailuresJudgedFrom = 10;

}  // namespace

void Executor::JudgeFailures() {
  const std::uint64_t finished = result_.done + result_.failed;
  if (finished < kFailuresJudgedFrom || caller_.stopped()) return;
  const bool is_too_much =
      static_cast<double>(result_.failed) * 100.0 > options_.failures_percent * static_cast<double>(finished);
  const bool all_alike = result_.failed == finished && failures_.size() == 1;
  if (failures_.empty() || (!is_too_much && !all_alike)) return;
  const FailureKind& kind = CommonestFailure();
  caller_.RequestStop(
      {.code = kind.is_transient ? ExitCode::kUnavailable : ExitCode::kPartial,
       .because = WithThousands(result_.failed) + " of the first " + Counted(finished, "operation") + " failed" +
                  (is_too_much ? ", more than guards.failures allows; " : "; ") +
                  (kind.count == result_.failed ? "all alike: " : WithThousands(kind.count) + " of them alike: ") +
                  kind.example});
}

const Executor::FailureKind& Executor::CommonestFailure() const {
  return std::max_element(failures_.begin(), failures_.end(),
                          [](const auto& a, const auto& b) { return a.second.count < b.second.count; })
      ->second;
}

void Executor::NoteUnsent(const Plan& plan) {
  const auto note = [this](const Operation& operation) {
    // A create is looked up when in doubt, and whoever is to be adopted has no row yet to have doubts about.
    if (operation.action == Action::kCreate || operation.entity_id == 0) return;
    OperationOutcome outcome;
    outcome.seq = operation.seq;
    outcome.verdict = kVerdictUnsent;
    outcome.message = "not done: the run was stopped before";
    outcome.attempts = 0;
    outcome.at = clock_.Now();
    outcome.may_have_acted = false;
    outcomes_.push_back(std::move(outcome));
  };
  for (const auto& [seq, work] : open_) {
    NoteUnanswered(*work);
    if (!work->trail.may_have_acted) note(work->operation);
  }
  for (std::size_t i = begun_; i < mark_; ++i) note(plan.operations.At(i));
}

}  // namespace ucaas_sync::apply
