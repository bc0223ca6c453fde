// A clock that stands still until a test moves it.
#pragma once

#include "daemon/model/clock.h"

namespace ucaas_sync::testing {

class FakeClock final : public Clock {
 public:
  Instant now = *ParseInstant("2026-11-23T09:00:00Z");
  Monotonic ticks{};

  Instant Now() const override { return now; }
  Monotonic Ticks() const override { return ticks; }
  void AdvanceTo(Monotonic until) {
    if (until <= ticks) return;
    now += std::chrono::duration_cast<Duration>(until - ticks);
    ticks = until;
  }
  void Advance(Duration by) { AdvanceTo(ticks + by); }
};

}  // namespace ucaas_sync::testing
