// What stays open where the answers to an operation tell only a part of what became of it, over a real state.
#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/run/change_scene.h"

namespace ucaas_sync::run {
namespace {

/// C1 is in Sales, and a look has found it in Legal, under another name.
struct ContactScene : Scene {
  ContactScene() {
    state::RunOf(*store, {state::Group("Sales"), state::Group("Legal"), state::Contact("C1", {"Sales"})});
    row = store->Load(store->Find(Kind::kContact, "C1")->id);
    RefreshProgress look;
    look.found = {{.entity_id = row.id,
                   .missing = false,
                   .shown = {{kContactName, Field::Value("Other")}},
                   .groups = std::vector<std::string>{"Legal"}}};
    store->RecordRefresh(look, {});
  }

  /// A change of its name, and of its groups where there are some to write, of which nobody knows how it ended.
  void LeaveOpen(bool writes_groups, bool may_have_acted) {
    Operation update = state::For(row, Action::kUpdate);
    update.remote_id = row.remote_id;
    update.changes[0].field = kContactName;
    if (writes_groups) update.groups = GroupsChange{.before = {"Legal"}, .after = {"Sales"}};
    const std::string run = state::RunUnderWay(*store, {update}, 1);
    OperationOutcome outcome = state::Failed(1, "retry", "503", clock.now);
    outcome.row = row;
    outcome.may_have_acted = may_have_acted;
    store->RecordOutcomes(run, std::vector{outcome});
  }

  StoredEntity row;
};

/// How an operation of E1 ended, in the words of its outcome.
struct Ending {
  Action action;
  std::string verdict;
  bool may_have_acted;
  bool is_set_aside;
};

void End(ChangeScene& scene, const Ending& ending) {
  Operation operation = state::For(scene.store->Load(scene.id), ending.action);
  operation.entity_id = scene.id;
  const std::string run = state::RunUnderWay(*scene.store, {operation}, 1);
  OperationOutcome outcome = state::Failed(1, ending.verdict, "no", scene.clock.now);
  outcome.may_have_acted = ending.may_have_acted;
  outcome.quarantine = ending.is_set_aside;
  scene.store->RecordOutcomes(run, std::vector{outcome});
}

}  // namespace

TEST_CASE("of what somebody else changed, only the groups are settled by a change that wrote some of them") {
  struct Case {
    bool writes_groups;
    bool may_have_acted;
    bool are_groups_settled;
  };
  for (const Case& one : {Case{true, true, true}, Case{true, false, false}, Case{false, true, false}}) {
    CAPTURE(one.writes_groups);
    CAPTURE(one.may_have_acted);
    ContactScene scene;
    scene.LeaveOpen(one.writes_groups, one.may_have_acted);
    const auto drift = scene.store->Drift();
    REQUIRE(drift.size() == 1);
    CHECK(drift[0].shown.size() == 1);
    CHECK(drift[0].groups.has_value() != one.are_groups_settled);
  }
}

TEST_CASE("a re-creation at an address that is another's has made nobody, whatever it sent before") {
  ChangeScene scene;
  scene.SettleThem();
  End(scene, {.action = Action::kCreate, .verdict = "duplicate", .may_have_acted = true, .is_set_aside = false});
  CHECK(scene.store->UnknownCreates().empty());
  CHECK(scene.store->UnknownChanges().empty());
  CHECK_FALSE(scene.store->DueAt());
}

TEST_CASE("an open change makes a run due at once, but not of whom the target has refused") {
  for (const bool is_set_aside : {false, true}) {
    CAPTURE(is_set_aside);
    ChangeScene scene;
    scene.SettleThem();
    End(scene, {.action = Action::kUpdate, .verdict = "unknown", .may_have_acted = true, .is_set_aside = is_set_aside});
    CHECK(scene.store->UnknownChanges() == std::vector{scene.id});
    CHECK(scene.store->DueAt().has_value() != is_set_aside);
    CHECK(scene.store->Quarantined().size() == (is_set_aside ? 1 : 0));
  }
}

}  // namespace ucaas_sync::run
