// The pauses of the schedule: after a failure, and after a run that left more to do.
#include <doctest/doctest.h>

#include <optional>

#include "tests/service/schedule_simulation.h"

namespace ucaas_sync::service {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

}  // namespace

TEST_CASE("a failing target is left alone for longer and longer, and tried at once when asked") {
  Simulation service(Configured(), "UTC", At("2026-11-23T09:00:00Z"));
  service.run = [](Trigger) { return ExitCode::kUnavailable; };
  service.look.due_at = At("2026-11-23T09:00:00Z");
  service.Until(At("2026-11-23T10:02:00Z"));
  // After 1, 2, 4, 8, 16 and 30 minutes.
  REQUIRE(service.runs.size() == 7);
  CHECK(service.runs[1].second == Trigger::kRetry);
  CHECK(service.runs[5].first - service.runs[4].first >= minutes(16));
  service.Until(At("2026-11-24T09:00:00Z"));
  CHECK(service.runs.size() <= 7 + 2 * 23 + 1);
  service.schedule.Ask();
  CHECK(service.schedule.NextLook(service.now).after == Duration(0));
  service.Step();
  CHECK(service.runs.back().second == Trigger::kRequest);
  CHECK(service.schedule.failures() > 10);
  service.run = [](Trigger) { return ExitCode::kConverged; };
  service.Until(At("2026-11-24T10:00:00Z"));
  CHECK(service.schedule.failures() == 0);
}

TEST_CASE(
    "a failing target is tried soon when somebody else's run ended well, and rests as at first if it fails still") {
  Simulation service(Configured(), "UTC", At("2026-11-23T09:00:00Z"));
  service.run = [](Trigger) { return ExitCode::kUnavailable; };
  while (service.runs.size() < 6) service.Until(service.now.wall + seconds(1));
  const Instant mended = service.now.wall;
  service.schedule.Mended(service.now);
  service.Until(mended + seconds(12));
  REQUIRE(service.runs.size() == 7);
  CHECK(service.runs[6].second == Trigger::kRetry);
  service.Until(mended + seconds(12) + minutes(1));
  CHECK(service.runs.size() == 8);
}

TEST_CASE("somebody else's run that ended well begins no run where nothing failed") {
  Simulation service(Configured(), "UTC", At("2026-11-23T09:00:00Z"));
  service.Until(At("2026-11-23T09:10:00Z"));
  const std::size_t before = service.runs.size();
  service.schedule.Mended(service.now);
  service.Until(At("2026-11-23T09:20:00Z"));
  CHECK(service.runs.size() == before);
}

TEST_CASE(
    "a new file passes a source's rest at once, a target's a minute after its last run, and heals no credentials") {
  struct Case {
    ExitCode code;
    std::optional<Duration> passes_after;  // the end of the run before
  };
  for (const Case& failing : {Case{ExitCode::kSource, Duration(0)}, Case{ExitCode::kUnavailable, minutes(1)},
                              Case{ExitCode::kError, minutes(1)}, Case{ExitCode::kRefused, std::nullopt}}) {
    CAPTURE(static_cast<int>(failing.code));
    Simulation service(Configured(), "UTC", At("2026-11-23T09:00:00Z"));
    service.run = [code = failing.code](Trigger) { return code; };
    // Long enough for the pauses to have grown.
    while (service.runs.size() < 5) service.Until(service.now.wall + seconds(1));
    const Instant ended = service.now.wall;
    const std::size_t before = service.runs.size();
    service.look.changed = true;
    service.schedule.Stir(service.now);
    service.Until(ended + failing.passes_after.value_or(minutes(10)) + seconds(2));
    REQUIRE(service.runs.size() == before + (failing.passes_after ? 1U : 0U));
    if (failing.passes_after) {
      CHECK(service.runs.back().second == Trigger::kChange);
      CHECK(service.runs.back().first >= ended + *failing.passes_after - seconds(2));
    }
  }
}

TEST_CASE("files that keep coming while a target fails make a run a minute, and a look does not turn in a circle") {
  Simulation service(Configured(), "UTC", At("2026-11-23T09:00:00Z"));
  service.run = [](Trigger) { return ExitCode::kUnavailable; };
  service.before_look = [](Simulation& at) {
    at.look.changed = true;
    at.look.at_rest = at.looks % 3 == 0;
  };
  service.Until(At("2026-11-23T11:00:00Z"));
  CHECK(service.runs.size() > 100);
  CHECK(service.runs.size() <= 120);
  CHECK(service.looks < 5 * service.runs.size());
}

