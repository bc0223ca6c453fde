// What a state does for itself over the years: old runs go, people are forgotten, holds of reverts end.
#include <SQLiteCpp/SQLiteCpp.h>

#include "tests/state/support.h"

namespace ucaas_sync::state {
namespace {

constexpr std::int64_t kDay = 86'400;

std::size_t CountOf(const TemporaryDirectory& dir, const std::string& table) {
  return static_cast<std::size_t>(
      SQLite::Database(dir.file().string()).execAndGet("SELECT count(*) FROM " + table).getInt());
}

std::string Bytes(const TemporaryDirectory& dir) {
  return Slurp(dir.file()) + Slurp(dir.file().string() + "-wal");
}

StoredEntity Gone(const std::string& key) {
  StoredEntity row = User(key);
  row.lifecycle = Lifecycle::kGone;
  row.remote_id.clear();
  row.fields = {};
  return row;
}

}  // namespace

TEST_CASE("entities are counted as they come, change, go and are forgotten, without looking at all of them") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const auto users = [&] { return store->CountEntities()[Index(Kind::kUser)]; };
  const auto counts = [](std::uint64_t active, std::uint64_t suspended, std::uint64_t gone) {
    return std::array<std::uint64_t, 3>{active, suspended, gone};
  };
  CHECK(users() == counts(0, 0, 0));
  RunOf(*store, {User("E1"), User("E2"), User("E3"), Group("G")});
  CHECK(users() == counts(3, 0, 0));
  CHECK(store->CountEntities()[Index(Kind::kGroup)] == counts(1, 0, 0));
  StoredEntity suspended = *store->Find(Kind::kUser, "E2");
  suspended.lifecycle = Lifecycle::kSuspended;
  StoredEntity gone = Gone("E3");
  gone.id = store->Find(Kind::kUser, "E3")->id;
  RunOf(*store, {suspended, gone}, Action::kUpdate, ExitCode::kConverged, At(10));
  CHECK(users() == counts(1, 1, 1));
  RunOf(*store, {*store->Find(Kind::kUser, "E1")}, Action::kUpdate, ExitCode::kConverged, At(20));
  CHECK(users() == counts(1, 1, 1));
  store->Forget("E3", At(30));
  CHECK(users() == counts(1, 1, 0));
  CHECK(store->Check().empty());
  SQLite::Database(dir.file().string(), SQLite::OPEN_READWRITE)
      .exec("UPDATE entity_count SET entities = 7 WHERE kind = 0");
  const std::vector<std::string> problems = store->Check();
  REQUIRE(problems.size() == 1);
  CHECK(problems.front() == "3 counts of entities are wrong");
  SQLite::Database(dir.file().string(), SQLite::OPEN_READWRITE).exec("DELETE FROM entity_count");
  CHECK(store->Check().front() == "9 counts of entities are wrong");
}

TEST_CASE("an object that two entities have is a finding, and one that somebody gave up is none") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  StoredEntity other = User("E2");
  other.remote_id = User("E1").remote_id;
  RunOf(*store, {User("E1"), other});
  const std::vector<std::string> problems = store->Check();
  REQUIRE(problems.size() == 1);
  CHECK(problems.front() == "1 objects at the target belong to several entities each");
  StoredEntity gone = Gone("E1");
  gone.id = store->Find(Kind::kUser, "E1")->id;
  RunOf(*store, {gone}, Action::kDelete, ExitCode::kConverged, At(10));
  StoredEntity contact = Contact("E3", {});
  contact.remote_id = other.remote_id;
  RunOf(*store, {contact}, Action::kCreate, ExitCode::kConverged, At(20));
  CHECK(store->Check().empty());
}

TEST_CASE("a state that is made anew counts on from the old one's version, unless that one cannot be") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  store->ContinueVersions(17);
  CHECK(store->Version() == 18);
  store->ContinueVersions(3);
  CHECK(store->Version() == 18);
  store->ContinueVersions(UINT64_MAX);
  CHECK(store->Version() == 18);
  RunOf(*store, {User("E1")});
  CHECK(store->Find(Kind::kUser, "E1")->version == 19);
}

