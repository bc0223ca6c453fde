// What is kept of decisions and requests, so that a past run can be asked; and that an unchanged decision keeps
// nothing.
#include "tests/state/support.h"

namespace ucaas_sync::state {
namespace {

using Word = PlanNotes::Standstill::Word;

std::vector<std::string> WordsOn(const SqliteStore& store, const std::string& key) {
  std::vector<std::string> words;
  for (const StoredDecision& decision : store.PastDecisions(key, 10)) words.push_back(decision.word);
  return words;
}

/// Puts a user into the state by a run of one operation, and returns the row's id.
std::int64_t Create(SqliteStore& store, const std::string& key, std::vector<Attempt> requests = {}) {
  const std::string run = store.BeginRun({.trigger = "test", .at = At(0)});
  Plan plan;
  Operation operation;
  operation.key = key;
  plan.operations.Add(operation);
  store.StorePlan(run, plan);
  store.AdvanceMark(run, 1);
  OperationOutcome outcome;
  outcome.seq = 1;
  outcome.done = true;
  outcome.verdict = "ok";
  outcome.result = "1";
  outcome.request_id = "req-9";
  outcome.latency = std::chrono::microseconds(1234);
  outcome.requests = std::move(requests);
  outcome.row = User(key);
  store.RecordOutcomes(run, std::vector{outcome});
  store.FinishRun(run, ExitCode::kConverged, {}, 0, {}, At(1));
  return store.Find(Kind::kUser, key)->id;
}

std::string Notes(SqliteStore& store, const PlanNotes& notes, const std::vector<QuarantineItem>& quarantine = {}) {
  const std::string run = store.BeginRun({.trigger = "test", .at = At(10)});
  store.RecordNotes(run, notes, quarantine, {});
  store.FinishRun(run, ExitCode::kConverged, {}, 0, {}, At(11));
  return run;
}

TEST_CASE("a standstill is kept once, however often it is noted, and its end once") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  PlanNotes notes;
  notes.standstills = {{.entity_id = Create(*store, "E1"),
                        .word = Word::kAbsent,
                        .reason = "in no record of hr",
                        .source = {.name = "hr", .line = 0, .dn = {}}}};
  const std::string run = Notes(*store, notes);
  Notes(*store, notes);
  CHECK(WordsOn(*store, "E1") == std::vector<std::string>{"absent"});
  CHECK(store->PastDecisions("E1", 10)[0].run == run);
  notes.standstills[0].word = Word::kUndecided;
  Notes(*store, notes);
  CHECK(WordsOn(*store, "E1") == std::vector<std::string>{"absent"});
  Notes(*store, {});
  Notes(*store, {});
  CHECK(WordsOn(*store, "E1") == std::vector<std::string>{"back", "absent"});
  CHECK(store->PastDecisions("E1", 10, run).size() == 1);
  CHECK(store->Check().empty());
}

TEST_CASE("who is kept because they were adopted is listed while it is so") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  PlanNotes notes;
  notes.standstills = {
      {.entity_id = Create(*store, "E1"), .word = Word::kKept, .reason = "it was adopted", .source = {}},
      {.entity_id = Create(*store, "E2"), .word = Word::kAbsent, .reason = "in no record of hr", .source = {}}};
  Notes(*store, notes);
  REQUIRE(store->Kept().size() == 1);
  CHECK(store->Kept()[0].kind == "user");
  CHECK(store->Kept()[0].key == "E1");
  CHECK(store->Kept()[0].at == At(10));
  Notes(*store, {});
  CHECK(store->Kept().empty());
}

TEST_CASE("whom the list of the target bars waits like whom the target refused, and is news once") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  PlanNotes notes;
  notes.barred = {{.kind = "user", .key = "E9", .reason = "two there", .source = {}, .fingerprint = HashOf("E9")}};
  const std::vector<QuarantineItem> item{
      {.kind = "user", .key = "E9", .reason = "two there", .is_new = true, .source = {}}};
  Notes(*store, notes, item);
  REQUIRE(store->Quarantined().size() == 1);
  CHECK(store->Quarantined()[0].by_target);
  CHECK(store->Quarantined()[0].fingerprint == HashOf("E9"));
  // The next plan has no list, and sets them aside for what is known.
  Notes(*store, {}, item);
  CHECK(store->Quarantined().size() == 1);
  CHECK(WordsOn(*store, "E9") == std::vector<std::string>{"quarantined"});
}