TEST_CASE("what a person approves, and what falls due, while a target rests, is tried a minute after the last run") {
  Simulation service(Configured(), "UTC", At("2026-11-23T09:00:00Z"));
  service.run = [](Trigger) { return ExitCode::kUnavailable; };
  service.Until(At("2026-11-23T10:01:30Z"));
  const std::size_t before = service.runs.size();
  const Instant ended = service.runs.back().first + seconds(1);
  SUBCASE("approved in the first minute") {
    service.look.due_at = At("2026-11-23T10:01:30Z");
    service.schedule.Stir(service.now);
    service.Until(ended + minutes(1) + seconds(1));
    REQUIRE(service.runs.size() == before + 1);
    CHECK(service.runs.back() == std::pair{ended + minutes(1), Trigger::kDue});
  }
  SUBCASE("approved later") {
    service.Until(At("2026-11-23T10:12:00Z"));
    service.look.due_at = service.now.wall;
    service.schedule.Stir(service.now);
    service.Until(At("2026-11-23T10:12:01Z"));
    CHECK(service.runs.size() == before + 1);
  }
  SUBCASE("a date that comes") {
    service.look.due_at = At("2026-11-23T10:20:30Z");
    service.Until(At("2026-11-23T10:20:31Z"));
    REQUIRE(service.runs.size() == before + 1);
    CHECK(service.runs.back().first == At("2026-11-23T10:20:30Z"));
  }
  SUBCASE("what the failed run itself left due is no news") {
    service.look.due_at = ended;
    service.schedule.Stir(service.now);
    service.Until(ended + minutes(20));
    CHECK(service.runs.size() == before);
    return;
  }
  // Once: it is as old as the failure then.
  service.Until(service.now.wall + minutes(10));
  CHECK(service.runs.size() == before + 1);
}

TEST_CASE("what a person wishes while a failing run is under way is tried a minute after it, and once") {
  Simulation service(Configured(), "UTC", At("2026-11-23T09:00:00Z"));
  service.run = [](Trigger) { return ExitCode::kUnavailable; };
  service.unfinished = 1;
  // Long enough for the pauses to have grown.
  while (service.runs.size() < 5) service.Until(service.now.wall + seconds(1));
  const Instant ended = service.now.wall;
  service.Until(ended + minutes(5));
  REQUIRE_MESSAGE(service.runs.size() == 5, "what a run leaves due itself is no wish");
  service.asked = true;
  while (service.runs.size() < 6) service.Until(service.now.wall + seconds(1));
  service.asked = false;
  const Instant asked = service.now.wall;
  service.Until(asked + minutes(15));
  REQUIRE(service.runs.size() == 7);
  CHECK(service.runs[6].first >= asked + minutes(1) - seconds(1));
  CHECK(service.runs[6].first <= asked + minutes(1));
  CHECK(service.runs[6].second == Trigger::kDue);
}

TEST_CASE("what a person wishes, and a date that comes, waits for no pause of runs that stop") {
  Simulation service(Configured(), "UTC", At("2026-11-23T09:00:00Z"));
  service.run = [](Trigger) { return ExitCode::kPartial; };
  service.unfinished = 5;
  service.Until(At("2026-11-23T12:00:00Z"));
  // Long into the longest pause, but not at its end.
  const std::size_t before = service.runs.size();
  while (service.runs.size() == before) service.Until(service.now.wall + seconds(1));
  const std::size_t count = service.runs.size();
  const Instant ended = service.now.wall;
  Instant wished = ended + seconds(3);
  Instant tried = ended + seconds(10);
  SUBCASE("wished right after a run") {}
  SUBCASE("wished later") {
    wished = tried = ended + minutes(5);
  }
  SUBCASE("a date that comes") {
    wished = tried = ended + minutes(20);
    service.look.due_at = wished;
    service.schedule.Stir(service.now);
  }
  SUBCASE("wished while the run was under way") {
    service.asked = true;
    service.schedule.Ask();
    service.Step();
    REQUIRE(service.runs.size() == count + 1);
    service.asked = false;
    service.Until(service.now.wall + seconds(8));
    CHECK(service.runs.size() == count + 1);
    service.Until(service.now.wall + seconds(3));
    CHECK(service.runs.size() == count + 2);
    return;
  }
  SUBCASE("nothing happens") {
    service.Until(ended + minutes(25));
    CHECK(service.runs.size() == count);
    return;
  }
  service.Until(wished);
  CHECK(service.runs.size() == count);
  service.look.due_at = wished;
  service.schedule.Stir(service.now);
  service.Until(tried + seconds(2));
  REQUIRE(service.runs.size() == count + 1);
  CHECK(service.runs.back().second == Trigger::kDue);
  CHECK(service.runs.back().first >= tried - seconds(1));
}

