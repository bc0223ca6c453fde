// What the tests of the state share: a directory that goes when the test ends, and entities of a made-up company.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "daemon/state/sqlite_store.h"
#include "tests/support/temporary_folder.h"

namespace ucaas_sync::state {

class TemporaryDirectory : public testing::TemporaryFolder {
 public:
  std::filesystem::path state() const { return path() / "state"; }
  std::filesystem::path file() const { return state() / "state.db"; }
};

inline std::unique_ptr<SqliteStore> OpenForTest(const TemporaryDirectory& dir, OpenMode mode = OpenMode::kReadWrite) {
  return OpenStore(dir.state(), mode, {.program_version = "1.2.3", .seed = 7, .busy_timeout_ms = 2'000});
}

inline Instant At(std::int64_t seconds) {
  return Instant(Duration((1'795'000'000 + seconds) * 1000));
}

inline StoredEntity User(const std::string& key, const std::string& department = "Sales") {
  StoredEntity user;
  user.kind = Kind::kUser;
  user.key = key;
  user.remote_id = "7" + key;
  user.fields[kUserFirstName] = Field::Value("Zoë \"Z\" \\ " + key);
  user.fields[kUserEmail] = Field::Value(key + "@Example.com");
  user.fields[kUserDepartment] = Field::Value(department);
  user.fields[kUserMiddleName] = Field::Empty();
  user.source = "hr";
  return user;
}

inline StoredEntity Group(const std::string& key) {
  StoredEntity group;
  group.kind = Kind::kGroup;
  group.key = key;
  group.remote_id = "8" + key;
  group.fields[kGroupName] = Field::Value(key);
  group.source = "hr";
  return group;
}

inline StoredEntity Contact(const std::string& key, std::vector<std::string> groups) {
  StoredEntity contact;
  contact.kind = Kind::kContact;
  contact.key = key;
  contact.remote_id = "9" + key;
  contact.fields[kContactEmail] = Field::Value(key + "@example.com");
  contact.groups = std::move(groups);
  contact.source = "directory";
  return contact;
}

inline Operation For(const StoredEntity& row, Action action) {
  Operation operation;
  operation.kind = row.kind;
  operation.action = action;
  operation.key = row.key;
  operation.entity_id = row.id;
  const FieldId address = NaturalKeyField(row.kind);
  operation.changes.push_back({.field = address, .before = {}, .after = row.fields[address]});
  operation.reason = "for a test";
  operation.source = {.name = "hr", .line = 18, .dn = ""};
  operation.fingerprint = HashOf(row.key, 1);
  return operation;
}

inline Plan PlanOf(const std::vector<Operation>& operations) {
  Plan plan;
  plan.hash = "abc";
  for (const Operation& operation : operations) {
    plan.operations.Add(operation);
    ++plan.summary_of(operation.kind).actions[Index(operation.action)];
  }
  return plan;
}

inline OperationOutcome Done(std::uint64_t seq, std::optional<StoredEntity> row, Instant at = At(10)) {
  OperationOutcome outcome;
  outcome.seq = seq;
  outcome.done = true;
  outcome.verdict = "ok";
  outcome.result = "1";
  outcome.http_status = 200;
  outcome.at = at;
  if (row) outcome.fingerprint = HashOf(row->key, 1);
  outcome.row = std::move(row);
  return outcome;
}

inline OperationOutcome Failed(std::uint64_t seq, const std::string& verdict, const std::string& message, Instant at) {
  OperationOutcome outcome;
  outcome.seq = seq;
  outcome.verdict = verdict;
  outcome.message = message;
  outcome.at = at;
  return outcome;
}

using Keys = std::vector<std::string>;

inline Keys KeysOf(const std::vector<UnknownCreate>& creates) {
  Keys keys;
  for (const UnknownCreate& create : creates) keys.push_back(create.key);
  return keys;
}

/// A run whose plan is stored, and whose first `mark` operations may be sent.
inline std::string RunUnderWay(SqliteStore& store, const std::vector<Operation>& operations, std::uint64_t mark,
                               Instant at = At(0)) {
  std::string run = store.BeginRun({.trigger = "command", .at = at});
  store.StorePlan(run, PlanOf(operations));
  store.AdvanceMark(run, mark);
  return run;
}

/// One run that does one operation for each row.
inline std::string RunOf(SqliteStore& store, const std::vector<StoredEntity>& rows, Action action = Action::kCreate,
                         ExitCode code = ExitCode::kConverged, Instant at = At(0)) {
  const std::string run = store.BeginRun({.trigger = "command", .at = at});
  std::vector<Operation> operations;
  std::vector<OperationOutcome> outcomes;
  for (const StoredEntity& row : rows) {
    operations.push_back(For(row, action));
    outcomes.push_back(Done(operations.size(), row, at));
  }
  const Plan plan = PlanOf(operations);
  store.StorePlan(run, plan);
  store.AdvanceMark(run, operations.size());
  store.RecordOutcomes(run, outcomes);
  store.FinishRun(run, code, "", 0, plan.summary, at);
  return run;
}

/// The StateFailure that `work` ends with.
template <typename Work>
Failure FailureOf(Work&& work) {
  try {
    work();
  } catch (const Failure& failure) {
    return failure;
  }
  FAIL("no failure");
  return Failure(ExitCode::kError, "");
}

inline bool Says(const Failure& failure, std::string_view text) {
  return std::string_view(failure.what()).find(text) != std::string_view::npos;
}

inline std::string Slurp(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

inline void Spill(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace ucaas_sync::state
