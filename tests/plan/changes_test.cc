// The common path: who joins, changes, stays, and what a plan says of it.
#include <doctest/doctest.h>

#include "daemon/plan/compare.h"
#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

using std::chrono::hours;
using Texts = std::vector<std::string>;

TEST_CASE("a newcomer is created with every field that has a value, and the reason says so") {
  World world;
  world.Add(User("E1", {{"department", "Sales"}, {"designation", ""}}));
  const auto operations = Operations(world.Plan().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations[0].action == Action::kCreate);
  CHECK(operations[0].seq == 1);
  CHECK(operations[0].remote_id.empty());
  CHECK(operations[0].source == SourceRef{.name = "hr", .line = 2, .dn = ""});
  CHECK(operations[0].reason == "joined: not in the account before");
  REQUIRE(FindChange(operations[0], kUserDepartment) != nullptr);
  CHECK(FindChange(operations[0], kUserDepartment)->after == Field::Value("Sales"));
  CHECK(FindChange(operations[0], kUserDesignation) == nullptr);
}

TEST_CASE("a second sync of the same source plans nothing and loads nobody") {
  World world;
  for (int i = 0; i < 50; ++i) world.Add(User("E" + std::to_string(i)));
  world.Sync();
  world.state.loads = 0;
  const auto second = world.Plan();
  CHECK(second.plan.operations.empty());
  CHECK(second.plan.summary_of(Kind::kUser).unchanged == 50);
  CHECK(second.notes.fingerprints.empty());
  CHECK(world.state.loads == 0);
}

TEST_CASE("a changed field is an update that names before, after and why") {
  World world;
  world.Add(User("E1", {{"department", "Sales"}}));
  world.Sync();
  world.Get(Kind::kUser, "E1").fields["department"] = "Finance";
  const auto operations = Operations(world.Plan().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations[0].action == Action::kUpdate);
  CHECK(operations[0].remote_id == "70001");
  CHECK(operations[0].reason == "department changed");
  REQUIRE(operations[0].changes.size() == 1);
  CHECK(operations[0].changes[0].before == Field::Value("Sales"));
  CHECK(operations[0].changes[0].after == Field::Value("Finance"));
}

TEST_CASE("many changed fields are named up to a point and then counted") {
  const auto changes = [](std::initializer_list<FieldId> fields) {
    std::vector<FieldChange> out;
    for (const FieldId field : fields) out.push_back({.field = field, .before = {}, .after = {}});
    return out;
  };
  CHECK(ChangedText(Kind::kUser, changes({1, 3}), false) == "first_name and last_name changed");
  CHECK(ChangedText(Kind::kUser, changes({1, 3, 4}), false) == "first_name, last_name and email changed");
  CHECK(ChangedText(Kind::kUser, changes({1, 3, 4, 7}), false) == "first_name, last_name and 2 more changed");
  CHECK(ChangedText(Kind::kContact, {}, true) == "groups changed");
}

TEST_CASE("an empty value keeps what the target has, unless the rule says clear") {
  World world;
  world.Add(User("E1", {{"designation", "Engineer"}}));
  world.Sync();
  world.Get(Kind::kUser, "E1").fields["designation"] = "";
  CHECK(world.Plan().plan.operations.empty());
  world.policy.rules[0].empty = config::EmptyPolicy::kClear;
  const auto operations = Operations(world.Plan().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations[0].changes[0].after == Field::Empty());
}

TEST_CASE("clear changes nothing where nothing is, and no status") {
  World world;
  world.policy.rules[0].empty = config::EmptyPolicy::kClear;
  world.Add(User("E1", {{"status", "A"}, {"department", ""}}));
  world.Sync();
  world.Get(Kind::kUser, "E1").fields["status"] = "";
  CHECK(world.Sync().plan.operations.empty());
}

TEST_CASE("a plan that nobody names has no id, and the same hash") {
  World world;
  world.Add(User("E1"));
  world.Sync();
  const auto plan_of = [&](std::function<std::string()> new_id) {
    Planner planner(world.state, world.policy, world.now);
    Planner::Inputs inputs;
    inputs.new_id = std::move(new_id);
    return planner.Finish(inputs).plan;
  };
  const auto nameless = plan_of({});
  const auto named = plan_of([] { return std::string("r1"); });
  CHECK(nameless.id.empty());
  CHECK(named.id == "r1");
  CHECK(nameless.hash == named.hash);
}

TEST_CASE("an unknown field is neither compared nor written") {
  World world;
  world.Add(User("E1", {{"department", "Sales"}}));
  world.Sync();
  world.Get(Kind::kUser, "E1").fields["department"] = "?";
  CHECK(world.Plan().plan.operations.empty());
  world.Get(Kind::kUser, "E1").fields["last_name"] = "New";
  const auto operations = Operations(world.Plan().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations[0].changes.size() == 1);
  CHECK(operations[0].fingerprint.is_zero());
}

TEST_CASE("a newcomer whose required field is unknown waits in quarantine") {
  World world;
  world.Add(User("E1", {{"email", "?"}}));
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(Contains(plan.quarantine[0].reason, "email is not known in this read"));
}

