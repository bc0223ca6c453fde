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
  CHECK(result.failed == 1);
  CHECK(bench.target.CountRequests("PATCH users/" + ada.remote_id) == 0);
  CHECK(bench.target.CountRequests("PATCH users/" + bob.remote_id) == 1);
  CHECK(bench.store.Load(ada.id).lifecycle == Lifecycle::kActive);
  CHECK(bench.store.outcomes.at(1).message == "was put on hold meanwhile: left as it is");
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

TEST_CASE("a reviewed plan leaves what somebody has changed at the target since, and says which fields") {
  Bench bench;
  const StoredEntity ada = bench.Known(Kind::kUser, "E1");
  const StoredEntity bob = bench.Known(Kind::kUser, "E2");
  const auto finance = [](const std::string& before) {
    return std::vector<FieldChange>{Bench::Change(kUserDepartment, before, "Finance")};
  };
  for (auto& object : bench.target.objects[Kind::kUser]) {
    if (object.id == ada.remote_id) object.fields["department"] = "Board";
    if (object.id == bob.remote_id) object.fields["department"] = "Sales";
  }
  ExecutorOptions options;
  options.is_reviewed = true;
  SUBCASE("one that shows what the plan has before is changed, one that does not is left") {
    bench.Plan({Bench::At(ada, Action::kUpdate, finance("Sales")), Bench::At(bob, Action::kUpdate, finance("Sales"))});
    const ApplyResult result = bench.Apply(options);
    CHECK(result.code == ExitCode::kPartial);
    CHECK(result.done == 1);
    CHECK(result.failed == 1);
    CHECK(result.quarantined == 0);
    CHECK(bench.target.CountRequests("PATCH users/" + ada.remote_id) == 0);
    CHECK(bench.target.CountRequests("PATCH users/" + bob.remote_id) == 1);
    CHECK(
        bench.store.outcomes.at(1).message ==
        "somebody has changed department at the target since the plan was made: left as it is; `plan --refresh` shows "
        "it");
  }
  SUBCASE("what somebody has done already is no contradiction") {
    bench.Plan({Bench::At(ada, Action::kUpdate, {Bench::Change(kUserDepartment, "Sales", "Board")})});
    CHECK(bench.Apply(options).code == ExitCode::kConverged);
  }
  SUBCASE("what the last look found was known when the plan was made") {
    bench.store.drift = {
        {.entity_id = ada.id, .shown = {{kUserDepartment, Field::Value("Board")}}, .groups = std::nullopt}};
    bench.Plan({Bench::At(ada, Action::kUpdate, finance("Sales"))});
    CHECK(bench.Apply(options).code == ExitCode::kConverged);
  }
  SUBCASE("nobody is deleted who is not the one that was shown") {
    bench.Plan({Bench::At(ada, Action::kDelete, finance("Sales"))});
    CHECK(bench.Apply(options).failed == 1);
    CHECK(bench.target.CountRequests("DELETE") == 0);
  }
  SUBCASE("a run's own plan asks nobody") {
    bench.Plan({Bench::At(ada, Action::kUpdate, finance("Sales"))});
    CHECK(bench.Apply().code == ExitCode::kConverged);
    CHECK(bench.target.CountRequests("GET") == 0);
  }
}

}  // namespace
}  // namespace ucaas_sync::apply
