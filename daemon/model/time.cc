#include "daemon/model/time.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace ucaas_sync {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::year_month_day;

std::string TwoDigits(std::int64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < 2) digits.insert(0, 1, '0');
  return digits;
}

// Up to `most` digits from `text` at `at`; at least one, and exactly `most` unless `fewer_allowed`.
std::optional<int> TakeNumber(std::string_view text, std::size_t& at, std::size_t most, bool fewer_allowed) {
  int number = 0;
  std::size_t digits = 0;
  while (digits < most && at < text.size() && text[at] >= '0' && text[at] <= '9') {
    number = number * 10 + (text[at] - '0');
    ++at;
    ++digits;
  }
  if (digits == 0 || (digits < most && !fewer_allowed)) return std::nullopt;
  return number;
}

LocalTime Local(seconds since_epoch) {
  const std::time_t time = since_epoch.count();
  std::tm local{};
  localtime_r(&time, &local);
  return {.date = Date(year_month_day(std::chrono::year(local.tm_year + 1900),
                                      std::chrono::month(static_cast<unsigned>(local.tm_mon + 1)),
                                      std::chrono::day(static_cast<unsigned>(local.tm_mday)))),
          .minute = minutes(local.tm_hour * 60 + local.tm_min)};
}

Date LocalDate(seconds since_epoch) {
  return Local(since_epoch).date;
}

// The zone is the process's own ("local") or UTC; other names are found by the tz database through a TZ that is set for
// the duration of the call, unless it is so already: threads cannot bear that, and the service has set it before any.
class ZoneScope {
 public:
  explicit ZoneScope(const std::string& zone) {
    const std::string wanted = ":" + zone;
    const char* before = std::getenv("TZ");
    active_ = zone != "local" && (before == nullptr || wanted != before);
    if (active_) {
      if (before != nullptr) before_ = before;
      setenv("TZ", wanted.c_str(), 1);
    }
    tzset();
  }
  ~ZoneScope() {
    if (!active_) return;
    if (before_) {
      setenv("TZ", before_->c_str(), 1);
    } else {
      unsetenv("TZ");
    }
    tzset();
  }
  ZoneScope(const ZoneScope&) = delete;
  ZoneScope& operator=(const ZoneScope&) = delete;

 private:
  bool active_ = false;
  std::optional<std::string> before_;
};

bool IsKnownZone(const std::string& zone) {
  if (zone == "local" || zone == "UTC") return true;
  if (zone.empty() || zone.front() == '/' || zone.find("..") != std::string::npos) return false;
  return access(("/usr/share/zoneinfo/" + zone).c_str(), R_OK) == 0;
}

}  // namespace

std::string FormatDate(Date date) {
  const year_month_day ymd(date);
  std::string year = std::to_string(static_cast<int>(ymd.year()));
  if (year.size() < 4) year.insert(0, 4 - year.size(), '0');
  return year + '-' + TwoDigits(static_cast<unsigned>(ymd.month())) + '-' + TwoDigits(static_cast<unsigned>(ymd.day()));
}

std::string FormatInstant(Instant instant) {
  const auto second = floor<seconds>(instant);
  const auto day = floor<days>(second);
  const std::chrono::hh_mm_ss time(second - day);
  return FormatDate(day) + 'T' + TwoDigits(time.hours().count()) + ':' + TwoDigits(time.minutes().count()) + ':' +
         TwoDigits(time.seconds().count()) + 'Z';
}

std::optional<Instant> ParseInstant(std::string_view text) {
  if (text.size() != 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != 'Z')
    return std::nullopt;
  const auto date = ParseDate(text.substr(0, 10), "%Y-%m-%d");
  if (!date) return std::nullopt;
  std::array<int, 3> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::size_t at = 11 + 3 * i;
    const auto number = TakeNumber(text, at, 2, /*fewer_allowed=*/false);
    if (!number || *number > (i == 0 ? 23 : 59)) return std::nullopt;
    parts[i] = *number;
  }
  return Instant(*date) + hours(parts[0]) + minutes(parts[1]) + seconds(parts[2]);
}

