#include "daemon/service/clock_change.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <cstdint>
#include <limits>

namespace ucaas_sync::service {

ClockChange::ClockChange() : timer_(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC)) {
  Rearm();
}

void ClockChange::Rearm() {
  if (!timer_.is_open()) return;
  std::uint64_t count = 0;
  // After a jump it answers ECANCELED, which is all there is to learn.
  while (read(timer_.get(), &count, sizeof(count)) > 0) {
  }
  itimerspec never{};
  never.it_value.tv_sec = std::numeric_limits<std::int32_t>::max();
  if (timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, nullptr) != 0) {
    timer_.Close();
  }
}

}  // namespace ucaas_sync::service
