// How fast requests may follow one another: a ceiling from the configuration, and below it a rate that is learnt from
// what the target lets through. Nobody tells us its limit, so it is found: a 429 lowers the rate to what got through
// since the last one (multiplicative decrease), and time without any raises it, slowly near the limit that is known and
// faster the longer nothing contradicts. Replies that take much longer than they used to hold the rate and then lower
// it, for as long as that may help. Single-threaded; time comes in with each call.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "daemon/model/clock.h"

namespace ucaas_sync::apply {

class Pace {
 public:
  /// `ceiling`: requests a second, above 0.
  Pace(double ceiling, Monotonic now);

  /// When the next request may go out: `now`, or later.
  Monotonic SendAt(Monotonic now);
  /// A request went out.
  void OnSent() { tokens_ -= 1.0; }
  /// A reply came that was no 429.
  void OnAnswered(Monotonic now, std::chrono::microseconds latency);
  /// The target asks for less. What was under way when it first said so says nothing new.
  void OnPaced(Monotonic now, Monotonic not_before);

  /// Requests a second at present.
  double rate() const { return rate_; }

 private:
  void Refill(Monotonic now);
  void Grow(Monotonic now);
  /// From a 429: where the limit may be.
  void Learn(Monotonic now);
  void WatchLatency(Monotonic now, std::chrono::microseconds latency);
  /// Replies take much longer than they used to.
  bool IsSlow() const;
  /// So they do however slowly we send: the rate goes back to where it was.
  void TakeForUsual(Monotonic now);

  double ceiling_;
  double floor_;
  double rate_;
  double tokens_ = 1.0;
  Monotonic refilled_;  // behind a pause that was asked for: its end

  double limit_ = 0;           // of the target, as far as known; 0: no 429 came yet
  bool is_found_ = false;      // some rate has held for a while
  double start_ = 0;           // the rate behind the last 429
  double return_ = 2;          // seconds until the rate is back at the limit
  std::uint64_t answers_ = 0;  // since the last 429
  Monotonic paced_at_;         // of the last 429
  Monotonic resumed_at_;       // when sending went on behind it

  double usual_latency_ = 0;             // seconds; of the best times
  double latency_ = 0;                   // smoothed
  Monotonic slowed_at_;                  // for its latency
  std::optional<Monotonic> slow_since_;  // and steadily so
  double slow_latency_ = 0;              // smoothed, then
  double slowed_from_ = 0;               // the rate before it was lowered for that; 0: it was not
};

}  // namespace ucaas_sync::apply