std::optional<Date> ParseDate(std::string_view text, std::string_view format) {
  int year = -1;
  int month = -1;
  int day = -1;
  std::size_t at = 0;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      if (at >= text.size() || text[at] != format[i]) return std::nullopt;
      ++at;
      continue;
    }
    ++i;
    const char field = format[i];
    if (field == '%') {
      if (at >= text.size() || text[at] != '%') return std::nullopt;
      ++at;
      continue;
    }
    const auto number = TakeNumber(text, at, field == 'Y' ? 4 : 2, /*fewer_allowed=*/field != 'Y');
    if (!number) return std::nullopt;
    switch (field) {
      case 'Y':
        year = *number;
        break;
      case 'm':
        month = *number;
        break;
      case 'd':
        day = *number;
        break;
      case 'H':
        if (*number > 23) return std::nullopt;
        break;
      case 'M':
        if (*number > 59) return std::nullopt;
        break;
      case 'S':
        if (*number > 60) return std::nullopt;
        break;
      default:
        return std::nullopt;
    }
  }
  if (at != text.size() || year < 0 || month < 0 || day < 0) return std::nullopt;
  const year_month_day ymd(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                           std::chrono::day(static_cast<unsigned>(day)));
  if (!ymd.ok()) return std::nullopt;
  return Date(ymd);
}

std::optional<Date> DateIn(Instant instant, const std::string& zone) {
  if (!IsKnownZone(zone)) return std::nullopt;
  if (zone == "UTC") return floor<days>(instant);
  const ZoneScope scope(zone);
  // Not through system_clock, whose nanoseconds end in the year 2262 and which rounds towards 1970.
  return LocalDate(floor<seconds>(instant).time_since_epoch());
}

std::optional<Instant> StartOf(Date date, const std::string& zone) {
  if (!IsKnownZone(zone)) return std::nullopt;
  if (zone == "UTC") return Instant(date);
  const ZoneScope scope(zone);
  // Searched, not asked of mktime: where midnight comes twice, that answers by what it was asked before.
  constexpr seconds kFarthest = hours(26);  // more than any zone is from UTC
  seconds before = date.time_since_epoch() - kFarthest;
  seconds from = date.time_since_epoch() + kFarthest;
  while (from - before > seconds(1)) {
    const seconds middle = before + (from - before) / 2;
    (LocalDate(middle) < date ? before : from) = middle;
  }
  return Instant(from);
}

std::optional<LocalTime> LocalTimeIn(Instant instant, const std::string& zone) {
  if (!IsKnownZone(zone)) return std::nullopt;
  const ZoneScope scope(zone);
  return Local(floor<seconds>(instant).time_since_epoch());
}

std::optional<Instant> InstantOf(const LocalTime& time, const std::string& zone) {
  const auto start = StartOf(time.date, zone);
  if (!start) return std::nullopt;
  const ZoneScope scope(zone);
  // Clocks are put forward and back at whole quarters of an hour: inside one they only run on.
  constexpr minutes kQuarter(15);
  for (seconds quarter = floor<seconds>(*start).time_since_epoch();; quarter += kQuarter) {
    const LocalTime shown = Local(quarter);
    if (shown >= time) return Instant(quarter);
    if (shown.date == time.date && time.minute - shown.minute < kQuarter) {
      const seconds there = quarter + (time.minute - shown.minute);
      if (Local(there) >= time) return Instant(there);
    }
  }
}

std::string FormatDuration(Duration duration) {
  const std::int64_t ms = duration.count();
  if (ms < 0) return "-" + FormatDuration(-duration);
  if (ms < 1'000) return std::to_string(ms) + " ms";
  if (ms < 60'000) {
    return std::to_string(ms / 1'000) +
           (ms < 20'000 && ms % 1'000 >= 100 ? "." + std::to_string(ms % 1'000 / 100) : "") + " s";
  }
  const auto two_units = [](std::int64_t big, std::string_view big_name, std::int64_t small,
                            std::string_view small_name) {
    std::string text = std::to_string(big).append(big_name);
    if (small != 0) text += ' ' + std::to_string(small).append(small_name);
    return text;
  };
  const std::int64_t total_seconds = ms / 1'000;
  if (total_seconds < 3'600) return two_units(total_seconds / 60, " min", total_seconds % 60, " s");
  if (total_seconds < 86'400) return two_units(total_seconds / 3'600, " h", total_seconds % 3'600 / 60, " min");
  return two_units(total_seconds / 86'400, " d", total_seconds % 86'400 / 3'600, " h");
}

}  // namespace ucaas_sync
