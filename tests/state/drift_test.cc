// What differs at the target, kept until something is done about it.
#include "tests/state/support.h"

namespace ucaas_sync::state {
namespace {

struct Company {
  TemporaryDirectory dir;
  std::unique_ptr<SqliteStore> store = OpenForTest(dir);
  std::string run = store->BeginRun({.trigger = "command", .at = At(0)});

  Company() {
    const std::vector<StoredEntity> rows{User("E1"), Group("Sales"), Group("Legal"), Contact("C1", {"Sales"})};
    std::vector<Operation> operations;
    std::vector<OperationOutcome> outcomes;
    for (const StoredEntity& row : rows) {
      operations.push_back(For(row, Action::kCreate));
      outcomes.push_back(Done(operations.size(), row));
    }
    store->StorePlan(run, PlanOf(operations));
    store->AdvanceMark(run, rows.size());
    store->RecordOutcomes(run, outcomes);
  }
  std::int64_t RowOf(Kind kind, const std::string& key) const { return store->Find(kind, key)->id; }
  void Find(DriftFinding finding) {
    store->RecordRefresh({.cursor = {.finished_at = At(5), .not_before = {}, .started_at = {}},
                          .seen = {},
                          .found = {std::move(finding)},
                          .agreeing = {}},
                         {});
  }
};

}  // namespace

TEST_CASE("findings come back as they were noted, the last one of each entity") {
  Company company;
  const DriftFinding user{.entity_id = company.RowOf(Kind::kUser, "E1"),
                          .missing = false,
                          .shown = {{kUserMiddleName, Field::Empty()}, {kUserDepartment, Field::Value("\"Böss\"")}},
                          .groups = {}};
  const DriftFinding contact{.entity_id = company.RowOf(Kind::kContact, "C1"),
                             .missing = false,
                             .shown = {},
                             .groups = std::vector<std::string>{"Legal", "Sales"}};
  company.Find({.entity_id = user.entity_id, .missing = true, .shown = {}, .groups = {}});
  company.Find(contact);
  company.Find(user);
  CHECK(company.store->Drift() == std::vector{user, contact});
  company.store.reset();
  company.store = OpenForTest(company.dir, OpenMode::kReadOnly);
  CHECK(company.store->Drift() == std::vector{user, contact});
  CHECK(company.store->Check().empty());
}

TEST_CASE("what is done to an entity settles what was found of it") {
  Company company;
  StoredEntity row = *company.store->Find(Kind::kUser, "E1");
  company.Find({.entity_id = row.id, .missing = true, .shown = {}, .groups = {}});
  const std::string run = company.store->BeginRun({.trigger = "command", .at = At(20)});
  company.store->StorePlan(run, PlanOf({For(row, Action::kUpdate)}));
  company.store->AdvanceMark(run, 1);
  SUBCASE("not by a failure") {
    company.store->RecordOutcomes(run, std::vector{Failed(1, "retry", "away", At(21))});
    CHECK(company.store->Drift().size() == 1);
  }
  SUBCASE("but by success, though the row says the same as before") {
    company.store->RecordOutcomes(run, std::vector{Done(1, row)});
    CHECK(company.store->Drift().empty());
  }
}

TEST_CASE("of what was found, that stays which the operation did not write and the row does not say") {
  Company company;
  StoredEntity row = *company.store->Find(Kind::kUser, "E1");
  const Field boss = Field::Value("Boss");
  company.Find({.entity_id = row.id,
                .missing = false,
                .shown = {{kUserLastName, Field::Value("Other")}, {kUserDesignation, boss}},
                .groups = {}});
  Operation update = For(row, Action::kUpdate);
  update.remote_id = row.remote_id;
  update.changes = {{.field = kUserLastName, .before = Field::Value("Other"), .after = row.fields[kUserLastName]}};
  const std::string run = company.store->BeginRun({.trigger = "command", .at = At(20)});
  company.store->StorePlan(run, PlanOf({update}));
  company.store->AdvanceMark(run, 1);
  OperationOutcome outcome = Done(1, row);
  SUBCASE("done") {
    company.store->RecordOutcomes(run, std::vector{outcome});
    REQUIRE(company.store->Drift().size() == 1);
    CHECK(company.store->Drift()[0].shown == std::vector<std::pair<FieldId, Field>>{{kUserDesignation, boss}});
  }
  SUBCASE("another object has its place") {
    outcome.row->remote_id = "70099";
    company.store->RecordOutcomes(run, std::vector{outcome});
    CHECK(company.store->Drift().empty());
  }
  SUBCASE("refused for what the target shows, which the row says from then on") {
    outcome.done = false;
    outcome.row->fields[kUserDesignation] = boss;
    company.store->RecordOutcomes(run, std::vector{outcome});
    REQUIRE(company.store->Drift().size() == 1);
    CHECK(company.store->Drift()[0].shown ==
          std::vector<std::pair<FieldId, Field>>{{kUserLastName, Field::Value("Other")}});
  }
}

TEST_CASE("a membership that is still to be written stays found, one that was written does not") {
  Company company;
  StoredEntity row = company.store->Load(company.RowOf(Kind::kContact, "C1"));
  company.Find({.entity_id = row.id, .missing = false, .shown = {}, .groups = std::vector<std::string>{"Legal"}});
  Operation update = For(row, Action::kUpdate);
  update.remote_id = row.remote_id;
  update.groups = GroupsChange{.before = {"Legal"}, .after = row.groups};
  const std::string run = company.store->BeginRun({.trigger = "command", .at = At(20)});
  company.store->StorePlan(run, PlanOf({update}));
  company.store->AdvanceMark(run, 1);
  OperationOutcome outcome = Done(1, row);
  outcome.groups_follow = true;
  company.store->RecordOutcomes(run, std::vector{outcome});
  CHECK(company.store->Drift().size() == 1);
  outcome.groups_follow = false;
  company.store->RecordOutcomes(run, std::vector{outcome});
  CHECK(company.store->Drift().empty());
}

TEST_CASE("what is taken over changes the row, lets its fingerprint stand, and is found no more") {
  Company company;
  const std::int64_t user = company.RowOf(Kind::kUser, "E1");
  const std::int64_t contact = company.RowOf(Kind::kContact, "C1");
  company.Find({.entity_id = user, .missing = false, .shown = {{kUserStatus, Field::Value("S")}}, .groups = {}});
  const std::uint64_t version = company.store->Version();
  PlanNotes notes;
  notes.accepted = {{.entity_id = user, .shown = {{kUserStatus, Field::Value("S")}}, .groups = {}},
                    {.entity_id = contact, .shown = {}, .groups = std::vector<std::string>{"Legal"}},
                    {.entity_id = company.RowOf(Kind::kGroup, "Sales"), .gone = true, .shown = {}, .groups = {}}};
  company.store->RecordNotes(company.run, notes, {}, {});
  const StoredEntity row = company.store->Load(user);
  CHECK(row.fields[kUserStatus].text == "S");
  CHECK(row.lifecycle == Lifecycle::kSuspended);
  CHECK(row.suspended_at == At(0));
  CHECK(company.store->Load(contact).groups == std::vector<std::string>{"Legal"});
  CHECK(company.store->Find(Kind::kGroup, "Sales")->lifecycle == Lifecycle::kGone);
  CHECK(company.store->Drift().empty());
  CHECK(company.store->Version() == version + 1);
  company.store->ForEachKnown([&](const KnownEntity& known) {
    if (known.id == user) CHECK(known.fingerprint == HashOf("E1", 1));
  });
  CHECK(company.store->Check().empty());
}

TEST_CASE("what is taken over while no record was there is compared in full once there is one again") {
  Company company;
  const std::int64_t user = company.RowOf(Kind::kUser, "E1");
  PlanNotes notes;
  notes.accepted = {
      {.entity_id = user, .shown = {{kUserDepartment, Field::Value("Boss")}}, .groups = {}, .is_unlike_record = true}};
  company.store->RecordNotes(company.run, notes, {}, {});
  CHECK(company.store->Load(user).fields[kUserDepartment].text == "Boss");
  company.store->ForEachKnown(
      [&](const KnownEntity& known) { CHECK(known.fingerprint.is_zero() == (known.id == user)); });
}

TEST_CASE("who is outside a scope stays so when what was changed at the target by hand is taken over") {
  Company company;
  const std::int64_t user = company.RowOf(Kind::kUser, "E1");
  company.Find({.entity_id = user, .missing = false, .shown = {{kUserStatus, Field::Value("S")}}, .groups = {}});
  PlanNotes notes;
  notes.scope_changes = {{user, true}};
  notes.accepted = {{.entity_id = user, .shown = {{kUserStatus, Field::Value("S")}}, .groups = {}}};
  company.store->RecordNotes(company.run, notes, {}, {});
  REQUIRE(company.store->Load(user).lifecycle == Lifecycle::kSuspended);
  company.store->ForEachKnown([&](const KnownEntity& known) { CHECK(known.was_outside == (known.id == user)); });
}

TEST_CASE("a group whose object was made anew has no members, and is outside a scope as before") {
  Company company;
  StoredEntity group = company.store->Load(company.RowOf(Kind::kGroup, "Sales"));
  PlanNotes notes;
  notes.scope_changes = {{group.id, true}};
  company.store->RecordNotes(company.run, notes, {}, {});
  group.remote_id = "80099";
  company.store->RecordChanges({.entities = {group.id}, .moved = {group}}, At(9));
  CHECK(company.store->Load(group.id).remote_id == "80099");
  CHECK(company.store->Load(company.RowOf(Kind::kContact, "C1")).groups.empty());
  company.store->ForEachKnown([&](const KnownEntity& known) { CHECK(known.was_outside == (known.id == group.id)); });
  CHECK(company.store->Check().empty());
}

}  // namespace ucaas_sync::state
