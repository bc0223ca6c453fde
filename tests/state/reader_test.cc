#include <algorithm>
#include <map>

#include "daemon/model/text.h"
#include "tests/state/support.h"

namespace ucaas_sync::state {

TEST_CASE("a new state is empty, of version 0, and answers every question") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  CHECK(store->IsEmpty());
  CHECK(store->Version() == 0);
  CHECK(store->CountKnown() == 0);
  CHECK(store->SourceNames().empty());
  CHECK_FALSE(store->Find(Kind::kUser, "E1"));
  CHECK_FALSE(store->LastGoodSnapshot("hr"));
  CHECK_FALSE(store->FirstRunFinished());
  CHECK(store->PendingCreates(Kind::kUser).size() == 0);
  CHECK(store->UnknownCreates().empty());
  CHECK(store->Runs(10).empty());
  CHECK(store->Due().empty());
  CHECK_FALSE(store->Held());
  CHECK(store->Check().empty());
}

TEST_CASE("what the target accepted is there after reopening, field by field") {
  const TemporaryDirectory dir;
  StoredEntity user = User("E1");
  user.lifecycle = Lifecycle::kSuspended;
  user.ownership = Ownership::kAdopted;
  user.suspended_at = At(99);
  RunOf(*OpenForTest(dir), {user});
  const auto store = OpenForTest(dir);
  const auto found = store->Find(Kind::kUser, "E1");
  REQUIRE(found);
  CHECK(found->remote_id == "7E1");
  CHECK(found->fields == user.fields);
  CHECK(found->lifecycle == Lifecycle::kSuspended);
  CHECK(found->ownership == Ownership::kAdopted);
  CHECK(found->suspended_at == At(99));
  CHECK(found->source == "hr");
  CHECK(found->version == 1);
  CHECK(store->Load(found->id).key == "E1");
  CHECK_FALSE(store->Find(Kind::kContact, "E1"));
}

TEST_CASE("the narrow table carries the digests of key and folded address, the fingerprint, and the source's index") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1"), Contact("E2", {})});
  std::map<Kind, KnownEntity> seen;
  store->ForEachKnown([&](const KnownEntity& known) { seen[known.kind] = known; });
  REQUIRE(seen.size() == 2);
  CHECK(seen[Kind::kUser].key_hash == HashOf("E1"));
  CHECK(seen[Kind::kUser].address_hash == HashOf(FoldCase("E1@Example.com")));
  CHECK(seen[Kind::kUser].fingerprint == HashOf("E1", 1));
  CHECK(store->SourceNames()[seen[Kind::kUser].source] == "hr");
  CHECK(store->SourceNames()[seen[Kind::kContact].source] == "directory");
  CHECK(store->CountKnown() == 2);
}

TEST_CASE("who is outside a scope is remembered until the record is inside again, or the row is gone") {
  const TemporaryDirectory dir;
  {
    const auto store = OpenForTest(dir);
    RunOf(*store, {User("E1"), User("E2")});
    const std::string run = store->BeginRun({.trigger = "command", .at = At(20)});
    PlanNotes notes;
    notes.scope_changes = {{store->Find(Kind::kUser, "E1")->id, true}, {store->Find(Kind::kUser, "E2")->id, true}};
    store->RecordNotes(run, notes, {}, {});
    store->FinishRun(run, ExitCode::kConverged, "", 0, {}, At(20));
  }
  const auto store = OpenForTest(dir);
  const auto outside = [&] {
    std::vector<bool> flags;
    store->ForEachKnown([&](const KnownEntity& known) {
      flags.push_back(known.was_outside);
      CHECK(known.source == 0);
      CHECK(known.kind == Kind::kUser);
    });
    return flags;
  };
  CHECK(outside() == std::vector{true, true});
  CHECK(store->Check().empty());
  const std::string run = store->BeginRun({.trigger = "command", .at = At(30)});
  PlanNotes notes;
  notes.scope_changes = {{store->Find(Kind::kUser, "E1")->id, false}};
  store->RecordNotes(run, notes, {}, {});
  CHECK(outside() == std::vector{false, true});
  RunOf(*store, {User("E2", "Finance")}, Action::kUpdate);
  CHECK(outside() == std::vector{false, true});
  StoredEntity gone = User("E2");
  gone.lifecycle = Lifecycle::kGone;
  gone.fields = {};
  RunOf(*store, {gone}, Action::kDelete);
  CHECK(outside() == std::vector{false, false});
  RunOf(*store, {User("E2")});
  CHECK(outside() == std::vector{false, false});
  // A plan that is held still tells where everybody was seen.
  notes.scope_changes = {{store->Find(Kind::kUser, "E2")->id, true}};
  store->RecordHeldNotes(notes);
  CHECK(outside() == std::vector{false, true});
  CHECK(store->Check().empty());
}

