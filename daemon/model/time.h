// Instants, durations and civil dates as values. Nothing here reads a clock: the time is an input.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ucaas_sync {

using Duration = std::chrono::milliseconds;
/// A moment in UTC, to the millisecond.
using Instant = std::chrono::sys_time<Duration>;
/// A civil date without a time zone.
using Date = std::chrono::sys_days;

/// "2026-11-23T18:13:23Z" (RFC 3339, whole seconds).
std::string FormatInstant(Instant instant);
std::optional<Instant> ParseInstant(std::string_view text);

/// "2026-11-23"
std::string FormatDate(Date date);
/// Reads `text` by a strptime-like `format` of %Y %m %d %H %M %S and literals; the whole text must match and name a
/// real date. The time of day, where the format has one, is checked and dropped.
std::optional<Date> ParseDate(std::string_view text, std::string_view format);

/// The civil date at `instant` in `zone`: "local", "UTC", or a name of the tz database. Empty for an unknown zone.
std::optional<Date> DateIn(Instant instant, const std::string& zone);
/// The first instant of `date` in `zone`.
std::optional<Instant> StartOf(Date date, const std::string& zone);

/// What a clock on the wall shows.
struct LocalTime {
  Date date;
  std::chrono::minutes minute{0};  ///< Since midnight, by the clock's hands: where an hour comes twice, so does this.
  friend auto operator<=>(const LocalTime&, const LocalTime&) = default;
};
/// Empty for an unknown zone.
std::optional<LocalTime> LocalTimeIn(Instant instant, const std::string& zone);
/// The first instant of `time.date` at which the clocks of `zone` show `time.minute` or more: where they leave an hour
/// out the end of the gap, where they repeat one the first time.
std::optional<Instant> InstantOf(const LocalTime& time, const std::string& zone);

/// "350 ms", "12.1 s", "4 min 10 s", "3 h 2 min", "5 d": for people.
std::string FormatDuration(Duration duration);

}  // namespace ucaas_sync
