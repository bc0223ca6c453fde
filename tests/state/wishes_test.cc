// A person who gets another key, and who is released.
#include <doctest/doctest.h>

#include "tests/state/support.h"

namespace ucaas_sync::state {

TEST_CASE("a new key keeps the row with its groups, remote id and hold, and the state stays sound") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1"), Group("G"), Contact("E1", {"G"})});
  store->PutHold({.key = "E1", .reason = "legal", .until = {}, .since = At(1)});
  const std::uint64_t version = store->Version();
  CHECK(store->Rekey("E1", "N1", At(50)) == std::vector{Kind::kUser, Kind::kContact});
  CHECK_FALSE(store->Find(Kind::kUser, "E1"));
  REQUIRE(store->Find(Kind::kUser, "N1"));
  CHECK(store->Find(Kind::kUser, "N1")->remote_id == "7E1");
  CHECK(store->Find(Kind::kUser, "N1")->version == version + 1);
  CHECK(store->Find(Kind::kContact, "N1")->groups == std::vector<std::string>{"G"});
  CHECK(store->Version() == version + 1);
  CHECK(store->Holds(At(2)).front().key == "N1");
  CHECK(store->DueAt() == At(50));
  CHECK(store->Check().empty());
}

TEST_CASE("what a person wishes while a plan is made stays due when the plan's notes are kept") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const std::string run = store->BeginRun({.trigger = "due", .at = At(0)});
  const auto person = OpenForTest(dir);
  PlanNotes notes;
  const auto keep = [&](bool is_held) {
    if (is_held) {
      store->RecordHeldNotes(notes);
    } else {
      store->RecordNotes(run, notes, {}, {});
    }
  };
  for (const bool is_held : {false, true}) {
    CAPTURE(is_held);
    for (const std::optional<Instant>& by_plan : {std::optional<Instant>(), std::optional(At(90))}) {
      notes.due_at = by_plan;
      person->PutHold({.key = "E1", .reason = "legal", .until = {}, .since = At(10)});
      { const auto moment = store->HoldMoment(); }
      CHECK_FALSE(store->WasWrittenByOthers());
      keep(is_held);
      CHECK_MESSAGE(store->DueAt() == by_plan, "wished before the plan, which knew it");
      CHECK_FALSE(store->WasWrittenByOthers());
      {
        const auto moment = store->HoldMoment();
        person->PutHold({.key = "E2", .reason = "legal", .until = {}, .since = At(20)});
      }
      CHECK(store->WasWrittenByOthers());
      keep(is_held);
      CHECK(store->DueAt() == At(20));
    }
  }
}

TEST_CASE("what runs did under the old key is the new key's, and the old one is remembered with its day") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1"), Contact("E1", {}), Group("E1")});
  store->Rekey("E1", "N1", At(50));
  CHECK(store->PastOperations("N1", 9).size() == 2);
  REQUIRE(store->PastOperations("E1", 9).size() == 1);
  CHECK(store->PastOperations("E1", 9)[0].operation.kind == Kind::kGroup);
  REQUIRE(store->FormerKeys("E1").size() == 1);
  CHECK(store->FormerKeys("E1")[0].now == "N1");
  CHECK(store->FormerKeys("E1")[0].at == At(50));

  store->Rekey("N1", "M1", At(60));
  CHECK(store->FormerKeys("E1")[0].now == "M1");
  CHECK(store->FormerKeys("M1").size() == 2);
  CHECK(store->KeysOf("E1") == std::vector<std::string>{"M1"});

  store->Rekey("M1", "E1", At(70));
  CHECK(store->PastOperations("E1", 9).size() == 3);
  for (const FormerKey& former : store->FormerKeys("E1")) CHECK(former.now == "E1");
}

TEST_CASE("whose an e-mail once was is found in the journal, whatever its case") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const std::string run = store->BeginRun({.trigger = "command", .at = At(0)});
  Operation married = For(User("E1"), Action::kUpdate);
  married.changes = {{.field = kUserEmail, .before = Field::Value("a_b%@x.org"), .after = Field::Value("new@x.org")}};
  Operation other = For(User("E2"), Action::kUpdate);
  other.changes = {{.field = kUserEmail, .before = Field::Value("aXbY@x.org"), .after = Field::Value("e2@x.org")}};
  Operation named = For(User("E3"), Action::kUpdate);
  named.changes = {{.field = kUserDepartment, .before = {}, .after = Field::Value("a_b%@x.org")}};
  store->StorePlan(run, PlanOf({married, other, named}));
  store->FinishRun(run, ExitCode::kConverged, {}, 0, {}, At(1));
  CHECK(store->KeysOnceWithAddress("A_B%@X.org") == std::vector<std::string>{"E1"});
  CHECK(store->KeysOnceWithAddress("e2@x.org") == std::vector<std::string>{"E2"});
  CHECK(store->KeysOnceWithAddress("nobody@x.org").empty());
}

TEST_CASE("a key that is taken, and one that nobody has, are refused and change nothing") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1"), Contact("E1", {}), Contact("N1", {})});
  const Failure taken = FailureOf([&] { store->Rekey("E1", "N1", At(0)); });
  CHECK(taken.code() == ExitCode::kUsage);
  CHECK(Says(taken, "there is a contact with the key N1 already"));
  CHECK(store->Find(Kind::kUser, "E1"));
  CHECK_FALSE(store->Find(Kind::kUser, "N1"));
  CHECK(Says(FailureOf([&] { store->Rekey("E9", "N9", At(0)); }), "nobody has the key E9"));
}

TEST_CASE("the row of a deleted object makes room for the person who gets its key") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  StoredEntity gone = User("N1");
  gone.lifecycle = Lifecycle::kGone;
  gone.remote_id.clear();
  RunOf(*store, {User("E1"), gone});
  CHECK(store->Rekey("E1", "N1", At(0)) == std::vector{Kind::kUser});
  CHECK(store->Find(Kind::kUser, "N1")->remote_id == "7E1");
  CHECK(store->Check().empty());
  CHECK(Says(FailureOf([&] { store->Rekey("E1", "N2", At(0)); }), "nobody has the key E1"));
}

TEST_CASE("who the target refused is released by the key, and once") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const std::string run = RunUnderWay(*store, {For(User("E1"), Action::kCreate)}, 1);
  OperationOutcome refused = Failed(1, "invalid", "e-mail is not valid", At(1));
  refused.quarantine = true;
  store->RecordOutcomes(run, std::vector{refused});
  REQUIRE(store->Quarantined().size() == 1);
  CHECK(store->ReleaseByTarget("E2", At(2)) == 0);
  CHECK(store->ReleaseByTarget("E1", At(2)) == 1);
  CHECK(store->Quarantined().empty());
  CHECK(store->ReleaseByTarget("E1", At(2)) == 0);
}

}  // namespace ucaas_sync::state
