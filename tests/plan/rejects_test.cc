// Rejected records: whom they freeze, and whose absence they leave unproved.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

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

/// E1 went before the row of E5 broke, which names E1 as its manager and has lost its own key.
void HideBehindManager(World& world) {
  world.Remove(Kind::kUser, "E5");
  world.bad_rows = {{.line = 6, .values = {"E5 Ada", "E1"}}};
}

TEST_CASE("a rejected row with the name of somebody who went before stops the clock for as long as it is there") {
  World world = CompanyOf(8);
  world.policy.rules[0].absent_after = hours(24);
  const auto go = [&world] {
    world.Remove(Kind::kUser, "E1");
    CHECK(Lines(world.Sync().plan).empty());
  };
  SUBCASE("noted as absent") {
    go();
  }
  SUBCASE("held by a person") {
    world.state.holds = {{.key = "E1", .reason = "sabbatical", .until = {}}};
    go();
  }
  SUBCASE("protected") {
    world.policy.rules[0].absent_after = Duration::zero();
    world.policy.protect = [](Kind, const FieldSetView& fields) { return fields[kUserEmail].text == "e1@example.com"; };
    go();
  }
  SUBCASE("kept until the rule says otherwise") {
    world.policy.rules[0].absent = config::AbsentPolicy::kKeep;
    go();
    world.policy.rules[0].absent = config::AbsentPolicy::kSuspend;
  }
  SUBCASE("while another row bore the name") {
    HideBehindManager(world);
    world.Sync();
    go();
  }
  SUBCASE("for a new key, which nobody has confirmed") {
    world.Add(User("N1", {{"email", "e1@example.com"}}));
    go();
  }
  SUBCASE("in a plan that was held") {
    world.policy.rules[0].absent_after = Duration::zero();
    world.policy.guards = DefaultGuards();
    world.Remove(Kind::kUser, "E1");
    for (const std::string key : {"E2", "E3", "E4"}) world.Get(Kind::kUser, key).standing = Standing::kLeft;
    const auto held = world.Plan();
    REQUIRE(held.plan.held);
    CHECK(held.notes.absences.size() == 1);
    world.state.absences = held.notes.absences;
    for (const std::string key : {"E2", "E3", "E4"}) world.Get(Kind::kUser, key).standing = Standing::kPresent;
    world.policy.guards = WideGuards();
  }
  HideBehindManager(world);
  for (int read = 0; read < 4; ++read) {
    world.Pass(hours(25));
    const auto plan = world.Sync().plan;
    CHECK(plan.operations.empty());
    CHECK(plan.due.empty());
    REQUIRE(!plan.warnings.empty());
    CHECK(plan.warnings[0].starts_with("1 entity is missing from hr and left as they are: a rejected record"));
  }
  // Mended: nobody stays hidden, and E1 goes in time if nothing else holds them.
  world.bad_rows.clear();
  world.Add(User("E5"));
  world.state.holds.clear();
  world.policy.protect = {};
  world.Remove(Kind::kUser, "N1");
  for (int read = 0; read < 2; ++read) {
    world.Sync();
    world.Pass(hours(25));
  }
  world.Sync();
  CHECK(world.state.Find(Kind::kUser, "E1")->lifecycle == Lifecycle::kSuspended);
  CHECK(world.state.Find(Kind::kUser, "E5")->lifecycle == Lifecycle::kActive);
}

TEST_CASE("somebody whose own record is kept out by a filter is not who a rejected row hides") {
  World world = CompanyOf(5);
  world.policy.rules[0].absent_after = Duration::zero();
  world.Get(Kind::kUser, "E1").standing = Standing::kFilteredOut;
  world.Get(Kind::kUser, "E1").reason = "the filter of users from hr";
  HideBehindManager(world);
  for (int read = 0; read < 2; ++read) CHECK(world.Sync().plan.operations.empty());
}

TEST_CASE("who was made active again by hand is not who a rejected row hides") {
  World world = CompanyOf(5);
  world.policy.rules[0].absent_after = Duration::zero();
  world.Remove(Kind::kUser, "E1");
  REQUIRE(Lines(world.Sync().plan) == Texts{"user suspend E1"});
  world.state.drift.push_back({.entity_id = world.state.Find(Kind::kUser, "E1")->id,
                               .missing = false,
                               .shown = {{kUserStatus, Field::Value("A")}},
                               .groups = {}});
  HideBehindManager(world);
  CHECK(world.Sync().plan.operations.empty());
}

