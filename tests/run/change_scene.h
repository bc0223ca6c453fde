// A change that was under the mark when a run was cut off, over a real state and a fake target.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/model/text.h"
#include "tests/run/leftovers_scene.h"

namespace ucaas_sync::run {

/// E1 and E2 are there and known. A change of E1's department was under the mark when the run was cut off.
struct ChangeScene : Scene {
  explicit ChangeScene(Action action = Action::kUpdate, const std::string& address = "e1@example.com",
                       bool is_approved = false) {
    policy.rules.emplace_back();
    const std::string made = store->BeginRun({.trigger = "command", .at = clock.now});
    StoredEntity e1 = state::User("E1");
    StoredEntity e2 = state::User("E2");
    e1.remote_id = target.Add(Kind::kUser, {{"email", "e1@example.com"}, {"department", "Sales"}, {"status", "A"}});
    e2.remote_id = target.Add(Kind::kUser, {{"email", "e2@example.com"}, {"department", "Sales"}, {"status", "A"}});
    for (StoredEntity* row : {&e1, &e2}) {
      row->fields = {};
      row->fields[kUserEmail] = Field::Value(FoldCase(row->key) + "@example.com");
      row->fields[kUserDepartment] = Field::Value("Sales");
    }
    store->StorePlan(made, state::PlanOf({state::For(e1, Action::kCreate), state::For(e2, Action::kCreate)}));
    store->RecordOutcomes(made, std::vector{Done(1, e1), Done(2, e2)});
    store->FinishRun(made, ExitCode::kConverged, "", 0, {}, clock.now);
    const std::string cut = store->BeginRun({.trigger = "command", .at = clock.now});
    e1 = *store->Find(Kind::kUser, "E1");
    Operation change = state::For(e1, action);
    change.entity_id = e1.id;
    change.changes[0].after = Field::Value(address);
    const Plan plan = state::PlanOf({change});
    store->StorePlan(cut, is_approved ? Approved(plan) : plan);
    store->AdvanceMark(cut, 1);
    store->BeginRun({.trigger = "command", .at = clock.now});
    id = e1.id;
  }

  /// As somebody agreed to its removals of users.
  static Plan Approved(Plan plan) {
    for (const char* name : {"user.suspend", "user.delete"}) {
      plan.guards.emplace_back();
      plan.guards.back().name = name;
      plan.guards.back().approved_by = "ada";
    }
    return plan;
  }
  static OperationOutcome Done(std::uint64_t seq, const StoredEntity& row) {
    OperationOutcome outcome;
    outcome.seq = seq;
    outcome.done = true;
    outcome.verdict = "ok";
    outcome.row = row;
    return outcome;
  }
  void SettleThem() {
    Ask([&](apply::Caller& caller) {
      SettleChanges(*store, caller, policy, clock, observer, store->UnknownChanges());
    });
  }
  /// Whatever it is asked about users, from now on.
  void Refuse(int status) {
    HttpReply refusal;
    refusal.status = status;
    target.faults.push_back({.request = "GET users", .reply = refusal, .times = 100'000});
  }
  /// As a run whose plan is held does.
  std::optional<apply::Stop> SettleWhatHolds(const std::optional<apply::Stop>& before = std::nullopt) {
    return SettleHeld(Given(), *store, before);
  }
  testing::FakeTarget::Object& E1() { return target.objects[Kind::kUser][0]; }
  /// E1's object is gone, and another is there at `address`: by its id.
  std::string Replace(const std::string& address = "e1@example.com", const std::string& department = "Sales") {
    target.objects[Kind::kUser].erase(target.objects[Kind::kUser].begin());
    return target.Add(Kind::kUser, {{"email", address}, {"department", department}, {"status", "A"}});
  }

  std::int64_t id = 0;
};

}  // namespace ucaas_sync::run
