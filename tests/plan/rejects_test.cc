// Rejected records: whom they freeze, and whose absence they leave unproved.
#include <doctest/doctest.h>

#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

using std::chrono::hours;
using Texts = std::vector<std::string>;

TEST_CASE("the person of a rejected row is frozen, and other absences still count") {
  World world = CompanyOf(4);
  world.policy.rules[0].absent_after = Duration::zero();
  world.Remove(Kind::kUser, "E2");
  world.Remove(Kind::kUser, "E3");
  world.bad_rows = {{.line = 3, .values = {"E2", "Ada"}}};
  const auto plan = world.Plan().plan;
  CHECK(Lines(plan) == Texts{"user suspend E3"});
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].kind == "record");
  CHECK(plan.quarantine[0].key == "hr:3");
}

TEST_CASE("a reject that names nobody stops the clock, even with absent_after 0s, left still acts") {
  World world = CompanyOf(4);
  world.policy.rules[0].absent_after = Duration::zero();
  world.Remove(Kind::kUser, "E2");
  world.Get(Kind::kUser, "E4").standing = Standing::kLeft;
  world.bad_rows = {{.line = 3, .values = {"garbage"}}};
  CHECK(Lines(world.Plan().plan) == Texts{"user suspend E4"});
}

TEST_CASE("a reject that names only somebody who has a good row may still hide another") {
  World world = CompanyOf(4);
  world.policy.rules[0].absent_after = Duration::zero();
  world.Remove(Kind::kUser, "E2");
  world.bad_rows = {{.line = 3, .values = {"E?", "manager", "E1"}}};
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("a reject that names somebody long gone, or of another source, may hide another, and that is told") {
  World world = CompanyOf(5);
  world.Add(OfOther(User("X1")));
  world.Sync();
  for (RulePolicy& rule : world.policy.rules) rule.absent_after = Duration::zero();
  world.Remove(Kind::kUser, "E1");
  REQUIRE(Lines(world.Sync().plan) == Texts{"user suspend E1"});
  world.Remove(Kind::kUser, "E2");
  for (const std::string manager : {"E1", "X1"}) {
    CAPTURE(manager);
    world.bad_rows = {{.line = 3, .values = {"Ada", manager}}};
    if (manager == "X1") world.Remove(Kind::kUser, "X1");
    const auto plan = world.Plan().plan;
    CHECK(plan.operations.empty());
    REQUIRE(plan.warnings.size() == 1);
    CHECK(plan.warnings[0].starts_with("1 entity is missing from hr and left as they are: a rejected record"));
  }
}

TEST_CASE("who stays though missing makes no reject a harmless one") {
  World world = CompanyOf(5);
  world.policy.rules[0].absent = config::AbsentPolicy::kKeep;
  world.policy.rules[2].absent_after = Duration::zero();
  for (const std::string key : {"E1", "E2"}) world.Add(Contact(key));
  world.Sync();
  world.Remove(Kind::kUser, "E1");
  world.Remove(Kind::kContact, "E1");
  REQUIRE(Lines(world.Sync().plan) == Texts{"contact delete E1"});
  world.Remove(Kind::kContact, "E2");
  world.bad_rows = {{.line = 3, .values = {"Ada", "E1"}}};
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("rejects of one source do not stop the clock of another") {
  World world = CompanyOf(2);
  Row other = User("X1");
  other.rule = 3;
  other.source = 1;
  world.Add(other);
  world.Sync();
  for (RulePolicy& rule : world.policy.rules) rule.absent_after = Duration::zero();
  world.Remove(Kind::kUser, "X1");
  world.bad_rows = {{.line = 3, .values = {"garbage"}}};
  CHECK(Lines(world.Plan().plan) == Texts{"user suspend X1"});
}

TEST_CASE("absence notes survive a read that proves nothing") {
  World world = CompanyOf(3);
  world.Remove(Kind::kUser, "E2");
  world.Sync();
  world.bad_rows = {{.line = 3, .values = {"garbage"}}};
  world.Pass(hours(25));
  CHECK(world.Sync().plan.operations.empty());
  REQUIRE(world.state.absences.size() == 1);
  CHECK(world.state.absences[0].reads == 1);
  world.bad_rows.clear();
  CHECK(Lines(world.Sync().plan) == Texts{"user suspend E2"});
}

}  // namespace
}  // namespace ucaas_sync::plan
