#include "daemon/service/schedule.h"

#include <doctest/doctest.h>

#include <map>

#include "tests/service/schedule_simulation.h"

namespace ucaas_sync::service {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

}  // namespace

TEST_CASE("it runs at the start, and then looks every so often without a run") {
  Simulation service(Configured(), "UTC", At("2026-11-23T09:00:00Z"));
  service.Until(At("2026-11-24T09:00:00Z"));
  REQUIRE(service.runs.size() == 1);
  CHECK(service.runs[0].second == Trigger::kStart);
  CHECK(service.looks >= 24 * 12);
  CHECK(service.looks <= 24 * 12 + 2);
}

TEST_CASE("a change that is at rest is read within two looks, one that is being written is waited for") {
  Simulation service(Configured(), "UTC", At("2026-11-23T09:00:00Z"));
  service.Until(At("2026-11-23T09:01:00Z"));
  service.look.changed = true;
  service.look.at_rest = false;
  service.schedule.Stir(service.now);
  service.Until(At("2026-11-23T09:02:00Z"));
  CHECK(service.runs.size() == 1);
  service.look.at_rest = true;
  service.Until(At("2026-11-23T09:02:04Z"));
  REQUIRE(service.runs.size() == 2);
  CHECK(service.runs[1].second == Trigger::kChange);
}

TEST_CASE("a file that never comes to rest is read in the end") {
  Simulation service(Configured(), "UTC", At("2026-11-23T09:00:00Z"));
  service.Step();
  service.look.changed = true;
  service.look.at_rest = false;
  service.Until(At("2026-11-23T09:20:00Z"));
  REQUIRE(service.runs.size() == 2);
  CHECK(service.runs[1].first >= At("2026-11-23T09:05:00Z"));
}

TEST_CASE("it wakes for what is due, and not before") {
  Simulation service(Configured(), "UTC", At("2026-11-23T09:00:00Z"));
  service.look.due_at = At("2026-11-23T12:34:56Z");
  service.run = [&](Trigger trigger) {
    if (trigger == Trigger::kDue) service.look.due_at.reset();
    return ExitCode::kConverged;
  };
  service.Until(At("2026-11-24T09:00:00Z"));
  REQUIRE(service.runs.size() == 2);
  CHECK(service.runs[1] == std::pair{At("2026-11-23T12:34:56Z"), Trigger::kDue});
}

TEST_CASE("what stays due whatever is done does not make it turn in a circle") {
  Simulation service(Configured(), "UTC", At("2026-11-23T09:00:00Z"));
  service.look.due_at = At("2026-11-23T09:00:00Z");
  service.Until(At("2026-11-23T21:00:00Z"));
  CHECK(service.runs.size() > 12 * 10);
  CHECK(service.runs.size() < 12 * 12 + 20);
}

TEST_CASE("a file that grows too old makes one run, whatever else has long been too old") {
  Simulation service(Configured(), "UTC", At("2026-11-23T09:00:00Z"));
  service.look.stale_at = {At("2026-11-23T21:00:00Z"), At("2026-11-20T09:00:00Z"), At("2026-11-23T12:34:56Z")};
  service.Until(At("2026-11-23T12:34:56Z"));
  CHECK(service.runs.size() == 1);
  service.Until(At("2026-11-23T20:00:00Z"));
  REQUIRE(service.runs.size() == 2);
  CHECK(service.runs[1] == std::pair{At("2026-11-23T12:34:56Z"), Trigger::kDue});
  service.Until(At("2026-11-24T21:00:00Z"));
  REQUIRE(service.runs.size() == 3);
  CHECK(service.runs[2].first == At("2026-11-23T21:00:00Z"));
}

TEST_CASE("a file that grew too old while a run was under way makes one more") {
  Simulation service(Configured(), "UTC", At("2026-11-23T09:00:00Z"));
  service.look.stale_at = {At("2026-11-23T09:00:00Z") + Duration(500)};
  service.Until(At("2026-11-23T21:00:00Z"));
  CHECK(service.runs.size() == 2);
}

TEST_CASE("a source that can only be asked is asked every so often") {
  Simulation service(Configured({}, minutes(30)), "UTC", At("2026-11-23T09:00:00Z"));
  service.look.blind = true;
  service.Until(At("2026-11-23T21:00:00Z"));
  CHECK(service.Count(Trigger::kSchedule) == 23);
}

TEST_CASE("outside its hours it does nothing by itself, and what waits begins with them") {
  Simulation service(Configured({"Mon-Fri 06:00-20:00"}), "Europe/Berlin", At("2026-11-20T18:00:00Z"));  // Friday 19:00
  service.Until(At("2026-11-20T19:30:00Z"));
  REQUIRE(service.runs.size() == 1);
  const std::uint64_t looks = service.looks;
  service.look.changed = true;
  service.schedule.Stir(service.now);
  service.Until(At("2026-11-23T04:59:00Z"));
  CHECK(service.runs.size() == 1);
  CHECK(service.looks <= looks + 1);
  const Schedule::Wake next = service.schedule.NextAttempt(service.now);
  CHECK(service.now.wall + next.after == At("2026-11-23T05:00:00Z"));
  CHECK(next.why == "hours");
  service.Until(At("2026-11-23T05:00:30Z"));
  REQUIRE(service.runs.size() == 2);
  CHECK(service.runs[1].first == At("2026-11-23T05:00:00Z"));
  service.Until(At("2026-11-23T21:00:00Z"));
  service.schedule.Ask();
  service.Step();
  CHECK(service.runs.back().second == Trigger::kRequest);
}

