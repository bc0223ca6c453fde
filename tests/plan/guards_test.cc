// Guards, for companies of 5, 15 and 300 people.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "daemon/plan/guards.h"
#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

using std::chrono::hours;

World Company(int people) {
  World world;
  for (int i = 1; i <= people; ++i) world.Add(User("E" + std::to_string(i), {{"department", "Sales"}}));
  world.Sync();
  world.policy.guards = DefaultGuards();
  return world;
}

/// A group of contacts, of whom any number may change.
World SalesOf(int people) {
  World world;
  world.Add(Group("Sales"));
  for (int i = 0; i < people; ++i) world.Add(Contact("C" + std::to_string(i), {"Sales"}));
  world.Sync();
  world.policy.guards = DefaultGuards();
  world.policy.guards.kinds[Index(Kind::kContact)].update = {};
  return world;
}

void Leave(World& world, int from, int count) {
  for (int i = from; i < from + count; ++i) {
    world.Get(Kind::kUser, "E" + std::to_string(i)).standing = Standing::kLeft;
  }
}

TEST_CASE("a limit is the smaller of percent and count, and never under the floor") {
  config::GuardLimit guard;
  CHECK_FALSE(LimitOf(guard, 100, 3));
  guard.percent = 5;
  CHECK(*LimitOf(guard, 1200, 3) == 60);
  CHECK(*LimitOf(guard, 39, 3) == 3);
  guard.count = 50;
  CHECK(*LimitOf(guard, 1200, 3) == 50);
  guard.at_least = 80;
  CHECK(*LimitOf(guard, 1200, 3) == 80);
  CHECK(UsualFloor(9) == 1);
  CHECK(UsualFloor(10) == 3);
}

