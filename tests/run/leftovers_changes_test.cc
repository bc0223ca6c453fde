// What a cut-off run may have changed, before the next plan and after it, over a real state and a fake target.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "daemon/run/leftovers.h"
#include "daemon/run/refresh.h"
#include "tests/run/change_scene.h"

namespace ucaas_sync::run {

TEST_CASE("a change of a cut-off run that had its effect is found by asking, and the next run is due") {
  ChangeScene scene;
  scene.E1().fields["department"] = "Finance";
  CHECK(scene.store->UnknownChanges() == std::vector{scene.id});
  scene.SettleThem();
  const auto drift = scene.store->Drift();
  REQUIRE(drift.size() == 1);
  CHECK(drift[0].entity_id == scene.id);
  REQUIRE(drift[0].shown.size() == 1);
  CHECK(drift[0].shown[0].second == Field::Value("Finance"));
  CHECK(scene.store->UnknownChanges().empty());
  CHECK(scene.store->DueAt() == scene.clock.now);
  // E2 had no such change, and is not asked for.
  CHECK(scene.target.CountRequests("GET users/") == 1);
}

TEST_CASE("a change of a cut-off run that had no effect is forgotten, and makes no run due") {
  ChangeScene scene;
  scene.SettleThem();
  CHECK(scene.store->Drift().empty());
  CHECK(scene.store->UnknownChanges().empty());
  CHECK_FALSE(scene.store->DueAt());
}

TEST_CASE("a delete of a cut-off run that had its effect leaves somebody missing, for the next plan to judge") {
  ChangeScene scene(Action::kDelete);
  scene.target.objects[Kind::kUser].erase(scene.target.objects[Kind::kUser].begin());
  scene.SettleThem();
  const auto drift = scene.store->Drift();
  REQUIRE(drift.size() == 1);
  CHECK(drift[0].missing);
}

TEST_CASE("whom the target cannot show now stays unknown, and the next run is due in some minutes") {
  ChangeScene scene;
  scene.Refuse(403);
  scene.SettleThem();
  CHECK(scene.store->UnknownChanges() == std::vector{scene.id});
  CHECK(scene.store->DueAt() == scene.clock.now + std::chrono::minutes(5));
}

TEST_CASE("where a plan is held, a target that puts us off is waited for some seconds, and asked again minutes later") {
  ChangeScene scene;
  scene.Refuse(429);
  const Instant begun = scene.clock.now;
  const auto stopped = scene.SettleWhatHolds();
  REQUIRE(stopped);
  CHECK(stopped->code == ExitCode::kUnavailable);
  CHECK(scene.clock.now - begun < std::chrono::minutes(1));
  CHECK(scene.store->UnknownChanges() == std::vector{scene.id});
  CHECK(scene.store->DueAt() == scene.clock.now + std::chrono::minutes(5));
}

TEST_CASE("where a plan is held, keys that were refused before it was made are not shown again, nor those of a look") {
  ChangeScene scene;
  scene.Refuse(401);
  const auto stopped = scene.SettleWhatHolds();
  REQUIRE(stopped);
  CHECK(stopped->code == ExitCode::kRefused);
  const std::size_t asked = scene.target.CountRequests();
  CHECK(asked == 1);
  CHECK(scene.SettleWhatHolds(stopped)->code == ExitCode::kRefused);
  CHECK(scene.target.CountRequests() == asked);
  CHECK(scene.store->UnknownChanges() == std::vector{scene.id});
}

TEST_CASE("a change that ended without an answer is asked for too, one that was answered is not") {
  struct Case {
    std::string verdict;
    bool may_have_acted;
  };
  // A refusal may be that of a repeat, which the target would not do twice.
  for (const Case& one : {Case{"unknown", true}, Case{"retry", true}, Case{"invalid", true}, Case{"duplicate", true},
                          Case{"invalid", false}, Case{"retry", false}}) {
    CAPTURE(one.verdict);
    CAPTURE(one.may_have_acted);
    ChangeScene scene;
    scene.SettleThem();
    const std::string run = scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
    Operation change = state::For(*scene.store->Find(Kind::kUser, "E1"), Action::kSuspend);
    change.entity_id = scene.id;
    scene.store->StorePlan(run, state::PlanOf({change}));
    OperationOutcome outcome;
    outcome.seq = 1;
    outcome.verdict = one.verdict;
    outcome.quarantine = one.verdict == "invalid";
    outcome.may_have_acted = one.may_have_acted;
    outcome.at = scene.clock.now;
    scene.store->RecordOutcomes(run, std::vector{outcome});
    CHECK(scene.store->UnknownChanges().empty() != one.may_have_acted);
    CHECK(scene.store->RemovalsSince(scene.clock.now - std::chrono::hours(24)).empty() != one.may_have_acted);
  }
}

TEST_CASE("who was made anew by a change that nobody answered is known under the new id, before a plan or after it") {
  for (const bool is_before : {true, false}) {
    for (const char* address : {"e1@example.com", "new@example.com"}) {
      CAPTURE(is_before);
      CAPTURE(std::string(address));
      ChangeScene scene(Action::kUpdate, address);
      const std::string anew = scene.Replace(address);
      if (is_before) {
        scene.SettleFirst();
      } else {
        scene.SettleThem();
      }
      const StoredEntity row = scene.store->Load(scene.id);
      CHECK(row.remote_id == anew);
      CHECK(row.lifecycle == Lifecycle::kActive);
      CHECK(row.ownership == Ownership::kCreated);
      CHECK(scene.store->UnknownChanges().empty());
      // What the change was to write differs from what was known: that is for the plan to see.
      const bool has_moved = std::string_view(address) != "e1@example.com";
      const auto drift = scene.store->Drift();
      REQUIRE(drift.size() == (has_moved ? 1 : 0));
      if (has_moved) CHECK(drift[0].shown.at(0).second == Field::Value(address));
    }
  }
}

TEST_CASE(
    "who was put back with other values than an unanswered change has sent may be somebody's work, as if adopted") {
  for (const bool may_adopt : {true, false}) {
    CAPTURE(may_adopt);
    ChangeScene scene;
    const std::string old = scene.store->Load(scene.id).remote_id;
    const std::string anew = scene.Replace("e1@example.com", "Finance");
    scene.policy.rules.resize(1);
    if (!may_adopt) scene.policy.rules[0].existing = config::ExistingPolicy::kQuarantine;
    scene.SettleThem();
    const StoredEntity row = scene.store->Load(scene.id);
    CHECK(row.remote_id == (may_adopt ? anew : old));
    CHECK(row.ownership == (may_adopt ? Ownership::kAdopted : Ownership::kCreated));
    REQUIRE(scene.store->Drift().size() == 1);
    CHECK(scene.store->Drift()[0].missing != may_adopt);
  }
}

TEST_CASE(
    "who is gone after a change that nobody answered is missing where the object in its place is somebody else's") {
  enum Whose { kOthers, kOfE2, kTwo, kOfAnUnansweredCreate };
  for (const Whose whose : {kOthers, kOfE2, kTwo, kOfAnUnansweredCreate}) {
    CAPTURE(static_cast<int>(whose));
    ChangeScene scene(Action::kUpdate, whose == kOfE2 ? "e2@example.com" : "new@example.com");
    const std::string other = scene.Replace(whose == kOfE2 ? "other@example.com" : "new@example.com");
    if (whose == kOthers) {
      RefreshProgress look;
      look.others = {RemoteDigest(Kind::kUser, other)};
      scene.store->RecordRefresh(look, {});
    } else if (whose == kTwo) {
      scene.target.Add(Kind::kUser, {{"email", "new@example.com"}, {"status", "A"}});
    } else if (whose == kOfAnUnansweredCreate) {
      const std::string cut = scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
      StoredEntity e3 = state::User("E3");
      e3.fields[kUserEmail] = Field::Value("new@example.com");
      scene.store->StorePlan(cut, state::PlanOf({state::For(e3, Action::kCreate)}));
      scene.store->AdvanceMark(cut, 1);
      scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
    }
    scene.SettleThem();
    CHECK(scene.store->Load(scene.id).remote_id != other);
    const auto drift = scene.store->Drift();
    REQUIRE(drift.size() == 1);
    CHECK(drift[0].missing);
  }
}

TEST_CASE("a removal that nobody answered makes nobody anew: an object in its place is not theirs") {
  for (const Action action : {Action::kSuspend, Action::kDelete}) {
    ChangeScene scene(action);
    const std::string other = scene.Replace();
    scene.SettleFirst();
    scene.SettleThem();
    CHECK(scene.store->Load(scene.id).remote_id != other);
    const auto drift = scene.store->Drift();
    REQUIRE(drift.size() == 1);
    CHECK(drift[0].missing);
  }
}

TEST_CASE("before anything is planned, whose object is there as known, or gone for good, is left to the plan") {
  for (const bool is_there : {true, false}) {
    CAPTURE(is_there);
    ChangeScene scene;
    if (!is_there) scene.target.objects[Kind::kUser].erase(scene.target.objects[Kind::kUser].begin());
    scene.SettleFirst();
    CHECK(scene.store->Drift().empty());
    CHECK(scene.store->UnknownChanges() == std::vector{scene.id});
    CHECK_FALSE(scene.store->DueAt());
  }
}

TEST_CASE("who has the address of a change that nobody answered is not gone while a wrong route hides their id") {
  ChangeScene scene(Action::kUpdate, "king@example.com");
  SUBCASE("the run was cut off") {}
  SUBCASE("its last attempt was refused") {
    scene.SettleThem();
    const std::string run = scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
    Operation marriage = state::For(*scene.store->Find(Kind::kUser, "E1"), Action::kUpdate);
    marriage.entity_id = scene.id;
    marriage.changes[0].after = Field::Value("king@example.com");
    scene.store->StorePlan(run, state::PlanOf({marriage}));
    scene.store->AdvanceMark(run, 1);
    OperationOutcome outcome;
    outcome.seq = 1;
    outcome.verdict = "retry";
    scene.store->RecordOutcomes(run, std::vector{outcome});
  }
  scene.E1().fields["email"] = "king@example.com";
  CHECK(scene.store->AddressesInDoubt().at(scene.id).front() == "king@example.com");
  scene.target.faults = {{.request = "GET users/", .reply = testing::Says(404, "404"), .times = 1000}};
  scene.SettleThem();
  CHECK(scene.store->UnknownChanges().empty());
  CHECK(scene.store->AddressesInDoubt().empty());
  const std::vector<DriftFinding> found = scene.store->Drift();
  REQUIRE(found.size() == 1);
  CHECK_FALSE(found.front().missing);
}

TEST_CASE("a group that a change made anew without an answer has no members, as far as is known") {
  Scene scene;
  const std::string made = scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  StoredEntity group = state::Group("Works");
  group.remote_id = scene.target.Add(Kind::kGroup, {{"name", "Works"}});
  const StoredEntity contact = state::Contact("C1", {"Works"});
  scene.store->StorePlan(made,
                         state::PlanOf({state::For(group, Action::kCreate), state::For(contact, Action::kCreate)}));
  scene.store->RecordOutcomes(made, std::vector{state::Done(1, group), state::Done(2, contact)});
  scene.store->FinishRun(made, ExitCode::kConverged, "", 0, {}, scene.clock.now);
  group = *scene.store->Find(Kind::kGroup, "Works");
  const std::string cut = scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  scene.store->StorePlan(cut, state::PlanOf({state::For(group, Action::kUpdate)}));
  scene.store->AdvanceMark(cut, 1);
  scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  scene.target.objects[Kind::kGroup].clear();
  const std::string anew = scene.target.Add(Kind::kGroup, {{"name", "Works"}});
  scene.SettleFirst();
  CHECK(scene.store->Find(Kind::kGroup, "Works")->remote_id == anew);
  CHECK(scene.store->Find(Kind::kContact, "C1")->groups.empty());
}

TEST_CASE("a look at everything calls nobody others' while a change that nobody answered may have made them") {
  ChangeScene scene;
  CHECK_FALSE(OthersOf({1, 2}, *scene.store));
  scene.SettleThem();
  scene.Settle();
  CHECK(OthersOf({1, 2}, *scene.store));
}

}  // namespace ucaas_sync::run
