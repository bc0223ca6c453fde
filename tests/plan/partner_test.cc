// What a plan does with those of whom a missing joined record leaves something open, and with groups that nobody names.
#include <doctest/doctest.h>

#include <utility>

#include "daemon/model/trace.h"
#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

using std::chrono::hours;
using Texts = std::vector<std::string>;

constexpr const char* kWhy = "no record in dir with emp E7, and enabled may come from there";

World Company() {
  World world;
  for (const char* key : {"E1", "E2", "E7"}) world.Add(User(key));
  world.Sync();
  return world;
}

void Undecided(World& world, Kind kind, const std::string& key) {
  world.Get(kind, key).standing = Standing::kUndecided;
  world.Get(kind, key).reason = kWhy;
}

TEST_CASE("who is undecided is set aside, neither changed nor removed however long, and well again with the record") {
  World world = Company();
  for (RulePolicy& rule : world.policy.rules) rule.absent_after = Duration::zero();
  Undecided(world, Kind::kUser, "E7");
  for (int day = 0; day < 3; ++day) {
    const auto result = world.Sync();
    CHECK(result.plan.operations.empty());
    REQUIRE(result.plan.quarantine.size() == 1);
    CHECK(result.plan.quarantine[0].key == "E7");
    CHECK(result.plan.quarantine[0].reason == kWhy);
    CHECK(result.plan.quarantine[0].source.line == world.Get(Kind::kUser, "E7").line);
    CHECK(result.notes.absences.empty());
    world.Pass(hours(24));
  }
  world.Get(Kind::kUser, "E7").standing = Standing::kPresent;
  world.Get(Kind::kUser, "E7").reason.clear();
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  CHECK(plan.quarantine.empty());
}

TEST_CASE("of whom a missing joined record could tell that they left is said for as long as it is so") {
  World world = Company();
  const std::string why = "whether it left cannot be told: " + std::string(kWhy);
  world.Get(Kind::kUser, "E7").reason = why;
  Row newcomer = User("N1");
  newcomer.reason = why;
  world.rows.insert(world.rows.begin(), newcomer);
  for (int read = 0; read < 2; ++read) {
    const auto result = world.Sync();
    REQUIRE(result.notes.warnings.size() == 1);
    CHECK(result.notes.warnings[0].text ==
          "1 user from hr stays though they may have left; of E7, for instance, " + why);
    CHECK_FALSE(Contains(result.notes.warnings[0].bare, "E7"));
    CHECK(result.notes.warnings[0].lasts);
    world.Remove(Kind::kUser, "N1");
  }
  world.Get(Kind::kUser, "E7").reason.clear();
  CHECK(world.Plan().plan.warnings.empty());
}

TEST_CASE("a joined source in which nobody is found any more is said at every read, with what to look at") {
  World world = Company();
  for (const char* key : {"E1", "E2", "E7"}) world.Get(Kind::kUser, key).reason = kWhy;
  const auto result = world.Plan();
  CHECK(result.plan.operations.empty());
  REQUIRE(result.notes.warnings.size() == 1);
  CHECK(result.notes.warnings[0].text.starts_with("3 users from hr stay though they may have left; of E1,"));
  CHECK(Contains(result.notes.warnings[0].text, "; no user from hr has a joined record: see whether"));
  CHECK_FALSE(result.notes.warnings[0].lasts);
}

TEST_CASE("the absence of somebody who is undecided in between begins anew") {
  World world = Company();
  world.policy.rules[0].absent_after = hours(24);
  const Row e7 = world.Get(Kind::kUser, "E7");
  world.Remove(Kind::kUser, "E7");
  world.Sync();
  world.Pass(hours(30));
  world.Add(e7);
  Undecided(world, Kind::kUser, "E7");
  CHECK(world.Sync().plan.operations.empty());
  world.Remove(Kind::kUser, "E7");
  CHECK(world.Sync().plan.operations.empty());
  world.Pass(hours(24));
  CHECK(Lines(world.Plan().plan) == Texts{"user suspend E7"});
}

TEST_CASE("who is undecided is there: a reject that names only them may hide anybody else") {
  World world = Company();
  for (RulePolicy& rule : world.policy.rules) rule.absent_after = Duration::zero();
  Undecided(world, Kind::kUser, "E7");
  world.Remove(Kind::kUser, "E2");
  world.bad_rows = {{.line = 9, .values = {"E7", "Ada"}}};
  CHECK(world.Plan().plan.operations.empty());
  world.bad_rows.clear();
  CHECK(Lines(world.Plan().plan) == Texts{"user suspend E2"});
}

