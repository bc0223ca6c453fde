#include "daemon/apply/gate.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "daemon/model/text.h"

namespace ucaas_sync::apply {
namespace {

using std::chrono::microseconds;

// The breaker opens when transient failures fill this long without a success between them.
constexpr std::chrono::seconds kBreakerOpensAfter{2};
constexpr std::uint64_t kLeastBudget = 10;

}  // namespace

GatePolicy GatePolicy::From(const config::TargetConfig& target, std::uint64_t seed) {
  return {.concurrency = target.concurrency, .rate = target.rate, .retry = target.retry, .seed = seed};
}

Gate::Gate(const GatePolicy& policy, Monotonic now)
    : policy_(policy), random_(policy.seed), pace_(policy.rate, now), not_before_(now), probe_at_(now) {}

void Gate::RestUntil(Monotonic now, Monotonic until) {
  if (until <= now) return;
  unanswered_since_ = now;
  not_before_ = std::max(not_before_, until);
  rests_ = true;
}

void Gate::OnIdle(Monotonic since, Monotonic now) {
  if (unanswered_since_) *unanswered_since_ += now - since;
  if (failing_since_) *failing_since_ += now - since;
}

void Gate::GiveUpWithin(Duration limit) {
  policy_.retry.give_up = std::min(policy_.retry.give_up, limit);
}

std::optional<std::string> Gate::GivesUp(Monotonic now) const {
  if (!unanswered_since_) return std::nullopt;
  if (now - *unanswered_since_ >= policy_.retry.give_up) {
    return "the target has not given a usable answer for " +
           FormatDuration(std::chrono::duration_cast<Duration>(now - *unanswered_since_));
  }
  if (not_before_ > now && not_before_ - *unanswered_since_ >= policy_.retry.give_up) {
    return (rests_ ? "the target has asked an earlier run for a pause that lasts another "
                   : std::string("the target asks for a pause of ")) +
           FormatDuration(std::chrono::ceil<Duration>(not_before_ - now)) + ", longer than target.retry.give_up allows";
  }
  return std::nullopt;
}

GateDecision Gate::Ask(Monotonic now, std::size_t in_flight) {
  if (auto because = GivesUp(now)) return {.answer = GateAnswer::kStop, .until = now, .because = *std::move(because)};
  OpenIfDue(now);
  const Monotonic next_reply = now + std::chrono::hours(1);
  if (in_flight >= policy_.concurrency) return {.answer = GateAnswer::kWait, .until = next_reply, .because = {}};
  if (now < not_before_) return {.answer = GateAnswer::kWait, .until = not_before_, .because = {}};
  if (breaker_ != Breaker::kClosed) {
    if (in_flight > 0) return {.answer = GateAnswer::kWait, .until = next_reply, .because = {}};
    const Monotonic at = std::max(probe_at_, pace_.SendAt(now));
    if (now < at) return {.answer = GateAnswer::kWait, .until = at, .because = {}};
    breaker_ = Breaker::kProbing;
    ++probes_;
    return {.answer = GateAnswer::kProbe, .until = now, .because = {}};
  }
  // Nothing succeeds and nothing may be repeated any more: new requests would only be failed ones.
  if (IsOutage() && BudgetIsSpent()) {
    return {.answer = GateAnswer::kWait, .until = *failing_since_ + kBreakerOpensAfter, .because = {}};
  }
  const Monotonic at = pace_.SendAt(now);
  return {.answer = at > now ? GateAnswer::kWait : GateAnswer::kSend, .until = at, .because = {}};
}

bool Gate::BudgetIsSpent() const {
  return retries_ >= std::max(kLeastBudget, requests_ / 10) + forgiven_;
}

bool Gate::IsOutage() const {
  return failing_since_ && fresh_failures_ >= std::clamp<std::uint32_t>(policy_.concurrency, 2, 5);
}

void Gate::OpenIfDue(Monotonic now) {
  if (breaker_ != Breaker::kClosed || !failing_since_ || now - *failing_since_ < kBreakerOpensAfter) return;
  breaker_ = Breaker::kOpen;
  // Where questions are answered and nothing else is, the second round is not begun as soon as the first.
  probe_at_ = probes_ == 0 ? now : now + Jittered(Ceiling(probes_));
}

void Gate::OnSent(bool is_retry) {
  pace_.OnSent();
  ++requests_;
  if (is_retry) ++retries_;
}

void Gate::OnAnswered(Monotonic now, microseconds latency) {
  // Those that waited for the end of an outage are let through, one repeat for each request that it hit.
  if (IsOutage()) forgiven_ += fresh_failures_;
  unanswered_since_.reset();
  rests_ = false;
  failing_since_.reset();
  fresh_failures_ = 0;
  if (breaker_ != Breaker::kProbing) probes_ = 0;
  breaker_ = Breaker::kClosed;
  pauses_ = 0;
  pace_.OnAnswered(now, latency);
}

std::optional<Monotonic> Gate::OnTransient(Monotonic now, std::uint32_t attempt, std::optional<Duration> retry_after) {
  if (retry_after) return OnPaced(now, retry_after);
  if (!unanswered_since_) unanswered_since_ = now;
  if (!failing_since_) failing_since_ = now;
  if (attempt == 1 && breaker_ != Breaker::kProbing) ++fresh_failures_;
  OpenIfDue(now);
  const bool is_open = breaker_ != Breaker::kClosed;
  if (is_open) {
    breaker_ = Breaker::kOpen;
    probe_at_ = now + std::max<Duration>(Jittered(Ceiling(probes_)), policy_.retry.first_delay / 2);
  }
  if (attempt >= policy_.retry.attempts && !IsOutage()) return std::nullopt;
  if (!is_open && BudgetIsSpent()) {
    // Either others succeed, and there is nothing left for this one; or nobody does, and the breaker is about to open.
    if (!IsOutage()) return std::nullopt;
    return *failing_since_ + kBreakerOpensAfter;
  }
  return now + Jittered(Ceiling(attempt - 1));
}

std::optional<Monotonic> Gate::RetryAt(Monotonic now) {
  OpenIfDue(now);
  if (breaker_ != Breaker::kClosed || !BudgetIsSpent()) return now;
  if (!IsOutage()) return std::nullopt;
  return *failing_since_ + kBreakerOpensAfter;
}

Monotonic Gate::OnPaced(Monotonic now, std::optional<Duration> retry_after) {
  if (!unanswered_since_) unanswered_since_ = now;
  // What was under way when the pause was asked for says nothing new.
  if (now >= not_before_ || pauses_ == 0) ++pauses_;
  const Duration wait = retry_after.value_or(Jittered(Ceiling(pauses_ - 1)));
  not_before_ = std::max(not_before_, now + wait);
  pace_.OnPaced(now, not_before_);
  return not_before_;
}

Duration Gate::Ceiling(std::uint32_t doublings) const {
  constexpr std::uint32_t kMostDoublings = 16;
  const Duration grown = policy_.retry.first_delay * (std::int64_t{1} << std::min(doublings, kMostDoublings));
  return std::min(policy_.retry.max_delay, grown);
}

Duration Gate::Jittered(Duration ceiling) {
  // Full jitter: anywhere between nothing and the ceiling, so that many clients do not come back together.
  std::uniform_int_distribution<std::int64_t> distribution(0, ceiling.count());
  return Duration(distribution(random_));
}

}  // namespace ucaas_sync::apply
