// Lists of operations that no planner made, counted as the guards look at them.
#include "daemon/plan/tally.h"

#include <doctest/doctest.h>

#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

Operation Leaving(const std::string& contact, const std::string& group) {
  Operation operation;
  operation.kind = Kind::kContact;
  operation.action = Action::kUpdate;
  operation.key = contact;
  operation.groups = {.before = {group}, .after = {}};
  return operation;
}

TEST_CASE("a group loses members out of those that the state says are in it") {
  World world;
  world.Add(Group("Sales"));
  for (const std::string key : {"C1", "C2", "C3"}) world.Add(Contact(key, {"Sales"}));
  world.Sync();
  OperationList operations;
  operations.Add(Leaving("C1", "Sales"));
  operations.Add(Leaving("C2", "Sales"));
  const Tally tally = TallyOf(operations, world.state);
  REQUIRE(tally.groups.contains("Sales"));
  CHECK(tally.groups.at("Sales").lost == 2);
  CHECK(tally.groups.at("Sales").members == 3);
}

TEST_CASE("of a group that is empty or unknown by now every loss counts, against no members") {
  World world;
  world.Add(Group("Empty"));
  world.Sync();
  OperationList operations;
  operations.Add(Leaving("C1", "Empty"));
  operations.Add(Leaving("C2", "Forgotten"));
  operations.Add(Leaving("C3", "Forgotten"));
  const Tally tally = TallyOf(operations, world.state);
  REQUIRE(tally.groups.size() == 2);
  CHECK(tally.groups.at("Empty").members == 0);
  CHECK(tally.groups.at("Empty").lost == 1);
  CHECK(tally.groups.at("Forgotten").members == 0);
  CHECK(tally.groups.at("Forgotten").lost == 2);
  world.policy.guards = DefaultGuards();
  const auto verdicts =
      JudgeGuards(tally, operations, {.policy = world.policy, .state = world.state, .now = world.now, .sources = {}});
  REQUIRE(verdicts.back().name == "members_lost");
  CHECK(verdicts.back().subject == "Forgotten");
  CHECK(verdicts.back().held);
}

}  // namespace
}  // namespace ucaas_sync::plan