TEST_CASE("newcomers who are undecided are not made and fill no list, but the plan counts them") {
  World world = Company();
  for (const char* key : {"E8", "E9"}) {
    world.Add(User(key));
    Undecided(world, Kind::kUser, key);
  }
  Row other = world.Get(Kind::kUser, "E9");
  other.fields["last_name"] = "Other";
  world.Add(other);
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  CHECK(plan.quarantine.empty());
  REQUIRE(plan.warnings.size() == 1);
  CHECK(plan.warnings[0] ==
        "whether 2 users should be made cannot be told, because a rejected record may be what lets them in: not made "
        "until the rejected records are mended");
}

TEST_CASE("who is undecided by one record is set aside with both, whatever the other says and whichever comes first") {
  for (const Standing standing : {Standing::kPresent, Standing::kLeft, Standing::kQuarantined}) {
    for (const bool is_undecided_first : {true, false}) {
      for (const char* key : {"E7", "E9"}) {
        CAPTURE(static_cast<int>(standing));
        CAPTURE(is_undecided_first);
        CAPTURE(key);
        World world = Company();
        world.Remove(Kind::kUser, key);
        Row undecided = User(key);
        undecided.standing = Standing::kUndecided;
        undecided.reason = kWhy;
        Row other = User(key, {{"department", "Finance"}});
        other.standing = standing;
        if (standing == Standing::kQuarantined) other.reason = "e-mail missing";
        world.Add(is_undecided_first ? undecided : other);
        world.Add(is_undecided_first ? other : undecided);
        const auto plan = world.Plan().plan;
        CHECK(plan.operations.empty());
        REQUIRE(plan.quarantine.size() == 1);
        CHECK(plan.quarantine[0].key == key);
        CHECK(Contains(plan.quarantine[0].reason, "the same key with different content: lines "));
      }
    }
  }
}

TEST_CASE("who is undecided gives no way to a record that is filtered out or out of scope") {
  for (const Standing standing : {Standing::kFilteredOut, Standing::kOutOfScope}) {
    for (const bool is_undecided_first : {true, false}) {
      CAPTURE(static_cast<int>(standing));
      CAPTURE(is_undecided_first);
      World world = Company();
      for (RulePolicy& rule : world.policy.rules) rule.absent_after = Duration::zero();
      Row other = world.Get(Kind::kUser, "E7");
      other.standing = standing;
      other.reason = "the filter of users";
      Undecided(world, Kind::kUser, "E7");
      if (!is_undecided_first) std::swap(world.Get(Kind::kUser, "E7"), other);
      world.rows.push_back(other);
      const auto plan = world.Plan().plan;
      CHECK(plan.operations.empty());
      REQUIRE(plan.quarantine.size() == 1);
      CHECK(plan.quarantine[0].reason == kWhy);
    }
  }
}

TEST_CASE("a record of which one rule is sure and another undecided says so") {
  World world = Company();
  Row other = world.Get(Kind::kUser, "E7");
  world.policy.rules.push_back(world.policy.rules[0]);
  other.rule = 4;
  other.standing = Standing::kUndecided;
  other.reason = kWhy;
  world.rows.push_back(other);
  const auto plan = world.Plan().plan;
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(Contains(plan.quarantine[0].reason, " of hr, or one of them does: a rejected record may be what decides it"));
}

TEST_CASE("who is suspended and undecided stays so, without being told again as news, and is not deleted") {
  World world = Company();
  world.policy.rules[0].absent_after = Duration::zero();
  world.policy.rules[0].delete_after = hours(24);
  const Row e7 = world.Get(Kind::kUser, "E7");
  world.Remove(Kind::kUser, "E7");
  CHECK(Lines(world.Sync().plan) == Texts{"user suspend E7"});
  world.Pass(hours(48));
  world.Add(e7);
  Undecided(world, Kind::kUser, "E7");
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  CHECK(plan.quarantine.empty());
}

TEST_CASE("of whom nobody can tell whether they left: who is active goes on, who is not does not come back") {
  World world = Company();
  world.Add(Contact("C7"));
  world.Sync();
  world.Get(Kind::kUser, "E7").standing = Standing::kLeft;
  world.Get(Kind::kContact, "C7").standing = Standing::kLeft;
  CHECK(Lines(world.Sync().plan) == Texts{"user suspend E7", "contact delete C7"});
  for (Row& row : world.rows) {
    row.standing = Standing::kPresent;
    row.reason = kWhy;
    row.fields["department"] = "Finance";
  }
  world.Get(Kind::kContact, "C7").fields.erase("department");
  const auto plan = world.Plan().plan;
  CHECK(Lines(plan) == Texts{"user update E1", "user update E2"});
  REQUIRE(plan.quarantine.size() == 2);
  CHECK(plan.quarantine[0].key == "C7");
  CHECK(plan.quarantine[1].key == "E7");
  CHECK(plan.quarantine[1].reason == kWhy);
  for (Row& row : world.rows) row.reason.clear();
  CHECK(Lines(world.Plan().plan) ==
        Texts{"user update E1", "user update E2", "user reactivate E7", "contact create C7"});
}