TEST_CASE("a window may go beyond midnight") {
  const OpeningHours hours_of({{.value = "Fri 22:00-04:00", .at = {}}}, "UTC");
  const Instant never = At("2026-01-01T00:00:00Z");
  CHECK_FALSE(hours_of.IsOpen(At("2026-11-20T21:59:59Z"), never));
  CHECK(hours_of.IsOpen(At("2026-11-20T22:00:00Z"), never));
  CHECK(hours_of.IsOpen(At("2026-11-21T03:59:59Z"), never));
  CHECK_FALSE(hours_of.IsOpen(At("2026-11-21T04:00:00Z"), never));
  CHECK(hours_of.NextOpening(At("2026-11-20T22:00:00Z")) == At("2026-11-27T22:00:00Z"));
}

TEST_CASE("thirty days with the clocks set forward and back: each moment once, none missed") {
  struct Case {
    const char* zone;
    const char* start;
    const char* end;
  };
  for (const Case& span : {Case{"Europe/Berlin", "2026-03-10T12:00:00Z", "2026-04-09T12:00:00Z"},
                           Case{"Europe/Berlin", "2026-10-10T12:00:00Z", "2026-11-09T12:00:00Z"},
                           Case{"America/New_York", "2026-02-20T12:00:00Z", "2026-03-22T12:00:00Z"},
                           Case{"America/New_York", "2026-10-15T12:00:00Z", "2026-11-14T12:00:00Z"}}) {
    CAPTURE(span.zone);
    CAPTURE(span.start);
    Simulation service(Configured({"02:30"}), span.zone, At(span.start));
    service.before_look = [](Simulation& at) { at.look.changed = true; };
    service.Until(At(span.end));
    std::map<Date, int> days;
    for (const auto& entry : service.runs) ++days[LocalTimeIn(entry.first, span.zone)->date];
    CHECK(days.size() == 30);
    for (const auto& [day, count] : days) {
      const auto& this_day = day;
      CAPTURE(FormatDate(this_day));
      CHECK(count == 1);
    }
  }
}

TEST_CASE("a clock that jumps makes it miss nothing and do nothing twice") {
  Simulation service(Configured({"06:30"}), "UTC", At("2026-11-20T12:00:00Z"));
  service.before_look = [](Simulation& at) { at.look.changed = true; };
  service.Until(At("2026-11-21T07:00:00Z"));
  CHECK(service.runs.size() == 1);
  SUBCASE("back by two hours, over the moment") {
    service.now.wall -= hours(2);
    service.Until(At("2026-11-21T12:00:00Z"));
    CHECK(service.runs.size() == 1);
  }
  SUBCASE("forward over the next moment") {
    service.now.wall = At("2026-11-22T08:00:00Z");
    service.Until(At("2026-11-22T10:00:00Z"));
    CHECK(service.runs.size() == 2);
  }
  SUBCASE("back from a year that it never was") {
    service.now.wall = At("2036-11-21T07:00:00Z");
    service.Until(At("2036-11-21T09:00:00Z"));
    const std::size_t before = service.runs.size();
    service.now.wall = At("2026-11-21T09:00:00Z");
    service.Until(At("2026-11-22T12:00:00Z"));
    CHECK(service.runs.size() == before + 1);
  }
}

TEST_CASE("a moment at which the target fails is made up for, and one missed while the service was down too") {
  Simulation service(Configured({"06:30"}), "UTC", At("2026-11-20T09:00:00Z"), At("2026-11-19T06:30:00Z"));
  int fails = 3;
  service.run = [&](Trigger) { return fails-- > 0 ? ExitCode::kUnavailable : ExitCode::kConverged; };
  service.Until(At("2026-11-20T12:00:00Z"));
  REQUIRE(service.runs.size() == 4);
  CHECK(service.runs[0].first == At("2026-11-20T09:00:00Z"));
  CHECK(service.runs[3].first < At("2026-11-20T09:10:00Z"));
}

TEST_CASE("thirty days of five-minute looks: as many looks as there were, and no run that nothing asked for") {
  Simulation service(Configured(), "Europe/Berlin", At("2026-10-10T12:00:00Z"));
  service.Until(At("2026-11-09T12:00:00Z"));
  CHECK(service.runs.size() == 1);
  CHECK(service.looks <= 30 * 24 * 12 + 2);
  CHECK(service.looks >= 30 * 24 * 12 - 2);
}

}  // namespace ucaas_sync::service
