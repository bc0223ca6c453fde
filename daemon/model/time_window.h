// A daily time, or a span of the day, on some days of the week: "06:30", "06:00-20:00", "Mon-Fri 06:00-20:00",
// "Sat,Sun 22:00-04:00". A value; nothing here reads a clock.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string_view>

namespace ucaas_sync {

struct TimeWindow {
  std::array<bool, 7> days{};    ///< From Sunday on, as std::chrono::weekday counts.
  std::chrono::minutes from{0};  ///< Since midnight, by the clock's hands.
  std::chrono::minutes to{0};    ///< Not part of it. Before `from`: of the day after. Equal: the moment `from`.
  bool is_moment() const { return from == to; }
  friend bool operator==(const TimeWindow&, const TimeWindow&) = default;
};

/// Nothing when `text` is none. Days are Mon to Sun in any case, a range or a list of them, before the time.
std::optional<TimeWindow> ParseTimeWindow(std::string_view text);

}  // namespace ucaas_sync
