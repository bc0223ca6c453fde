#include "tests/state/support.h"

namespace ucaas_sync::state {

TEST_CASE("a run's id is its second in UTC and a suffix, and two runs in one second differ") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const std::string first = store->BeginRun({.trigger = "schedule", .at = At(0)});
  const std::string second = store->BeginRun({.trigger = "schedule", .at = At(0)});
  CHECK(first.size() == 20);
  CHECK(first.substr(0, 16) == second.substr(0, 16));
  CHECK(first[8] == 'T');
  CHECK(first != second);
}

TEST_CASE("runs are listed newest first, with refused ones, and a cut-off one has an end and no outcome") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const std::string done = RunOf(*store, {User("E1")});
  const std::string cut = store->BeginRun({.trigger = "schedule", .at = At(100)});
  const std::string held = store->BeginRun({.trigger = "change", .at = At(200)});
  std::array<KindSummary, kKindCount> summary{};
  summary[Index(Kind::kUser)].actions[Index(Action::kSuspend)] = 60;
  summary[Index(Kind::kUser)].unchanged = 1140;
  store->NoteLeft(held, 7);
  store->FinishRun(held, ExitCode::kHeld, "user.suspend: 60, limit 30", 3, summary, At(201));
  const auto runs = store->Runs(10);
  REQUIRE(runs.size() == 3);
  CHECK(runs[0].id == held);
  CHECK(runs[0].trigger == "change");
  CHECK(runs[0].outcome == ExitCode::kHeld);
  CHECK(runs[0].message == "user.suspend: 60, limit 30");
  CHECK(runs[0].failed == 3);
  CHECK(runs[0].left == 7);
  CHECK(runs[0].summary == summary);
  CHECK(runs[0].ended == At(201));
  CHECK(runs[1].id == cut);
  CHECK_FALSE(runs[1].outcome);
  CHECK(runs[1].ended == At(200));
  CHECK(runs[1].message.find("cut off") == 0);
  CHECK(runs[2].id == done);
  CHECK(runs[2].plan_hash == "abc");
  CHECK(store->Runs(1).size() == 1);
}

TEST_CASE("of a run those operations are done that its last word calls done, each once") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const std::string run =
      RunUnderWay(*store, {For(User("E1"), Action::kCreate), For(User("E2"), Action::kCreate)}, 2, At(100));
  const auto done = [&] { return store->Runs(1).front().done; };
  CHECK(done() == 0);
  store->RecordOutcomes(run, std::vector{Failed(1, "retry", "not now", At(101)), Done(2, User("E2"))});
  CHECK(done() == 1);
  store->RecordOutcomes(run, std::vector{Done(1, User("E1")), Done(2, User("E2"))});
  CHECK(done() == 2);
  store->RecordOutcomes(run, std::vector{Failed(2, "unknown", "after all", At(102))});
  CHECK(done() == 1);
  CHECK(store->PastOperations("E2", 9).front().outcome->verdict == "unknown");
  CHECK(store->Check().empty());
}

TEST_CASE("creates are limited only after a run that ended with 0 or 4") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1")}, Action::kCreate, ExitCode::kUnavailable);
  CHECK_FALSE(store->FirstRunFinished());
  RunOf(*store, {User("E1")}, Action::kCreate, ExitCode::kPartial);
  CHECK(store->FirstRunFinished());
}

TEST_CASE("a first run that was stopped in its midst has not finished, though it made somebody") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const std::string run =
      RunUnderWay(*store, {For(User("E1"), Action::kCreate), For(User("E2"), Action::kCreate)}, 2, At(100));
  store->RecordOutcomes(run, std::vector{Done(1, User("E1"))});
  SUBCASE("stopped") {
    store->FinishRun(run, ExitCode::kPartial, "all alike", 0, {}, At(101));
    CHECK_FALSE(store->FirstRunFinished());
  }
  SUBCASE("finished, with a failure at its end") {
    store->RecordOutcomes(run, std::vector{Failed(2, "invalid", "no", At(100))});
    store->FinishRun(run, ExitCode::kPartial, "1 failed", 1, {}, At(101));
    CHECK(store->FirstRunFinished());
  }
}

