#include "daemon/apply/caller.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace ucaas_sync::apply {
namespace {

// However long the gate says to wait, a signal is looked at this often.
constexpr std::chrono::milliseconds kLongestTurn{250};

}  // namespace

Caller::Caller(ucaas::Client& client, Gate& gate, const Clock& clock, Observer& observer,
               std::function<bool()> stop_requested)
    : client_(client), gate_(gate), clock_(clock), observer_(observer), stop_requested_(std::move(stop_requested)) {}

void Caller::Submit(ucaas::Call call, Done done) {
  waiting_.push_back({.call = std::move(call), .done = std::move(done), .attempts = 0});
}

void Caller::RequestStop(Stop stop) {
  if (!stop_) stop_ = std::move(stop);
}

Monotonic Caller::SendWhatMayGo() {
  Monotonic now = clock_.Ticks();
  if (stop_requested_ && stop_requested_()) {
    RequestStop({.code = ExitCode::kUnavailable, .because = "stopped by a signal"});
  }
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    waiting_.push_front(std::move(delayed_.extract(delayed_.begin()).mapped()));
  }
  Monotonic wake = now + kLongestTurn;
  while (!stop_ && !waiting_.empty()) {
    const GateDecision decision = gate_.Ask(now, flying_.size());
    if (decision.answer == GateAnswer::kStop) {
      RequestStop({.code = ExitCode::kUnavailable, .because = decision.because});
      break;
    }
    if (decision.answer == GateAnswer::kWait) {
      wake = std::min(wake, decision.until);
      break;
    }
    Task task = std::move(waiting_.front());
    waiting_.pop_front();
    gate_.OnSent(task.attempts > 0);
    ++task.attempts;
    ++requests_;
    const ucaas::CallId id = client_.Start(task.call);
    flying_.emplace(id, std::move(task));
    now = clock_.Ticks();
  }
  if (!delayed_.empty()) wake = std::min(wake, delayed_.begin()->first);
  return wake;
}

void Caller::Turn() {
  const Monotonic wake = SendWhatMayGo();
  if (stop_ && flying_.empty()) return;
  for (const ucaas::CallResult& result : client_.Wait(wake)) Settle(result);
}

void Caller::Drain() {
  while (!idle() && !(stop_ && flying_.empty())) Turn();
}

void Caller::Report(const Task& task, const ucaas::CallResult& result) {
  const auto [method, route] = client_.RouteOf(task.call);
  observer_.OnRequest(method, route, result.http_status, result.result, result.latency);
}

void Caller::Settle(const ucaas::CallResult& result) {
  auto node = flying_.extract(result.id);
  if (node.empty()) return;
  Report(node.mapped(), result);
  Judge(std::move(node.mapped()), result);
}

void Caller::Judge(Task task, const ucaas::CallResult& result) {
  const Monotonic now = clock_.Ticks();
  const auto retry_after =
      result.retry_after ? ParseRetryAfter(*result.retry_after, clock_.Now()) : std::optional<Duration>();
  const bool is_paced = result.http_status == 429 || result.result == "429" || retry_after.has_value();
  if (result.verdict == ucaas::Verdict::kRetry) {
    std::optional<Monotonic> again;
    if (is_paced) {
      --task.attempts;
      again = gate_.OnPaced(now, retry_after);
      observer_.OnRetry("paced");
    } else {
      again = gate_.OnTransient(now, task.attempts, retry_after);
      observer_.OnRetry("transient");
    }
    if (again && !stop_) {
      observer_.OnEvent({.severity = Severity::kDebug,
                         .name = "request_retried",
                         .text = result.message + "; again in " +
                                 FormatDuration(std::chrono::duration_cast<Duration>(*again - now))});
      delayed_.emplace(*again, std::move(task));
      return;
    }
  } else if (result.verdict == ucaas::Verdict::kUnknown) {
    gate_.OnTransient(now, task.attempts, retry_after);
  } else {
    gate_.OnAnswered();
  }
  if (result.verdict == ucaas::Verdict::kDenied) {
    RequestStop({.code = ExitCode::kRefused, .because = result.message});
  }
  task.done(result, task.attempts);
}

}  // namespace ucaas_sync::apply
