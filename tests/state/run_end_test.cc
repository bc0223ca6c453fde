// What is kept of a run's end: whose operations stay unanswered, and what exactly was refused or noted.
#include "tests/state/support.h"

namespace ucaas_sync::state {
namespace {

TEST_CASE("a run that ends late leaves what a later one has in flight to that one") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1")});
  const StoredEntity user = *store->Find(Kind::kUser, "E1");
  const std::string late = store->BeginRun({.trigger = "command", .at = At(10)});
  const std::string next = RunUnderWay(*store, {For(user, Action::kSuspend)}, 1, At(20));
  store->FinishRun(late, ExitCode::kUnavailable, "stopped", 0, {}, At(30));
  CHECK(store->UnknownChanges().empty());
  store->FinishRun(next, ExitCode::kUnavailable, "stopped", 0, {}, At(40));
  CHECK(store->UnknownChanges() == std::vector<std::int64_t>{user.id});
  CHECK(store->RemovalsSince(At(0)).size() == 1);
}

TEST_CASE("what may have made its object anew is a change that was sent, is no removal, and has no answer") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1"), User("E2"), User("E3"), User("E4")});
  const auto change = [&](const char* key, Action action) { return For(*store->Find(Kind::kUser, key), action); };
  CHECK(store->UnansweredUpdates().empty());
  const std::string cut = store->BeginRun({.trigger = "command", .at = At(10)});
  store->StorePlan(cut, PlanOf({change("E1", Action::kUpdate), change("E2", Action::kSuspend),
                                change("E3", Action::kReactivate), change("E4", Action::kUpdate)}));
  store->AdvanceMark(cut, 3);
  store->RecordOutcomes(cut, std::vector{Failed(3, "retry", "upstream timed out", At(11))});
  store->BeginRun({.trigger = "command", .at = At(20)});
  REQUIRE(store->UnknownChanges().size() == 3);
  const auto changes = store->UnansweredUpdates();
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].key == "E1");
  store->RecordChanges({.entities = store->UnknownChanges()}, At(30));
  CHECK(store->UnansweredUpdates().empty());
}

TEST_CASE("a create without an address is looked up by its key alone when nobody answered it") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const std::string run = store->BeginRun({.trigger = "command", .at = At(0)});
  Operation create = For(Contact("C1", {}), Action::kCreate);
  create.changes = {{.field = kContactName, .before = {}, .after = Field::Value("Ada")}};
  store->StorePlan(run, PlanOf({create}));
  store->AdvanceMark(run, 1);
  const auto creates = store->UnknownCreates();
  REQUIRE(creates.size() == 1);
  CHECK(creates[0].key == "C1");
  CHECK(creates[0].address.empty());
  CHECK(creates[0].operation == run + "/1");
}

TEST_CASE("a refusal is remembered by what was sent, where that is not what was planned") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const std::string run = RunUnderWay(*store, {For(User("E1"), Action::kCreate), For(User("E2"), Action::kCreate)}, 2);
  std::vector<OperationOutcome> refused{Failed(1, "invalid", "name too long", At(5)),
                                        Failed(2, "invalid", "name too long", At(5))};
  for (OperationOutcome& outcome : refused) outcome.quarantine = true;
  refused[0].fingerprint = HashOf("sent");
  store->RecordOutcomes(run, refused);
  const auto items = store->Quarantined();
  REQUIRE(items.size() == 2);
  CHECK(items[0].fingerprint == HashOf("sent"));
  CHECK(items[1].fingerprint == HashOf("E2", 1));
}

TEST_CASE("an absence that begins anew is kept with its new beginning, after as many reads as before") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const std::string run = RunOf(*store, {User("E1")});
  PlanNotes notes;
  notes.absences = {{.entity_id = store->Find(Kind::kUser, "E1")->id, .since = At(1), .reads = 1}};
  store->RecordNotes(run, notes, {}, {});
  notes.absences[0].since = At(500);
  store->RecordNotes(run, notes, {}, {});
  REQUIRE(store->Absences().size() == 1);
  CHECK(store->Absences()[0].since == At(500));
  CHECK(store->Absences()[0].reads == 1);
}

}  // namespace
TEST_CASE("a change that failed is unknown, and a removal counts, only if it may have been done") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1"), User("E2"), User("E3")});
  const std::string run = store->BeginRun({.trigger = "command", .at = At(20)});
  std::vector<Operation> suspends;
  std::vector<OperationOutcome> outcomes;
  for (const char* key : {"E1", "E2", "E3"}) {
    suspends.push_back(For(*store->Find(Kind::kUser, key), Action::kSuspend));
    outcomes.push_back(Failed(suspends.size(), "retry", "no connection", At(21)));
  }
  outcomes[0].may_have_acted = false;
  outcomes[1].verdict = kVerdictUnsent;
  outcomes[1].may_have_acted = false;
  store->StorePlan(run, PlanOf(suspends));
  store->AdvanceMark(run, 3);
  store->RecordOutcomes(run, outcomes);
  store->FinishRun(run, ExitCode::kUnavailable, "", 2, {}, At(22));
  const std::int64_t third = store->Find(Kind::kUser, "E3")->id;
  CHECK(store->UnknownChanges() == std::vector{third});
  REQUIRE(store->RemovalsSince(At(0)).size() == 1);
  CHECK(store->RemovalsSince(At(0)).front().unanswered == third);
  // What failed for the moment is tried again, whether it was sent or not.
  CHECK(store->DueAt() == At(21));
  CHECK(store->Check().empty());
}

