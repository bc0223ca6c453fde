// Three weeks of a live feed: HR's export every few hours, each with a joiner, a leaver or a new title, and in the
// second week a reorganisation that a guard holds until a person agrees. Audited after every run.
#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "tests/sim/invariants.h"
#include "tests/sim/machine.h"
#include "tests/sim/random.h"
#include "tests/sim/world.h"

namespace ucaas_sync::sim {
namespace {

using std::chrono::hours;

class Feed {
 public:
  Feed() : machine_(settings_, kMonday), world_(120, Today(), random_), auditor_(settings_) {}

  World& world() { return world_; }
  Person& Joiner() { return world_.Join(random_); }
  Machine& machine() { return machine_; }
  Auditor& auditor() { return auditor_; }

  void PassTo(int day, int hour) {
    machine_.clock.now = kMonday + hours(24 * day + hour);
    world_.today = Today();
  }

  RunReport Sync() {
    const Export day = world_.TakeExport();
    auditor_.Before(machine_.scene());
    RunReport report = machine_.Sync(day);
    const Violations violations = auditor_.After(machine_.scene(), day, report);
    for (const std::string& violation : violations) FAIL_CHECK(violation, "\n", report.ToString());
    return report;
  }

  /// What happens on an ordinary day by `hour`.
  void LiveAt(int day, int hour) {
    const std::string somebody = "P" + std::to_string(1 + (day * 5 + hour) % 100);
    if (hour == 8) world_.people[somebody].title = "Title of day " + std::to_string(day);
    if (hour == 12) Joiner();
    if (hour == 16 && day % 2 == 0) world_.people["P" + std::to_string(101 + day / 2)].status = "terminated";
  }

 private:
  static constexpr Instant kMonday = std::chrono::sys_days{std::chrono::year{2026} / 11 / 2};
  Date Today() const { return *DateIn(machine_.clock.now, "UTC"); }

  Random random_{1};
  Settings settings_;
  Machine machine_;
  World world_;
  Auditor auditor_;
};

TEST_CASE("three weeks of a live feed, with a reorganisation that is held and approved in between") {
  constexpr int kReorganised = 8;
  Feed feed;
  RunReport held;
  int runs_held = 0;
  for (int day = 0; day < 21; ++day) {
    for (const int hour : {0, 4, 8, 12, 16, 20}) {
      CAPTURE(day);
      CAPTURE(hour);
      feed.PassTo(day, hour);
      if (day == kReorganised && hour == 20) {
        for (auto& [id, person] : feed.world().people) person.department = "One " + person.department;
      }
      const bool is_night = (day == kReorganised && hour == 20) || (day == kReorganised + 1 && hour < 8);
      const bool is_morning = day == kReorganised + 1 && hour == 8;
      // Three joiners arrive between the run that was held and the person who agrees to it.
      if (is_night || is_morning) feed.Joiner().department = "One Sales";
      if (!is_night && !is_morning) feed.LiveAt(day, hour);
      if (is_morning) {
        feed.machine().Approve(held);
        feed.auditor().NoteApproval(held, feed.machine().clock.now);
      }
      const RunReport report = feed.Sync();
      CHECK(report.applied.failed == 0);
      if (report.end == RunReport::End::kHeld) {
        if (++runs_held == 1) held = report;
        CHECK(report.writes.empty());
        CHECK_MESSAGE(is_night, report.ToString());
      } else {
        CHECK_FALSE(is_night);
        CHECK(report.end == RunReport::End::kDone);
      }
    }
  }
  CHECK(runs_held == 3);
  feed.PassTo(22, 0);
  feed.Sync();
  feed.PassTo(24, 0);
  CHECK(feed.Sync().plan.operations.empty());
  for (const std::string& wrong : feed.auditor().AtRest(feed.machine().scene(), feed.world().TakeExport()))
    FAIL_CHECK(wrong);
}

}  // namespace
}  // namespace ucaas_sync::sim