TEST_CASE("a first run in which the target took nobody has not finished: creates are not limited after it") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const std::vector<Operation> creates{For(User("E1"), Action::kCreate), For(User("E2"), Action::kCreate)};
  const std::string run = RunUnderWay(*store, creates, 1, At(100));
  std::vector<OperationOutcome> refused(1);
  refused.front().seq = 1;
  refused.front().verdict = "invalid";
  store->RecordOutcomes(run, refused);
  store->FinishRun(run, ExitCode::kPartial, "all alike", 1, {}, At(101));
  CHECK_FALSE(store->FirstRunFinished());
  CHECK_MESSAGE(store->PendingCreates(Kind::kUser).size() == 1, "one was refused, one was never sent");
}

TEST_CASE("outcomes and the next mark are there together, or neither") {
  const TemporaryDirectory dir;
  const std::vector<Operation> creates{For(User("E1"), Action::kCreate), For(User("E2"), Action::kCreate)};
  {
    const auto store = OpenForTest(dir);
    const std::string run = RunUnderWay(*store, creates, 1);
    const std::vector with_a_stranger{Done(1, User("E1")), Done(9, User("E9"))};
    CHECK_THROWS_AS(store->RecordAndAdvance(run, with_a_stranger, 2), std::logic_error);
    CHECK(KeysOf(store->UnknownCreates()) == Keys{"E1"});
    CHECK(store->IsEmpty());
    store->RecordAndAdvance(run, std::vector{Done(1, User("E1"))}, 2);
  }
  const auto store = OpenForTest(dir);
  CHECK(KeysOf(store->UnknownCreates()) == Keys{"E2"});
  CHECK(store->Find(Kind::kUser, "E1"));
}

TEST_CASE("what a batch leaves unknown or refused, a later outcome of the same batch settles") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const std::string run = store->BeginRun({.trigger = "command", .at = At(0)});
  const Operation create = For(User("E1"), Action::kCreate);
  const Operation other = For(User("E2"), Action::kCreate);
  store->StorePlan(run, PlanOf({create, create, other, other}));
  store->AdvanceMark(run, 4);
  OperationOutcome refused = Failed(3, "invalid", "name too long", At(1));
  refused.quarantine = true;
  store->RecordOutcomes(
      run, std::vector{Failed(1, "unknown", "timed out", At(1)), Done(2, User("E1")), refused, Done(4, User("E2"))});
  store->FinishRun(run, ExitCode::kConverged, "", 0, {}, At(8));
  CHECK(store->UnknownCreates().empty());
  CHECK(store->Quarantined().empty());
}

TEST_CASE("what the target called invalid is quarantined with its fingerprint until it is accepted") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const std::string run = RunUnderWay(*store, {For(User("E1"), Action::kCreate)}, 1);
  OperationOutcome bad = Failed(1, "invalid", "name too long", At(5));
  bad.quarantine = true;
  store->RecordOutcomes(run, std::vector{bad});

  // The plan's own list is replaced; the target's word stays.
  const QuarantineItem missing{.kind = "user", .key = "E9", .reason = "e-mail missing", .source = {"hr", 101, ""}};
  store->RecordNotes(run, {}, std::vector{missing}, {});
  auto items = store->Quarantined();
  REQUIRE(items.size() == 2);
  CHECK(items[0].key == "E1");
  CHECK(items[0].by_target);
  CHECK(items[0].reason == "name too long");
  CHECK(items[0].fingerprint == HashOf("E1", 1));
  CHECK(items[0].source.line == 18);
  CHECK(items[1].key == "E9");
  CHECK(items[1].source == SourceRef{"hr", 101, ""});
  CHECK(items[1].since == At(0));

  const std::string second = RunOf(*store, {User("E1")}, Action::kCreate, ExitCode::kConverged, At(1000));
  store->RecordNotes(second, {}, std::vector{missing}, {});
  items = store->Quarantined();
  REQUIRE(items.size() == 1);
  CHECK(items[0].since == At(0));
  store->RecordNotes(second, {}, {}, {});
  CHECK(store->Quarantined().empty());
}