TEST_CASE("a new configuration is tried at once, and what fails still rests as after a first failure") {
  for (const ExitCode code : {ExitCode::kRefused, ExitCode::kUnavailable, ExitCode::kSource}) {
    CAPTURE(static_cast<int>(code));
    Simulation service(Configured(), "UTC", At("2026-11-23T09:00:00Z"));
    service.run = [code](Trigger) { return code; };
    service.Until(At("2026-11-23T15:00:00Z"));
    const std::size_t before = service.runs.size();
    const std::uint32_t failures = service.schedule.failures();
    service.schedule.Reconfigure(Configured(), "UTC");
    service.Until(service.now.wall + seconds(1));
    REQUIRE(service.runs.size() == before + 1);
    CHECK(service.runs.back().second == Trigger::kRetry);
    CHECK_MESSAGE(service.schedule.failures() == failures + 1, "it has failed since then all the same");
    service.Until(service.now.wall + minutes(6));
    CHECK(service.runs.size() > before + 1);
  }
}

TEST_CASE("the next attempt is told, not the next look that begins none") {
  Simulation service(Configured({}, seconds(10)), "UTC", At("2026-11-23T09:00:00Z"));
  service.run = [](Trigger) { return ExitCode::kUnavailable; };
  service.Until(At("2026-11-23T09:04:00Z"));
  const auto next = [&service] { return service.now.wall + service.schedule.NextAttempt(service.now).after; };
  // After 1, 2 and 4 minutes, and a second for each run.
  CHECK(next() == At("2026-11-23T09:07:03Z"));
  CHECK(service.schedule.NextAttempt(service.now).why == "retry");
  CHECK(service.schedule.NextLook(service.now).after <= seconds(10));
  // A file that came is tried sooner.
  service.Until(At("2026-11-23T09:07:10Z"));
  service.look.changed = true;
  service.schedule.Stir(service.now);
  service.Until(At("2026-11-23T09:07:20Z"));
  CHECK(next() == At("2026-11-23T09:08:04Z"));
  service.run = [](Trigger) { return ExitCode::kConverged; };
  service.Until(At("2026-11-23T09:09:00Z"));
  CHECK(service.schedule.NextAttempt(service.now).after == service.schedule.NextLook(service.now).after);
}

TEST_CASE("what a run leaves is done soon, and while each one leaves something after longer and longer pauses") {
  Simulation service(Configured({}, seconds(10)), "UTC", At("2026-11-23T09:00:00Z"));
  service.run = [](Trigger) { return ExitCode::kPartial; };
  service.unfinished = 5;
  service.Until(At("2026-11-23T09:00:12Z"));
  REQUIRE(service.runs.size() == 2);
  CHECK(service.runs[1] == std::pair{At("2026-11-23T09:00:11Z"), Trigger::kDue});
  service.Until(At("2026-11-23T10:00:00Z"));
  CHECK(service.runs.size() > 8);
  CHECK(service.runs.size() < 14);
  service.Until(At("2026-11-24T09:00:00Z"));
  CHECK(service.runs.size() < 14 + 2 * 24);
  CHECK(service.runs.back().first >= At("2026-11-24T08:29:00Z"));
  // A change does not wait for them, and neither does a new configuration.
  const std::size_t before = service.runs.size();
  service.schedule.Reconfigure(Configured({}, seconds(10)), "UTC");
  service.Until(service.now.wall + seconds(2));
  CHECK(service.runs.size() == before + 1);
  service.look.changed = true;
  service.schedule.Stir(service.now);
  service.Until(service.now.wall + seconds(2));
  CHECK(service.runs.size() == before + 2);
  CHECK(service.runs.back().second == Trigger::kChange);
}

TEST_CASE("runs that each day bring do not slow down what one of them leaves") {
  Simulation service(Configured(), "UTC", At("2026-11-23T09:00:00Z"));
  int days = 0;
  service.run = [&](Trigger) {
    service.unfinished = ++days == 30 ? 1 : 0;
    service.look.due_at = service.now.wall + hours(24);
    return days == 30 ? ExitCode::kPartial : ExitCode::kConverged;
  };
  service.Until(At("2026-12-23T09:00:00Z"));
  REQUIRE(days >= 31);
  CHECK(service.runs[30].first - service.runs[29].first == seconds(11));
}

}  // namespace ucaas_sync::service
