// What a look tells of the removals that nobody answered, and what of them the sums of the guards count.
#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/run/change_scene.h"

namespace ucaas_sync::run {

TEST_CASE("a removal that nobody answered counts in the sums until the target shows that it was not done") {
  for (const bool had_effect : {true, false}) {
    CAPTURE(had_effect);
    ChangeScene scene(Action::kSuspend);
    const auto counted = [&] { return scene.store->RemovalsSince(scene.clock.now - std::chrono::hours(24)); };
    REQUIRE(counted().size() == 1);
    CHECK(counted()[0].action == Action::kSuspend);
    CHECK(counted()[0].unanswered == scene.id);
    scene.E1().fields["status"] = had_effect ? "S" : "A";
    scene.SettleThem();
    CHECK(counted().size() == (had_effect ? 1 : 0));
    // Either way the next plan is another one: a guard that held the last may let this one pass.
    CHECK(scene.store->DueAt() == scene.clock.now);
  }
}

TEST_CASE("a removal that nobody answered counts on when its object is known to be gone by now") {
  ChangeScene scene(Action::kDelete);
  PlanNotes notes;
  notes.accepted = {{.entity_id = scene.id, .gone = true, .shown = {}, .groups = {}}};
  scene.store->RecordNotes(scene.store->BeginRun({.trigger = "command", .at = scene.clock.now}), notes, {}, {});
  scene.SettleThem();
  CHECK(scene.store->UnknownChanges().empty());
  CHECK(scene.store->RemovalsSince(scene.clock.now - std::chrono::hours(24)).size() == 1);
}

TEST_CASE("a suspend that nobody answered counts on when a plan took over what a look had found, a delete does not") {
  for (const Action action : {Action::kSuspend, Action::kDelete}) {
    CAPTURE(std::string(Name(action)));
    ChangeScene scene(action);
    scene.E1().fields["status"] = "S";
    PlanNotes notes;
    notes.accepted = {{.entity_id = scene.id,
                       .gone = false,
                       .shown = {{kUserStatus, Field::Value(std::string(kStatusSuspended))}},
                       .groups = {}}};
    scene.store->RecordNotes(scene.store->BeginRun({.trigger = "command", .at = scene.clock.now}), notes, {}, {});
    REQUIRE(scene.store->Load(scene.id).lifecycle == Lifecycle::kSuspended);
    scene.SettleThem();
    CHECK(scene.store->UnknownChanges().empty());
    const auto removals = scene.store->RemovalsSince(scene.clock.now - std::chrono::hours(24));
    CHECK(removals.size() == (action == Action::kSuspend ? 1 : 0));
  }
}

TEST_CASE("a delete that nobody answered counts on beside an answered suspend of the same user") {
  ChangeScene scene(Action::kDelete);
  StoredEntity row = scene.store->Load(scene.id);
  Operation suspend = state::For(row, Action::kSuspend);
  suspend.entity_id = row.id;
  const std::string run = scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  scene.store->StorePlan(run, state::PlanOf({suspend}));
  scene.store->AdvanceMark(run, 1);
  row.lifecycle = Lifecycle::kSuspended;
  OperationOutcome outcome = ChangeScene::Done(1, row);
  outcome.at = scene.clock.now;
  scene.store->RecordOutcomes(run, std::vector{outcome});
  PlanNotes notes;
  notes.accepted = {{.entity_id = scene.id, .gone = true, .shown = {}, .groups = {}}};
  scene.store->RecordNotes(run, notes, {}, {});
  scene.SettleThem();
  CHECK(scene.store->RemovalsSince(scene.clock.now - std::chrono::hours(24)).size() == 2);
}

TEST_CASE("a removal that nobody answered and its repeat count once, approved only if the repeat was what did it") {
  struct Case {
    Action action;
    std::string verdict;
    bool first_was_approved;
    bool counts_as_approved;
  };
  // A suspend is answered alike whether they were let in until then or not.
  const Case cases[] = {{Action::kDelete, "missing", false, false},
                        {Action::kDelete, "ok", false, true},
                        {Action::kSuspend, "ok", false, false},
                        {Action::kSuspend, "ok", true, true}};
  for (const Case& one : cases) {
    CAPTURE(std::string(Name(one.action)) + ' ' + one.verdict);
    CAPTURE(one.first_was_approved);
    ChangeScene scene(one.action, "e1@example.com", one.first_was_approved);
    const StoredEntity row = scene.store->Load(scene.id);
    Operation again = state::For(row, one.action);
    again.entity_id = row.id;
    const std::string run = scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
    scene.store->StorePlan(run, ChangeScene::Approved(state::PlanOf({again})));
    scene.store->AdvanceMark(run, 1);
    OperationOutcome outcome = ChangeScene::Done(1, row);
    if (one.action == Action::kDelete) {
      outcome.row->lifecycle = Lifecycle::kGone;
      outcome.row->remote_id.clear();
    } else {
      outcome.row->lifecycle = Lifecycle::kSuspended;
      scene.E1().fields["status"] = "S";
    }
    outcome.verdict = one.verdict;
    outcome.at = scene.clock.now;
    scene.store->RecordOutcomes(run, std::vector{outcome});
    CHECK(scene.store->DueAt() == outcome.at);
    scene.SettleThem();
    CHECK(scene.store->UnknownChanges().empty());
    const auto removals = scene.store->RemovalsSince(scene.clock.now - std::chrono::hours(24));
    REQUIRE(removals.size() == 1);
    CHECK(removals[0].approved == one.counts_as_approved);
  }
}

TEST_CASE("whatever else a look shows, whoever it shows as active was not suspended by what nobody answered") {
  ChangeScene scene(Action::kSuspend);
  scene.E1().fields["department"] = "By hand";
  scene.SettleThem();
  CHECK(scene.store->Drift().size() == 1);
  CHECK(scene.store->RemovalsSince(scene.clock.now - std::chrono::hours(24)).empty());
}

TEST_CASE("a look that shows no status does not tell that nobody was suspended") {
  ChangeScene scene(Action::kSuspend);
  HttpReply shown;
  shown.status = 200;
  shown.body = R"({"result":1,"user":{"user_id":")" + scene.E1().id + R"(","email":"e1@example.com"}})";
  scene.target.faults.push_back({.request = "GET users/", .reply = shown});
  scene.SettleThem();
  CHECK(scene.store->UnknownChanges().empty());
  CHECK(scene.store->RemovalsSince(scene.clock.now - std::chrono::hours(24)).size() == 1);
}

}  // namespace ucaas_sync::run
