#include "tests/apply/bench.h"

#include <algorithm>
#include <utility>

namespace ucaas_sync::apply {

Bench::Bench(GatePolicy policy)
    : gate(policy, clock.ticks), caller(client, gate, clock, observer, [this] { return stop; }) {}

GatePolicy Bench::FastPolicy() {
  return {.concurrency = 8, .rate = 1'000'000, .retry = {}, .seed = 1};
}

FieldChange Bench::Change(FieldId field, const std::string& before, const std::string& after) {
  return {.field = field, .before = before.empty() ? Field{} : Field::Value(before), .after = Field::Value(after)};
}

Operation Bench::On(Kind kind, Action action, const std::string& key, std::vector<FieldChange> changes) {
  Operation operation;
  operation.kind = kind;
  operation.action = action;
  operation.key = key;
  operation.changes = std::move(changes);
  operation.source = {.name = "hr", .line = 2, .dn = {}};
  operation.fingerprint = HashOf(key);
  return operation;
}

Operation Bench::CreateUser(const std::string& key) {
  return On(Kind::kUser, Action::kCreate, key,
            {Change(kUserTypeField, {}, "moderator"), Change(kUserFirstName, {}, "Ada"),
             Change(kUserLastName, {}, "Lovelace"), Change(kUserEmail, {}, key + "@x.org")});
}

std::vector<Operation> Bench::CreateUsers(int count) {
  std::vector<Operation> operations;
  for (int i = 1; i <= count; ++i) operations.push_back(CreateUser("E" + std::to_string(i)));
  return operations;
}

Operation Bench::CreateContact(const std::string& key, std::vector<std::string> groups) {
  Operation operation = On(Kind::kContact, Action::kCreate, key,
                           {Change(kContactName, {}, "Ada Lovelace"), Change(kContactEmail, {}, key + "@x.org")});
  if (!groups.empty()) operation.groups = GroupsChange{.before = {}, .after = std::move(groups)};
  return operation;
}

StoredEntity AddKnown(testing::FakeTarget& target, testing::MemoryStore& store, Kind kind, const std::string& key) {
  StoredEntity row;
  row.kind = kind;
  row.key = key;
  row.source = "hr";
  switch (kind) {
    case Kind::kUser:
      row.fields[kUserTypeField] = Field::Value("moderator");
      row.fields[kUserFirstName] = Field::Value("Ada");
      row.fields[kUserLastName] = Field::Value("Lovelace");
      row.fields[kUserEmail] = Field::Value(key + "@x.org");
      row.fields[kUserDepartment] = Field::Value("Sales");
      row.fields[kUserStatus] = Field::Value("A");
      break;
    case Kind::kContact:
      row.fields[kContactName] = Field::Value("Ada Lovelace");
      row.fields[kContactEmail] = Field::Value(key + "@x.org");
      break;
    case Kind::kGroup:
      row.fields[kGroupName] = Field::Value(key);
      break;
  }
  std::map<std::string, std::string> fields;
  const auto specs = FieldsOf(kind);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (row.fields[i].state == FieldState::kValue) fields[std::string(specs[i].name)] = row.fields[i].text;
  }
  row.remote_id = target.Add(kind, fields);
  row.id = store.Add(row);
  store.rows[row.id].entity.id = row.id;
  return row;
}

Operation Bench::At(const StoredEntity& row, Action action, std::vector<FieldChange> changes) {
  Operation operation = On(row.kind, action, row.key, std::move(changes));
  operation.entity_id = row.id;
  operation.remote_id = row.remote_id;
  return operation;
}

void Bench::Plan(const std::vector<Operation>& operations) {
  plan = {};
  for (const Operation& operation : operations) plan.operations.Add(operation);
}

ApplyResult Bench::Apply(const ExecutorOptions& options) {
  Executor executor(store, caller, clock, observer, options);
  return executor.Apply("run-1", plan);
}

ApplyResult Bench::Do(std::vector<Operation> operations, const ExecutorOptions& options) {
  Plan(std::move(operations));
  return Apply(options);
}

std::size_t Bench::Place(std::string_view line) const {
  return static_cast<std::size_t>(
      std::find_if(log.begin(), log.end(), [&](const std::string& one) { return one.starts_with(line); }) -
      log.begin());
}

}  // namespace ucaas_sync::apply
