#include "daemon/apply/pace.h"

#include <algorithm>
#include <cmath>

namespace ucaas_sync::apply {
namespace {

using std::chrono::microseconds;
using Seconds = std::chrono::duration<double>;

// The rate never falls below this share of the ceiling, or one request a second: somebody must ask whether it may rise
// again. A ceiling that was set far beyond what any target takes says nothing of that.
constexpr double kSlowest = 0.001;
constexpr double kLeastRate = 0.2;
constexpr double kMostFloor = 1;
// Replies that were already under way when we slowed down say nothing new.
constexpr std::chrono::milliseconds kSlowingPause{250};
// What may be sent at once after a pause; keeps a burst from breaking a limit that is counted per second.
constexpr double kBurst = 2.0;
// Once the limit was met there are no bursts any more: only what a late wake-up missed is made up for.
constexpr double kLateness = 1.2;
// How long the rate takes back to where the last 429 met it: short as long as little is known, then longer and longer.
// A 429 that comes in less than a fifth of it came too soon: the limit was taken for higher than it is.
constexpr double kFirstReturn = 2;
constexpr double kLongestReturn = 40;
constexpr double kLongerEachTime = 3;
constexpr double kShorterEachTime = 0.8;
constexpr double kTooSoon = 0.2;
// Just below a limit that was met, to stay clear of it for a while.
constexpr double kBelowLimit = 0.975;
// How fast it is left behind while nothing contradicts, as a share of it.
constexpr double kGrowth = 0.2;
// Replies that are slow for so long, and no faster for our holding back nor slower, are not slow because of us: changes
// may take thirty times as long as the looks before them.
constexpr std::chrono::seconds kPatience{15};
constexpr double kSteady = 0.3;

}  // namespace

Pace::Pace(double ceiling, Monotonic now)
    : ceiling_(ceiling),
      floor_(std::min(ceiling, std::clamp(ceiling * kSlowest, kLeastRate, kMostFloor))),
      rate_(ceiling),
      refilled_(now),
      paced_at_(now),
      resumed_at_(now),
      slowed_at_(now) {}

void Pace::Refill(Monotonic now) {
  const double burst = limit_ == 0 ? std::max(kBurst, rate_ / 20) : kLateness;
  if (now > refilled_) {
    tokens_ = std::min(burst, tokens_ + rate_ * Seconds(now - refilled_).count());
    refilled_ = now;
  }
}

Monotonic Pace::SendAt(Monotonic now) {
  Grow(now);
  Refill(now);
  if (tokens_ >= 1.0) return now;
  return now + microseconds(static_cast<std::int64_t>(std::ceil((1.0 - tokens_) / rate_ * 1e6)));
}

// Back to the limit quickly, past it slowly at first, and ever faster while nothing contradicts: it may have risen.
void Pace::Grow(Monotonic now) {
  if (limit_ == 0 || now <= resumed_at_) return;
  if (IsSlow()) return;
  const double age = Seconds(now - resumed_at_).count() / return_;
  const double distance = age < 1 ? (start_ - limit_) * std::pow(1 - age, 3) : kGrowth * limit_ * std::pow(age - 1, 3);
  rate_ = std::clamp(limit_ + distance, rate_, ceiling_);
}

void Pace::OnAnswered(Monotonic now, microseconds latency) {
  ++answers_;
  WatchLatency(now, latency);
}

bool Pace::IsSlow() const {
  return latency_ > 2 * usual_latency_ + 0.05;
}

void Pace::WatchLatency(Monotonic now, microseconds latency) {
  constexpr double kWeight = 1.0 / 32;
  // A target may become a little slower for good: what is usual follows upwards, but takes some thousand replies for
  // it.
  constexpr double kDrift = 1.0 / 4096;
  constexpr double kFarTooLong = 8;
  const double seconds = Seconds(latency).count();
  if (usual_latency_ == 0) usual_latency_ = latency_ = seconds;
  latency_ += kWeight * (seconds - latency_);
  usual_latency_ = std::min(usual_latency_, std::max(latency_, 1e-6));
  if (!IsSlow()) {
    usual_latency_ += kDrift * (latency_ - usual_latency_);
    slow_since_.reset();
    slowed_from_ = 0;
    return;
  }
  if (!slow_since_ || std::abs(latency_ - slow_latency_) > kSteady * slow_latency_) {
    slow_since_ = now;
    slow_latency_ = latency_;
  }
  if (now - *slow_since_ >= kPatience) {
    TakeForUsual(now);
    return;
  }
  if (latency_ <= kFarTooLong * usual_latency_ + 0.05 || now - slowed_at_ < std::chrono::seconds(1)) return;
  slowed_from_ = std::max(slowed_from_, rate_);
  limit_ = rate_;
  start_ = rate_ = std::max(floor_, rate_ * 0.9);
  return_ = kFirstReturn;
  slowed_at_ = now;
  resumed_at_ = std::max(resumed_at_, now);
}

void Pace::TakeForUsual(Monotonic now) {
  usual_latency_ = latency_;
  slow_since_.reset();
  if (slowed_from_ == 0) return;
  limit_ = slowed_from_;
  start_ = rate_;
  return_ = kFirstReturn;
  resumed_at_ = std::max(resumed_at_, now);
  slowed_from_ = 0;
}

void Pace::OnPaced(Monotonic now, Monotonic not_before) {
  if (limit_ == 0 || now >= std::max(paced_at_ + kSlowingPause, resumed_at_)) {
    Learn(now);
    answers_ = 0;
    slowed_from_ = 0;
    paced_at_ = resumed_at_ = now;
  }
  resumed_at_ = std::max(resumed_at_, not_before);
  // A pause saves up one request: two close to each other behind it would be the next 429.
  Refill(resumed_at_);
  tokens_ = std::min(tokens_, 1.0);
}

void Pace::Learn(Monotonic now) {
  if (limit_ == 0) {
    // All that is known is that this was too fast.
    limit_ = rate_;
    rate_ /= 2;
  } else {
    // What got through since the last 429, the pause included, is no more than the limit, however the target counts.
    // The rate at which the 429 came is no less, but for what had been saved up.
    constexpr double kFar = 3;
    constexpr double kFarFromKnown = 10;  // it may have fallen; a long pause makes little of what got through
    constexpr double kBriefly = 0.5;
    constexpr double kTrustInRate = 0.75;
    constexpr double kLower = 0.95;
    const double through =
        std::min(rate_, static_cast<double>(answers_) / std::max(Seconds(now - paced_at_).count(), 1e-3));
    // No 429 comes sooner than a reply takes.
    const double active = Seconds(now - resumed_at_).count() - latency_;
    // Where nothing got through at all the target is closed, and says nothing of how fast is too fast.
    if (through > 0 && rate_ > (is_found_ ? kFarFromKnown : kFar) * through && active < kBriefly) {
      // Hardly tried: the pauses between two 429s let no more than bursts pass. The limit is anywhere between the two.
      limit_ = std::sqrt(through * rate_);
      return_ = kFirstReturn;
    } else if (active >= return_ * kTooSoon) {
      is_found_ = true;
      limit_ = through + kTrustInRate * (rate_ - through);
      return_ = std::min(kLongestReturn, return_ * kLongerEachTime);
    } else {
      limit_ = std::max(through, kLower * rate_);
      return_ = std::max(kFirstReturn, return_ * kShorterEachTime);
    }
    rate_ = kBelowLimit * limit_;
  }
  limit_ = std::clamp(limit_, floor_, ceiling_);
  start_ = rate_ = std::clamp(rate_, floor_, ceiling_);
}

}  // namespace ucaas_sync::apply
