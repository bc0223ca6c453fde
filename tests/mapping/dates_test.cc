#include "daemon/mapping/dates.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "tests/mapping/support.h"

namespace ucaas_sync::mapping {
namespace {

DayOffset Offset(const std::string& text) {
  const ParsedToday parsed = ParseToday(text);
  REQUIRE(parsed.verdict == TodayText::kGood);
  return parsed.offset;
}

std::string From(const std::string& offset, const std::string& today) {
  return FormatDate(Offset(offset).From(Day(today)));
}

TEST_CASE("a date relative to today crosses months, years and leap days") {
  CHECK(From("today", "2026-11-23") == "2026-11-23");
  CHECK(From("today+7d", "2026-12-28") == "2027-01-04");
  CHECK(From("today-1d", "2028-03-01") == "2028-02-29");
  CHECK(From("today-1d", "2027-03-01") == "2027-02-28");
  CHECK(From("TODAY + 2w", "2026-02-20") == "2026-03-06");
  CHECK(From("today+1m", "2027-01-31") == "2027-02-28");
  CHECK(From("today+1m", "2028-01-31") == "2028-02-29");
  CHECK(From("today-3m", "2026-05-31") == "2026-02-28");
  CHECK(From("today+1y", "2028-02-29") == "2029-02-28");
  CHECK(From("today-1y", "2029-02-28") == "2028-02-28");
}

TEST_CASE("words that begin like today are values, dates that end badly are errors at their byte") {
  CHECK(ParseToday("todays").verdict == TodayText::kNotToday);
  CHECK(ParseToday("tomorrow").verdict == TodayText::kNotToday);
  CHECK(ParseToday("2026-01-01").verdict == TodayText::kNotToday);
  for (const auto& [text, at] : {std::pair<std::string, std::size_t>{"today+", 6},
                                 {"today+7", 7},
                                 {"today+7h", 7},
                                 {"today+7dd", 7},
                                 {"today 7d", 6},
                                 {"today+12345d", 10}}) {
    const auto& this_text = text;
    CAPTURE(this_text);
    CHECK(ParseToday(text).verdict == TodayText::kBad);
    CHECK(ParseToday(text).error_at == at);
  }
}

TEST_CASE("the day on which a clause turns is the first from which the offset reaches the date") {
  for (const std::string offset_text :
       {"today", "today+7d", "today-30d", "today+1m", "today-1m", "today+13m", "today-1y"}) {
    const DayOffset offset = Offset(offset_text);
    for (Date date = Day("2027-12-20"); date < Day("2029-03-10"); date += std::chrono::days(1)) {
      const Date first = offset.FirstReaching(date);
      CAPTURE(offset_text);
      CAPTURE(FormatDate(date));
      REQUIRE(offset.From(first) >= date);
      REQUIRE(offset.From(first - std::chrono::days(1)) < date);
    }
  }
}

TEST_CASE("dates are read in the format of their source, and impossible ones not at all") {
  CHECK(FormatDate(DateReader("%d.%m.%Y").Read("29.02.2028").value()) == "2028-02-29");
  CHECK_FALSE(DateReader("%d.%m.%Y").Read("29.02.2027"));
  CHECK_FALSE(DateReader().Read("29.02.2028"));
  CHECK_FALSE(DateReader().Read("2027-02-29"));
  CHECK_FALSE(DateReader().Read("2027-0a-29"));
  CHECK(FormatDate(DateReader("%Y%m%d%H%M%SZ").Read("20270228235959Z").value()) == "2027-02-28");
}

}  // namespace
}  // namespace ucaas_sync::mapping
