// Instants and dates: the calendar, the formats, and the days on which a zone's clock jumps.
#include "daemon/model/time.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>

namespace ucaas_sync {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

Instant At(const std::string& text) {
  const auto instant = ParseInstant(text);
  REQUIRE_MESSAGE(instant, text);
  return *instant;
}

Date Day(const std::string& text) {
  const auto date = ParseDate(text, "%Y-%m-%d");
  REQUIRE_MESSAGE(date, text);
  return *date;
}

std::string DayIn(const std::string& instant, const std::string& zone) {
  const auto date = DateIn(At(instant), zone);
  return date ? FormatDate(*date) : "unknown zone";
}

std::string BeginOf(const std::string& date, const std::string& zone) {
  const auto instant = StartOf(Day(date), zone);
  return instant ? FormatInstant(*instant) : "unknown zone";
}

TEST_CASE("an instant is written and read in one form only") {
  CHECK(FormatInstant(Instant{}) == "1970-01-01T00:00:00Z");
  CHECK(At("2026-11-23T18:13:23Z").time_since_epoch() == std::chrono::seconds(1795457603));
  for (const char* text : {"2026-11-23T18:13:23Z", "2000-02-29T23:59:59Z", "1969-12-31T23:59:59Z",
                           "9999-12-31T00:00:00Z", "0000-01-01T00:00:00Z"}) {
    CHECK(FormatInstant(At(text)) == text);
  }
  CHECK(FormatInstant(At("2026-11-23T18:13:23Z") + milliseconds(999)) == "2026-11-23T18:13:23Z");
  CHECK(FormatInstant(Instant{} - milliseconds(1)) == "1969-12-31T23:59:59Z");
  for (const char* text :
       {"", "2026-11-23", "2026-11-23T18:13:23", "2026-11-23 18:13:23Z", "2026-11-23T18:13:23z", "2026-11-23T24:00:00Z",
        "2026-11-23T18:60:00Z", "2026-11-23T18:13:60Z", "2026-02-29T00:00:00Z", "2026-11-23T18:13:23Z ",
        "2026-1-23T018:13:23Z", "2026-11-23T1a:13:23Z", "2026-11-23T18:13:23+00:00"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(ParseInstant(text));
  }
}

TEST_CASE("only days that exist are dates") {
  CHECK(ParseDate("2024-02-29", "%Y-%m-%d"));
  CHECK(ParseDate("2000-02-29", "%Y-%m-%d"));
  for (const char* text : {"2026-02-29", "1900-02-29", "2026-02-30", "2026-04-31", "2026-13-01", "2026-00-10",
                           "2026-01-00", "2026-01-32"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(ParseDate(text, "%Y-%m-%d"));
  }
}

TEST_CASE("every day of four centuries is written and read again") {
  const Date first = Day("1900-01-01");
  const Date last = Day("2300-01-01");
  for (Date date = first; date < last; date += std::chrono::days(1)) {
    REQUIRE(ParseDate(FormatDate(date), "%Y-%m-%d") == date);
  }
}

TEST_CASE("a date is read by its format, whole") {
  struct Case {
    const char* text;
    const char* format;
    const char* date;
  };
  const Case cases[] = {
      {"23.11.2026", "%d.%m.%Y", "2026-11-23"},           {"1.2.2026", "%d.%m.%Y", "2026-02-01"},
      {"11/23/2026", "%m/%d/%Y", "2026-11-23"},           {"20261123", "%Y%m%d", "2026-11-23"},
      {"20261123181323Z", "%Y%m%d%H%M%SZ", "2026-11-23"}, {"2026-11-23T23:59:60", "%Y-%m-%dT%H:%M:%S", "2026-11-23"},
      {"100% 2026-11-23", "100%% %Y-%m-%d", "2026-11-23"}};
  for (const Case& c : cases) {
    CAPTURE(std::string(c.text));
    const auto date = ParseDate(c.text, c.format);
    REQUIRE(date);
    CHECK(FormatDate(*date) == c.date);
  }
  const Case bad[] = {{"23.11.26", "%d.%m.%Y", ""},
                      {"23.11.2026 ", "%d.%m.%Y", ""},
                      {" 23.11.2026", "%d.%m.%Y", ""},
                      {"23-11-2026", "%d.%m.%Y", ""},
                      {"-1.11.2026", "%d.%m.%Y", ""},
                      {"+1.11.2026", "%d.%m.%Y", ""},
                      {"2026-11-23T24:00", "%Y-%m-%dT%H:%M", ""},
                      {"2026-11-23T10:60", "%Y-%m-%dT%H:%M", ""},
                      {"2026-11", "%Y-%m", ""},
                      {"2026-11-23 x", "%Y-%m-%d %q", ""},
                      {"2026-11-23", "", ""},
                      {"", "%Y-%m-%d", ""}};
  for (const Case& c : bad) {
    CAPTURE(std::string(c.text));
    CHECK_FALSE(ParseDate(c.text, c.format));
  }
}

TEST_CASE("midnight is the zone's own") {
  CHECK(DayIn("2026-11-23T23:30:00Z", "UTC") == "2026-11-23");
  CHECK(DayIn("2026-11-23T23:30:00Z", "Europe/Berlin") == "2026-11-24");
  CHECK(DayIn("2026-11-23T02:30:00Z", "America/New_York") == "2026-11-22");
  CHECK(DayIn("2026-11-23T10:00:00Z", "Pacific/Kiritimati") == "2026-11-24");
  CHECK(BeginOf("2026-11-23", "UTC") == "2026-11-23T00:00:00Z");
  CHECK(BeginOf("2026-01-15", "Europe/Berlin") == "2026-01-14T23:00:00Z");
  CHECK(BeginOf("2026-07-15", "Europe/Berlin") == "2026-07-14T22:00:00Z");
  CHECK(BeginOf("2026-07-15", "Asia/Kathmandu") == "2026-07-14T18:15:00Z");
}

TEST_CASE("a day of 23 or 25 hours begins when its date does") {
  CHECK(BeginOf("2026-03-29", "Europe/Berlin") == "2026-03-28T23:00:00Z");
  CHECK(BeginOf("2026-03-30", "Europe/Berlin") == "2026-03-29T22:00:00Z");
  CHECK(BeginOf("2026-10-25", "Europe/Berlin") == "2026-10-24T22:00:00Z");
  CHECK(BeginOf("2026-10-26", "Europe/Berlin") == "2026-10-25T23:00:00Z");
  // The clock jumps over midnight: the day begins at one o'clock.
  CHECK(BeginOf("2018-11-04", "America/Sao_Paulo") == "2018-11-04T03:00:00Z");
  // It falls back to midnight: the day has two, and begins at the first.
  CHECK(BeginOf("2025-11-02", "America/Havana") == "2025-11-02T04:00:00Z");
  // It falls back to before midnight: the day before has 25 hours.
  CHECK(BeginOf("2018-02-18", "America/Sao_Paulo") == "2018-02-18T03:00:00Z");
  // A date that a whole country skipped begins where the next one does.
  CHECK(BeginOf("2011-12-30", "Pacific/Apia") == "2011-12-30T10:00:00Z");
}

TEST_CASE("the start of a date is the first moment with that date, in every zone and through every change of clocks") {
  for (const char* zone :
       {"UTC", "Europe/Berlin", "America/New_York", "America/Havana", "America/Sao_Paulo", "Atlantic/Azores",
        "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kolkata", "Pacific/Kiritimati"}) {
    CAPTURE(std::string(zone));
    for (Date date = Day("2018-01-01"); date < Day("2019-01-01"); date += std::chrono::days(1)) {
      const auto start = StartOf(date, zone);
      REQUIRE(start);
      CAPTURE(FormatInstant(*start));
      REQUIRE(DateIn(*start, zone) == date);
      REQUIRE(DateIn(*start - milliseconds(1), zone) == date - std::chrono::days(1));
    }
  }
}

TEST_CASE("the start of a date does not depend on what was asked before") {
  for (const char* before : {"2025-07-01", "2025-12-24", "1950-01-01", "2030-01-01"}) {
    REQUIRE(BeginOf(before, "America/Havana") != "unknown zone");
    CHECK(BeginOf("2025-11-02", "America/Havana") == "2025-11-02T04:00:00Z");
  }
}

TEST_CASE("a zone that nobody knows is said to be unknown, and no path leaves the database") {
  for (const char* zone : {"", "Mars/Olympus", "/etc/passwd", "../../../etc/passwd", "Europe/../../../../etc/passwd"}) {
    CAPTURE(std::string(zone));
    CHECK(DayIn("2026-11-23T12:00:00Z", zone) == "unknown zone");
    CHECK(BeginOf("2026-11-23", zone) == "unknown zone");
  }
}

TEST_CASE("far instants have a date in every zone") {
  CHECK(DayIn("9999-12-31T12:00:00Z", "Europe/Berlin") == "9999-12-31");
  CHECK(DayIn("0001-06-01T12:00:00Z", "Europe/Berlin") == "0001-06-01");
  CHECK(DateIn(Instant{} - milliseconds(1), "Africa/Abidjan") == Day("1969-12-31"));
}

TEST_CASE("asking for a zone leaves the process's own as it was") {
  const char* before = std::getenv("TZ");
  const std::optional<std::string> kept = before == nullptr ? std::nullopt : std::optional<std::string>(before);
  setenv("TZ", "Asia/Tokyo", 1);
  tzset();
  CHECK(DayIn("2026-11-23T16:00:00Z", "local") == "2026-11-24");
  CHECK(DayIn("2026-11-23T16:00:00Z", "America/New_York") == "2026-11-23");
  CHECK(DayIn("2026-11-23T16:00:00Z", "local") == "2026-11-24");
  CHECK(std::string(std::getenv("TZ")) == "Asia/Tokyo");
  if (kept) {
    setenv("TZ", kept->c_str(), 1);
  } else {
    unsetenv("TZ");
  }
  tzset();
}

TEST_CASE("durations read as people say them") {
  struct Case {
    Duration duration;
    const char* text;
  };
  const Case cases[] = {{milliseconds(0), "0 ms"},        {milliseconds(350), "350 ms"},
                        {milliseconds(999), "999 ms"},    {milliseconds(1'000), "1 s"},
                        {milliseconds(12'149), "12.1 s"}, {milliseconds(12'050), "12 s"},
                        {milliseconds(59'999), "59 s"},   {milliseconds(250'000), "4 min 10 s"},
                        {milliseconds(240'000), "4 min"}, {hours(3) + std::chrono::minutes(2), "3 h 2 min"},
                        {hours(24 * 5), "5 d"},           {hours(24 * 5 + 7), "5 d 7 h"},
                        {milliseconds(-350), "-350 ms"}};
  for (const Case& c : cases) CHECK(FormatDuration(c.duration) == c.text);
}

}  // namespace
TEST_CASE("a time of day is found where clocks leave it out or show it twice") {
  const auto at = [](const char* date, int hour, int minute, const char* zone) {
    return FormatInstant(
        *InstantOf({*ParseDate(date, "%Y-%m-%d"), std::chrono::hours(hour) + std::chrono::minutes(minute)}, zone));
  };
  CHECK(at("2026-11-23", 6, 30, "UTC") == "2026-11-23T06:30:00Z");
  CHECK(at("2026-11-23", 6, 37, "Europe/Berlin") == "2026-11-23T05:37:00Z");
  // 29 March: 01:59:59 is followed by 03:00.
  CHECK(at("2026-03-29", 2, 30, "Europe/Berlin") == "2026-03-29T01:00:00Z");
  CHECK(at("2026-03-29", 3, 1, "Europe/Berlin") == "2026-03-29T01:01:00Z");
  // 25 October: 02:00 to 03:00 comes twice.
  CHECK(at("2026-10-25", 2, 30, "Europe/Berlin") == "2026-10-25T00:30:00Z");
  CHECK(at("2026-10-25", 3, 0, "Europe/Berlin") == "2026-10-25T02:00:00Z");
  CHECK(at("2026-11-01", 1, 59, "America/New_York") == "2026-11-01T05:59:00Z");
  CHECK(at("2026-11-23", 23, 59, "Asia/Kathmandu") == "2026-11-23T18:14:00Z");
  CHECK(at("2026-11-23", 24, 0, "UTC") == "2026-11-24T00:00:00Z");
  CHECK_FALSE(InstantOf({*ParseDate("2026-11-23", "%Y-%m-%d"), {}}, "Nowhere/Atall"));
  const auto shown = LocalTimeIn(*ParseInstant("2026-03-29T01:00:00Z"), "Europe/Berlin");
  CHECK(shown->minute == std::chrono::minutes(180));
  CHECK(FormatDate(shown->date) == "2026-03-29");
}

}  // namespace ucaas_sync
