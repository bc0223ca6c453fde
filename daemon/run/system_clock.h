// The machine's clocks. The only place that reads them.
#pragma once

#include "daemon/model/clock.h"

namespace ucaas_sync::run {

class SystemClock final : public Clock {
 public:
  Instant Now() const override;
  Monotonic Ticks() const override;
};

/// Sleeps; ends early when a signal comes.
void Pause(Duration duration);

}  // namespace ucaas_sync::run