TEST_CASE("a state that is made anew takes over the creates that nobody answered, under the names that they had") {
  const TemporaryDirectory dir;
  const TemporaryDirectory other;
  const auto old = OpenForTest(dir);
  RunOf(*old, {User("E1")});
  const std::string lost = old->BeginRun({.trigger = "command", .at = At(20)});
  old->StorePlan(lost, PlanOf({For(User("E2"), Action::kCreate), For(User("E3"), Action::kCreate)}));
  old->AdvanceMark(lost, 2);
  old->RecordOutcomes(lost, std::vector{Failed(1, "unknown", "timed out", At(21)), Done(2, User("E3"), At(21))});
  old->FinishRun(lost, ExitCode::kPartial, "", 1, {}, At(22));
  const std::string cut = old->BeginRun({.trigger = "command", .at = At(30)});
  old->StorePlan(cut, PlanOf({For(User("E4"), Action::kCreate)}));
  old->AdvanceMark(cut, 1);
  const auto fresh = OpenForTest(other);
  fresh->TakeOver(*old, [](Kind, Action, const std::string&) { return true; });
  const std::vector<UnknownCreate> creates = fresh->UnknownCreates();
  REQUIRE(creates.size() == 2);
  CHECK(creates[0].key == "E2");
  CHECK(creates[0].operation == lost + "/1");
  CHECK(creates[1].key == "E4");
  CHECK(creates[1].operation == cut + "/1");
  REQUIRE(fresh->LeftoverCreates().size() == 2);
  CHECK(fresh->LeftoverCreates()[1].changes == For(User("E4"), Action::kCreate).changes);
  CHECK(fresh->Check().empty());
  RunOf(*fresh, {User("E5")}, Action::kCreate, ExitCode::kConverged, At(40));
  CHECK(fresh->Runs(9).size() == 3);
  CHECK(fresh->UnknownCreates().size() == 2);
}

TEST_CASE("a state that is made anew takes over what was others', which no create that nobody answered has made") {
  const TemporaryDirectory dir;
  const TemporaryDirectory other;
  const auto old = OpenForTest(dir);
  old->RecordRefresh({.cursor = {.finished_at = At(5), .not_before = {}, .started_at = {}},
                      .seen = {},
                      .found = {},
                      .agreeing = {},
                      .others = std::vector{RemoteDigest(Kind::kUser, "77001")}},
                     {});
  const auto fresh = OpenForTest(other);
  fresh->TakeOver(*old, [](Kind, Action, const std::string&) { return true; });
  CHECK(fresh->WasOthers(Kind::kUser, "77001"));
  CHECK_FALSE(fresh->WasOthers(Kind::kContact, "77001"));
  CHECK(fresh->Check().empty());
}

TEST_CASE("a state that is made anew takes over removals that nobody answered once each, if they were done") {
  const TemporaryDirectory dir;
  const TemporaryDirectory other;
  const auto old = OpenForTest(dir);
  RunOf(*old, {User("E1"), User("E2"), User("E3")});
  const auto suspend = [&old](const char* key) {
    const StoredEntity row = *old->Find(Kind::kUser, key);
    Operation operation = For(row, Action::kSuspend);
    operation.remote_id = row.remote_id;
    return operation;
  };
  for (int sent = 0; sent < 3; ++sent) {
    const std::string run = old->BeginRun({.trigger = "command", .at = At(20 + sent)});
    old->StorePlan(run, PlanOf({suspend("E1"), suspend("E2"), suspend("E3")}));
    old->AdvanceMark(run, 3);
    old->RecordOutcomes(run, std::vector{Failed(1, "retry", "504", At(21)), Failed(2, "retry", "504", At(21)),
                                         Done(3, std::nullopt, At(21))});
    old->FinishRun(run, ExitCode::kPartial, "", 2, {}, At(22));
  }
  REQUIRE(old->RemovalsSince(At(0)).size() == 9);
  const auto fresh = OpenForTest(other);
  fresh->TakeOver(*old, [](Kind, Action, const std::string& remote_id) { return remote_id == "7E1"; });
  CHECK(fresh->RemovalsSince(At(0)).size() == 4);
}

TEST_CASE("of removals that nobody answered a state that is made anew takes over the one that nobody approved") {
  const TemporaryDirectory dir;
  const TemporaryDirectory other;
  const auto old = OpenForTest(dir);
  RunOf(*old, {User("E1")});
  for (const bool is_approved : {true, false}) {
    const StoredEntity row = *old->Find(Kind::kUser, "E1");
    Plan plan = PlanOf({For(row, Action::kSuspend)});
    plan.guards.emplace_back();
    plan.guards.back().name = "user.suspend";
    if (is_approved) plan.guards.back().approved_by = "ada";
    const Instant at = At(is_approved ? 20 : 30);
    const std::string run = old->BeginRun({.trigger = "command", .at = at});
    old->StorePlan(run, plan);
    old->AdvanceMark(run, 1);
    old->RecordOutcomes(run, std::vector{Failed(1, "retry", "504", at)});
    old->FinishRun(run, ExitCode::kPartial, "", 1, {}, at);
  }
  const auto fresh = OpenForTest(other);
  fresh->TakeOver(*old, [](Kind, Action, const std::string&) { return true; });
  const auto removals = fresh->RemovalsSince(At(0));
  REQUIRE(removals.size() == 1);
  CHECK_FALSE(removals[0].approved);
  CHECK(removals[0].at == At(30));
}

