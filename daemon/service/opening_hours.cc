#include "daemon/service/opening_hours.h"

#include <algorithm>
#include <utility>

namespace ucaas_sync::service {
namespace {

using std::chrono::days;

bool IsOn(const TimeWindow& window, Date date) {
  return window.days[std::chrono::weekday(date).c_encoding()];
}

}  // namespace

OpeningHours::OpeningHours(const std::vector<config::Text>& at, std::string zone) : timezone_(std::move(zone)) {
  for (const config::Text& text : at) {
    if (const auto window = ParseTimeWindow(text.value)) windows_.push_back(*window);
  }
}

bool OpeningHours::IsOpen(Instant now, Instant seen) const {
  if (windows_.empty()) return true;
  const auto local = LocalTimeIn(now, timezone_);
  // A zone that was taken off this machine since the configuration was checked closes nothing.
  if (!local) return true;
  return std::any_of(windows_.begin(), windows_.end(), [&](const TimeWindow& window) {
    // Also what began yesterday and ends after midnight; a moment that was slept through on the day before counts too.
    for (const Date date : {local->date, local->date - days(1)}) {
      if (!IsOn(window, date)) continue;
      const auto from = InstantOf({.date = date, .minute = window.from}, timezone_);
      if (!from || *from > now) continue;
      if (window.is_moment()) {
        if (seen < *from) return true;
        continue;
      }
      const Date last = window.to < window.from ? date + days(1) : date;
      const auto to = InstantOf({.date = last, .minute = window.to}, timezone_);
      if (to && now < *to) return true;
    }
    return false;
  });
}

std::optional<Instant> OpeningHours::NextOpening(Instant now) const {
  std::optional<Instant> next;
  const auto local = LocalTimeIn(now, timezone_);
  if (!local) return next;
  for (const TimeWindow& window : windows_) {
    // Eight days: the same day of the next week, when today's time is over.
    for (Date date = local->date; date <= local->date + days(8); date += days(1)) {
      if (!IsOn(window, date)) continue;
      const auto from = InstantOf({.date = date, .minute = window.from}, timezone_);
      if (!from || *from <= now) continue;
      if (!next || *from < *next) next = from;
      break;
    }
  }
  return next;
}

}  // namespace ucaas_sync::service