TEST_CASE("a create-only field is sent once and never compared again") {
  World world;
  world.policy.rules[0].create_only |= Bit(kUserTypeField);
  world.Add(User("E1", {{"password", "first"}}));
  REQUIRE(FindChange(Operations(world.Sync().plan)[0], kUserPassword) != nullptr);
  world.Get(Kind::kUser, "E1").fields["user_type"] = "admin";
  world.Get(Kind::kUser, "E1").fields["password"] = "second";
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("an e-mail in other case is the same, and the fingerprint is refreshed once") {
  World world;
  world.Add(User("E1"));
  world.Sync();
  world.Get(Kind::kUser, "E1").fields["email"] = "E1@Example.com";
  const auto first = world.Sync();
  CHECK(first.plan.operations.empty());
  CHECK(first.notes.fingerprints.size() == 1);
  world.state.loads = 0;
  CHECK(world.Plan().notes.fingerprints.empty());
  CHECK(world.state.loads == 0);
}

TEST_CASE("a new mapping version compares everybody in full and changes nobody") {
  World world;
  world.Add(User("E1"));
  world.Sync();
  world.policy.mapping_version = 2;
  const auto result = world.Plan();
  CHECK(result.plan.operations.empty());
  CHECK(result.notes.fingerprints.size() == 1);
}

TEST_CASE("a status that turns inactive is a suspend by effect, the reverse a reactivate") {
  World world;
  world.Add(User("E1", {{"status", "A"}}));
  world.Sync();
  world.Get(Kind::kUser, "E1").fields["status"] = "S";
  auto operations = Operations(world.Sync().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations[0].action == Action::kSuspend);
  CHECK(operations[0].reason == "status changed");
  CHECK(world.Plan().plan.operations.empty());
  world.Get(Kind::kUser, "E1").fields["status"] = "A";
  operations = Operations(world.Sync().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations[0].action == Action::kReactivate);
  CHECK(operations[0].reason == "back again");
}

TEST_CASE("an unknown status lets nobody in again") {
  World world;
  world.Add(User("E1", {{"status", "S"}}));
  world.Sync();
  world.Get(Kind::kUser, "E1").fields["status"] = "?";
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("the plan's order: access goes first, groups before contacts, groups leave last") {
  World world;
  world.Add(User("U1"));
  world.Add(User("U2"));
  world.Add(Group("Old"));
  world.Add(Contact("C1", {"Old"}));
  world.Add(Contact("C2", {"Old"}));
  world.Sync();
  for (RulePolicy& rule : world.policy.rules) rule.absent_after = Duration::zero();
  world.Remove(Kind::kUser, "U1");
  world.Remove(Kind::kContact, "C1");
  world.Remove(Kind::kGroup, "Old");
  world.Get(Kind::kUser, "U2").fields["department"] = "Finance";
  world.Get(Kind::kContact, "C2").groups = {"New"};
  world.Add(Group("New"));
  world.Add(User("U0"));
  CHECK(Lines(world.Sync().plan) == Texts{"user suspend U1", "contact delete C1", "group create New", "user create U0",
                                          "user update U2", "contact update C2", "group delete Old"});
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("within a phase a plan goes by whole keys, however the export is ordered") {
  const std::vector<std::string> keys{"E",          "EMPLOYEE",         "EMPLOYEE-1",        "EMPLOYEE-10",
                                      "EMPLOYEE-2", "EMPLOYEE-2b",      "EMPLOYEE-\xC3\x89", "EMPLOYEF",
                                      "Z",          "\xC3\x89t\xC3\xA9"};
  REQUIRE(std::is_sorted(keys.begin(), keys.end()));
  Texts lines;
  for (const std::string& key : keys) lines.push_back("user create " + key);
  for (const std::string& key : keys) lines.push_back("contact create " + key);
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, keys.size() - 1}) {
    World world;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const std::string& key = keys[i * step % keys.size()];
      world.Add(User(key, {{"email", "m" + std::to_string(i) + "@example.com"}}));
      world.Add(Contact(key));
    }
    CHECK(Lines(world.Plan().plan) == lines);
  }
}

TEST_CASE("a protected object is never touched, and the plan says so") {
  World world;
  world.Add(User("E1", {{"user_type", "admin"}}));
  world.Sync();
  world.policy.protect = [](Kind, const FieldSetView& fields) { return fields[kUserTypeField].text == "admin"; };
  world.Get(Kind::kUser, "E1").fields["last_name"] = "New";
  auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  CHECK(plan.quarantine.empty());
  REQUIRE(plan.warnings.size() == 1);
  CHECK(Contains(plan.warnings[0], "guards.protect"));
  world.Get(Kind::kUser, "E1").standing = Standing::kLeft;
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("a held person is neither changed nor put into quarantine, until the hold ends") {
  World world;
  world.Add(User("E1"));
  world.Sync();
  world.state.holds = {{.key = "E1", .reason = "sabbatical", .until = world.now + hours(48)}};
  world.Get(Kind::kUser, "E1").standing = Standing::kLeft;
  auto result = world.Plan();
  CHECK(result.plan.operations.empty());
  CHECK(result.plan.quarantine.empty());
  REQUIRE(result.notes.due_at);
  CHECK(*result.notes.due_at == world.now + hours(48));
  world.Pass(hours(49));
  CHECK(Lines(world.Plan().plan) == Texts{"user suspend E1"});
}

TEST_CASE("with --only, everybody else stays as if unchanged") {
  World world;
  world.Add(User("E1"));
  world.Add(User("E2"));
  world.Sync();
  world.Get(Kind::kUser, "E1").fields["last_name"] = "New";
  world.Get(Kind::kUser, "E2").fields["last_name"] = "New";
  world.Add(User("E3"));
  world.only = "E2";
  CHECK(Lines(world.Plan().plan) == Texts{"user update E2"});
  world.only = "e1@EXAMPLE.com";
  CHECK(Lines(world.Plan().plan) == Texts{"user update E1"});
  world.only = "e3@EXAMPLE.com";
  CHECK(Lines(world.Plan().plan) == Texts{"user create E3"});
  world.only = "nobody";
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  CHECK(Contains(plan.warnings.at(0), "nobody has the key"));
}

}  // namespace
}  // namespace ucaas_sync::plan