TEST_CASE("who was outside the scope before they vanished is not who a rejected row hides") {
  World world = CompanyWithOneOutside(5, "E1");
  HideBehindManager(world);
  for (int read = 0; read < 2; ++read) CHECK(world.Sync().plan.operations.empty());
}

TEST_CASE("a missing contact that was adopted is who a rejected row hides where the rule deletes those as well") {
  World world;
  for (const char* key : {"C1", "C2", "C3"}) world.Add(Contact(key));
  world.Sync();
  world.policy.rules[2].absent_after = Duration::zero();
  world.state.rows[world.state.Find(Kind::kContact, "C1")->id].entity.ownership = Ownership::kAdopted;
  for (const char* key : {"C1", "C2"}) world.Remove(Kind::kContact, key);
  world.bad_rows = {{.line = 3, .values = {"C1", "Ada"}}};
  CHECK_MESSAGE(world.Plan().plan.operations.empty(), "it stays anyway, and may bear the name only");
  world.policy.rules[2].delete_adopted = true;
  CHECK(Lines(world.Plan().plan) == Texts{"contact delete C2"});
}

TEST_CASE("of two rejected rows with one missing name only one is that person's own") {
  World world = CompanyOf(6);
  world.policy.rules[0].absent_after = Duration::zero();
  for (const std::string key : {"E1", "E2", "E5"}) world.Remove(Kind::kUser, key);
  // Whoever has their own key in their row leaves the manager's to the manager.
  world.bad_rows = {{.line = 6, .values = {"E5", "E1"}}, {.line = 2, .values = {"E1", "Ada"}}};
  CHECK(Lines(world.Plan().plan) == Texts{"user suspend E2"});
  world.bad_rows.push_back({.line = 7, .values = {"E1", "Ada"}});
  CHECK_MESSAGE(Lines(world.Plan().plan) == Texts{"user suspend E2"}, "a copy is no second record");
  world.bad_rows = {{.line = 2, .values = {"E1", "Ada"}}, {.line = 6, .values = {"E5 Ada", "E1"}}};
  for (int read = 0; read < 2; ++read) CHECK(world.Sync().plan.operations.empty());
}

TEST_CASE("whose e-mail a rejected row carries stays, though a manager whom it names goes in the same read") {
  World world = CompanyOf(6);
  world.policy.rules[0].absent_after = hours(24);
  for (const std::string key : {"E1", "E5"}) world.Remove(Kind::kUser, key);
  SUBCASE("its key is damaged") {
    world.bad_rows = {{.line = 6, .values = {"E 5", "Ada", "E5@example.com", "E1"}}};
  }
  SUBCASE("its key is blank") {
    world.bad_rows = {{.line = 6, .values = {"", "Ada", "e5@example.com", "E1"}, .by_reader = false}};
  }
  SUBCASE("its first cell is lost, and it has the manager's e-mail too") {
    world.bad_rows = {{.line = 6, .values = {"Ada", "e5@example.com", "E1", "e1@example.com"}}};
  }
  for (int read = 0; read < 3; ++read) {
    CHECK(Lines(world.Sync().plan).empty());
    world.Pass(hours(25));
  }
  // One whose key is blank may hide others as well; E1 goes in time once it is mended.
  const bool is_blank = world.bad_rows[0].values[0].empty();
  world.Remove(Kind::kUser, "E2");
  world.Sync();
  world.Pass(hours(25));
  CHECK(Lines(world.Sync().plan) == (is_blank ? Texts{} : Texts{"user suspend E2"}));
  world.bad_rows.clear();
  world.Add(User("E5"));
  for (int read = 0; read < 3; ++read) {
    world.Sync();
    world.Pass(hours(25));
  }
  CHECK(world.state.Find(Kind::kUser, "E1")->lifecycle == Lifecycle::kSuspended);
  CHECK(world.state.Find(Kind::kUser, "E5")->lifecycle == Lifecycle::kActive);
}

void ExpectOneToBeHidden(World& world) {
  for (int read = 0; read < 2; ++read) {
    const auto plan = world.Sync().plan;
    CHECK(plan.operations.empty());
    REQUIRE(plan.warnings.size() == 1);
    CHECK(plan.warnings[0].starts_with("1 entity is missing from hr and left as they are: a rejected record"));
  }
}

