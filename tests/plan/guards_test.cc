// Guards, for companies of 5, 15 and 300 people.
#include <doctest/doctest.h>

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
  CHECK(FindGuard(plan, "user.suspend")->examples.size() == 10);
}

TEST_CASE("suspends add up over 24 hours and over 7 days") {
  World world = Company(300);
  Leave(world, 1, 10);
  world.Sync();
  Leave(world, 11, 10);
  auto result = world.Plan();
  CHECK(result.plan.held);
  CHECK(FindGuard(result.plan, "user.suspend")->actual == 20);
  CHECK(*result.notes.due_at == world.now + hours(24));
  world.Pass(hours(25));
  CHECK_FALSE(world.Sync().plan.held);
  world.Pass(hours(25));
  Leave(world, 21, 10);
  result = world.Plan();
  CHECK(result.plan.held);
  CHECK_FALSE(FindGuard(result.plan, "user.suspend")->held);
  CHECK(FindGuard(result.plan, "user.suspend.week")->held);
  for (PastRemoval& removal : world.state.removals) removal.approved = true;
  CHECK_FALSE(world.Plan().plan.held);
}

TEST_CASE("everybody may be created until a run has finished; then the create guard counts") {
  World world = Company(15);
  for (int i = 100; i < 111; ++i) world.Add(User("E" + std::to_string(i)));
  CHECK(world.Plan().plan.held);
  world.state.pending_creates[Kind::kUser] = 1;
  CHECK_FALSE(world.Plan().plan.held);
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

TEST_CASE("a group that loses more than half of its members is held") {
  World world;
  world.Add(Group("Sales"));
  for (int i = 0; i < 20; ++i) world.Add(Contact("C" + std::to_string(i), {"Sales"}));
  world.Sync();
  world.policy.guards = DefaultGuards();
  world.policy.guards.kinds[Index(Kind::kContact)].update = {};
  for (int i = 0; i < 10; ++i) world.Get(Kind::kContact, "C" + std::to_string(i)).groups.clear();
  CHECK_FALSE(world.Plan().plan.held);
  world.Get(Kind::kContact, "C10").groups.clear();
  const auto plan = world.Plan().plan;
  CHECK(plan.held);
  const GuardVerdict* verdict = FindGuard(plan, "members_lost", "Sales");
  REQUIRE(verdict != nullptr);
  CHECK(verdict->limit == 10);
  CHECK(verdict->actual == 11);
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

}  // namespace
}  // namespace ucaas_sync::plan