TEST_CASE("whose record comes from another source is known by that one, also when the plan is held") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1"), User("E2")});
  const std::int64_t moved = store->Find(Kind::kUser, "E1")->id;
  const std::uint64_t version = store->Version();
  const auto sources = [&] {
    std::vector<std::string> names;
    store->ForEachKnown([&](const KnownEntity& known) {
      names.push_back(store->SourceNames()[known.source]);
      CHECK(known.kind == Kind::kUser);
      CHECK(known.lifecycle == Lifecycle::kActive);
      CHECK(known.was_outside == (known.id == moved));
    });
    return names;
  };
  PlanNotes notes;
  notes.scope_changes = {{moved, true}};
  notes.moved = {{"externals", {moved}}};
  store->RecordHeldNotes(notes);
  CHECK(sources() == std::vector<std::string>{"externals", "hr"});
  CHECK(store->Find(Kind::kUser, "E1")->source == "externals");
  notes.scope_changes.clear();
  notes.moved = {{"contractors", {moved}}};
  const std::string run = store->BeginRun({.trigger = "command", .at = At(20)});
  store->RecordNotes(run, notes, {}, {});
  CHECK(sources() == std::vector<std::string>{"contractors", "hr"});
  CHECK(store->Version() == version);
  CHECK(store->Check().empty());
}

TEST_CASE("secret and sent-once fields are neither in the state nor in the journal's text") {
  const TemporaryDirectory dir;
  StoredEntity user = User("E1");
  user.fields[kUserPassword] = Field::Value("hunter2-secret");
  user.fields[kUserSendWelcomeMail] = Field::Value("true");
  {
    const auto store = OpenForTest(dir);
    const std::string run = store->BeginRun({.trigger = "command", .at = At(0)});
    Operation create = For(user, Action::kCreate);
    create.changes.push_back({.field = kUserPassword, .before = {}, .after = Field::Value("hunter2-secret")});
    store->StorePlan(run, PlanOf({create}));
    store->AdvanceMark(run, 1);
    store->RecordOutcomes(run, std::vector{Done(1, user)});
    CHECK(store->Find(Kind::kUser, "E1")->fields[kUserSendWelcomeMail].state == FieldState::kUnmapped);
  }
  for (const auto& file : std::filesystem::directory_iterator(dir.state())) {
    CHECK(Slurp(file.path()).find("hunter2-secret") == std::string::npos);
  }
}

