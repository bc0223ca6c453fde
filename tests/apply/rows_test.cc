#include "daemon/apply/rows.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "daemon/model/text.h"
#include "tests/apply/bench.h"

namespace ucaas_sync::apply {
namespace {

const Instant kNow = *ParseInstant("2026-11-23T09:00:00Z");

std::string SentOf(const FieldValues& fields, FieldId id) {
  const auto field = std::find_if(fields.begin(), fields.end(), [id](const auto& one) { return one.first == id; });
  return field == fields.end() ? "(not sent)" : field->second.text;
}

TEST_CASE("no welcome mail goes out that no rule asks for") {
  Operation create = Bench::CreateUser("E1");
  CHECK(SentOf(FieldsToCreate(create), kUserSendWelcomeMail) == "false");
  create.changes.push_back(Bench::Change(kUserSendWelcomeMail, {}, "true"));
  CHECK(SentOf(FieldsToCreate(create), kUserSendWelcomeMail) == "true");
}

TEST_CASE("who is created anew is not welcomed twice") {
  StoredEntity row;
  row.fields[kUserEmail] = Field::Value("e1@x.org");
  const Operation update =
      Bench::On(Kind::kUser, Action::kUpdate, "E1", {Bench::Change(kUserDepartment, "Sales", "Finance")});
  const FieldValues sent = FieldsToRecreate(row, update);
  CHECK(SentOf(sent, kUserSendWelcomeMail) == "false");
  CHECK(SentOf(sent, kUserEmail) == "e1@x.org");
  CHECK(SentOf(sent, kUserDepartment) == "Finance");
}

TEST_CASE("contacts and groups have no welcome mail") {
  CHECK(FieldsToCreate(Bench::CreateContact("E1")).size() == 2);
}

TEST_CASE("passwords and what is sent once never reach a row") {
  Operation create = Bench::CreateUser("E1");
  create.changes.push_back(Bench::Change(kUserPassword, {}, "secret"));
  create.changes.push_back(Bench::Change(kUserSendWelcomeMail, {}, "true"));
  const StoredEntity row = RowAfter({}, create, "70001", Ownership::kCreated, {}, kNow);
  CHECK(row.fields[kUserPassword].state == FieldState::kUnmapped);
  CHECK(row.fields[kUserSendWelcomeMail].state == FieldState::kUnmapped);
  CHECK(row.fields[kUserEmail].text == "E1@x.org");
  CHECK(row.remote_id == "70001");
}

TEST_CASE("unknown fields are neither sent nor written over what is known") {
  StoredEntity before;
  before.fields[kUserDepartment] = Field::Value("Sales");
  const Operation update = Bench::On(
      Kind::kUser, Action::kUpdate, "E1",
      {{.field = kUserDepartment, .before = Field::Value("Sales"), .after = Field(FieldState::kUnknown, {})}});
  CHECK(FieldsToSend(update).empty());
  CHECK(RowAfter(before, update, {}, Ownership::kCreated, {}, kNow).fields[kUserDepartment].text == "Sales");
}

TEST_CASE("the lifecycle follows the action, and a user's status") {
  StoredEntity active;
  StoredEntity suspended;
  suspended.lifecycle = Lifecycle::kSuspended;
  suspended.suspended_at = kNow - std::chrono::hours(24);
  const auto after = [](const StoredEntity& before, Action action, std::vector<FieldChange> changes) {
    return RowAfter(before, Bench::On(Kind::kUser, action, "E1", std::move(changes)), {}, Ownership::kCreated, {},
                    kNow);
  };
  const FieldChange other = Bench::Change(kUserDepartment, "Sales", "Finance");
  const FieldChange to_s = Bench::Change(kUserStatus, "A", "S");
  const FieldChange to_a = Bench::Change(kUserStatus, "S", "A");
  CHECK(after(active, Action::kSuspend, {to_s}).lifecycle == Lifecycle::kSuspended);
  CHECK(after(active, Action::kSuspend, {to_s}).suspended_at == kNow);
  CHECK_MESSAGE(after(suspended, Action::kSuspend, {to_s}).suspended_at == kNow, "let in by hand, and out again");
  CHECK(after(suspended, Action::kReactivate, {to_a}).lifecycle == Lifecycle::kActive);
  CHECK_FALSE(after(suspended, Action::kReactivate, {to_a}).suspended_at.has_value());
  CHECK(after(suspended, Action::kUpdate, {other}).lifecycle == Lifecycle::kSuspended);
  CHECK(after(suspended, Action::kUpdate, {other}).suspended_at == suspended.suspended_at);
  CHECK(after(active, Action::kUpdate, {other}).lifecycle == Lifecycle::kActive);
  CHECK(after(active, Action::kAdopt, {Bench::Change(kUserStatus, "A", "S")}).lifecycle == Lifecycle::kSuspended);
}

TEST_CASE("who is deleted leaves a row with a key and nothing else") {
  StoredEntity before;
  before.id = 5;
  before.remote_id = "70001";
  before.fields[kUserEmail] = Field::Value("e1@x.org");
  before.groups = {"Sales"};
  const StoredEntity row =
      RowAfter(before, Bench::On(Kind::kUser, Action::kDelete, "E1"), {}, Ownership::kCreated, {}, kNow);
  CHECK(row.lifecycle == Lifecycle::kGone);
  CHECK(row.id == 5);
  CHECK(row.key == "E1");
  CHECK(row.remote_id.empty());
  CHECK(row.groups.empty());
  CHECK(row.fields == FieldSet{});
}

TEST_CASE("a found object's row shows the target's values, so that the next plan shows what differs") {
  ucaas::RemoteObject object;
  object.remote_id = "70009";
  object.fields[kUserEmail] = Field::Value("e1@x.org");
  object.fields[kUserStatus] = Field::Value("S");
  const StoredEntity row = RowAsFound(Bench::CreateUser("E1"), object, Ownership::kAdopted, {"Sales"}, kNow);
  CHECK(row.fields[kUserEmail].text == "e1@x.org");
  CHECK(row.fields[kUserFirstName].state == FieldState::kUnmapped);
  CHECK(row.lifecycle == Lifecycle::kSuspended);
  CHECK(row.suspended_at == kNow);
  CHECK(row.groups == std::vector<std::string>{"Sales"});
}

TEST_CASE(
    "what an unanswered create made is known as after an answer, and as it is shown where that is something else") {
  const Operation create = Bench::CreateUser("E1");
  ucaas::RemoteObject object;
  object.remote_id = "70009";
  for (const auto& [field, value] : FieldsToCreate(create)) object.fields[field] = value;
  object.fields[kUserStatus] = Field::Value("A");  // the target's own
  const MadeRow made = RowOfUnanswered(create, object, {}, kNow);
  CHECK(made.is_as_sent);
  CHECK(made.row.remote_id == "70009");
  CHECK(made.row.fields == RowAfter({}, create, "70009", Ownership::kCreated, {}, kNow).fields);
  CHECK(made.row.fields[kUserStatus].state == FieldState::kUnmapped);

  object.fields[kUserEmail] = Field::Value(Upper(object.fields[kUserEmail].text));
  CHECK(RowOfUnanswered(create, object, {}, kNow).is_as_sent);

  object.fields[kUserFirstName] = Field::Value("Changed since");
  object.fields[kUserStatus] = Field::Value("S");
  const MadeRow changed = RowOfUnanswered(create, object, {}, kNow);
  CHECK_FALSE(changed.is_as_sent);
  CHECK(changed.row.fields[kUserFirstName].text == "Changed since");
  CHECK(changed.row.lifecycle == Lifecycle::kSuspended);
  CHECK(changed.row.ownership == Ownership::kCreated);
}

TEST_CASE("a contact that an unanswered create made is as it was sent only with its groups") {
  Operation create = Bench::CreateContact("C1");
  create.groups = GroupsChange{.before = {}, .after = {"Sales"}};
  ucaas::RemoteObject object;
  object.remote_id = "80001";
  for (const auto& [field, value] : FieldsToCreate(create)) object.fields[field] = value;
  CHECK(RowOfUnanswered(create, object, {"Sales"}, kNow).is_as_sent);
  const MadeRow made = RowOfUnanswered(create, object, {}, kNow);
  CHECK_FALSE(made.is_as_sent);
  CHECK(made.row.groups.empty());
}

TEST_CASE("what is required and not known is named before anything is deleted") {
  CHECK(MissingField(Kind::kContact, {{kContactName, Field::Value("Ada")}}) == "email");
  CHECK_FALSE(MissingField(Kind::kContact, FieldsToSend(Bench::CreateContact("E1"))).has_value());
}

}  // namespace
}  // namespace ucaas_sync::apply
