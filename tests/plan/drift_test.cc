// What somebody else changed at the target: found, put back, told, taken over or left alone.
#include <doctest/doctest.h>

#include "daemon/plan/drift.h"
#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

/// Three users, two groups and two contacts, all synced.
struct Company : World {
  Company() {
    for (const char* key : {"E1", "E2", "E3"}) Add(User(key, {{"designation", "Engineer"}, {"department", "Sales"}}));
    for (const char* name : {"Sales", "Finance"}) Add(Group(name));
    Add(Contact("E1", {"Sales"}));
    Add(Contact("E2", {"Sales", "Finance"}));
    Sync();
    Sync();
  }
  std::int64_t RowOf(Kind kind, const std::string& key) { return state.Find(kind, key)->id; }
  void Shows(const std::string& key, FieldId field, Field value) {
    state.drift.push_back(
        {.entity_id = RowOf(Kind::kUser, key), .missing = false, .shown = {{field, std::move(value)}}, .groups = {}});
  }
  void IsGone(Kind kind, const std::string& key) {
    state.drift.push_back({.entity_id = RowOf(kind, key), .missing = true, .shown = {}, .groups = {}});
  }
  void HasPutBack(const std::string& key, FieldId field, const std::string& wanted, std::uint32_t rounds) {
    state.repairs.push_back({.entity_id = RowOf(Kind::kUser, key),
                             .field = field,
                             .wanted = wanted,
                             .shown = "ENGINEER",
                             .rounds = rounds});
  }
};

TargetListing::Object ObjectOf(const StoredEntity& stored) {
  return {.kind = stored.kind, .remote_id = stored.remote_id, .fields = stored.fields, .group_ids = {}};
}