TEST_CASE("memberships follow the contact's groups, also when the group comes later in the same commit") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {Contact("C1", {"Sales", "Board", "Nobody knows it"}), Group("Sales"), Group("Board")});
  CHECK(store->Find(Kind::kContact, "C1")->groups == std::vector<std::string>{"Board", "Sales"});
  int memberships = 0;
  store->ForEachMembership([&](std::int64_t, std::int64_t) { ++memberships; });
  CHECK(memberships == 2);

  const std::uint64_t before = store->Version();
  RunOf(*store, {Contact("C1", {"Sales"})}, Action::kUpdate);
  CHECK(store->Find(Kind::kContact, "C1")->groups == std::vector<std::string>{"Sales"});
  CHECK(store->Version() == before + 1);
  CHECK(store->Find(Kind::kContact, "C1")->version == before + 1);

  StoredEntity gone = Group("Sales");
  gone.lifecycle = Lifecycle::kGone;
  RunOf(*store, {gone}, Action::kDelete);
  CHECK(store->Find(Kind::kContact, "C1")->groups.empty());
  CHECK(store->Check().empty());
}

TEST_CASE("a gone entity keeps its key, and loses its remote id and its address") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1")});
  StoredEntity gone = User("E1");
  gone.lifecycle = Lifecycle::kGone;
  RunOf(*store, {gone}, Action::kDelete);
  const auto found = store->Find(Kind::kUser, "E1");
  REQUIRE(found);
  CHECK(found->remote_id.empty());
  CHECK(found->lifecycle == Lifecycle::kGone);
  store->ForEachKnown([](const KnownEntity& known) {
    CHECK(known.lifecycle == Lifecycle::kGone);
    CHECK(known.address_hash.is_zero());
    CHECK(known.key_hash == HashOf("E1"));
  });
  CHECK_FALSE(store->IsEmpty());
}

TEST_CASE("an entity whose key changes keeps its row") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1")});
  StoredEntity user = User("NEW-1");
  user.id = store->Find(Kind::kUser, "E1")->id;
  RunOf(*store, {user}, Action::kUpdate);
  CHECK_FALSE(store->Find(Kind::kUser, "E1"));
  CHECK(store->Find(Kind::kUser, "NEW-1")->id == user.id);
  CHECK(store->Check().empty());
}

TEST_CASE("a row without an id takes the place of one that is gone, and of none that has another object") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1"), User("E2")});
  StoredEntity gone = *store->Find(Kind::kUser, "E2");
  gone.lifecycle = Lifecycle::kGone;
  RunOf(*store, {gone}, Action::kDelete);
  StoredEntity other = User("E1");
  other.remote_id = "799";
  StoredEntity same = User("E1", "Finance");
  StoredEntity anew = User("E2");
  anew.remote_id = "798";
  CHECK(Says(FailureOf([&] { RunOf(*store, {User("E3"), other}); }), "another account"));
  CHECK(store->Find(Kind::kUser, "E1")->remote_id == "7E1");
  CHECK_FALSE(store->Find(Kind::kUser, "E3"));
  RunOf(*store, {same, anew});
  CHECK(store->Find(Kind::kUser, "E1")->fields[kUserDepartment].text == "Finance");
  CHECK(store->Find(Kind::kUser, "E2")->remote_id == "798");
}

TEST_CASE("the version rises once for a commit that changes rows, and not for one that changes none") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1"), User("E2"), User("E3")});
  CHECK(store->Version() == 1);
  RunOf(*store, {User("E1"), User("E2")}, Action::kUpdate);
  CHECK(store->Version() == 1);
  RunOf(*store, {User("E1"), User("E2", "Finance")}, Action::kUpdate);
  CHECK(store->Version() == 2);
  CHECK(store->Find(Kind::kUser, "E1")->version == 1);
  CHECK(store->Find(Kind::kUser, "E2")->version == 2);
}

TEST_CASE("a held moment sees nothing of another process's commits until it ends") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1")});
  const auto other = OpenForTest(dir);
  {
    const auto moment = store->HoldMoment();
    RunOf(*other, {User("E2")});
    CHECK(store->CountKnown() == 1);
    CHECK_THROWS_AS(store->MarkPlanUsed("p", At(0)), std::logic_error);
  }
  CHECK(store->CountKnown() == 2);
  store->MarkPlanUsed("p", At(0));
  CHECK(store->PlanWasUsed("p"));
}

}  // namespace ucaas_sync::state