TEST_CASE("a removal that nobody answered counts beside the next one, once its object was found gone and made anew") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {Group("Sales")});
  StoredEntity sales = *store->Find(Kind::kGroup, "Sales");
  const auto remove = [&](const OperationOutcome& outcome, Instant at) {
    Operation operation = For(sales, Action::kDelete);
    operation.remote_id = sales.remote_id;
    const std::string run = RunUnderWay(*store, {operation}, 1, at);
    store->RecordOutcomes(run, std::vector{outcome});
    store->FinishRun(run, ExitCode::kPartial, "", 0, {}, at);
  };
  remove(Failed(1, "retry", "no answer", At(20)), At(20));
  remove(Failed(1, "retry", "no answer", At(21)), At(21));
  REQUIRE(store->RemovalsSince(At(0)).size() == 2);
  CHECK(store->RemovalsSince(At(0)).front().unanswered == sales.id);

  sales.remote_id = "anew";
  RunOf(*store, {sales}, Action::kCreate, ExitCode::kConverged, At(30));
  REQUIRE(store->RemovalsSince(At(0)).size() == 2);
  CHECK(store->RemovalsSince(At(0)).front().unanswered < 0);
  CHECK(store->RemovalsSince(At(0)).front().unanswered == store->RemovalsSince(At(0)).back().unanswered);
  // That the new one is there says nothing of the one before, nor does its end.
  store->RecordChanges({.entities = {sales.id}}, At(35));
  CHECK(store->RemovalsSince(At(0)).size() == 2);

  sales.lifecycle = Lifecycle::kGone;
  remove(Done(1, sales, At(40)), At(40));
  store->RecordChanges({.entities = {sales.id}}, At(45));
  CHECK(store->RemovalsSince(At(0)).size() == 3);
  CHECK(store->Check().empty());
}

TEST_CASE("a suspend that nobody answered counts for sure once they are let in again, and beside the next one") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1"), User("E2")});
  const auto change = [&](const char* key, Action action, const char* verdict, Instant at) {
    const StoredEntity user = *store->Find(Kind::kUser, key);
    Operation operation = For(user, action);
    operation.remote_id = user.remote_id;
    const std::string run = RunUnderWay(*store, {operation}, 1, at);
    store->RecordOutcomes(
        run, std::vector{verdict == std::string_view("ok") ? Done(1, user, at) : Failed(1, verdict, "no answer", at)});
    store->FinishRun(run, ExitCode::kPartial, "", 0, {}, at);
  };
  change("E1", Action::kSuspend, "retry", At(20));
  change("E2", Action::kSuspend, "retry", At(20));
  change("E1", Action::kSuspend, "retry", At(30));
  REQUIRE(store->RemovalsSince(At(0)).size() == 3);
  change("E1", Action::kReactivate, "retry", At(40));
  const std::int64_t second = store->Find(Kind::kUser, "E2")->id;
  const auto unanswered = [&] {
    std::vector<std::int64_t> of;
    for (const PastRemoval& removal : store->RemovalsSince(At(0))) of.push_back(removal.unanswered);
    return of;
  };
  CHECK(unanswered() == std::vector{second, std::int64_t{0}});
  CHECK(store->RemovalsSince(At(0)).back().at == At(30));
  // That the first is active says nothing of a suspend before; that the second is, does.
  store->RecordChanges({.entities = store->UnknownChanges()}, At(50));
  CHECK(unanswered() == std::vector{std::int64_t{0}});
  change("E1", Action::kSuspend, "ok", At(60));
  store->RecordChanges({.entities = {store->Find(Kind::kUser, "E1")->id}}, At(70));
  CHECK(unanswered() == std::vector{std::int64_t{0}, std::int64_t{0}});
  change("E2", Action::kSuspend, "retry", At(80));
  change("E2", Action::kReactivate, "ok", At(90));
  CHECK(unanswered() == std::vector<std::int64_t>(3, 0));
  CHECK(store->Check().empty());
}

