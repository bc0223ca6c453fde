// Between a plan and its requests time passes: what moved meanwhile is left undone, and said.
#include <doctest/doctest.h>

#include "tests/apply/bench.h"

namespace ucaas_sync::apply {
namespace {

Operation Suspend(Bench& bench, const StoredEntity& row) {
  return bench.At(row, Action::kSuspend, {Bench::Change(kUserStatus, "A", "S")});
}

TEST_CASE("who is put on hold after the plan was made is left as they are, and the journal says why") {
  Bench bench;
  const StoredEntity ada = bench.Known(Kind::kUser, "E1");
  const StoredEntity bob = bench.Known(Kind::kUser, "E2");
  bench.Plan({Suspend(bench, ada), Suspend(bench, bob)});
  bench.store.holds = {{.key = "E1", .reason = "on leave", .until = std::nullopt, .since = bench.clock.Now()}};
  const ApplyResult result = bench.Apply();
  CHECK(result.done == 1);
  CHECK(result.failed == 0);
  CHECK(result.kept == 1);
  CHECK(result.left == 0);
  CHECK(result.needs_another);
  CHECK(bench.target.CountRequests("PATCH users/" + ada.remote_id) == 0);
  CHECK(bench.target.CountRequests("PATCH users/" + bob.remote_id) == 1);
  CHECK(bench.store.Load(ada.id).lifecycle == Lifecycle::kActive);
  CHECK(bench.store.outcomes.at(1).message == "was put on hold meanwhile: left as it is");
}

TEST_CASE("however many are put on hold during a run, everybody else is done") {
  Bench bench;
  std::vector<Operation> operations;
  for (int i = 1; i <= 40; ++i) {
    const std::string key = "E" + std::to_string(i);
    operations.push_back(Suspend(bench, bench.Known(Kind::kUser, key)));
    if (i <= 20) bench.store.holds.push_back({.key = key, .reason = "", .until = std::nullopt, .since = {}});
  }
  operations.push_back(Bench::CreateUser("N1"));
  bench.store.holds.push_back({.key = "N1", .reason = "", .until = std::nullopt, .since = {}});
  const ApplyResult result = bench.Do(operations);
  CHECK(result.code == ExitCode::kConverged);
  CHECK(result.done == 20);
  CHECK(result.kept == 21);
  CHECK(bench.target.CountRequests() == 20);
  CHECK_FALSE(bench.store.outcomes.at(41).may_have_acted);
}

TEST_CASE("an operation on a row that moved since the plan was made is left undone, and the journal says why") {
  Bench bench;
  const StoredEntity ada = bench.Known(Kind::kUser, "E1");
  bench.Plan({Suspend(bench, ada)});
  StoredEntity& row = bench.store.rows.at(ada.id).entity;
  SUBCASE("it has another object") {
    row.remote_id = "70099";
  }
  SUBCASE("it has another key") {
    row.key = "E9";
  }
  SUBCASE("it is gone") {
    row.lifecycle = Lifecycle::kGone;
  }
  const ApplyResult result = bench.Apply();
  CHECK(result.failed == 1);
  CHECK(bench.target.CountRequests() == 0);
  CHECK(bench.store.outcomes.at(1).message ==
        "has changed since the plan was made: left as it is; the next run plans it anew");
}

TEST_CASE("whom the plan knew nothing of and the state knows by now is left as they are, be it a create or an adopt") {
  Bench bench;
  Operation wanted = Bench::CreateUser("E1");
  SUBCASE("a create") {}
  SUBCASE("an adopt") {
    wanted.action = Action::kAdopt;
    wanted.remote_id = "79999";
    wanted.existing.emplace();
  }
  bench.Plan({wanted});
  const StoredEntity ada = bench.Known(Kind::kUser, "E1");
  const ApplyResult result = bench.Apply();
  CHECK(result.failed == 1);
  CHECK(bench.target.CountRequests() == 0);
  CHECK(bench.store.Has(Kind::kUser, "E1")->remote_id == ada.remote_id);
  CHECK(bench.store.outcomes.at(1).message ==
        "has changed since the plan was made: left as it is; the next run plans it anew");
}

TEST_CASE("whom protect names as the target shows them now is not touched, and the row says what was seen") {
  Bench bench;
  const StoredEntity ada = bench.Known(Kind::kUser, "E1");
  const StoredEntity bob = bench.Known(Kind::kUser, "E2");
  for (auto& object : bench.target.objects[Kind::kUser]) {
    if (object.id == ada.remote_id) object.fields["department"] = "Board";
  }
  ExecutorOptions options;
  options.protect = [](Kind kind, const FieldSetView& fields) {
    return kind == Kind::kUser && fields[kUserDepartment].text == "Board";
  };
  bench.Plan({Suspend(bench, ada), Suspend(bench, bob)});
  const ApplyResult result = bench.Apply(options);
  CHECK(result.done == 1);
  CHECK_MESSAGE(result.failed == 0, "it is no failure: the configuration asks for it");
  CHECK(result.kept == 1);
  CHECK(result.left == 0);
  CHECK(result.needs_another);
  CHECK(bench.target.CountRequests("PATCH users/" + ada.remote_id) == 0);
  CHECK(bench.target.CountRequests("PATCH users/" + bob.remote_id) == 1);
  CHECK(bench.store.outcomes.at(1).message.starts_with("guards.protect names it"));
  CHECK(bench.store.Load(ada.id).fields[kUserDepartment].text == "Board");
  CHECK(bench.store.Load(ada.id).lifecycle == Lifecycle::kActive);
}

TEST_CASE("protect sees a status that was set by hand, and a target that shows no single object takes every change") {
  Bench bench;
  std::vector<Operation> suspends;
  std::vector<StoredEntity> people;
  for (int i = 1; i <= 12; ++i) {
    people.push_back(bench.Known(Kind::kUser, "E" + std::to_string(i)));
    suspends.push_back(Suspend(bench, people.back()));
  }
  ExecutorOptions options;
  options.protect = [](Kind, const FieldSetView& fields) { return fields[kUserStatus].text == "S"; };
  SUBCASE("a status") {
    for (auto& object : bench.target.objects[Kind::kUser]) {
      if (object.id == people[0].remote_id) object.fields["status"] = "S";
    }
    bench.Plan(suspends);
    const ApplyResult result = bench.Apply(options);
    CHECK(result.kept == 1);
    CHECK(result.done == 11);
  }
  SUBCASE("no single objects") {
    bench.target.faults = {
        {.request = "GET users/", .reply = testing::Says(405, "405", "no such method"), .times = 99}};
    bench.Plan(suspends);
    const ApplyResult result = bench.Apply(options);
    CHECK(result.done == 12);
    CHECK(result.code == ExitCode::kConverged);
  }
  SUBCASE("an object that cannot be asked for now") {
    bench.target.faults = {
        {.request = "GET users/" + people[0].remote_id, .reply = testing::Says(503, ""), .times = 99}};
    bench.Plan(suspends);
    const ApplyResult result = bench.Apply(options);
    CHECK(result.done == 11);
    CHECK(result.failed == 1);
    CHECK(bench.target.CountRequests("PATCH users/" + people[0].remote_id) == 0);
  }
}

/// The object of `row`, as somebody changes it by hand.
void SetAtTarget(Bench& bench, const StoredEntity& row, const std::string& field, const std::string& value) {
  for (auto& object : bench.target.objects[row.kind]) {
    if (object.id == row.remote_id) object.fields[field] = value;
  }
}

void ExpectOutdated(Bench& bench, const std::string& what) {
  ExecutorOptions options;
  options.is_reviewed = true;
  const ApplyResult result = bench.Apply(options);
  CHECK(result.code == ExitCode::kPartial);
  CHECK(result.outdated == 1);
  CHECK(result.failed == 0);
  CHECK(result.needs_another);
  CHECK(bench.target.CountRequests("PATCH") == 0);
  CHECK(bench.target.CountRequests("DELETE") == 0);
  CHECK(bench.store.outcomes.at(1).message ==
        "the target shows another " + what + " than the plan does: left as it is; the next run plans it anew");
  CHECK_FALSE(bench.store.outcomes.at(1).row);
}

TEST_CASE("a reviewed plan leaves what the target shows otherwise than the plan, and says which field") {
  Bench bench;
  const StoredEntity ada = bench.Known(Kind::kUser, "E1");
  SetAtTarget(bench, ada, "department", "Board");
  SUBCASE("a field that it changes") {
    bench.Plan({bench.At(ada, Action::kUpdate, {Bench::Change(kUserDepartment, "Sales", "Finance")})});
    ExpectOutdated(bench, "department");
  }
  SUBCASE("a field that it changes, found by a look since, and the plan is one that puts back") {
    bench.store.drift = {
        {.entity_id = ada.id, .shown = {{kUserDepartment, Field::Value("Board")}}, .groups = std::nullopt}};
    bench.Plan({bench.At(ada, Action::kUpdate, {Bench::Change(kUserDepartment, "Sales", "Finance")})});
    ExpectOutdated(bench, "department");
  }
  SUBCASE("the address by which an adopt found it") {
    SetAtTarget(bench, ada, "email", "somebody.else@x.org");
    Operation adopt = bench.At(ada, Action::kAdopt, {Bench::Change(kUserDepartment, "Board", "Finance")});
    adopt.entity_id = 0;
    adopt.existing = ExistingObject{.fields = {{kUserEmail, Field::Value("E1@x.org")}}, .groups = {}};
    bench.Plan({adopt});
    ExpectOutdated(bench, "email");
  }
  SUBCASE("the address of who is deleted") {
    SetAtTarget(bench, ada, "email", "somebody.else@x.org");
    bench.Plan({bench.At(ada, Action::kDelete, {Bench::Change(kUserDepartment, "Sales", "")})});
    ExpectOutdated(bench, "email");
  }
  SUBCASE("the status of who is deleted after a suspension, and was let in again") {
    bench.store.rows.at(ada.id).entity.lifecycle = Lifecycle::kSuspended;
    SetAtTarget(bench, ada, "status", "A");
    bench.Plan({bench.At(ada, Action::kDelete)});
    ExpectOutdated(bench, "status");
  }
  SUBCASE("the same, found by a look since") {
    bench.store.rows.at(ada.id).entity.lifecycle = Lifecycle::kSuspended;
    bench.store.drift = {{.entity_id = ada.id, .shown = {{kUserStatus, Field::Value("A")}}, .groups = std::nullopt}};
    SetAtTarget(bench, ada, "status", "A");
    bench.Plan({bench.At(ada, Action::kDelete)});
    ExpectOutdated(bench, "status");
  }
}

TEST_CASE("a run's own plan deletes nobody who was let in again since the suspension, unless the plan knew") {
  Bench bench;
  const StoredEntity ada = bench.Known(Kind::kUser, "E1");
  bench.store.rows.at(ada.id).entity.lifecycle = Lifecycle::kSuspended;
  SetAtTarget(bench, ada, "status", "A");
  bench.Plan({bench.At(ada, Action::kDelete)});
  SUBCASE("let in since the last look") {
    const ApplyResult result = bench.Apply();
    CHECK(result.outdated == 1);
    CHECK(result.needs_another);
    CHECK(bench.target.CountRequests("DELETE") == 0);
  }
  SUBCASE("the last look has found another status, which let nobody in") {
    bench.store.drift = {
        {.entity_id = ada.id, .shown = {{kUserStatus, Field::Value("suspended")}}, .groups = std::nullopt}};
    CHECK(bench.Apply().outdated == 1);
    CHECK(bench.target.CountRequests("DELETE") == 0);
  }
  SUBCASE("the last look has found it, and the rule deletes at once by now") {
    bench.store.drift = {{.entity_id = ada.id, .shown = {{kUserStatus, Field::Value("A")}}, .groups = std::nullopt}};
    const ApplyResult result = bench.Apply();
    CHECK(result.done == 1);
    CHECK(bench.target.CountRequests("DELETE") == 1);
  }
}

TEST_CASE("a reviewed plan does what still fits, and asks of nothing that it does not rely on") {
  Bench bench;
  const StoredEntity ada = bench.Known(Kind::kUser, "E1");
  SetAtTarget(bench, ada, "department", "Board");
  ExecutorOptions options;
  options.is_reviewed = true;
  std::size_t asked = 1;
  SUBCASE("the target shows what the plan has before") {
    bench.Plan({bench.At(ada, Action::kUpdate, {Bench::Change(kUserDepartment, "Board", "Finance")})});
  }
  SUBCASE("somebody has done it already") {
    bench.Plan({bench.At(ada, Action::kUpdate, {Bench::Change(kUserDepartment, "Sales", "Board")})});
  }
  SUBCASE("an address in other case") {
    SetAtTarget(bench, ada, "email", "e1@X.org");
    bench.Plan({bench.At(ada, Action::kUpdate, {Bench::Change(kUserEmail, "E1@x.org", "ada@x.org")})});
  }
  SUBCASE("the last look has found it, and the plan is not to put it back") {
    options.leaves_drift = true;
    bench.store.drift = {
        {.entity_id = ada.id, .shown = {{kUserDepartment, Field::Value("Board")}}, .groups = std::nullopt}};
    bench.Plan({bench.At(ada, Action::kUpdate, {Bench::Change(kUserDepartment, "Sales", "Finance")})});
  }
  SUBCASE("a delete of who has other fields now") {
    bench.Plan({bench.At(ada, Action::kDelete, {Bench::Change(kUserDepartment, "Sales", "")})});
  }
  SUBCASE("a suspend takes away access, whatever else the target shows") {
    asked = 0;
    bench.Plan({Suspend(bench, ada)});
  }
  SUBCASE("a run's own plan") {
    asked = 0;
    options.is_reviewed = false;
    bench.Plan({bench.At(ada, Action::kUpdate, {Bench::Change(kUserDepartment, "Sales", "Finance")})});
  }
  const ApplyResult result = bench.Apply(options);
  CHECK(result.code == ExitCode::kConverged);
  CHECK(result.done == 1);
  CHECK(bench.target.CountRequests("GET users/") == asked);
}

TEST_CASE("a reviewed plan leaves a contact whose groups somebody has changed") {
  Bench bench;
  const StoredEntity sales = bench.Known(Kind::kGroup, "Sales");
  const StoredEntity legal = bench.Known(Kind::kGroup, "Legal");
  const StoredEntity ada = bench.Known(Kind::kContact, "C1");
  Operation move = bench.At(ada, Action::kUpdate);
  move.groups = GroupsChange{.before = {"Legal"}, .after = {"Sales"}};
  bench.Plan({move});
  auto& groups = bench.target.objects[Kind::kContact].front().group_ids;
  SUBCASE("into another one") {
    groups = {sales.remote_id, legal.remote_id};
    ExpectOutdated(bench, "groups");
  }
  SUBCASE("but not one who is where the plan saw them") {
    groups = {legal.remote_id};
    ExecutorOptions options;
    options.is_reviewed = true;
    CHECK(bench.Apply(options).code == ExitCode::kConverged);
  }
}

TEST_CASE("what was to be adopted and is protected meanwhile is nobody's we know") {
  Bench bench;
  const StoredEntity ada = bench.Known(Kind::kUser, "E1");
  Operation adopt = bench.At(ada, Action::kAdopt, {Bench::Change(kUserDepartment, "Sales", "Finance")});
  adopt.entity_id = 0;
  adopt.existing = ExistingObject{.fields = {{kUserEmail, Field::Value("E1@x.org")}}, .groups = {}};
  bench.Plan({adopt});
  ExecutorOptions options;
  options.is_reviewed = true;
  options.protect = [](Kind, const FieldSetView&) { return true; };
  CHECK(bench.Apply(options).kept == 1);
  CHECK_FALSE(bench.store.outcomes.at(1).row);
}

TEST_CASE("an adopt of what a create of the same run turned out to be is left undone") {
  Bench bench;
  const std::string id = bench.target.Add(Kind::kUser, {{"email", "e1@x.org"}});
  Operation adopt = Bench::On(Kind::kUser, Action::kAdopt, "X1");
  adopt.remote_id = id;
  adopt.existing.emplace();
  adopt.existing->fields.emplace_back(kUserEmail, Field::Value("e1@x.org"));
  ExecutorOptions one_by_one;
  one_by_one.window = 1;
  const ApplyResult result = bench.Do({Bench::CreateUser("E1"), adopt}, one_by_one);
  CHECK(result.done == 1);
  CHECK(result.failed == 1);
  CHECK(bench.store.Has(Kind::kUser, "E1")->remote_id == id);
  CHECK(bench.store.Has(Kind::kUser, "X1") == nullptr);
  CHECK(bench.store.outcomes.at(2).message == "what it is to adopt is E1's by now: left as it is");
}

}  // namespace
}  // namespace ucaas_sync::apply
