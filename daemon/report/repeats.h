// Keeps one kind of event from filling the log: so many lines of it in a minute, then only a count. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "daemon/model/clock.h"
#include "daemon/model/events.h"

namespace ucaas_sync::report {

class Repeats {
 public:
  /// Lines of one event in one window.
  static constexpr std::uint64_t kMost = 100;
  static constexpr std::chrono::seconds kWindow{60};

  /// Whether one more `event` is to be written at `now`; counts it as left out when not. A window begins with the first
  /// event after the one before is over.
  bool Admit(EventId event, Monotonic now);

  struct LeftOut {
    EventId event;
    std::uint64_t count;
  };
  /// What was left out in windows that are over at `now`; each is told once.
  std::vector<LeftOut> Over(Monotonic now);
  /// What was left out until now, in windows that are not over too.
  std::vector<LeftOut> All();

 private:
  struct Window {
    Monotonic began;
    std::uint64_t written = 0;
    std::uint64_t left_out = 0;
  };
  std::map<EventId, Window> windows_;
};

}  // namespace ucaas_sync::report