TEST_CASE("an address that was given and answered is not in doubt for a later change that nobody answered") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1")});
  const auto change = [&](const char* address, bool is_answered) {
    const StoredEntity user = *store->Find(Kind::kUser, "E1");
    Operation operation = For(user, Action::kUpdate);
    operation.changes[0].after = Field::Value(address);
    const std::string run = RunUnderWay(*store, {operation}, 1, At(20));
    if (is_answered) store->RecordOutcomes(run, std::vector{Done(1, user, At(20))});
    store->FinishRun(run, ExitCode::kPartial, "", 0, {}, At(20));
  };
  change("answered@example.com", true);
  change("open@example.com", false);
  const auto doubts = store->AddressesInDoubt();
  REQUIRE(doubts.size() == 1);
  CHECK(doubts.begin()->second == std::vector<std::string>{"open@example.com"});
}

TEST_CASE("a change whose groups are still to be told is open until they are") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {Contact("E1", {})});
  const StoredEntity contact = *store->Find(Kind::kContact, "E1");
  for (const bool is_told : {false, true}) {
    const std::string run = RunUnderWay(*store, {For(contact, Action::kUpdate)}, 1, At(20));
    OperationOutcome outcome = Done(1, contact, At(20));
    outcome.groups_follow = true;
    store->RecordOutcomes(run, std::vector{outcome});
    CHECK(store->UnknownChanges() == std::vector{contact.id});
    outcome.groups_follow = false;
    if (is_told) store->RecordOutcomes(run, std::vector{outcome});
    store->FinishRun(run, ExitCode::kPartial, "", 0, {}, At(20));
    CHECK(store->UnknownChanges().empty() == is_told);
    CHECK(store->FindRun(run)->done == (is_told ? 1 : 0));
  }
}

TEST_CASE("removals of a run that was cut off count before the next one begins, and once") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1"), User("E2"), User("E3")});
  const auto suspend = [&](const char* key) { return For(*store->Find(Kind::kUser, key), Action::kSuspend); };
  const std::string cut = RunUnderWay(*store, {suspend("E1"), suspend("E2"), suspend("E3")}, 2, At(20));
  const auto counted = [&] { return store->RemovalsSince(At(20)).size(); };
  CHECK(counted() == 2);
  store->RecordOutcomes(cut, std::vector{Done(1, store->Find(Kind::kUser, "E1"), At(21))});
  CHECK(counted() == 2);
  CHECK(store->RemovalsSince(At(21)).size() == 1);
  store->BeginRun({.trigger = "command", .at = At(30)});
  CHECK(counted() == 2);
}

TEST_CASE(
    "a removal that nobody answered and its repeat count once from when the repeat is done, whatever a look shows") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1"), User("E2")});
  for (const char* key : {"E1", "E2"}) {
    const StoredEntity user = *store->Find(Kind::kUser, key);
    Operation suspend = For(user, Action::kSuspend);
    suspend.remote_id = user.remote_id;
    for (const bool is_done : {false, true}) {
      const std::string run = RunUnderWay(*store, {suspend}, 1, At(is_done ? 30 : 20));
      const OperationOutcome outcome = is_done ? Done(1, user, At(30)) : Failed(1, "retry", "no answer", At(20));
      store->RecordOutcomes(run, std::vector{outcome});
      store->FinishRun(run, ExitCode::kPartial, "", 0, {}, At(30));
    }
  }
  REQUIRE(store->RemovalsSince(At(0)).size() == 2);
  for (const PastRemoval& removal : store->RemovalsSince(At(0))) CHECK(removal.at == At(30));
  CHECK(store->DueAt() == At(20));
}

TEST_CASE("a change that was done in part is unknown still, though its row says what was done of it") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1"), User("E2")});
  const std::string run = store->BeginRun({.trigger = "command", .at = At(20)});
  StoredEntity row = *store->Find(Kind::kUser, "E1");
  const std::int64_t first = row.id;
  OperationOutcome in_part = Failed(1, "retry", "no answer", At(21));
  in_part.row = row;
  OperationOutcome gone = Failed(2, "retry", "no answer", At(21));
  gone.row = *store->Find(Kind::kUser, "E2");
  gone.row->lifecycle = Lifecycle::kGone;
  store->StorePlan(run, PlanOf({For(row, Action::kUpdate), For(*store->Find(Kind::kUser, "E2"), Action::kUpdate)}));
  store->AdvanceMark(run, 2);
  store->RecordOutcomes(run, std::vector{in_part, gone});
  store->FinishRun(run, ExitCode::kPartial, "", 2, {}, At(22));
  CHECK(store->UnknownChanges() == std::vector{first});
  CHECK(store->HasUnknownChange(first));
}

}  // namespace ucaas_sync::state