TEST_CASE("a newcomer of whom nobody can tell whether they left is made, but not while a reject may be their record") {
  World world = Company();
  Row newcomer = User("E9");
  newcomer.reason = kWhy;
  newcomer.may_be_rejected = true;
  world.Add(newcomer);
  auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].reason == kWhy);
  world.Get(Kind::kUser, "E9").may_be_rejected = false;
  CHECK(Lines(world.Plan().plan) == Texts{"user create E9"});
}

TEST_CASE("a record whose group is not known stops the clock of groups alone, and freezes nobody") {
  World world = Company();
  world.Add(Group("Sales"));
  world.Sync();
  for (RulePolicy& rule : world.policy.rules) rule.absent_after = Duration::zero();
  world.Remove(Kind::kGroup, "Sales");
  world.Remove(Kind::kUser, "E7");
  world.Get(Kind::kUser, "E1").fields["department"] = "Finance";
  world.bad_rows = {{.line = 2, .values = {"E1", "E7", "Sales"}, .by_reader = false, .hides_groups = true}};
  auto plan = world.Plan().plan;
  CHECK(Lines(plan) == Texts{"user suspend E7", "user update E1"});
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].key == "hr:2");
  CHECK(plan.sources[0].rejected == 0);

  world.bad_rows.clear();
  world.hides_groups = true;
  Trace trace("Sales");
  world.trace = &trace;
  plan = world.Plan().plan;
  world.trace = nullptr;
  CHECK(Lines(plan) == Texts{"user suspend E7", "user update E1"});
  CHECK(Contains(trace.Find(Kind::kGroup, "Sales")->notes[0].text, "a record of hr may name it, and"));
  REQUIRE(plan.warnings.size() == 1);
  CHECK(plan.warnings[0].starts_with("1 group is missing from hr and left as it is: a record of hr may name it,"));
  world.bad_rows = {{.line = 9, .values = {"garbage"}}};
  plan = world.Plan().plan;
  CHECK(Lines(plan) == Texts{"user update E1"});
  REQUIRE(plan.warnings.size() == 1);
  CHECK(plan.warnings[0].starts_with("2 entities are missing from hr and left as they are: a rejected record"));
  world.bad_rows.clear();
  world.hides_groups = false;
  CHECK(Lines(world.Plan().plan) == Texts{"user suspend E7", "user update E1", "group delete Sales"});
}

TEST_CASE("a record that mapping rejects counts as rejected, for the plan and for its guard") {
  World world;
  for (int i = 1; i <= 24; ++i) world.Add(User("E" + std::to_string(i)));
  world.policy.guards = DefaultGuards();
  world.bad_rows = {{.line = 7, .values = {"Ada"}, .times = 16, .by_reader = false}};
  auto plan = world.Plan().plan;
  CHECK(plan.sources[0].records == 24);
  CHECK(plan.sources[0].rejected == 16);
  REQUIRE(FindGuard(plan, "rejects", "hr") != nullptr);
  CHECK(FindGuard(plan, "rejects")->actual == 16);
  CHECK(FindGuard(plan, "rejects")->limit == 3);
  CHECK(FindGuard(plan, "rejects")->held);
  world.bad_rows[0].times = 3;
  plan = world.Plan().plan;
  CHECK(FindGuard(plan, "rejects")->actual == 3);
  CHECK_FALSE(FindGuard(plan, "rejects")->held);
}

TEST_CASE("who has another record that a filter keeps out and that may say they left is neither made nor changed") {
  World world = CompanyOf(3);
  world.Get(Kind::kUser, "E2").fields["first_name"] = "Other";
  world.Add(User("E9"));
  for (const std::string key : {"E2", "E3", "E9", "E10"}) {
    Row out = User(key);
    out.standing = Standing::kFilteredOut;
    out.may_be_rejected = key != "E3";
    out.reason = "the filter of users";
    world.Add(out);
  }
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 2);
  CHECK(plan.quarantine[0].key == "E2");
  CHECK(plan.quarantine[1].key == "E9");
}

}  // namespace
}  // namespace ucaas_sync::plan
