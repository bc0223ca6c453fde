// A schedule on virtual clocks, for its tests.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/service/schedule.h"

namespace ucaas_sync::service {

inline Instant At(const char* text) {
  return *ParseInstant(text);
}

inline config::ScheduleConfig Configured(std::vector<std::string> at = {}, Duration every = std::chrono::minutes(5)) {
  config::ScheduleConfig config;
  config.every = every;
  for (std::string& text : at) config.at.push_back({.value = std::move(text), .at = {}});
  return config;
}

/// The service on virtual clocks: sleeps as the schedule says, and runs when it asks for it.
struct Simulation {
  Schedule schedule;
  Moment now;
  Look look;
  /// What a run comes to; may set what the next look shows.
  std::function<ExitCode(Trigger)> run;
  std::uint64_t unfinished = 0;  ///< What each run leaves; the state then says that the next is due.
  bool asked = false;            ///< Whether somebody wishes something while each run is under way.
  std::function<void(Simulation&)> before_look;
  std::vector<std::pair<Instant, Trigger>> runs;
  std::uint64_t looks = 0;

  Simulation(const config::ScheduleConfig& config, const std::string& zone, Instant start,
             std::optional<Instant> last_run = {})
      : schedule(config, zone, last_run, {start, Monotonic{}}), now{start, Monotonic{}} {
    run = [](Trigger) { return ExitCode::kConverged; };
  }

  void Pass(Duration time) {
    now.wall += time;
    now.ticks += time;
  }

  void Step() {
    if (before_look) before_look(*this);
    ++looks;
    const auto trigger = schedule.Judge(now, look);
    if (!trigger) return;
    runs.emplace_back(now.wall, *trigger);
    look.changed = false;
    const ExitCode code = run(*trigger);
    Pass(std::chrono::seconds(1));
    if (unfinished > 0) look.due_at = now.wall;
    schedule.RunEnded(now, code, {.unfinished = unfinished, .is_asked = asked});
  }

  void Until(Instant end) {
    for (int steps = 0; steps < 1'000'000; ++steps) {
      const Duration after = std::min<Duration>(schedule.NextLook(now).after, std::chrono::hours(1));
      if (now.wall + after >= end) {
        Pass(end - now.wall);
        return;
      }
      Pass(after);
      schedule.HeedClock(now);
      if (schedule.NextLook(now).after <= Duration(0)) Step();
    }
    FAIL("the schedule turns in a circle");
  }
  std::size_t Count(Trigger trigger) const {
    std::size_t count = 0;
    for (const auto& entry : runs) count += entry.second == trigger ? 1U : 0U;
    return count;
  }
};

}  // namespace ucaas_sync::service