TEST_CASE("the default limits suit companies of 5, 15, 30, 150 and 150,000 people") {
  struct Limits {
    std::uint64_t people, create, update, suspend, week, rewrite;
  };
  const auto guards = DefaultGuards();
  const config::KindGuards& user = guards.kinds[Index(Kind::kUser)];
  config::GuardLimit rewrite;
  rewrite.percent = guards.rewrite;
  config::GuardLimit week;
  week.percent = user.suspend.week;
  for (const Limits& expected : std::vector<Limits>{{5, 10, 1, 1, 1, 1},
                                                    {15, 10, 4, 3, 3, 4},
                                                    {30, 10, 9, 3, 3, 9},
                                                    {150, 30, 45, 7, 15, 45},
                                                    {150'000, 30'000, 45'000, 500, 15'000, 45'000}}) {
    const std::uint64_t people = expected.people;
    CAPTURE(people);
    CHECK(*LimitOf(user.create, people, 10) == expected.create);
    CHECK(*LimitOf(user.update, people, UsualFloor(people)) == expected.update);
    CHECK(*LimitOf(user.suspend, people, UsualFloor(people)) == expected.suspend);
    CHECK(*LimitOf(user.remove, people, UsualFloor(people)) == expected.suspend);
    CHECK(*LimitOf(week, people, UsualFloor(people)) == expected.week);
    CHECK(*LimitOf(rewrite, people, UsualFloor(people)) == expected.rewrite);
  }
}

TEST_CASE("leavers in a company of 5: one passes, two are held") {
  World world = Company(5);
  Leave(world, 1, 1);
  CHECK_FALSE(world.Plan().plan.held);
  Leave(world, 2, 1);
  CHECK(world.Plan().plan.held);
}

TEST_CASE("leavers in a company of 15: three pass, four are held") {
  World world = Company(15);
  Leave(world, 1, 3);
  CHECK_FALSE(world.Plan().plan.held);
  Leave(world, 4, 1);
  const auto plan = world.Plan().plan;
  CHECK(plan.held);
  const GuardVerdict* verdict = FindGuard(plan, "user.suspend");
  REQUIRE(verdict != nullptr);
  CHECK(verdict->limit == 3);
  CHECK(verdict->actual == 4);
  CHECK(verdict->held);
  REQUIRE(verdict->examples.size() == 4);
  CHECK(verdict->examples[0] == "E1 FirstE1 LastE1 <e1@example.com>");
  CHECK(Contains(verdict->advice, "ucaas-sync approve"));
  CHECK(plan.operations.size() == 4);
}

TEST_CASE("leavers in a company of 300: five percent pass, one more is held") {
  World world = Company(300);
  Leave(world, 1, 15);
  CHECK_FALSE(world.Plan().plan.held);
  Leave(world, 16, 1);
  const auto plan = world.Plan().plan;
  CHECK(plan.held);
  const GuardVerdict* verdict = FindGuard(plan, "user.suspend");
  CHECK(verdict->examples.size() == 10);
  CHECK(verdict->more == 6);
  CHECK(verdict->meaning ==
        "This plan suspends 16 users. With 300 active it may be 15 in 24 hours without a person's word.");
}

TEST_CASE("suspends add up over 24 hours and over 7 days") {
  World world = Company(300);
  Leave(world, 1, 10);
  world.Sync();
  Leave(world, 11, 10);
  auto result = world.Plan();
  CHECK(result.plan.held);
  const GuardVerdict* day = FindGuard(result.plan, "user.suspend");
  CHECK(day->actual == 20);
  // Ten are past: of those that this plan suspends each one is named.
  CHECK(day->examples.size() == 10);
  CHECK(day->more == 0);
  CHECK(Contains(day->meaning,
                 "This plan suspends 10 users, after 10 in the last 24 hours. With 290 active it may be 14 in"));
  REQUIRE(result.notes.consent.guards.size() == 1);
  CHECK(result.notes.consent.guards.front().covers == "suspend 10 users, after 10 in 24 hours");
  CHECK(*result.notes.due_at == world.now + hours(24));
  world.Pass(hours(25));
  CHECK_FALSE(world.Sync().plan.held);
  world.Pass(hours(25));
  Leave(world, 21, 10);
  result = world.Plan();
  CHECK(result.plan.held);
  CHECK_FALSE(FindGuard(result.plan, "user.suspend")->held);
  CHECK(FindGuard(result.plan, "user.suspend.week")->held);
  CHECK(Contains(FindGuard(result.plan, "user.suspend.week")->meaning, "after 20 in the last 7 days"));
  for (PastRemoval& removal : world.state.removals) removal.approved = true;
  CHECK_FALSE(world.Plan().plan.held);
}

TEST_CASE("whose suspend nobody answered counts once, when it is planned again and when it is not") {
  World world = Company(300);
  Leave(world, 1, 15);
  const Plan plan = world.Plan().plan;
  plan.operations.ForEach([&](const Operation& operation) {
    world.state.removals.push_back({.kind = Kind::kUser,
                                    .action = Action::kSuspend,
                                    .at = world.now,
                                    .approved = false,
                                    .unanswered = operation.entity_id});
  });
  CHECK_FALSE(world.Plan().plan.held);
  CHECK(FindGuard(world.Plan().plan, "user.suspend")->actual == 15);
  world.state.removals.push_back(
      {.kind = Kind::kUser, .action = Action::kSuspend, .at = world.now, .unanswered = 7777});
  CHECK(world.Plan().plan.held);
  CHECK(FindGuard(world.Plan().plan, "user.suspend")->actual == 16);
}

TEST_CASE("whose suspend nobody answered counts once, however often it was sent") {
  World world = Company(300);
  Leave(world, 1, 14);
  for (int sent = 0; sent < 5; ++sent) {
    world.state.removals.push_back(
        {.kind = Kind::kUser, .action = Action::kSuspend, .at = world.now, .unanswered = 7777});
  }
  CHECK_FALSE(world.Plan().plan.held);
  CHECK(FindGuard(world.Plan().plan, "user.suspend")->actual == 15);
  CHECK(FindGuard(world.Plan().plan, "user.suspend.week")->actual == 15);
}

TEST_CASE("removals that a clock far ahead has noted hold nobody once the clock is right") {
  World world = Company(50);
  Leave(world, 1, 1);
  for (const auto ahead : {hours(2), hours(365 * 24)}) {
    world.state.removals.clear();
    for (int i = 0; i < 3; ++i) {
      world.state.removals.push_back({.kind = Kind::kUser, .action = Action::kSuspend, .at = world.now + ahead});
    }
    CHECK(world.Plan().plan.held == (ahead == hours(2)));
  }
}

TEST_CASE("everybody may be created until a run has finished, then the create guard counts") {
  World world = Company(15);
  for (int i = 100; i < 111; ++i) world.Add(User("E" + std::to_string(i)));
  CHECK(world.Plan().plan.held);
  world.state.pending_creates[Kind::kUser] = {"E100"};
  CHECK_FALSE(world.Plan().plan.held);
  world.state.pending_creates[Kind::kUser] = {"E999"};
  CHECK_MESSAGE(world.Plan().plan.held, "what a run that was cut off still had to create was somebody else");
  world.state.pending_creates.clear();
  world.state.first_run_finished = false;
  CHECK_FALSE(world.Plan().plan.held);
}

TEST_CASE("everybody's department rewritten is held, with three examples") {
  World world = Company(300);
  for (Row& row : world.rows) row.fields["department"] = "Retail";
  const auto plan = world.Plan().plan;
  CHECK(plan.held);
  const GuardVerdict* verdict = FindGuard(plan, "rewrite", "user.department");
  REQUIRE(verdict != nullptr);
  CHECK(verdict->limit == 90);
  CHECK(verdict->actual == 300);
  REQUIRE(verdict->examples.size() == 3);
  CHECK(verdict->examples[0] == "E1: Sales → Retail");
  CHECK(verdict->more == 297);
  CHECK(verdict->meaning == "This plan changes department of 300 of 300 users.");
}

TEST_CASE("adopts with differences count as updates") {
  World world;
  world.policy.guards = DefaultGuards();
  world.state.first_run_finished = false;
  TargetListing listing;
  for (int i = 0; i < 4; ++i) {
    const Row row = User("E" + std::to_string(i));
    world.Add(row);
    Values there = row.fields;
    there["last_name"] = "Old";
    listing.objects[Index(Kind::kUser)].push_back(
        {.kind = Kind::kUser, .remote_id = std::to_string(i), .fields = Fields(Kind::kUser, there), .group_ids = {}});
  }
  world.listing = &listing;
  const auto plan = world.Plan().plan;
  CHECK(plan.summary_of(Kind::kUser).of(Action::kAdopt) == 4);
  CHECK(FindGuard(plan, "user.update")->actual == 4);
  CHECK(plan.held);
}

TEST_CASE("without a state a few differences among many that are adopted are not held, as many as in a state's are") {
  World world;
  world.policy.guards = DefaultGuards();
  TargetListing listing;
  for (int i = 1; i <= 150; ++i) {
    const Row row = User("E" + std::to_string(i), {{"department", "Sales"}});
    world.Add(row);
    listing.objects[Index(Kind::kUser)].push_back({.kind = Kind::kUser,
                                                   .remote_id = std::to_string(i),
                                                   .fields = Fields(Kind::kUser, row.fields),
                                                   .group_ids = {}});
  }
  world.listing = &listing;
  const auto move = [&](int people) {
    for (int i = 1; i <= people; ++i) world.Get(Kind::kUser, "E" + std::to_string(i)).fields["department"] = "Retail";
  };
  move(45);
  CHECK_FALSE(world.Plan().plan.held);
  move(46);
  const auto plan = world.Plan().plan;
  CHECK(plan.held);
  CHECK(FindGuard(plan, "user.update")->meaning ==
        "This plan changes 46 users. With 150 active it may be 45 at once without a person's word.");
  CHECK(FindGuard(plan, "rewrite", "user.department")->meaning == "This plan changes department of 46 of 150 users.");
}

TEST_CASE("too many group removals wait, and nothing else does") {
  World world;
  for (const std::string name : {"A", "B", "C", "D", "E"}) world.Add(Group(name));
  world.Add(User("E1"));
  world.Sync();
  world.policy.guards = DefaultGuards();
  for (const std::string name : {"A", "B"}) world.Get(Kind::kGroup, name).standing = Standing::kLeft;
  world.Add(User("E2"));
  const auto plan = world.Plan().plan;
  CHECK_FALSE(plan.held);
  CHECK(Lines(plan) == std::vector<std::string>{"user create E2"});
  CHECK(plan.summary_of(Kind::kGroup).of(Action::kDelete) == 0);
  const GuardVerdict* verdict = FindGuard(plan, "group.delete");
  CHECK(verdict->held);
  CHECK(verdict->actual == 2);
  CHECK_FALSE(verdict->holds_everything);
}

TEST_CASE("too many new groups hold the removals of groups, where there are none, nothing waits, and it is said") {
  World world;
  world.Add(Group("Old"));
  world.Sync();
  world.policy.guards = DefaultGuards();
  for (int i = 1; i <= 11; ++i) world.Add(Group("New" + std::to_string(i)));
  auto result = world.Plan();
  CHECK_FALSE(result.plan.held);
  CHECK_FALSE(FindGuard(result.plan, "group.create")->held);
  CHECK(result.notes.consent.empty());
  CHECK(result.plan.operations.size() == 11);
  REQUIRE(result.plan.warnings.size() == 1);
  CHECK(Contains(result.plan.warnings.front(), "group.create: 11, limit 10: more than usual"));

  world.Get(Kind::kGroup, "Old").standing = Standing::kLeft;
  result = world.Plan();
  CHECK_FALSE(result.plan.held);
  CHECK(FindGuard(result.plan, "group.create")->held);
  CHECK(result.plan.operations.size() == 11);
  CHECK(result.plan.waiting.size() == 1);
  CHECK(result.plan.warnings.empty());
}

TEST_CASE("a group that loses more than half of its members is held") {
  World world = SalesOf(20);
  for (int i = 0; i < 10; ++i) world.Get(Kind::kContact, "C" + std::to_string(i)).groups.clear();
  CHECK_FALSE(world.Plan().plan.held);
  world.Get(Kind::kContact, "C10").groups.clear();
  const auto plan = world.Plan().plan;
  CHECK(plan.held);
  const GuardVerdict* verdict = FindGuard(plan, "members_lost", "Sales");
  REQUIRE(verdict != nullptr);
  CHECK(verdict->limit == 10);
  CHECK(verdict->actual == 11);
  CHECK(verdict->meaning == "The group has 20 members and would lose 11.");
}

TEST_CASE("a group that loses everybody is held, unless they come into another one") {
  World world = SalesOf(8);
  world.Remove(Kind::kGroup, "Sales");
  world.Add(Group("Sales and Service"));
  const auto send_to = [&world](int first, int last, const std::vector<std::string>& groups) {
    for (int i = first; i < last; ++i) world.Get(Kind::kContact, "C" + std::to_string(i)).groups = groups;
  };
  send_to(0, 8, {"Sales and Service"});
  CHECK_FALSE(world.Plan().plan.held);
  send_to(0, 4, {});
  CHECK_FALSE(world.Plan().plan.held);
  send_to(0, 5, {});
  auto plan = world.Plan().plan;
  CHECK(plan.held);
  REQUIRE(FindGuard(plan, "members_lost", "Sales") != nullptr);
  CHECK(FindGuard(plan, "members_lost", "Sales")->actual == 5);
  send_to(0, 8, {});
  plan = world.Plan().plan;
  CHECK(plan.held);
  REQUIRE(FindGuard(plan, "members_lost", "Sales") != nullptr);
  CHECK(FindGuard(plan, "members_lost", "Sales")->meaning == "The group has 8 members and would lose 8.");
}

TEST_CASE("a source that shrank and a source full of rejects are held") {
  World world = Company(300);
  world.state.snapshots["hr"] = {
      .source = "hr", .records = 400, .hash = "", .files = {}, .filled = {}, .read_at = world.now};
  auto plan = world.Plan().plan;
  CHECK(plan.held);
  CHECK(FindGuard(plan, "source_drop", "hr")->actual == 100);
  world.state.snapshots["hr"].records = 370;
  CHECK_FALSE(world.Plan().plan.held);
  for (std::uint64_t i = 0; i < 16; ++i) world.bad_rows.push_back({.line = 1000 + i, .values = {"x"}});
  plan = world.Plan().plan;
  CHECK(plan.held);
  CHECK(FindGuard(plan, "rejects", "hr")->limit == 15);
}

TEST_CASE("a kind that no rule makes any more has no limits of its own") {
  World world = Company(15);
  CHECK(FindGuard(world.Plan().plan, "contact.delete") != nullptr);
  world.policy.rules.resize(2);
  const auto plan = world.Plan().plan;
  CHECK(FindGuard(plan, "user.create") != nullptr);
  for (const char* name : {"contact.create", "contact.update", "contact.delete"})
    CHECK(FindGuard(plan, name) == nullptr);
}

TEST_CASE("of many who are protected the first twenty are named") {
  World world = Company(25);
  world.policy.protect = [](Kind, const FieldSetView&) { return true; };
  for (Row& row : world.rows) row.fields["department"] = "Finance";
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  CHECK(plan.warnings.size() == 20);
}

}  // namespace
}  // namespace ucaas_sync::plan
