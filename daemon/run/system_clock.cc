#include "daemon/run/system_clock.h"

#include <ctime>

namespace ucaas_sync::run {

Instant SystemClock::Now() const {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

Monotonic SystemClock::Ticks() const {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::steady_clock::now());
}

void Pause(Duration duration) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(duration);
  const timespec time{.tv_sec = seconds.count(),
                      .tv_nsec = std::chrono::duration_cast<std::chrono::nanoseconds>(duration - seconds).count()};
  nanosleep(&time, nullptr);
}

}  // namespace ucaas_sync::run
