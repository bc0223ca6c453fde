#include "daemon/model/time_window.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "daemon/model/text.h"

namespace ucaas_sync {
namespace {

constexpr std::array<std::string_view, 7> kDays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

std::optional<std::size_t> DayOf(std::string_view text) {
  const auto found = std::find(kDays.begin(), kDays.end(), FoldCase(text));
  if (found == kDays.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kDays.begin());
}

bool AddDays(std::string_view part, std::array<bool, 7>& days) {
  const std::size_t dash = part.find('-');
  const auto first = DayOf(part.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : DayOf(part.substr(dash + 1));
  if (!first || !last) return false;
  for (std::size_t day = *first;; day = (day + 1) % days.size()) {
    days[day] = true;
    if (day == *last) return true;
  }
}

std::optional<std::chrono::minutes> TimeOfDay(std::string_view text, int latest_hour) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !is_digit(text[0]) || !is_digit(text[1]) || !is_digit(text[3]) ||
      !is_digit(text[4])) {
    return std::nullopt;
  }
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (hour > latest_hour || minute > 59 || (hour == 24 && minute > 0)) return std::nullopt;
  return std::chrono::minutes(hour * 60 + minute);
}

}  // namespace

std::optional<TimeWindow> ParseTimeWindow(std::string_view text) {
  TimeWindow window;
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) {
    window.days.fill(true);
  } else {
    for (std::string_view list = text.substr(0, space); !list.empty();) {
      const std::size_t comma = std::min(list.find(','), list.size());
      if (!AddDays(list.substr(0, comma), window.days)) return std::nullopt;
      list.remove_prefix(std::min(comma + 1, list.size()));
    }
    if (window.days == std::array<bool, 7>{}) return std::nullopt;
    text = text.substr(space + 1);
  }
  const std::size_t dash = text.find('-');
  const auto from = TimeOfDay(text.substr(0, dash), 23);
  const auto to = dash == std::string_view::npos ? from : TimeOfDay(text.substr(dash + 1), 24);
  // "06:00-06:00" may mean a moment or a whole day: neither is guessed.
  if (!from || !to || (dash != std::string_view::npos && *from == *to)) return std::nullopt;
  window.from = *from;
  window.to = *to;
  return window;
}

}  // namespace ucaas_sync
