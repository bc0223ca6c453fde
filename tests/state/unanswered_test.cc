// What is known of requests that nobody answered, and when it is settled.
#include "tests/state/support.h"

namespace ucaas_sync::state {

TEST_CASE("creates under the mark of a cut-off run stay unknown until their key is settled in a later run") {
  const TemporaryDirectory dir;
  const std::vector<Operation> creates{For(User("E1"), Action::kCreate), For(User("E2"), Action::kCreate),
                                       For(User("E3"), Action::kCreate), For(Group("G4"), Action::kCreate),
                                       For(User("E5"), Action::kUpdate)};
  std::string run;
  {
    const auto store = OpenForTest(dir);
    run = store->BeginRun({.trigger = "command", .at = At(0)});
    store->StorePlan(run, PlanOf(creates));
    store->AdvanceMark(run, 3);
    store->RecordOutcomes(run, std::vector{Done(1, User("E1"))});
  }
  const auto store = OpenForTest(dir);
  CHECK(KeysOf(store->UnknownCreates()) == Keys{"E2", "E3"});
  CHECK(store->UnknownCreates()[0].address == "E2@Example.com");
  CHECK(store->UnknownCreates()[0].operation == run + "/2");
  CHECK(store->PendingCreates(Kind::kUser).size() == 2);
  CHECK(store->PendingCreates(Kind::kGroup).size() == 1);

  const std::string second = store->BeginRun({.trigger = "command", .at = At(50)});
  CHECK(KeysOf(store->UnknownCreates()) == Keys{"E2", "E3"});
  CHECK(store->PendingCreates(Kind::kUser).size() == 2);
  store->StorePlan(second, PlanOf({creates[1], creates[2], creates[3]}));
  store->AdvanceMark(second, 1);
  store->RecordOutcomes(second, std::vector{Done(1, User("E2"))});
  CHECK(KeysOf(store->UnknownCreates()) == Keys{"E3"});
  CHECK(store->PendingCreates(Kind::kUser).size() == 1);
  store->FinishRun(second, ExitCode::kConverged, "", 0, {}, At(60));
  CHECK(KeysOf(store->UnknownCreates()) == Keys{"E3"});
  CHECK(store->UnknownCreates()[0].operation == run + "/3");
  CHECK(store->PendingCreates(Kind::kUser).size() == 0);
}

TEST_CASE("every address to which a create may have been sent is known until its key is settled") {
  const TemporaryDirectory dir;
  const auto cut_off = [&](const std::string& email) {
    const auto store = OpenForTest(dir);
    StoredEntity user = User("E1");
    user.fields[kUserEmail] = Field::Value(email);
    const std::string run = RunUnderWay(*store, {For(User("E0"), Action::kUpdate), For(user, Action::kCreate)}, 2);
    return run;
  };
  const std::string first = cut_off("z@x.org");
  const std::string second = cut_off("a@x.org");
  cut_off("z@x.org");
  const auto known = [](const SqliteStore& store) {
    std::vector<std::string> lines;
    for (const UnknownCreate& create : store.UnknownCreates()) {
      lines.push_back(create.key + ' ' + create.address + ' ' + create.operation);
    }
    return lines;
  };
  const Keys expected{"E1 z@x.org " + first + "/2", "E1 a@x.org " + second + "/2"};
  const auto store = OpenForTest(dir);
  CHECK_MESSAGE(known(*store) == expected, "the last run has not ended");
  const std::string last = store->BeginRun({.trigger = "command", .at = At(5)});
  CHECK_MESSAGE(known(*store) == expected, "it has");
  REQUIRE(store->LeftoverCreates().size() == 2);
  store->StorePlan(last, PlanOf({For(User("E1"), Action::kCreate), For(User("E2"), Action::kCreate)}));
  store->AdvanceMark(last, 1);
  SUBCASE("it is created") {
    store->RecordOutcomes(last, std::vector{Done(1, User("E1"))});
    CHECK(known(*store).empty());
  }
  SUBCASE("it is refused for what it is, and none of the others was found") {
    OperationOutcome refused = Failed(1, "invalid", "name too long", At(6));
    refused.quarantine = true;
    refused.may_have_acted = false;
    store->RecordOutcomes(last, std::vector{refused});
    CHECK(known(*store).empty());
  }
  SUBCASE("it is set aside since nobody knows which of several is its own") {
    OperationOutcome crowded = Failed(1, "unknown", "two are there", At(6));
    crowded.quarantine = true;
    store->RecordOutcomes(last, std::vector{crowded});
    CHECK(known(*store).size() == 3);
    CHECK(store->Quarantined().size() == 1);
  }
  SUBCASE("its person is forgotten") {
    store->FinishRun(last, ExitCode::kUnavailable, "stopped", 0, {}, At(6));
    store->Forget("E1", At(7));
    CHECK(known(*store).empty());
  }
  SUBCASE("a look settles a leftover") {
    store->RecordLeftover(store->LeftoverCreates().front(), std::nullopt, At(6));
    OperationOutcome refused = Failed(1, "retry", "503", At(6));
    refused.may_have_acted = false;
    store->RecordOutcomes(last, std::vector{refused});
    CHECK(known(*store).empty());
  }
}

TEST_CASE("a run that stops in haste leaves what is in flight as unknown") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const std::string run = RunUnderWay(*store, {For(User("E1"), Action::kCreate), For(User("E2"), Action::kCreate)}, 1);
  store->FinishRun(run, ExitCode::kUnavailable, "stopped", 0, {}, At(8));
  CHECK(KeysOf(store->UnknownCreates()) == Keys{"E1"});
  CHECK(store->PendingCreates(Kind::kUser).size() == 2);
}