TEST_CASE("whom the list of the target bars for another reason is news again, for the same reason is not") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const auto barred = [](const std::string& kind, const std::string& key, const std::string& reason) {
    return PlanNotes::Barred{.kind = kind, .key = key, .reason = reason, .source = {}, .fingerprint = {}};
  };
  PlanNotes notes;
  notes.barred = {barred("contact", "E9", "two there"), barred("user", "E7", "two there"),
                  barred("user", "E9", "two there")};
  const std::vector<QuarantineItem> own{
      {.kind = "user", .key = "E8", .reason = "e-mail missing", .is_new = true, .source = {}}};
  Notes(*store, notes, own);
  Notes(*store, notes, own);
  CHECK(WordsOn(*store, "E9") == std::vector<std::string>{"quarantined", "quarantined"});
  notes.barred[2].reason = "three there";
  Notes(*store, notes, own);
  CHECK(WordsOn(*store, "E9") == std::vector<std::string>{"quarantined", "quarantined", "quarantined"});
  CHECK(WordsOn(*store, "E7") == std::vector<std::string>{"quarantined"});
  CHECK(store->Quarantined().size() == 4);
}

TEST_CASE("of two reasons that one plan gives for a key the first stands") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  Notes(*store, {},
        {{.kind = "user", .key = "E9", .reason = "e-mail missing", .is_new = true, .source = {}},
         {.kind = "user", .key = "E9", .reason = "first_name missing", .is_new = true, .source = {}}});
  REQUIRE(store->Quarantined().size() == 1);
  CHECK(store->Quarantined()[0].reason == "e-mail missing");
  CHECK(WordsOn(*store, "E9") == std::vector<std::string>{"quarantined"});
}

TEST_CASE("quarantine is kept when it begins, when its reason changes, and when it ends") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  Notes(*store, {}, {{.kind = "user", .key = "E9", .reason = "e-mail missing", .is_new = true, .source = {}}});
  Notes(*store, {}, {{.kind = "user", .key = "E9", .reason = "e-mail missing", .is_new = false, .source = {}}});
  Notes(*store, {}, {{.kind = "user", .key = "E9", .reason = "first_name missing", .is_new = true, .source = {}}});
  Notes(*store, {});
  CHECK(WordsOn(*store, "E9") == std::vector<std::string>{"released", "quarantined", "quarantined"});
}

TEST_CASE("one request is told by the outcome, several by a row each") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  Create(*store, "E1");
  const Attempt failed{.at = At(5),
                       .call = "create",
                       .verdict = "retry",
                       .request_id = "req-1",
                       .http_status = 503,
                       .result = "503",
                       .message = "busy",
                       .latency = std::chrono::microseconds(99)};
  Create(*store, "E2", {failed, failed});
  const auto first = store->PastOperations("E1", 5);
  REQUIRE(first.size() == 1);
  REQUIRE(first[0].outcome);
  CHECK(first[0].outcome->request_id == "req-9");
  CHECK(first[0].outcome->latency == std::chrono::microseconds(1234));
  CHECK(first[0].requests.empty());
  const auto second = store->PastOperations("E2", 5);
  REQUIRE(second.size() == 1);
  CHECK(second[0].requests == std::vector<Attempt>{failed, failed});
  CHECK(second[0].run.done == 1);
}

TEST_CASE("what was asked for an operation is kept, though nobody answered it") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  const std::string run = RunUnderWay(*store, {For(User("E1"), Action::kCreate)}, 1);
  const Attempt asked{.at = At(5),
                      .call = "create",
                      .verdict = "unknown",
                      .request_id = "",
                      .http_status = 504,
                      .result = "",
                      .message = "gateway timeout",
                      .latency = std::chrono::microseconds(99)};
  store->RecordAttempts(run, std::vector<UnansweredRequests>{{.seq = 1, .requests = {asked}}});
  const auto past = store->PastOperations("E1", 5);
  REQUIRE(past.size() == 1);
  CHECK_FALSE(past[0].outcome);
  CHECK(past[0].requests == std::vector<Attempt>{asked});
}

TEST_CASE("an address finds its keys whatever its case, of those that are gone too") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  Create(*store, "E1");
  CHECK(store->KeysWithAddress("e1@example.COM") == std::vector<std::string>{"E1"});
  CHECK(store->KeysWithAddress("e2@example.com").empty());
}

}  // namespace
}  // namespace ucaas_sync::state