TEST_CASE("a rejected row whose key is blank hides anybody, whoever goes in the same read, and that is told") {
  World world = CompanyOf(6);
  world.policy.rules[0].absent_after = Duration::zero();
  for (const std::string key : {"E1", "E5"}) world.Remove(Kind::kUser, key);
  world.bad_rows = {{.line = 6, .values = {"", "Ada", "E1"}, .by_reader = false}};
  ExpectOneToBeHidden(world);
}

TEST_CASE("an e-mail in a rejected row tells not whose row it is, since it may be the manager's") {
  World world = CompanyOf(6);
  world.policy.rules[0].absent_after = Duration::zero();
  SUBCASE("who goes in the same read") {
    for (const std::string key : {"E1", "E5"}) world.Remove(Kind::kUser, key);
    world.bad_rows = {{.line = 6, .values = {"", "Ada", "e1@example.com"}, .by_reader = false}};
    ExpectOneToBeHidden(world);
  }
  SUBCASE("who is there: its own key tells it") {
    for (const std::string key : {"E3", "E5"}) world.Remove(Kind::kUser, key);
    world.bad_rows = {{.line = 6, .values = {"E5", "Ada", "e1@example.com", "surplus"}}};
    CHECK(Lines(world.Plan().plan) == Texts{"user suspend E3"});
  }
}

TEST_CASE("the person of a rejected row that stays keeps no other absence from counting") {
  World world = CompanyOf(6);
  world.Remove(Kind::kUser, "E2");
  world.bad_rows = {{.line = 3, .values = {"E2", "Ada"}}};
  world.Sync();
  world.Remove(Kind::kUser, "E3");
  world.Sync();
  world.Pass(hours(25));
  CHECK(Lines(world.Sync().plan) == Texts{"user suspend E3"});
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

TEST_CASE("where a rule has a key of its own, nobody who is missing explains a rejected row") {
  World world = CompanyOf(3);
  world.Add(Contact("e2@example.com"));
  world.Sync();
  for (RulePolicy& rule : world.policy.rules) rule.absent_after = Duration::zero();
  world.Remove(Kind::kUser, "E2");
  world.Remove(Kind::kContact, "e2@example.com");
  world.bad_rows = {{.line = 3, .values = {"E2", "Ada"}}};
  CHECK(Lines(world.Plan().plan) == Texts{"contact delete e2@example.com"});
  world.policy.rules[2].shows_key = false;
  CHECK(world.Plan().plan.operations.empty());
  world.bad_rows.clear();
  CHECK(world.Plan().plan.operations.size() == 2);
}

TEST_CASE("the person of a rejected row says nothing of the groups that the row may name") {
  World world = CompanyOf(3);
  world.Add(Group("Sales"));
  world.Sync();
  for (RulePolicy& rule : world.policy.rules) rule.absent_after = Duration::zero();
  world.Remove(Kind::kUser, "E2");
  world.Remove(Kind::kGroup, "Sales");
  world.bad_rows = {{.line = 3, .values = {"E2"}}};
  CHECK(world.Plan().plan.operations.empty());
  world.Add(Group("Finance"));
  world.Add(Group("Legal"));
  world.Sync();
  world.Remove(Kind::kGroup, "Finance");
  world.bad_rows = {{.line = 3, .values = {"E2", "Finance"}}};
  CHECK(Lines(world.Plan().plan) == Texts{"group delete Sales"});
  // A name that is made of the row's values, or comes with a joined one, does not stand in the row.
  world.policy.rules[1].shows_key = false;
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("which rules show their keys follows from the configuration") {
  const auto text = [](const char* value) { return config::Text{.value = value, .at = {}}; };
  config::RuleConfig rule;
  const auto shows = [&] {
    config::Config config;
    config.rules = {rule};
    return MakePolicy(config, {}, 1).rules[0].shows_key;
  };
  CHECK(shows());
  rule.key = text("{login}");
  CHECK_FALSE(shows());
  rule = {};
  rule.kind = Kind::kGroup;
  for (const auto& [name, is_shown] : {std::pair{"{team}", true},
                                       {"{team|lower}", false},
                                       {"Team {team}", false},
                                       {"{a,b}", false},
                                       {"{a}{b}", false}}) {
    rule.fields = {{text("desc"), text("{team}")}, {text("name"), text(name)}};
    CHECK(shows() == is_shown);
  }
  rule.key = text("{team}");
  CHECK(shows());
  rule.join = {{text("dir"), text("login")}};
  CHECK_FALSE(shows());
}

}  // namespace
}  // namespace ucaas_sync::plan
