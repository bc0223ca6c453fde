#include "daemon/mapping/dates.h"

#include <algorithm>
#include <utility>

#include "daemon/model/text.h"

namespace ucaas_sync::mapping {
namespace {

using std::chrono::days;
using std::chrono::months;
using std::chrono::year_month_day;
using std::chrono::year_month_day_last;

Date AddMonths(Date date, std::int32_t count) {
  const year_month_day ymd(date);
  const auto moved = year_month_day(ymd.year(), ymd.month(), std::chrono::day(1)) + months(count);
  const year_month_day_last last(moved.year(), std::chrono::month_day_last(moved.month()));
  return Date(year_month_day(moved.year(), moved.month(), std::min(ymd.day(), last.day())));
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<int> Digits(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (!IsDigit(c)) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<Date> ReadIso(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = Digits(text.substr(0, 4));
  const auto month = Digits(text.substr(5, 2));
  const auto day = Digits(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const year_month_day ymd(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                           std::chrono::day(static_cast<unsigned>(*day)));
  if (!ymd.ok()) return std::nullopt;
  return Date(ymd);
}

}  // namespace

Date DayOffset::From(Date today) const {
  return (months == 0 ? today : AddMonths(today, months)) + std::chrono::days(days);
}

Date DayOffset::FirstReaching(Date date) const {
  // Months are of different length, so the way back lands at most a few days beside the day that is looked for; From()
  // never falls as today rises, so a short walk finds it.
  Date day = (months == 0 ? date - std::chrono::days(days) : AddMonths(date - std::chrono::days(days), -months));
  while (From(day) >= date) day -= std::chrono::days(1);
  while (From(day) < date) day += std::chrono::days(1);
  return day;
}

ParsedToday ParseToday(std::string_view text) {
  constexpr std::string_view kToday = "today";
  if (text.size() < kToday.size() || !EqualsIgnoreAsciiCase(text.substr(0, kToday.size()), kToday)) return {};
  std::size_t at = kToday.size();
  const auto skip_spaces = [&] {
    while (at < text.size() && text[at] == ' ') ++at;
  };
  skip_spaces();
  if (at == text.size()) return {.verdict = TodayText::kGood};
  // "todays" is a word of its own.
  if (text[at] != '+' && text[at] != '-') {
    return at == kToday.size() ? ParsedToday{} : ParsedToday{.verdict = TodayText::kBad, .error_at = at};
  }
  const std::int32_t sign = text[at++] == '+' ? 1 : -1;
  skip_spaces();
  const std::size_t digits = at;
  std::int32_t count = 0;
  while (at < text.size() && IsDigit(text[at]) && at - digits < 4) count = count * 10 + (text[at++] - '0');
  if (at == digits || at + 1 != text.size()) return {.verdict = TodayText::kBad, .error_at = at};
  DayOffset offset;
  switch (text[at]) {
    case 'd':
    case 'D':
      offset.days = sign * count;
      break;
    case 'w':
    case 'W':
      offset.days = sign * count * 7;
      break;
    case 'm':
    case 'M':
      offset.months = sign * count;
      break;
    case 'y':
    case 'Y':
      offset.months = sign * count * 12;
      break;
    default:
      return {.verdict = TodayText::kBad, .error_at = at};
  }
  return {.verdict = TodayText::kGood, .offset = offset};
}

DateReader::DateReader(std::string format) : format_(std::move(format)), iso_(format_ == "%Y-%m-%d") {}

std::optional<Date> DateReader::Read(std::string_view text) const {
  if (iso_) {
    if (const auto date = ReadIso(text)) return date;
  }
  return ParseDate(text, format_);
}

}  // namespace ucaas_sync::mapping
