#include "tests/fuzz/good_state.h"

#include <SQLiteCpp/Database.h>

#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "daemon/model/fields.h"

namespace ucaas_sync::fuzz {
namespace {

constexpr Duration kHour = std::chrono::hours(1);

StoredEntity Entity(Kind kind, const std::string& key, const std::string& remote_id, const std::string& address) {
  StoredEntity entity;
  entity.kind = kind;
  entity.key = key;
  entity.remote_id = remote_id;
  entity.fields[NaturalKeyField(kind)] = Field::Value(address);
  entity.source = "hr";
  return entity;
}

Operation For(const StoredEntity& row, Action action, std::int64_t id = 0) {
  Operation operation;
  operation.kind = row.kind;
  operation.action = action;
  operation.key = row.key;
  operation.remote_id = action == Action::kCreate ? "" : row.remote_id;
  operation.entity_id = id;
  operation.changes.push_back(
      {.field = NaturalKeyField(row.kind), .before = {}, .after = row.fields[NaturalKeyField(row.kind)]});
  operation.reason = "new in hr";
  operation.source = {.name = "hr", .line = 2, .dn = ""};
  operation.fingerprint = HashOf(row.key, 1);
  return operation;
}

Plan PlanOf(const std::vector<Operation>& operations) {
  Plan plan;
  plan.hash = "abc";
  for (const Operation& operation : operations) {
    plan.operations.Add(operation);
    ++plan.summary_of(operation.kind).actions[Index(operation.action)];
  }
  return plan;
}

OperationOutcome Done(std::uint64_t seq, const StoredEntity& row) {
  OperationOutcome outcome;
  outcome.seq = seq;
  outcome.done = true;
  outcome.verdict = "ok";
  outcome.result = "1";
  outcome.http_status = 200;
  outcome.attempts = 2;
  outcome.at = Now();
  outcome.requests = {{.at = Now(),
                       .call = "POST users",
                       .verdict = "retry",
                       .request_id = "r1",
                       .http_status = 503,
                       .result = "0",
                       .message = "busy"},
                      {.at = Now(),
                       .call = "POST users",
                       .verdict = "ok",
                       .request_id = "r2",
                       .http_status = 200,
                       .result = "1",
                       .message = ""}};
  outcome.row = row;
  outcome.fingerprint = HashOf(row.key, 1);
  return outcome;
}

void FinishedRun(state::SqliteStore& store) {
  std::vector<StoredEntity> rows = {
      Entity(Kind::kGroup, "Sales", "81", "Sales"), Entity(Kind::kUser, "E1", "71", "ada@example.com"),
      Entity(Kind::kUser, "E2", "72", "bob@example.com"), Entity(Kind::kUser, "E9", "79", "eve@example.com"),
      Entity(Kind::kContact, "E1", "91", "ada@example.com")};
  rows[1].fields[kUserFirstName] = Field::Value("Zoë \"Z\"");
  rows[2].lifecycle = Lifecycle::kSuspended;
  rows[2].suspended_at = Now();
  rows[4].groups = {"Sales"};
  std::vector<Operation> operations;
  std::vector<OperationOutcome> outcomes;
  for (const StoredEntity& row : rows) {
    operations.push_back(For(row, row.key == "E2" ? Action::kAdopt : Action::kCreate));
    outcomes.push_back(Done(operations.size(), row));
  }
  operations.push_back(For(Entity(Kind::kUser, "E3", "", "no address"), Action::kCreate));
  OperationOutcome refused;
  refused.seq = operations.size();
  refused.verdict = "invalid";
  refused.message = "e-mail is not valid";
  refused.at = Now();
  refused.quarantine = true;
  outcomes.push_back(refused);
  const std::string run = store.BeginRun({.trigger = "command", .at = Now()});
  const Plan plan = PlanOf(operations);
  store.StorePlan(run, plan);
  store.AdvanceMark(run, operations.size());
  store.RecordOutcomes(run, outcomes);
  store.FinishRun(run, ExitCode::kPartial, "1 operation failed", 1, plan.summary, Now());
}

// Its create and its update may have reached the target.
void CutOffRun(state::SqliteStore& store) {
  const std::int64_t ada = store.Find(Kind::kUser, "E1")->id;
  const std::string run = store.BeginRun({.trigger = "schedule", .at = Now()});
  store.StorePlan(run, PlanOf({For(Entity(Kind::kUser, "E1", "71", "ada@example.com"), Action::kUpdate, ada),
                               For(Entity(Kind::kUser, "E4", "", "dan@example.com"), Action::kCreate)}));
  store.AdvanceMark(run, 2);
}

void HeldRun(state::SqliteStore& store) {
  const std::int64_t ada = store.Find(Kind::kUser, "E1")->id;
  const std::int64_t bob = store.Find(Kind::kUser, "E2")->id;
  const std::string run = store.BeginRun({.trigger = "change", .at = Now()});
  PlanNotes notes;
  notes.standstills.push_back(
      {.entity_id = bob, .word = PlanNotes::Standstill::Word::kAbsent, .reason = "in no record", .source = {}});
  notes.absences.push_back({.entity_id = bob, .since = Now(), .reads = 1});
  notes.due_at = Now() + kHour;
  notes.repairs.push_back({.entity_id = ada, .field = kUserDepartment, .wanted = "Sales", .shown = "sales"});
  QuarantineItem item;
  item.kind = "user";
  item.key = "E5";
  item.reason = "e-mail missing";
  item.source = {.name = "hr", .line = 7, .dn = ""};
  SnapshotHistory snapshot;
  snapshot.source = "hr";
  snapshot.records = 5;
  snapshot.hash = "abc";
  snapshot.files.push_back(
      {.path = "/srv/people.csv", .device = 1, .inode = 2, .size = 3, .mtime_ns = 4, .ctime_ns = 5});
  snapshot.filled = {{"email", 5}};
  snapshot.read_at = Now();
  store.RecordNotes(run, notes, {&item, 1}, {&snapshot, 1});
  store.RecordRepairs(notes.repairs, Now());
  RefreshProgress progress;
  progress.cursor = {.finished_at = Now() - kHour, .not_before = {}, .started_at = Now(), .step = 1, .position = 2};
  progress.seen = {1, 2, 3};
  progress.found.push_back(
      {.entity_id = ada, .missing = false, .shown = {{kUserDepartment, Field::Value("sales")}}, .groups = {}});
  store.RecordRefresh(progress, Now() + kHour);
  ConsentScope scope;
  scope.guards.push_back({.name = "user.suspend",
                          .subject = "hr",
                          .limit = 1,
                          .actual = 2,
                          .holds_everything = true,
                          .covers = "suspend 2 users",
                          .examples = {"E1", "E2"},
                          .operations = {HashOf("a", 1), HashOf("b", 1)}});
  store.RecordHeld(run, scope, {}, Now());
  store.FinishRun(run, ExitCode::kHeld, "held by user.suspend", 0, {}, Now());
  store.RecordApproval({.subject = run,
                        .who = "root",
                        .reason = "agreed",
                        .at = Now(),
                        .until = Now() + kApprovalLasts,
                        .scope = scope});
}

void Wishes(state::SqliteStore& store) {
  const StoredHold holds[] = {
      {.key = "E1", .reason = "on leave", .until = Now() + kHour, .since = Now()},
      {.key = "E1", .reason = "reverted", .until = {}, .since = Now(), .kind = Kind::kUser, .mark = HashOf("m", 1)}};
  store.PutHolds(holds);
  const DueItem due{
      .kind = Kind::kUser, .action = Action::kSuspend, .key = "E2", .at = Now() + kHour, .reason = "absent"};
  store.ReplaceDue({&due, 1});
  store.MarkPlanUsed("abc 0123456789abcdef", Now());
  store.NoteWarnings({"hr has no column fax"});
  store.Forget("E9", Now());
}

std::string Bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

Instant Now() {
  return *ParseInstant("2026-11-23T09:00:00Z");
}

StateBytes MakeGoodState(const std::filesystem::path& dir, const state::BoundAccount& account) {
  const auto open = [&dir] {
    return state::OpenStore(dir, state::OpenMode::kReadWrite, {.program_version = "1.2.3", .seed = 7});
  };
  {
    const auto store = open();
    store->Bind(account.base_url, account.credential_id);
    FinishedRun(*store);
    CutOffRun(*store);
    HeldRun(*store);
  }
  const std::filesystem::path file = state::StatePath(dir);
  SQLite::Database(file.string(), SQLite::OPEN_READWRITE)
      .exec("PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM; PRAGMA journal_mode = WAL");
  StateBytes bytes;
  {
    const auto store = open();
    Wishes(*store);
    // A reader keeps the log from being emptied when the writer closes.
    const auto reader = state::OpenStore(dir, state::OpenMode::kReadOnly, {.program_version = "1.2.3"});
    store->NoteDue(Now());
    bytes = {.file = Bytes(file), .log = Bytes(file.string() + "-wal")};
  }
  std::filesystem::remove_all(dir);
  return bytes;
}

}  // namespace ucaas_sync::fuzz