TEST_CASE("a state that is made anew takes over what a run that was cut off may have removed, if it was done") {
  for (const bool is_approved : {false, true}) {
    CAPTURE(is_approved);
    const TemporaryDirectory dir;
    const TemporaryDirectory other;
    const auto old = OpenForTest(dir);
    RunOf(*old, {User("E1"), User("E2"), User("E3"), User("E4"), User("E5")});
    std::vector<Operation> operations;
    for (const char* key : {"E1", "E2", "E3", "E4", "E5"}) {
      const StoredEntity row = *old->Find(Kind::kUser, key);
      operations.push_back(For(row, std::string_view(key) == "E4" ? Action::kUpdate : Action::kSuspend));
      operations.back().remote_id = row.remote_id;
    }
    Plan plan = PlanOf(operations);
    plan.guards.emplace_back();
    plan.guards.back().name = "user.suspend";
    if (is_approved) plan.guards.back().approved_by = "ada";
    const std::string cut = old->BeginRun({.trigger = "command", .at = At(20)});
    old->StorePlan(cut, plan);
    old->AdvanceMark(cut, 4);
    old->RecordOutcomes(cut, std::vector{Done(1, std::nullopt, At(21))});
    const auto fresh = OpenForTest(other);
    // E5 was never sent: the mark had not come so far.
    fresh->TakeOver(*old, [](Kind, Action, const std::string& remote_id) { return remote_id != "7E3"; });
    const auto removals = fresh->RemovalsSince(At(0));
    REQUIRE(removals.size() == 2);
    CHECK(removals[0].at == At(20));
    for (const PastRemoval& removal : removals) {
      CHECK(removal.action == Action::kSuspend);
      CHECK(removal.approved == is_approved);
    }
  }
}

TEST_CASE("runs go when they are old, with their operations, and never the last one that finished") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  for (int day = 0; day < 5; ++day) {
    RunOf(*store, {User("E" + std::to_string(day))}, Action::kCreate, ExitCode::kConverged, At(day * kDay));
  }
  store->RemoveOldRuns(At(2 * kDay + 1), 1000);
  CHECK(store->Runs(9).size() == 2);
  CHECK(CountOf(dir, "operation") == 2);
  CHECK(CountOf(dir, "outcome") == 2);
  store->RemoveOldRuns(At(400 * kDay), 1000);
  CHECK(store->Runs(9).size() == 1);
  CHECK(store->FirstRunFinished());
  CHECK(store->CountKnown() == 5);
  CHECK(store->Check().empty());
}

TEST_CASE("the work of one tidying is bounded, and the next goes on") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1"), User("E2"), User("E3"), User("E4"), User("E5")});
  RunOf(*store, {User("E6")}, Action::kCreate, ExitCode::kConverged, At(9));
  store->RemoveOldRuns(At(8), 2);
  CHECK(CountOf(dir, "operation") == 4);
  // What it once planned is known as long as anything of it is.
  CHECK(store->PlannedBy(store->Runs(9).back().id) == 5);
  CHECK(store->Runs(9).back().done == 3);
  CHECK(store->Check().empty());
  store->RemoveOldRuns(At(8), 2);
  store->RemoveOldRuns(At(8), 2);
  CHECK(store->Runs(9).size() == 1);
  CHECK(CountOf(dir, "operation") == 1);
}

TEST_CASE("a run whose create nobody answered stays until that is known") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const std::string run = RunUnderWay(*store, {For(User("E1"), Action::kCreate)}, 1);
  RunOf(*store, {User("E2")}, Action::kCreate, ExitCode::kConverged, At(5));
  store->RemoveOldRuns(At(kDay), 1000);
  CHECK(store->Runs(9).size() == 2);
  CHECK(store->UnknownCreates().size() == 1);
}

