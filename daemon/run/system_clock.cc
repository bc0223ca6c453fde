#include "daemon/run/system_clock.h"

namespace ucaas_sync::run {

Instant SystemClock::Now() const {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

Monotonic SystemClock::Ticks() const {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::steady_clock::now());
}

}  // namespace ucaas_sync::run