TEST_CASE("absences are replaced as a set, fingerprints refreshed, snapshots kept, and no version rises for it") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const std::string run = RunOf(*store, {User("E1"), User("E2")});
  const std::int64_t first = store->Find(Kind::kUser, "E1")->id;
  const std::int64_t second = store->Find(Kind::kUser, "E2")->id;
  SnapshotHistory snapshot{
      .source = "hr", .records = 1200, .rejected = 1, .hash = "beef", .files = {}, .filled = {}, .read_at = At(3)};
  snapshot.files = {{.path = "/srv/hr.csv", .device = ~0ULL, .inode = 2, .size = 3, .mtime_ns = 4, .ctime_ns = 5}};
  snapshot.filled = {{"mail", 1200}, {"department", 7}};
  snapshot.repeated = 3;
  PlanNotes notes;
  notes.absences = {{.entity_id = first, .since = At(1), .reads = 2}, {.entity_id = second, .since = At(2)}};
  notes.fingerprints = {{first, HashOf("fresh")}};
  notes.due_at = At(86'400);
  store->RecordNotes(run, notes, {}, std::vector{snapshot});
  REQUIRE(store->Absences().size() == 2);
  CHECK(store->Absences()[0].reads == 2);
  CHECK(store->DueAt() == At(86'400));
  const auto read = store->LastGoodSnapshot("hr");
  REQUIRE(read);
  CHECK(read->records == 1200);
  CHECK(read->rejected == 1);
  CHECK(read->hash == "beef");
  CHECK(read->files == snapshot.files);
  CHECK(read->filled == snapshot.filled);
  CHECK(read->repeated == 3);
  CHECK(read->read_at == At(3));
  CHECK_FALSE(store->LastGoodSnapshot("directory"));

  notes.absences = {{.entity_id = second, .since = At(2), .reads = 3}};
  notes.due_at.reset();
  snapshot.records = 1201;
  store->RecordNotes(run, notes, {}, std::vector{snapshot});
  REQUIRE(store->Absences().size() == 1);
  CHECK(store->Absences()[0].entity_id == second);
  CHECK(store->Absences()[0].reads == 3);
  CHECK_FALSE(store->DueAt());
  CHECK(store->LastGoodSnapshot("hr")->records == 1201);
  CHECK(store->Version() == 1);
  store->ForEachKnown([&](const KnownEntity& known) {
    CHECK(known.fingerprint == (known.id == first ? HashOf("fresh") : HashOf("E2", 1)));
  });
}

TEST_CASE("the windows count suspends and deletes that were done, from an instant on") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1"), User("E2")}, Action::kCreate, ExitCode::kConverged, At(0));
  RunOf(*store, {User("E1")}, Action::kSuspend, ExitCode::kConverged, At(100));
  RunOf(*store, {Contact("C1", {})}, Action::kDelete, ExitCode::kConverged, At(200));
  const std::string run = RunUnderWay(*store, {For(User("E2"), Action::kSuspend)}, 1, At(300));
  OperationOutcome failed = Failed(1, "retry", "", At(300));
  store->RecordOutcomes(run, std::vector{failed});
  const auto all = store->RemovalsSince(At(0));
  REQUIRE(all.size() == 2);
  CHECK(all[0].action == Action::kSuspend);
  CHECK(all[0].at == At(100));
  CHECK_FALSE(all[0].approved);
  CHECK(store->RemovalsSince(At(101)).size() == 1);
  CHECK(store->RemovalsSince(At(101))[0].kind == Kind::kContact);
}

TEST_CASE("a run's operations can be read again with their outcomes") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const std::string run = store->BeginRun({.trigger = "command", .at = At(0)});
  Operation update = For(User("E1"), Action::kUpdate);
  update.remote_id = "70012";
  update.entity_id = 4;
  update.changes = {{.field = kUserDepartment, .before = Field::Value("Sa\"les\n"), .after = Field::Empty()},
                    {.field = kUserDesignation, .before = {}, .after = Field::Value("\xE2\x82\xAC")}};
  update.source.dn = "cn=Ada,dc=example";
  Operation contact = For(Contact("C1", {}), Action::kUpdate);
  contact.groups = GroupsChange{.before = {"A"}, .after = {"A", "B, \"C\""}};
  store->StorePlan(run, PlanOf({update, contact}));
  store->AdvanceMark(run, 2);
  store->RecordOutcomes(run, std::vector{Done(1, std::nullopt)});
  int seen = 0;
  store->ForEachOperation(run, [&](const Operation& operation, const OperationOutcome* outcome) {
    ++seen;
    Operation expected = seen == 1 ? update : contact;
    expected.seq = static_cast<std::uint64_t>(seen);
    CHECK(operation == expected);
    CHECK((outcome != nullptr) == (seen == 1));
    if (outcome != nullptr) CHECK(outcome->http_status == 200);
  });
  CHECK(seen == 2);
  CHECK(FailureOf([&] { store->ForEachOperation("nope", {}); }).code() == ExitCode::kUsage);
}

