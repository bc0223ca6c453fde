// The clock comes in from outside, so that a year of runs can be simulated in a second.
#pragma once

#include <chrono>

#include "daemon/model/time.h"

namespace ucaas_sync {

/// A point on a clock that never jumps; only differences mean anything.
using Monotonic = std::chrono::time_point<std::chrono::steady_clock, std::chrono::microseconds>;

/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall-clock time, which may jump.
  virtual Instant Now() const = 0;
  /// For waiting and measuring.
  virtual Monotonic Ticks() const = 0;
};

}  // namespace ucaas_sync
