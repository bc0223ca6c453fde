// Dates relative to today ("today+7d"), and the day on which a comparison with one turns.
// Pure functions and values; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/model/time.h"

namespace ucaas_sync::mapping {

/// "today", "today+7d", "today-3m".
struct DayOffset {
  std::int32_t days = 0;    ///< d and w
  std::int32_t months = 0;  ///< m and y

  /// The date it means on `today`. A day that the month does not have becomes its last (31 January + 1m: 28 or 29
  /// February), so a later today never gives an earlier date.
  Date From(Date today) const;
  /// The first today from which it means `date` or later.
  Date FirstReaching(Date date) const;
  friend bool operator==(const DayOffset&, const DayOffset&) = default;
};

enum class TodayText : std::uint8_t {
  kNotToday,  ///< Does not begin with the word `today`: an ordinary value.
  kGood,
  kBad,  ///< Begins like a date relative to today, but the rest is wrong.
};

struct ParsedToday {
  TodayText verdict = TodayText::kNotToday;
  DayOffset offset{};
  std::size_t error_at = 0;  ///< For kBad: the byte that is wrong.
};

/// Reads `today`, or `today` + or - a number (up to 4 digits) and d, w, m or y; ASCII case ignored.
ParsedToday ParseToday(std::string_view text);

/// Reads dates in one format (of ParseDate), quickly when that is %Y-%m-%d.
class DateReader {
 public:
  explicit DateReader(std::string format = "%Y-%m-%d");
  std::optional<Date> Read(std::string_view text) const;
  const std::string& format() const { return format_; }

 private:
  std::string format_;
  bool iso_ = false;
};

}  // namespace ucaas_sync::mapping