TEST_CASE("used plans, due removals and holds are kept") {
  const TemporaryDirectory dir;
  {
    const auto store = OpenForTest(dir);
    CHECK_FALSE(store->PlanWasUsed("abc/1"));
    store->MarkPlanUsed("abc/1", At(0));
    const DueItem late{.kind = Kind::kUser, .action = Action::kDelete, .key = "E2", .at = At(9), .reason = "30 d"};
    const DueItem soon{.kind = Kind::kContact, .action = Action::kDelete, .key = "C1", .at = At(4), .reason = "absent"};
    store->ReplaceDue(std::vector{late, soon});
    store->PutHold({.key = "E7", .reason = "legal", .until = At(100)});
    store->PutHold({.key = "E8", .reason = "", .until = {}});
  }
  const auto store = OpenForTest(dir);
  CHECK(store->PlanWasUsed("abc/1"));
  REQUIRE(store->Due().size() == 2);
  CHECK(store->Due()[0].key == "C1");
  CHECK(store->Due()[1].reason == "30 d");
  CHECK(store->Holds(At(99)).size() == 2);
  REQUIRE(store->Holds(At(100)).size() == 1);
  CHECK(store->Holds(At(100))[0].key == "E8");
  CHECK(store->RemoveHold("E8", At(0)));
  CHECK_FALSE(store->RemoveHold("E8", At(0)));
  store->ReplaceDue({});
  CHECK(store->Due().empty());
}

TEST_CASE("a commit that fails leaves nothing of itself behind") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const std::string run = store->BeginRun({.trigger = "command", .at = At(0)});
  store->StorePlan(run, PlanOf({For(User("E1"), Action::kCreate)}));
  StoredEntity user = User("E1");
  user.source = "a source that is new";
  CHECK_THROWS_AS(store->RecordOutcomes(run, std::vector{Done(1, user), Done(2, User("E2"))}), std::logic_error);
  CHECK(store->IsEmpty());
  CHECK(store->Version() == 0);
  store->RecordOutcomes(run, std::vector{Done(1, User("E1"))});
  CHECK(store->Find(Kind::kUser, "E1")->source == "hr");
  CHECK(store->Check().empty());
}

}  // namespace ucaas_sync::state
