// What a cut-off run may have created, before the next plan and after it, over a real state and a fake target.
#include "daemon/run/leftovers.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/run/leftovers_scene.h"

namespace ucaas_sync::run {

TEST_CASE("before anything is planned, what an unanswered create has made is known, whoever asks for it now") {
  Scene scene;
  const std::string id = scene.Create();
  scene.SettleFirst();
  const auto row = scene.store->Find(Kind::kUser, "E1");
  REQUIRE(row);
  CHECK(row->remote_id == id);
  CHECK(row->ownership == Ownership::kCreated);
  CHECK(row->fields[kUserEmail].text == "E1@Example.com");  // as it was sent
  CHECK(scene.store->UnknownCreates().empty());
  CHECK(scene.target.CountRequests() == 1);
}

TEST_CASE("before anything is planned, a create that the target does not show stays unknown, and so does its name") {
  Scene scene;
  const auto before = scene.store->UnknownCreates();
  scene.SettleFirst();
  CHECK_FALSE(scene.store->Find(Kind::kUser, "E1"));
  REQUIRE(scene.store->UnknownCreates().size() == 1);
  CHECK(scene.store->UnknownCreates()[0].operation == before.at(0).operation);
  CHECK_FALSE(scene.store->DueAt());
}

TEST_CASE("before anything is planned, what was others' before an unanswered create stays theirs") {
  Scene scene;
  RefreshProgress look;
  look.others = {RemoteDigest(Kind::kUser, scene.Create())};
  scene.store->RecordRefresh(look, {});
  scene.SettleFirst();
  CHECK_FALSE(scene.store->Find(Kind::kUser, "E1"));
  CHECK(scene.store->UnknownCreates().size() == 1);
}

TEST_CASE("before anything is planned, one of several objects with its address is nobody's to take") {
  Scene scene;
  scene.Create();
  scene.Create();
  scene.SettleFirst();
  CHECK_FALSE(scene.store->Find(Kind::kUser, "E1"));
  CHECK(scene.store->UnknownCreates().size() == 1);
}

TEST_CASE("before anything is planned, an object that two unanswered creates may have made is left to the plan") {
  Scene scene;
  scene.Create();
  const std::string cut = scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  StoredEntity e2 = state::User("E2");
  e2.fields[kUserEmail] = state::User("E1").fields[kUserEmail];
  scene.store->StorePlan(cut, state::PlanOf({state::For(e2, Action::kCreate)}));
  scene.store->AdvanceMark(cut, 1);
  scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  scene.SettleFirst();
  CHECK_FALSE(scene.store->Find(Kind::kUser, "E1"));
  CHECK_FALSE(scene.store->Find(Kind::kUser, "E2"));
  CHECK(scene.store->UnknownCreates().size() == 2);
}

TEST_CASE("before anything is planned, of two unanswered creates that one made it which alone sent what it shows") {
  Scene scene;
  const std::string id = scene.target.Add(Kind::kUser, {{"email", "e1@example.com"}, {"last_name", "Two"}});
  const std::string cut = scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  std::vector<Operation> creates;
  for (const char* key : {"One", "Two"}) {
    StoredEntity row = state::User(key);
    row.fields[kUserEmail] = Field::Value("e1@example.com");
    creates.push_back(state::For(row, Action::kCreate));
    creates.back().changes.push_back({.field = kUserLastName, .before = {}, .after = Field::Value(key)});
  }
  scene.store->RecordLeftover(state::For(state::User("E1"), Action::kCreate), {}, scene.clock.now);
  scene.store->StorePlan(cut, state::PlanOf(creates));
  scene.store->AdvanceMark(cut, 2);
  scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  scene.SettleFirst();
  CHECK_FALSE(scene.store->Find(Kind::kUser, "One"));
  REQUIRE(scene.store->Find(Kind::kUser, "Two"));
  CHECK(scene.store->Find(Kind::kUser, "Two")->remote_id == id);
}

TEST_CASE("before anything is planned, who exchanged addresses between unanswered creates each get what they made") {
  Scene scene;
  const auto create = [](const char* key, const char* address) {
    StoredEntity user = state::User(key);
    user.fields[kUserEmail] = Field::Value(address);
    Operation operation = state::For(user, Action::kCreate);
    operation.changes.push_back({.field = kUserFirstName, .before = {}, .after = Field::Value(key)});
    return operation;
  };
  for (const bool is_exchanged : {false, true}) {
    const std::string cut = scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
    scene.store->StorePlan(cut, state::PlanOf({create("E2", is_exchanged ? "e3@example.com" : "e2@example.com"),
                                               create("E3", is_exchanged ? "e2@example.com" : "e3@example.com")}));
    scene.store->AdvanceMark(cut, 2);
    scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  }
  const auto make = [&](const char* key, const char* address) {
    return scene.target.Add(Kind::kUser, {{"email", address}, {"first_name", key}, {"status", "A"}});
  };
  const std::string second = make("E2", "e2@example.com");
  const std::string third = make("E3", "e3@example.com");
  scene.SettleFirst();
  REQUIRE(scene.store->Find(Kind::kUser, "E2"));
  REQUIRE(scene.store->Find(Kind::kUser, "E3"));
  CHECK(scene.store->Find(Kind::kUser, "E2")->remote_id == second);
  CHECK(scene.store->Find(Kind::kUser, "E3")->remote_id == third);
}

TEST_CASE("before anything is planned, what an unanswered create made in place of a lost object is its row's") {
  Scene scene;
  state::RunOf(*scene.store, {state::User("E2")});
  StoredEntity row = *scene.store->Find(Kind::kUser, "E2");
  scene.store->RecordLeftover(state::For(state::User("E1"), Action::kCreate), {}, scene.clock.now);
  const std::string cut = scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  scene.store->StorePlan(cut, state::PlanOf({state::For(row, Action::kCreate)}));
  scene.store->AdvanceMark(cut, 1);
  scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  const std::string id = scene.target.Add(Kind::kUser, {{"email", "e2@example.com"}, {"status", "A"}});
  SUBCASE("that a look had found missing") {
    RefreshProgress look;
    look.found = {{.entity_id = row.id, .missing = true, .shown = {}, .groups = {}}};
    scene.store->RecordRefresh(look, {});
    SUBCASE("before the plan") {
      scene.SettleFirst();
    }
    SUBCASE("after a plan that left them out") {
      scene.Settle();
    }
    CHECK(scene.store->Load(row.id).remote_id == id);
    CHECK(scene.store->Load(row.id).lifecycle == Lifecycle::kActive);
    CHECK(scene.store->Drift().empty());
    CHECK(scene.store->UnknownCreates().empty());
  }
  SUBCASE("but not of one that is there") {
    scene.SettleFirst();
    CHECK(scene.store->Load(row.id).remote_id == row.remote_id);
  }
}

TEST_CASE("before anything is planned, nobody is asked when no create is unanswered") {
  Scene scene;
  scene.Create();
  scene.Settle();
  scene.log.clear();
  scene.SettleFirst();
  CHECK(scene.log.empty());
}

TEST_CASE("an account that a cut-off run made for somebody no longer wanted becomes ours, and the next run is due") {
  Scene scene;
  const std::string id = scene.Create();
  scene.Settle();
  const auto row = scene.store->Find(Kind::kUser, "E1");
  REQUIRE(row);
  CHECK(row->remote_id == id);
  CHECK(row->ownership == Ownership::kCreated);
  CHECK(row->lifecycle == Lifecycle::kActive);
  CHECK(row->source == "hr");
  CHECK(scene.store->UnknownCreates().empty());
  CHECK(scene.store->DueAt() == scene.clock.now);
}

TEST_CASE("an account that was others' before a cut-off run asked for its address stays theirs") {
  Scene scene;
  const std::string id = scene.Create();
  RefreshProgress look;
  look.others = {RemoteDigest(Kind::kUser, "another"), RemoteDigest(Kind::kUser, id)};
  scene.store->RecordRefresh(look, {});
  scene.Settle();
  CHECK_FALSE(scene.store->Find(Kind::kUser, "E1"));
  CHECK(scene.store->UnknownCreates().empty());
}

TEST_CASE("a create of a cut-off run that had no effect is forgotten, and makes no run due") {
  Scene scene;
  scene.Settle();
  CHECK_FALSE(scene.store->Find(Kind::kUser, "E1"));
  CHECK(scene.store->UnknownCreates().empty());
  CHECK_FALSE(scene.store->DueAt());
}

TEST_CASE("a look-up that fails leaves the create unknown, and the next run is due in some minutes") {
  Scene scene;
  scene.Create();
  HttpReply refused;
  refused.status = 403;
  scene.target.faults.push_back({.request = "GET users", .reply = refused, .times = 1000});
  scene.Settle();
  CHECK_FALSE(scene.store->Find(Kind::kUser, "E1"));
  CHECK(scene.store->UnknownCreates().size() == 1);
  CHECK(scene.store->DueAt() == scene.clock.now + std::chrono::minutes(5));
}

TEST_CASE(
    "an account that a cut-off run made at any of several addresses becomes ours, and of two a person must tell") {
  Scene scene;
  // The source has given E1 another address since, and the run that was to use it was cut off too.
  StoredEntity moved = state::User("E1");
  moved.fields[kUserEmail] = Field::Value("new@example.com");
  const std::string cut = scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  scene.store->StorePlan(cut, state::PlanOf({state::For(moved, Action::kCreate)}));
  scene.store->AdvanceMark(cut, 1);
  scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  const auto create_anew = [&] { return scene.target.Add(Kind::kUser, {{"email", "new@example.com"}}); };
  std::string id;
  SUBCASE("at the old one") {
    id = scene.Create();
  }
  SUBCASE("at the new one") {
    id = create_anew();
  }
  SUBCASE("at both, until one is removed there") {
    scene.Create();
    id = create_anew();
    scene.Settle();
    CHECK_FALSE(scene.store->Find(Kind::kUser, "E1"));
    CHECK(scene.store->UnknownCreates().size() == 2);
    scene.target.objects[Kind::kUser].erase(scene.target.objects[Kind::kUser].begin());
  }
  SUBCASE("at both, and one was others' before") {
    id = create_anew();
    RefreshProgress look;
    look.others = {RemoteDigest(Kind::kUser, scene.Create())};
    scene.store->RecordRefresh(look, {});
  }
  SUBCASE("at neither") {}
  scene.Settle();
  const auto row = scene.store->Find(Kind::kUser, "E1");
  CHECK(row.has_value() == !id.empty());
  if (row) {
    CHECK(row->remote_id == id);
    CHECK(row->ownership == Ownership::kCreated);
  }
  CHECK(scene.store->UnknownCreates().empty());
}

TEST_CASE("what a change of somebody else may have made, at an address that went over to them, is none of a leaver's") {
  Scene scene;
  const std::string made = scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  StoredEntity other = state::User("E2");
  other.fields[kUserFirstName] = Field::Value("Two");
  scene.store->StorePlan(made, state::PlanOf({state::For(other, Action::kCreate)}));
  scene.store->RecordOutcomes(made, std::vector{state::Done(1, other)});
  scene.store->FinishRun(made, ExitCode::kConverged, "", 0, {}, scene.clock.now);
  other = *scene.store->Find(Kind::kUser, "E2");
  const std::string cut = scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  Operation update = state::For(other, Action::kUpdate);
  update.changes[0].after = Field::Value("e1@example.com");
  scene.store->StorePlan(cut, state::PlanOf({update}));
  scene.store->AdvanceMark(cut, 1);
  scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  scene.target.Add(Kind::kUser, {{"email", "e1@example.com"}, {"first_name", "Two"}, {"department", "Sales"}});
  scene.Settle();
  CHECK_FALSE(scene.store->Find(Kind::kUser, "E1"));
}

TEST_CASE("a group that an unanswered request made anew is known under the new id, and without the old one's members") {
  Scene scene;
  state::RunOf(*scene.store, {state::Group("Sales"), state::Contact("C1", {"Sales"})});
  const StoredEntity sales = *scene.store->Find(Kind::kGroup, "Sales");
  const std::int64_t contact = scene.store->Find(Kind::kContact, "C1")->id;
  RefreshProgress look;
  look.found = {{.entity_id = sales.id, .missing = true, .shown = {}, .groups = {}}};
  scene.store->RecordRefresh(look, {});
  state::RunUnderWay(*scene.store, {state::For(sales, Action::kCreate)}, 1);
  scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  const std::string anew = scene.target.Add(Kind::kGroup, {{"name", "Sales"}});
  REQUIRE(scene.store->Load(contact).groups.size() == 1);
  scene.SettleFirst();
  CHECK(scene.store->Load(sales.id).remote_id == anew);
  CHECK(scene.store->Load(contact).groups.empty());
  CHECK(scene.store->Drift().empty());
}

TEST_CASE("whoever the plan speaks of is left to the plan") {
  Scene scene;
  scene.Create();
  scene.Settle(state::PlanOf({state::For(state::User("E1"), Action::kCreate)}));
  CHECK(scene.log.empty());
  CHECK(scene.store->UnknownCreates().size() == 1);
}

}  // namespace ucaas_sync::run
