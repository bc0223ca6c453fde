// What somebody else changed at the target: found, put back, told, taken over or left alone.
#include <doctest/doctest.h>

#include "daemon/plan/drift.h"
#include "tests/plan/company.h"

namespace ucaas_sync::plan {
namespace {

TargetListing::Object ObjectOf(const StoredEntity& stored) {
  return {.kind = stored.kind, .remote_id = stored.remote_id, .fields = stored.fields, .group_ids = {}};
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
  CHECK_MESSAGE(result.notes.accepted[1].is_unlike_record, "or nobody would put it right once they are back");
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

TEST_CASE("who was suspended and deleted by hand is not made anew while their status comes out empty") {
  World company = CompanyOf(3);
  company.Get(Kind::kUser, "E1").fields["status"] = "S";
  company.Sync();
  company.state.drift.push_back(
      {.entity_id = company.state.Find(Kind::kUser, "E1")->id, .missing = true, .shown = {}, .groups = std::nullopt});
  company.Get(Kind::kUser, "E1").fields["status"] = "";
  const auto blank = company.Plan().plan;
  CHECK(blank.operations.empty());
  CHECK(std::any_of(blank.warnings.begin(), blank.warnings.end(),
                    [](const std::string& warning) { return Contains(warning, "1 suspended user stays so"); }));
  company.Get(Kind::kUser, "E1").fields["status"] = "S";
  CHECK(Lines(company.Plan().plan) == std::vector<std::string>{"user create E1"});
}

TEST_CASE("of many suspended and deleted by hand whose status comes out empty the warning names the first ten") {
  World company = CompanyOf(12);
  for (Row& row : company.rows) row.fields["status"] = "S";
  company.Sync();
  for (Row& row : company.rows) {
    company.state.drift.push_back(
        {.entity_id = company.state.Find(Kind::kUser, row.key)->id, .missing = true, .shown = {}, .groups = {}});
    row.fields["status"] = "";
  }
  const auto plan = company.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.warnings.size() == 1);
  CHECK(plan.warnings[0].starts_with("12 suspended users stay so though the source has records"));
  CHECK(plan.warnings[0].ends_with(" and 2 more"));
}

TEST_CASE("who was active and is deleted by hand comes back though their status comes out empty") {
  World company = CompanyOf(3);
  company.state.drift.push_back(
      {.entity_id = company.state.Find(Kind::kUser, "E1")->id, .missing = true, .shown = {}, .groups = {}});
  company.Get(Kind::kUser, "E1").fields["status"] = "";
  CHECK(Lines(company.Plan().plan) == Texts{"user create E1"});
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
  company.ShowsIn("E2", {"Finance"});
  const auto result = company.Plan();
  REQUIRE(Lines(result.plan) == Texts{"contact update E2"});
  CHECK(Operations(result.plan).front().groups->before == Texts{"Finance"});
  CHECK(Operations(result.plan).front().reason == "changed at the target: groups are Finance, were Finance, Sales");
  CHECK(result.notes.accepted.empty());
}

TEST_CASE("--only puts back what was changed of one person and leaves the others") {
  Company company;
  company.Shows("E1", kUserDesignation, Field::Value("Boss"));
  company.Shows("E2", kUserDesignation, Field::Value("Boss"));
  company.only = "E2";
  CHECK(Lines(company.Plan().plan) == Texts{"user update E2"});
}

TEST_CASE("what is emptied by hand is put back, and what is filled by hand is emptied where the rule says clear") {
  Company company;
  company.policy.rules[0].empty = config::EmptyPolicy::kClear;
  company.Get(Kind::kUser, "E2").fields["designation"] = "";
  company.Sync();
  company.Shows("E1", kUserDesignation, Field::Empty());
  company.Shows("E2", kUserDesignation, Field::Value("Boss"));
  const auto operations = Operations(company.Plan().plan);
  REQUIRE(operations.size() == 2);
  CHECK(operations[0].reason == "changed at the target: designation is empty, was \"Engineer\"");
  CHECK(operations[1].reason == "changed at the target: designation is \"Boss\", was empty");

  company.HasPutBack("E1", kUserDesignation, "Engineer", 2);
  company.HasPutBack("E2", kUserDesignation, "", 2);
  const auto result = company.Plan();
  CHECK(result.plan.operations.empty());
  CHECK(Warns(result, "E1 (empty there, wanted \"Engineer\") and E2 (\"Boss\" there, wanted empty)"));
}

TEST_CASE("of many fields that were changed by hand three are told and the rest counted") {
  Company company;
  company.Shows(Kind::kUser, "E1",
                {{kUserFirstName, Field::Value("A")},
                 {kUserLastName, Field::Value("B")},
                 {kUserDepartment, Field::Value("C")},
                 {kUserDesignation, Field::Value("D")}});
  const auto operations = Operations(company.Plan().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations[0].changes.size() == 4);
  CHECK(operations[0].reason ==
        "changed at the target: first_name is \"A\", was \"FirstE1\"; last_name is \"B\", was \"LastE1\"; "
        "department is \"C\", was \"Sales\" and 1 more");
}

TEST_CASE("a status that lets in nobody else, or keeps out nobody else, is put back as any field") {
  Company company;
  company.Get(Kind::kUser, "E1").fields["status"] = "S";
  company.Get(Kind::kUser, "E2").fields["status"] = "A";
  company.Sync();
  company.Sync();
  const StoredEntity suspended = *company.state.Find(Kind::kUser, "E1");
  TargetListing::Object shown = ObjectOf(suspended);
  shown.fields[kUserStatus] = Field::Value("I");
  const auto finding = DriftOf(suspended, shown, DriftScopeOf(company.policy), {});
  REQUIRE(finding);
  company.state.drift = {*finding};
  company.Shows("E2", kUserStatus, Field::Empty());
  const auto operations = Operations(company.Plan().plan);
  REQUIRE(operations.size() == 2);
  CHECK(operations[0].action == Action::kUpdate);
  CHECK(operations[0].reason == "changed at the target: status is \"I\", was \"S\"");
  CHECK(operations[1].action == Action::kUpdate);
  CHECK(operations[1].reason == "changed at the target: status is empty, was \"A\"");
}

TEST_CASE("who left and whose status was emptied by hand is in again, and is suspended again") {
  Company company;
  company.Get(Kind::kUser, "E1").standing = Standing::kLeft;
  company.Sync();
  company.Shows("E1", kUserStatus, Field::Empty());
  CHECK(Lines(company.Plan().plan) == Texts{"user suspend E1"});
}

TEST_CASE("a field of a group that was changed by hand is put back") {
  Company company;
  company.Get(Kind::kGroup, "Sales").fields["desc"] = "They sell";
  company.Sync();
  const StoredEntity group = *company.state.Find(Kind::kGroup, "Sales");
  TargetListing::Object shown = ObjectOf(group);
  shown.fields[kGroupDesc] = Field::Value("they sell");
  const auto finding = DriftOf(group, shown, DriftScopeOf(company.policy), {});
  REQUIRE(finding);
  company.state.drift = {*finding};
  CHECK(Lines(company.Plan().plan) == Texts{"group update Sales"});
}

TEST_CASE("membership: off does not look at who is in which group") {
  Company company;
  company.policy.membership = false;
  const StoredEntity contact = *company.state.Find(Kind::kContact, "E2");
  CHECK_FALSE(DriftOf(contact, ObjectOf(contact), DriftScopeOf(company.policy), {}));
}

TEST_CASE("a change by hand of groups that the source says too by now is taken over") {
  Company company;
  company.ShowsIn("E2", {"Sales"});
  company.Get(Kind::kContact, "E2").groups = {"Sales"};
  const auto result = company.Plan();
  CHECK(result.plan.operations.empty());
  REQUIRE(result.notes.accepted.size() == 1);
  CHECK(result.notes.accepted[0].groups == Texts{"Sales"});
}

TEST_CASE("a protected contact whose groups were changed by hand is neither put back nor taken over") {
  Company company;
  company.ShowsIn("E2", {"Sales"});
  company.policy.protect = [](Kind kind, const FieldSetView&) { return kind == Kind::kContact; };
  const auto result = company.Plan();
  CHECK(result.plan.operations.empty());
  CHECK(result.notes.accepted.empty());
  CHECK(Warns(result, "contact E2 would be changed, but guards.protect forbids to touch it"));
}

TEST_CASE("groups that are unknown or gone by now do not count among those in which a contact was found") {
  Company company;
  company.ShowsIn("E2", {"Finance", "Nowhere", "Sales"});
  SUBCASE("unknown") {
    CHECK(company.Plan().plan.operations.empty());
  }
  SUBCASE("gone") {
    company.IsGone(Kind::kGroup, "Sales");
    const auto operations = Operations(company.Plan().plan);
    REQUIRE(operations.size() == 3);
    CHECK(operations[2].groups->before == Texts{"Finance"});
    CHECK(operations[2].groups->after == Texts{"Finance", "Sales"});
  }
}

TEST_CASE("what was found of somebody who is forgotten or deleted by now counts no more") {
  Company company;
  company.Shows("E1", kUserDesignation, Field::Value("Boss"));
  company.state.drift.front().entity_id = 4711;
  company.ShowsIn("E2", {"Sales"});
  company.Get(Kind::kContact, "E2").standing = Standing::kLeft;
  company.Sync();
  REQUIRE(company.state.Find(Kind::kContact, "E2")->lifecycle == Lifecycle::kGone);
  const auto result = company.Plan();
  CHECK(result.plan.operations.empty());
  CHECK(result.notes.accepted.empty());
}

}  // namespace ucaas_sync::plan