TEST_CASE("a create whose outcome says unknown is looked up next time, and one that failed for now stays pending") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const std::string run = store->BeginRun({.trigger = "command", .at = At(0)});
  store->StorePlan(run, PlanOf({For(User("E1"), Action::kCreate), For(User("E2"), Action::kCreate),
                                For(User("E3"), Action::kCreate)}));
  store->AdvanceMark(run, 3);
  OperationOutcome unknown = Failed(1, "unknown", "timed out", At(1));
  OperationOutcome later = Failed(2, "retry", "503", At(1));
  later.may_have_acted = false;
  OperationOutcome bad = Failed(3, "invalid", "bad name", At(1));
  bad.quarantine = true;
  bad.may_have_acted = false;
  store->RecordOutcomes(run, std::vector{unknown, later, bad});
  store->FinishRun(run, ExitCode::kUnavailable, "", 2, {}, At(8));
  CHECK(KeysOf(store->UnknownCreates()) == Keys{"E1"});
  CHECK(store->PendingCreates(Kind::kUser).size() == 2);
}

TEST_CASE("a create that may have acted is unknown whatever was said last, but for an address that is another's") {
  for (const char* verdict : {"retry", "denied", "missing", "invalid", "relogin", "duplicate"}) {
    for (const bool is_set_aside : {false, true}) {
      for (const bool was_unknown : {false, true}) {
        CAPTURE(std::string(verdict));
        CAPTURE(is_set_aside);
        CAPTURE(was_unknown);
        const TemporaryDirectory dir;
        const auto store = OpenForTest(dir);
        const std::string run = store->BeginRun({.trigger = "command", .at = At(0)});
        const Operation create = For(User("E1"), Action::kCreate);
        store->StorePlan(run, PlanOf({create, create}));
        store->AdvanceMark(run, 2);
        OperationOutcome before = Failed(1, was_unknown ? "unknown" : "retry", "before", At(1));
        before.may_have_acted = was_unknown;
        OperationOutcome last = Failed(2, verdict, "in the end", At(2));
        last.quarantine = is_set_aside;
        store->RecordOutcomes(run, std::vector{before, last});
        store->FinishRun(run, ExitCode::kPartial, "", 1, {}, At(8));
        const bool is_anothers = std::string_view(verdict) == "duplicate";
        const bool is_unknown = is_anothers ? was_unknown && !is_set_aside : true;
        CHECK(KeysOf(store->UnknownCreates()) == (is_unknown ? Keys{"E1"} : Keys{}));
        CHECK(store->Quarantined().size() == (is_set_aside ? 1U : 0U));
      }
    }
  }
}

TEST_CASE("that somebody's object is gone says nothing of what an unanswered create has made for them") {
  for (const Action action : {Action::kSuspend, Action::kDelete, Action::kCreate}) {
    CAPTURE(std::string(Name(action)));
    const TemporaryDirectory dir;
    const auto store = OpenForTest(dir);
    RunOf(*store, {User("E1")});
    StoredEntity row = *store->Find(Kind::kUser, "E1");
    // The target had lost the object: a create, cut off.
    const std::string cut = RunUnderWay(*store, {For(row, Action::kCreate)}, 1, At(20));
    const std::string run = RunUnderWay(*store, {For(row, action)}, 1, At(30));
    row.lifecycle = Lifecycle::kGone;
    row.fields = {};
    OperationOutcome gone = Done(1, row, At(31));
    if (action == Action::kCreate) {
      // One that waited for another's address, in vain.
      gone.done = false;
      gone.verdict = "duplicate";
      gone.may_have_acted = false;
    }
    store->RecordOutcomes(run, std::vector{gone});
    CHECK(KeysOf(store->UnknownCreates()) == Keys{"E1"});
  }
}

}  // namespace ucaas_sync::state