bool Warns(const Planner::Result& result, const std::string& text) {
  for (const std::string& warning : result.plan.warnings) {
    if (Contains(warning, text)) return true;
  }
  return false;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("an object that shows what the state says is no drift, whatever else it shows") {
  Company company;
  StoredEntity stored = *company.state.Find(Kind::kUser, "E1");
  stored.fields[kUserEmail] = Field::Value("e1@example.com");
  TargetListing::Object shown = ObjectOf(stored);
  shown.fields[kUserEmail] = Field::Value("E1@Example.COM");
  shown.fields[kUserMiddleName] = Field::Value("never written by us");
  shown.fields[kUserDepartment] = Field();  // the reply had no such key
  shown.fields[kUserStatus] = Field::Value("A");
  CHECK_FALSE(DriftOf(stored, shown, DriftScopeOf(company.policy), {}));
}

TEST_CASE("a field, the status and the groups of an object are compared, groups of others are not") {
  Company company;
  const DriftScope scope = DriftScopeOf(company.policy);
  StoredEntity user = *company.state.Find(Kind::kUser, "E1");
  TargetListing::Object shown = ObjectOf(user);
  shown.fields[kUserDesignation] = Field::Empty();
  shown.fields[kUserStatus] = Field::Value("S");
  const auto finding = DriftOf(user, shown, scope, {});
  REQUIRE(finding);
  CHECK(finding->shown ==
        std::vector<std::pair<FieldId, Field>>{{kUserStatus, Field::Value("S")}, {kUserDesignation, Field::Empty()}});
  const StoredEntity contact = *company.state.Find(Kind::kContact, "E2");
  TargetListing::Object listed = ObjectOf(contact);
  const GroupKeys groups{{"s", "Sales"}, {"f", "Finance"}};
  listed.group_ids = {"s", "foreign", "f"};
  CHECK_FALSE(DriftOf(contact, listed, scope, groups));
  listed.group_ids = {"foreign", "f"};
  REQUIRE(DriftOf(contact, listed, scope, groups));
  CHECK(DriftOf(contact, listed, scope, groups)->groups == Texts{"Finance"});
  listed.has_group_ids = false;
  CHECK_FALSE(DriftOf(contact, listed, scope, groups));
}

TEST_CASE("a field that is written on creation only is never put back, and protect sees what became of it") {
  for (const auto drift : {config::Drift::kRepair, config::Drift::kReport}) {
    Company company;
    company.policy.drift = drift;
    for (RulePolicy& rule : company.policy.rules) rule.create_only |= Bit(kUserTypeField);
    const StoredEntity user = *company.state.Find(Kind::kUser, "E1");
    TargetListing::Object shown = ObjectOf(user);
    shown.fields[kUserTypeField] = Field::Value("admin");
    const auto finding = DriftOf(user, shown, DriftScopeOf(company.policy), {});
    REQUIRE(finding);
    company.state.drift = {*finding};
    CHECK(company.Plan().plan.operations.empty());
    company.policy.protect = [](Kind, const FieldSetView& fields) { return fields[kUserTypeField].text == "admin"; };
    company.Get(Kind::kUser, "E1").standing = Standing::kLeft;
    company.Get(Kind::kUser, "E2").standing = Standing::kLeft;
    CHECK(Lines(company.Plan().plan) == Texts{"user suspend E2"});
  }
}

TEST_CASE("a field that was changed by hand is put back, with what it is and was as the reason") {
  Company company;
  company.Shows("E1", kUserDesignation, Field::Value("Boss"));
  const auto result = company.Plan();
  REQUIRE(Lines(result.plan) == Texts{"user update E1"});
  const Operation operation = Operations(result.plan).front();
  CHECK(operation.reason == "changed at the target: designation is \"Boss\", was \"Engineer\"");
  CHECK(operation.changes ==
        std::vector<FieldChange>{
            {.field = kUserDesignation, .before = Field::Value("Boss"), .after = Field::Value("Engineer")}});
  REQUIRE(result.notes.repairs.size() == 1);
  CHECK(result.notes.repairs.front().wanted == "Engineer");
  CHECK(result.notes.repairs.front().shown == "Boss");
  CHECK(FindGuard(result.plan, "rewrite", "user.designation")->actual == 1);
}

TEST_CASE("what changed in the source is told apart from what was changed by hand") {
  Company company;
  company.Shows("E1", kUserDesignation, Field::Value("Boss"));
  company.Get(Kind::kUser, "E1").fields["department"] = "Finance";
  CHECK(Operations(company.Plan().plan).front().reason ==
        "changed at the target: designation is \"Boss\", was \"Engineer\"; department changed");
}

TEST_CASE("a change by hand to what the source says by now is taken over and nothing is sent") {
  Company company;
  company.Shows("E1", kUserDesignation, Field::Value("Boss"));
  company.Get(Kind::kUser, "E1").fields["designation"] = "Boss";
  const auto result = company.Plan();
  CHECK(result.plan.operations.empty());
  REQUIRE(result.notes.accepted.size() == 1);
  CHECK(result.notes.accepted.front().shown ==
        std::vector<std::pair<FieldId, Field>>{{kUserDesignation, Field::Value("Boss")}});
}

TEST_CASE("who was suspended by hand and is active in the source is reactivated, under the create guard") {
  Company company;
  company.Shows("E1", kUserStatus, Field::Value("S"));
  company.policy.guards = DefaultGuards();
  const auto result = company.Plan();
  REQUIRE(Lines(result.plan) == Texts{"user reactivate E1"});
  CHECK(Operations(result.plan).front().reason == "suspended at the target by hand");
  CHECK(FindGuard(result.plan, "user.create")->actual == 1);
}

TEST_CASE("who left and was made active again by hand is suspended again") {
  Company company;
  company.Get(Kind::kUser, "E1").standing = Standing::kLeft;
  company.Sync();
  REQUIRE(company.Plan().plan.operations.empty());
  company.Shows("E1", kUserStatus, Field::Value("A"));
  const auto result = company.Plan();
  REQUIRE(Lines(result.plan) == Texts{"user suspend E1"});
  CHECK(Operations(result.plan).front().reason == "active again at the target by hand; left: (status=terminated)");
}

TEST_CASE("what was deleted by hand comes back with all its fields, and only under the create guard") {
  Company company;
  company.IsGone(Kind::kUser, "E1");
  const auto result = company.Plan();
  REQUIRE(Lines(result.plan) == Texts{"user create E1"});
  const Operation operation = Operations(result.plan).front();
  CHECK(operation.reason == "deleted at the target by hand");
  CHECK(operation.entity_id == company.RowOf(Kind::kUser, "E1"));
  CHECK(operation.remote_id.empty());
  CHECK(FindChange(operation, kUserEmail)->after.text == "e1@example.com");

  company.policy.guards = DefaultGuards();
  company.policy.guards.kinds[Index(Kind::kUser)].create.at_least = 0;
  CHECK(company.Plan().plan.held);
}

TEST_CASE("what differs of somebody who is not in the source any more is taken over, since nothing else is wanted") {
  Company company;
  company.Get(Kind::kUser, "E1").standing = Standing::kLeft;
  company.Get(Kind::kUser, "E2").standing = Standing::kLeft;
  company.Sync();
  company.IsGone(Kind::kUser, "E1");
  company.Shows("E2", kUserDesignation, Field::Value("Boss"));
  const auto result = company.Plan();
  CHECK(result.plan.operations.empty());
  REQUIRE(result.notes.accepted.size() == 2);
  CHECK(result.notes.accepted[0].gone);
  CHECK(result.notes.accepted[1].shown.size() == 1);
}

TEST_CASE("what was deleted by hand stays away while it is held, set aside, protected or not in the source") {
  Company company;
  company.IsGone(Kind::kUser, "E1");
  SUBCASE("held") {
    company.state.holds.push_back({.key = "E1", .reason = "", .until = {}});
  }
  SUBCASE("set aside") {
    company.Get(Kind::kUser, "E1").standing = Standing::kQuarantined;
    company.Get(Kind::kUser, "E1").reason = "e-mail missing";
  }
  SUBCASE("protected") {
    company.policy.protect = [](Kind kind, const FieldSetView& fields) {
      return kind == Kind::kUser && fields[kUserFirstName].text == "FirstE1";
    };
  }
  SUBCASE("absent") {
    company.Remove(Kind::kUser, "E1");
  }
  CHECK(company.Plan().plan.operations.empty());
}

TEST_CASE("a group that was deleted by hand comes back and gets its members back in the same plan") {
  Company company;
  company.IsGone(Kind::kGroup, "Sales");
  const auto result = company.Plan();
  CHECK(Lines(result.plan) == Texts{"group create Sales", "contact update E1", "contact update E2"});
  CHECK(Operations(result.plan)[2].groups->after == Texts{"Finance", "Sales"});
}

TEST_CASE("a contact that was taken out of a group by hand is put back into it") {
  Company company;
  company.state.drift.push_back(
      {.entity_id = company.RowOf(Kind::kContact, "E2"), .missing = false, .shown = {}, .groups = Texts{"Finance"}});
  const auto result = company.Plan();
  REQUIRE(Lines(result.plan) == Texts{"contact update E2"});
  CHECK(Operations(result.plan).front().groups->before == Texts{"Finance"});
  CHECK(Operations(result.plan).front().reason == "changed at the target: groups are Finance, were Finance, Sales");
  CHECK(result.notes.accepted.empty());
}

TEST_CASE("drift: report makes no operation and tells how many and who") {
  Company company;
  company.policy.drift = config::Drift::kReport;
  company.Shows("E1", kUserDesignation, Field::Value("Boss"));
  company.Shows("E2", kUserStatus, Field::Value("S"));
  company.IsGone(Kind::kUser, "E3");
  const auto result = company.Plan();
  CHECK(result.plan.operations.empty());
  CHECK(result.notes.accepted.empty());
  CHECK(Warns(result,
              "left so (drift: report): 3 users: E1 (designation is \"Boss\", was \"Engineer\"), "
              "E2 (is suspended there) and E3 (is gone there)"));
}

TEST_CASE("drift: report still sends what changed in the source") {
  Company company;
  company.policy.drift = config::Drift::kReport;
  company.Shows("E1", kUserDesignation, Field::Value("Boss"));
  company.Get(Kind::kUser, "E1").fields["department"] = "Finance";
  CHECK(Operations(company.Plan().plan).front().reason == "department changed");
}

TEST_CASE("an attribute that the target rewrote twice is left alone, with a warning, until the source changes it") {
  Company company;
  company.Shows("E1", kUserDesignation, Field::Value("ENGINEER"));
  company.HasPutBack("E1", kUserDesignation, "Engineer", 1);
  CHECK(Lines(company.Plan().plan) == Texts{"user update E1"});

  company.state.repairs.front().rounds = 2;
  const auto result = company.Plan();
  CHECK(result.plan.operations.empty());
  CHECK(result.notes.accepted.empty());
  CHECK(Warns(result, "the target keeps writing designation of 1 user anew"));
  CHECK(Warns(result, "E1 (\"ENGINEER\" there, wanted \"Engineer\")"));

  company.Get(Kind::kUser, "E1").fields["designation"] = "Director";
  CHECK(Lines(company.Plan().plan) == Texts{"user update E1"});
}

TEST_CASE("leaving one attribute alone leaves the others in our hands") {
  Company company;
  company.state.drift.push_back(
      {.entity_id = company.RowOf(Kind::kUser, "E1"),
       .missing = false,
       .shown = {{kUserDepartment, Field::Value("Boss's")}, {kUserDesignation, Field::Value("ENGINEER")}},
       .groups = {}});
  company.HasPutBack("E1", kUserDesignation, "Engineer", 2);
  const auto operations = Operations(company.Plan().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations.front().changes.size() == 1);
  CHECK(operations.front().changes.front().field == kUserDepartment);
}

TEST_CASE("who must not be let in is suspended again however often the target lets them in") {
  Company company;
  company.Get(Kind::kUser, "E1").fields["status"] = "S";
  company.Sync();
  company.Shows("E1", kUserStatus, Field::Value("A"));
  company.HasPutBack("E1", kUserStatus, "S", 5);
  CHECK(Lines(company.Plan().plan) == Texts{"user suspend E1"});
}

TEST_CASE("--only puts back what was changed of one person and leaves the others") {
  Company company;
  company.Shows("E1", kUserDesignation, Field::Value("Boss"));
  company.Shows("E2", kUserDesignation, Field::Value("Boss"));
  company.only = "E2";
  CHECK(Lines(company.Plan().plan) == Texts{"user update E2"});
}

}  // namespace ucaas_sync::plan