TEST_CASE("who is forgotten is in no byte of the files, and a tombstone says when") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  StoredEntity user = User("Quixote-17");
  user.fields[kUserFirstName] = Field::Value("Dulcinea");
  user.fields[kUserLastName] = Field::Value("Toboso");
  user.fields[kUserEmail] = Field::Value("dulcinea@example.com");
  const std::string run = RunOf(*store, {user, User("E2")});
  RunOf(*store, {Gone("Quixote-17")}, Action::kDelete);
  // What was said of another names her too.
  const std::string other = store->BeginRun({.trigger = "command", .at = At(50)});
  store->StorePlan(other, PlanOf({For(User("E2"), Action::kUpdate)}));
  OperationOutcome outcome = Failed(1, "duplicate", "dulcinea@example.com belongs to Quixote-17, Ms.", At(51));
  outcome.quarantine = true;
  store->RecordOutcomes(other, {{outcome}});
  store->FinishRun(other, ExitCode::kPartial, "1 failed: dulcinea@example.com is taken", 1, {}, At(52));
  store->PutHold(
      {.key = "Quixote-17", .reason = "x", .until = std::nullopt, .since = At(1), .kind = Kind::kUser, .mark = {}});
  REQUIRE(Bytes(dir).find("dulcinea@example.com") != std::string::npos);

  CHECK(store->KeysOf("Dulcinea@Example.com") == std::vector<std::string>{"Quixote-17"});
  CHECK(store->KeysOf("nobody@example.com").empty());
  CHECK_FALSE(store->Forgotten("Quixote-17"));
  const Erasure erased = store->Forget("Quixote-17", At(60));
  CHECK(erased.entities == 1);
  CHECK(erased.operations == 2);
  CHECK(erased.files_are_clean);
  for (const char* word : {"Quixote", "ulcinea", "Toboso"}) CHECK(Bytes(dir).find(word) == std::string::npos);
  CHECK(store->Forgotten("Quixote-17") == At(60));
  CHECK_FALSE(store->Forgotten("E2"));
  CHECK(store->Find(Kind::kUser, "E2").has_value());
  CHECK(store->Check().empty());
  std::size_t nameless = 0;
  store->ForEachOperation(run, [&](const Operation& operation, const OperationOutcome* done) {
    CHECK(done != nullptr);
    if (operation.key.empty()) ++nameless;
  });
  CHECK(nameless == 1);
  CHECK(store->Quarantined().front().reason == "(forgotten) belongs to (forgotten), Ms.");
  RunOf(*store, {User("E3")}, Action::kCreate, ExitCode::kConverged, At(70));
}

TEST_CASE("a reader that is open keeps old pages in the log, and that is said") {
  const TemporaryDirectory dir;
  const auto store =
      OpenStore(dir.state(), OpenMode::kReadWrite, {.program_version = "1", .seed = 7, .busy_timeout_ms = 50});
  RunOf(*store, {User("E1")});
  const auto reader = OpenForTest(dir, OpenMode::kReadOnly);
  CHECK_FALSE(store->Forget("E1", At(5)).files_are_clean);
}

TEST_CASE("a group with the same key as a person is not the person") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {Group("Sales"), Gone("Sales")});
  store->Forget("Sales", At(5));
  CHECK(store->Find(Kind::kGroup, "Sales").has_value());
  CHECK_FALSE(store->Find(Kind::kUser, "Sales").has_value());
}

TEST_CASE("holds of a revert are of one kind, learn their mark, and end with a note or a release") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const StoredHold hold{
      .key = "E1", .reason = "reverted R", .until = std::nullopt, .since = At(1), .kind = Kind::kUser, .mark = {}};
  StoredHold contact = hold;
  contact.kind = Kind::kContact;
  store->PutHolds({{hold, contact}});
  PlanNotes notes;
  notes.holds.push_back({.kind = Kind::kUser, .key = "E1", .mark = HashOf("x")});
  notes.holds.push_back({.kind = Kind::kContact, .key = "E1", .mark = {}, .ended = true});
  const std::string run = store->BeginRun({.trigger = "command", .at = At(0)});
  store->RecordNotes(run, notes, {}, {});
  REQUIRE(store->Holds(At(1)).size() == 1);
  CHECK(store->Holds(At(1)).front().kind == Kind::kUser);
  CHECK(store->Holds(At(1)).front().mark == HashOf("x"));
  CHECK(store->Holds(At(1)).front().since == At(1));
  CHECK(store->RemoveHold("E1", At(2)));
  CHECK(store->Holds(At(1)).empty());
}

TEST_CASE("a backup of a damaged state is refused and leaves no file") {
  const TemporaryDirectory dir;
  RunOf(*OpenForTest(dir), {User("E1"), User("E2")});
  SQLite::Database(dir.file().string(), SQLite::OPEN_READWRITE).exec("UPDATE known SET flags = 1 WHERE id = 2");
  const auto store = OpenForTest(dir, OpenMode::kReadOnly);
  CHECK(Says(FailureOf([&] { store->Backup(dir.path() / "copy.db"); }), "no backup was made"));
  CHECK_FALSE(std::filesystem::exists(dir.path() / "copy.db"));
}

}  // namespace ucaas_sync::state
