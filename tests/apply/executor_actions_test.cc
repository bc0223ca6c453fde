// Every action against every word of the target.
#include <doctest/doctest.h>

#include "daemon/model/text.h"
#include "tests/apply/bench.h"

namespace ucaas_sync::apply {
namespace {

using testing::Breaks;
using testing::Says;

enum class End { kDone, kGone, kRecreated, kFailed, kSetAside, kAdopted };

struct Case {
  Action action;
  const char* reply;
  End end;
};

HttpReply ReplyNamed(const std::string& name) {
  if (name == "retry") return Says(503, "503");
  if (name == "unknown") return Breaks(TransportOutcome::kTimeout);
  if (name == "denied") return Says(401, "401");
  if (name == "duplicate") return Says(200, "1504", "taken");
  if (name == "missing") return Says(404, "404", "not found");
  return Says(406, "406", "department too long");
}

Operation OperationFor(Bench& bench, Action action) {
  switch (action) {
    case Action::kCreate:
      return Bench::CreateUser("E1");
    case Action::kAdopt: {
      const std::string id = bench.target.Add(Kind::kUser, {{"user_type", "moderator"},
                                                            {"first_name", "Ada"},
                                                            {"last_name", "Lovelace"},
                                                            {"email", "e1@x.org"},
                                                            {"department", "Sales"}});
      Operation adopt =
          Bench::On(Kind::kUser, Action::kAdopt, "E1", {Bench::Change(kUserDepartment, "Sales", "Finance")});
      adopt.remote_id = id;
      adopt.existing = ExistingObject{.fields = {{kUserTypeField, Field::Value("moderator")},
                                                 {kUserFirstName, Field::Value("Ada")},
                                                 {kUserLastName, Field::Value("Lovelace")},
                                                 {kUserEmail, Field::Value("e1@x.org")},
                                                 {kUserDepartment, Field::Value("Sales")}},
                                      .groups = {}};
      return adopt;
    }
    case Action::kUpdate:
      return bench.At(bench.Known(Kind::kUser, "E1"), action, {Bench::Change(kUserDepartment, "Sales", "Finance")});
    case Action::kSuspend:
      return bench.At(bench.Known(Kind::kUser, "E1"), action, {Bench::Change(kUserStatus, "A", "S")});
    case Action::kReactivate: {
      const StoredEntity row = bench.Known(Kind::kUser, "E1");
      bench.target.objects[Kind::kUser].front().fields["status"] = "S";
      bench.store.rows[row.id].entity.lifecycle = Lifecycle::kSuspended;
      return bench.At(row, action, {Bench::Change(kUserStatus, "S", "A")});
    }
    case Action::kDelete:
      return bench.At(bench.Known(Kind::kUser, "E1"), action);
  }
  return {};
}

std::string RequestOf(Action action) {
  if (action == Action::kCreate) return "POST users";
  return action == Action::kDelete ? "DELETE users" : "PATCH users";
}

TEST_CASE("every action against every word of the target ends as the contract says") {
  // "retry" and "unknown" pass by themselves: the next attempt is answered.
  const std::vector<Case> cases{
      {Action::kCreate, "ok", End::kDone},
      {Action::kCreate, "retry", End::kDone},
      {Action::kCreate, "unknown", End::kDone},
      {Action::kCreate, "denied", End::kFailed},
      {Action::kCreate, "duplicate", End::kSetAside},  // and nobody to be seen with that address
      {Action::kCreate, "missing", End::kFailed},
      {Action::kCreate, "invalid", End::kSetAside},
      {Action::kAdopt, "ok", End::kAdopted},
      {Action::kAdopt, "retry", End::kAdopted},
      {Action::kAdopt, "unknown", End::kAdopted},
      {Action::kAdopt, "denied", End::kFailed},
      {Action::kAdopt, "duplicate", End::kSetAside},
      {Action::kAdopt, "missing", End::kRecreated},
      {Action::kAdopt, "invalid", End::kSetAside},
      {Action::kUpdate, "ok", End::kDone},
      {Action::kUpdate, "retry", End::kDone},
      {Action::kUpdate, "unknown", End::kDone},
      {Action::kUpdate, "denied", End::kFailed},
      {Action::kUpdate, "duplicate", End::kSetAside},
      {Action::kUpdate, "missing", End::kRecreated},
      {Action::kUpdate, "invalid", End::kSetAside},
      {Action::kSuspend, "ok", End::kDone},
      {Action::kSuspend, "retry", End::kDone},
      {Action::kSuspend, "unknown", End::kDone},
      {Action::kSuspend, "denied", End::kFailed},
      {Action::kSuspend, "duplicate", End::kSetAside},
      {Action::kSuspend, "missing", End::kGone},
      {Action::kSuspend, "invalid", End::kSetAside},
      {Action::kReactivate, "ok", End::kDone},
      {Action::kReactivate, "retry", End::kDone},
      {Action::kReactivate, "unknown", End::kDone},
      {Action::kReactivate, "denied", End::kFailed},
      {Action::kReactivate, "duplicate", End::kSetAside},
      {Action::kReactivate, "missing", End::kRecreated},
      {Action::kReactivate, "invalid", End::kSetAside},
      {Action::kDelete, "ok", End::kGone},
      {Action::kDelete, "retry", End::kGone},
      {Action::kDelete, "unknown", End::kGone},
      {Action::kDelete, "denied", End::kFailed},
      {Action::kDelete, "duplicate", End::kFailed},
      {Action::kDelete, "missing", End::kGone},
      {Action::kDelete, "invalid", End::kSetAside},
  };
  for (const Case& one : cases) {
    CAPTURE(Name(one.action));
    CAPTURE(one.reply);
    Bench bench;
    Operation operation = OperationFor(bench, one.action);
    const std::string old_id = operation.remote_id;
    const std::string reply(one.reply);
    if (reply == "missing" && one.action != Action::kCreate) bench.target.objects[Kind::kUser].clear();
    // A duplicate's look-up finds nobody: the address in question is not shown.
    if (reply != "ok") {
      bench.target.faults = {{.request = RequestOf(one.action), .reply = ReplyNamed(reply), .times = 1}};
    }
    const ApplyResult result = bench.Do({operation});
    const StoredEntity* row = bench.store.Has(Kind::kUser, "E1");
    const bool is_failure = one.end == End::kFailed || one.end == End::kSetAside;
    CHECK(result.done == (is_failure ? 0 : 1));
    CHECK(result.failed == (is_failure ? 1 : 0));
    CHECK(result.left == 0);
    CHECK(bench.store.quarantine.contains({"user", "E1"}) == (one.end == End::kSetAside));
    REQUIRE(bench.store.outcomes.contains(1));
    CHECK(bench.store.outcomes.at(1).done == !is_failure);
    CHECK(result.code == (reply == "denied" ? ExitCode::kRefused
                          : is_failure      ? ExitCode::kPartial
                                            : ExitCode::kConverged));
    switch (one.end) {
      case End::kDone:
      case End::kAdopted:
        REQUIRE(row != nullptr);
        CHECK(row->lifecycle == (one.action == Action::kSuspend ? Lifecycle::kSuspended : Lifecycle::kActive));
        CHECK(row->ownership == (one.end == End::kAdopted ? Ownership::kAdopted : Ownership::kCreated));
        CHECK(row->fields[kUserLastName].text == "Lovelace");
        CHECK(bench.target.CountOf(Kind::kUser) == 1);
        CHECK(bench.target.Find(Kind::kUser, row->remote_id) != nullptr);
        CHECK(bench.store.FingerprintOf(Kind::kUser, "E1") == HashOf("E1"));
        break;
      case End::kRecreated: {
        REQUIRE(row != nullptr);
        CHECK(row->remote_id != old_id);
        CHECK(row->lifecycle == Lifecycle::kActive);
        const auto* object = bench.target.Find(Kind::kUser, row->remote_id);
        REQUIRE(object != nullptr);
        CHECK(FoldCase(object->fields.at("email")) == "e1@x.org");
        CHECK(object->fields.at("last_name") == "Lovelace");
        break;
      }
      case End::kGone:
        REQUIRE(row != nullptr);
        CHECK(row->lifecycle == Lifecycle::kGone);
        CHECK(row->remote_id.empty());
        break;
      case End::kFailed:
      case End::kSetAside:
        CHECK_FALSE(bench.store.outcomes.at(1).message.empty());
        break;
    }
  }
}

TEST_CASE("a target that keeps failing one operation fails that one alone") {
  Bench bench;
  const StoredEntity ada = bench.Known(Kind::kUser, "E1");
  std::vector<Operation> operations{
      bench.At(ada, Action::kUpdate, {Bench::Change(kUserDepartment, "Sales", "Finance")})};
  for (int i = 2; i <= 30; ++i) {
    operations.push_back(bench.At(bench.Known(Kind::kUser, "E" + std::to_string(i)), Action::kUpdate,
                                  {Bench::Change(kUserDepartment, "Sales", "Finance")}));
  }
  bench.target.faults = {{.request = "PATCH users/" + ada.remote_id, .reply = Says(500, "500"), .times = 1000}};
  const ApplyResult result = bench.Do(operations);
  CHECK(result.done == 29);
  CHECK(result.failed == 1);
  CHECK(result.code == ExitCode::kPartial);
  CHECK(result.message == "1 of 30 operations failed: retry, HTTP status 500, result 500: “no”");
  CHECK_FALSE(bench.store.quarantine.contains({"user", "E1"}));
  CHECK(bench.store.Has(Kind::kUser, "E1")->fields[kUserDepartment].text == "Sales");
}

TEST_CASE("an adopt without a difference sends nothing, and the state knows what the target holds") {
  Bench bench;
  const StoredEntity sales = bench.Known(Kind::kGroup, "Sales");
  Operation adopt = Bench::On(Kind::kContact, Action::kAdopt, "E1");
  adopt.remote_id = bench.target.Add(Kind::kContact, {{"email", "e1@x.org"}, {"name", "Ada"}});
  adopt.existing = ExistingObject{
      .fields = {{kContactName, Field::Value("Ada")}, {kContactEmail, Field::Value("e1@x.org")}}, .groups = {"Sales"}};
  const ApplyResult result = bench.Do({adopt});
  CHECK(result.code == ExitCode::kConverged);
  CHECK(bench.target.CountRequests() == 0);
  const auto row = bench.store.Find(Kind::kContact, "E1");
  REQUIRE(row.has_value());
  CHECK(row->fields[kContactName].text == "Ada");
  CHECK(row->groups == std::vector<std::string>{"Sales"});
  CHECK(row->ownership == Ownership::kAdopted);
  CHECK(bench.store.FingerprintOf(Kind::kContact, "E1") == HashOf("E1"));
}

TEST_CASE("adopting somebody who is suspended there keeps them suspended") {
  Bench bench;
  Operation adopt = Bench::On(Kind::kUser, Action::kAdopt, "E1");
  adopt.remote_id = "70009";
  adopt.existing = ExistingObject{.fields = {{kUserStatus, Field::Value("S")}}, .groups = {}};
  CHECK(bench.Do({adopt}).done == 1);
  CHECK(bench.store.Has(Kind::kUser, "E1")->lifecycle == Lifecycle::kSuspended);
  CHECK(bench.store.Has(Kind::kUser, "E1")->suspended_at.has_value());
}

TEST_CASE("a re-created account gets every field, not the changed ones alone") {
  Bench bench;
  const StoredEntity ada = bench.Known(Kind::kUser, "E1");
  bench.target.objects[Kind::kUser].clear();
  const ApplyResult result =
      bench.Do({bench.At(ada, Action::kUpdate, {Bench::Change(kUserDepartment, "Sales", "Finance")})});
  CHECK(result.code == ExitCode::kConverged);
  const auto* object = bench.target.With(Kind::kUser, "e1@x.org");
  REQUIRE(object != nullptr);
  CHECK(object->fields.at("user_type") == "moderator");
  CHECK(object->fields.at("department") == "Finance");
  CHECK(object->fields.at("send_welcome_mail") == "false");
}

TEST_CASE("before a re-creation the new and the old address are looked up") {
  Bench bench;
  const StoredEntity ada = bench.Known(Kind::kUser, "E1");
  bench.target.objects[Kind::kUser].clear();
  const Operation marriage = bench.At(ada, Action::kUpdate, {Bench::Change(kUserEmail, "E1@x.org", "king@x.org")});
  SUBCASE("nobody has either") {
    CHECK(bench.Do({marriage}).code == ExitCode::kConverged);
    CHECK(bench.Place("GET users?search_by=email&search_string=king%40x.org") <
          bench.Place("GET users?search_by=email&search_string=E1%40x.org"));
    CHECK(bench.Place("GET users?search_by=email&search_string=E1%40x.org") < bench.Place("POST users"));
  }
  SUBCASE("somebody was put back by hand under the old one") {
    const std::string id = bench.target.Add(Kind::kUser, {{"email", "e1@x.org"}});
    CHECK(bench.Do({marriage}).done == 1);
    CHECK(bench.target.CountRequests("POST") == 0);
    CHECK(bench.store.Has(Kind::kUser, "E1")->remote_id == id);
    CHECK(bench.store.Has(Kind::kUser, "E1")->fields[kUserEmail].text == "e1@x.org");
    CHECK(bench.store.FingerprintOf(Kind::kUser, "E1").is_zero());
  }
  SUBCASE("the rule adopts nobody") {
    bench.target.Add(Kind::kUser, {{"email", "king@x.org"}});
    ExecutorOptions options;
    options.never_adopt = {Kind::kUser};
    CHECK(bench.Do({marriage}, options).quarantined == 1);
    CHECK(bench.target.CountRequests("POST") == 0);
  }
}

TEST_CASE("an object that the target does not know by its id and shows all the same is neither gone nor made anew") {
  for (const Action action : {Action::kUpdate, Action::kSuspend, Action::kReactivate, Action::kDelete}) {
    const std::string_view name = Name(action);
    CAPTURE(name);
    Bench bench;
    const Operation operation = OperationFor(bench, action);
    bench.target.faults = {{.request = RequestOf(action), .reply = Says(404, "404", "not found")}};
    const std::string before = bench.store.Has(Kind::kUser, "E1")->remote_id;
    const ApplyResult result = bench.Do({operation});
    CHECK(result.failed == 1);
    CHECK(result.quarantined == 0);
    CHECK(bench.store.outcomes.at(1).verdict == "retry");
    CHECK(bench.store.Has(Kind::kUser, "E1")->lifecycle != Lifecycle::kGone);
    CHECK(bench.store.Has(Kind::kUser, "E1")->remote_id == before);
    CHECK(bench.target.CountRequests("POST") == 0);
  }
}

TEST_CASE("before anybody counts as gone they are looked for under each address that they may have by now") {
  for (const Action action : {Action::kUpdate, Action::kSuspend}) {
    for (const bool is_of_this_run : {true, false}) {
      const std::string_view name = Name(action);
      CAPTURE(name);
      CAPTURE(is_of_this_run);
      Bench bench;
      const StoredEntity ada = bench.Known(Kind::kUser, "E1");
      FieldChange change = Bench::Change(kUserDepartment, "Sales", "Finance");
      ExecutorOptions options;
      if (is_of_this_run) {
        change = Bench::Change(kUserEmail, "E1@x.org", "king@x.org");
        bench.target.faults.push_back({.request = "PATCH users", .reply = Says(500, "500"), .has_effect = true});
      } else {
        bench.target.objects[Kind::kUser].front().fields["email"] = "king@x.org";
        options.addresses_in_doubt = {{ada.id, {"king@x.org"}}};
      }
      bench.target.faults.push_back({.request = "PATCH users", .reply = Says(404, "404", "no such route")});
      CHECK(bench.Do({bench.At(ada, action, {change})}, options).failed == 1);
      CHECK(bench.store.Has(Kind::kUser, "E1")->lifecycle != Lifecycle::kGone);
      CHECK(bench.store.Has(Kind::kUser, "E1")->remote_id == ada.remote_id);
      CHECK(bench.target.CountRequests("POST") == 0);
    }
  }
}

TEST_CASE("a delete that nobody answered is done once the object is not shown any more, whatever a wrong route says") {
  for (const bool has_effect : {false, true}) {
    CAPTURE(has_effect);
    Bench bench;
    const Operation operation = OperationFor(bench, Action::kDelete);
    bench.target.faults = {
        {.request = "DELETE users", .reply = Breaks(TransportOutcome::kReset), .has_effect = has_effect},
        {.request = "DELETE users", .reply = Says(404, "404", "no such route")}};
    CHECK(bench.Do({operation}).done == (has_effect ? 1 : 0));
    CHECK((bench.store.Has(Kind::kUser, "E1")->lifecycle == Lifecycle::kGone) == has_effect);
  }
}

TEST_CASE("behind a wrong route, where everything is not found, nobody is gone") {
  for (const Action action : {Action::kUpdate, Action::kSuspend, Action::kDelete}) {
    const std::string_view name = Name(action);
    CAPTURE(name);
    Bench bench;
    const Operation operation = OperationFor(bench, action);
    bench.target.faults = {{.request = "", .reply = Says(404, "404", "no such route"), .times = 1000}};
    CHECK(bench.Do({operation}).failed == 1);
    CHECK(bench.store.Has(Kind::kUser, "E1")->lifecycle != Lifecycle::kGone);
    CHECK(bench.target.CountRequests("POST") == 0);
  }
}

TEST_CASE("a target that ignores the search is believed when it does not know an id") {
  Bench bench;
  const Operation suspend = OperationFor(bench, Action::kSuspend);
  bench.target.objects[Kind::kUser].clear();
  for (int i = 0; i < 2500; ++i) bench.target.Add(Kind::kUser, {{"email", "x" + std::to_string(i) + "@x.org"}});
  bench.target.ignores_search = true;
  CHECK(bench.Do({suspend}).done == 1);
  CHECK(bench.store.Has(Kind::kUser, "E1")->lifecycle == Lifecycle::kGone);
}

TEST_CASE("an account that is gone and cannot be created anew is known to be gone") {
  Bench bench;
  const StoredEntity ada = bench.Known(Kind::kUser, "E1");
  bench.target.objects[Kind::kUser].clear();
  bench.target.faults = {{.request = "POST users", .reply = Says(406, "406", "no more seats")}};
  const ApplyResult result =
      bench.Do({bench.At(ada, Action::kUpdate, {Bench::Change(kUserDepartment, "Sales", "Finance")})});
  CHECK(result.quarantined == 1);
  CHECK(bench.store.Has(Kind::kUser, "E1")->lifecycle == Lifecycle::kGone);
}

TEST_CASE(
    "an account that a change was to make anew, and that may come late, is not given up when the repeat is refused") {
  for (const char* last : {"retry", "denied", "invalid"}) {
    CAPTURE(std::string(last));
    Bench bench;
    const StoredEntity ada = bench.Known(Kind::kUser, "E1");
    bench.target.objects[Kind::kUser].clear();
    bench.target.faults = {{.request = "POST users", .reply = Breaks(TransportOutcome::kTimeout)},
                           {.request = "POST users", .reply = ReplyNamed(last), .times = 100}};
    const ApplyResult result =
        bench.Do({bench.At(ada, Action::kUpdate, {Bench::Change(kUserDepartment, "Sales", "Finance")})});
    CHECK(result.failed == 1);
    CHECK_MESSAGE(bench.store.outcomes.empty(), "the next run looks it up");
    CHECK(bench.store.Has(Kind::kUser, "E1")->remote_id == ada.remote_id);
  }
}

TEST_CASE("an update refused because of its own address is done when the target shows it") {
  Bench bench;
  const StoredEntity ada = bench.Known(Kind::kUser, "E1");
  const Operation marriage = bench.At(ada, Action::kUpdate, {Bench::Change(kUserEmail, "E1@x.org", "king@x.org")});
  SUBCASE("an earlier attempt had its effect") {
    bench.target.faults = {{.request = "PATCH users", .reply = Breaks(TransportOutcome::kReset), .has_effect = true},
                           {.request = "PATCH users", .reply = Says(200, "1504", "taken")}};
    CHECK(bench.Do({marriage}).code == ExitCode::kConverged);
    CHECK(bench.store.Has(Kind::kUser, "E1")->fields[kUserEmail].text == "king@x.org");
  }
  SUBCASE("somebody else has it: set aside, and said who") {
    const std::string other = bench.target.Add(Kind::kUser, {{"email", "king@x.org"}});
    CHECK(bench.Do({marriage}).quarantined == 1);
    CHECK(bench.store.outcomes.at(1).message.find(other) != std::string::npos);
    CHECK(bench.store.Has(Kind::kUser, "E1")->fields[kUserEmail].text == "E1@x.org");
  }
}

}  // namespace
}  // namespace ucaas_sync::apply
