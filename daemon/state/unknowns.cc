#include "daemon/state/unknowns.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "daemon/state/removals.h"
#include "daemon/state/rows.h"
#include "daemon/state/store_impl.h"

namespace ucaas_sync::state {
namespace {

struct UnansweredCreate {
  std::int64_t operation = 0;
  UnknownCreate create;
};

/// "RUN/SEQ"
std::string NameOfOperation(Connection& connection, std::int64_t operation) {
  Query query = connection.Prepare("SELECT name || '/' || (?1 & 4294967295) FROM run WHERE id = ?1 >> 32");
  query.Int(operation);
  return query.Next() ? query.TextAt(0) : std::string();
}

std::string AddressOf(const Operation& operation) {
  const FieldChange* change = FindChange(operation, NaturalKeyField(operation.kind));
  return change == nullptr ? std::string() : change->after.text;
}

// Nearly always everything was answered; counting the narrow rows is cheaper than meeting each operation.
bool IsAnswered(Connection& connection, const OpenRun& run) {
  Query answered = connection.Prepare("SELECT count(*) FROM outcome WHERE id BETWEEN ?1 AND ?2");
  answered.Int(OperationId(run.id, 1)).Int(OperationId(run.id, run.mark));
  answered.Next();
  return answered.As<std::uint64_t>(0) == run.mark;
}

// Creates of a run that may have been sent and have no outcome.
std::vector<UnansweredCreate> UnansweredOf(Connection& connection, const OpenRun& run) {
  std::vector<UnansweredCreate> creates;
  if (IsAnswered(connection, run)) return creates;
  const std::int64_t first = OperationId(run.id, 1);
  const std::int64_t last = OperationId(run.id, run.mark);
  Query query = connection.Prepare(
      "SELECT id, kind, action, key, remote_id, entity_id, changes, groups_before, groups_after, reason, source, line, "
      "dn, fingerprint FROM operation WHERE id BETWEEN ?1 AND ?2 AND action = 0 "
      "AND NOT EXISTS (SELECT 1 FROM outcome WHERE outcome.id = operation.id)");
  query.Int(first).Int(last);
  while (query.Next()) {
    const Operation operation = ReadOperation(query);
    creates.push_back({.operation = query.IntAt(0),
                       .create = {.kind = operation.kind, .key = operation.key, .address = AddressOf(operation)}});
    creates.back().create.operation = NameOfOperation(connection, creates.back().operation);
  }
  return creates;
}

// Of several that were sent to one address the first stays: the others were sent under its name.
void RememberUnknown(Connection& connection, const UnansweredCreate& unanswered) {
  connection.Prepare("INSERT OR IGNORE INTO unknown_create (kind, key, address, operation) VALUES (?1, ?2, ?3, ?4)")
      .Int(Index(unanswered.create.kind))
      .Text(unanswered.create.key)
      .Text(unanswered.create.address)
      .Int(unanswered.operation)
      .Run();
}

// By kind and key, and of one key the oldest first.
void KeepFirstOfEachAddress(std::vector<UnansweredCreate>& creates) {
  const auto place = [](const UnansweredCreate& entry) {
    return std::tie(entry.create.kind, entry.create.key, entry.create.address);
  };
  std::sort(creates.begin(), creates.end(), [&](const UnansweredCreate& a, const UnansweredCreate& b) {
    return std::tuple_cat(place(a), std::tie(a.operation)) < std::tuple_cat(place(b), std::tie(b.operation));
  });
  const auto same = [&](const UnansweredCreate& a, const UnansweredCreate& b) { return place(a) == place(b); };
  creates.erase(std::unique(creates.begin(), creates.end(), same), creates.end());
  std::sort(creates.begin(), creates.end(), [](const UnansweredCreate& a, const UnansweredCreate& b) {
    return std::tie(a.create.kind, a.create.key, a.operation) < std::tie(b.create.kind, b.create.key, b.operation);
  });
}

// Of all runs, by kind and key, oldest first.
std::vector<UnansweredCreate> AllUnanswered(Connection& connection) {
  std::vector<UnansweredCreate> creates;
  {
    Query query = connection.Prepare("SELECT kind, key, address, operation FROM unknown_create");
    while (query.Next()) {
      creates.push_back({.operation = query.IntAt(3),
                         .create = {.kind = KindFrom(query.IntAt(0)),
                                    .key = query.TextAt(1),
                                    .address = query.TextAt(2),
                                    .operation = NameOfOperation(connection, query.IntAt(3))}});
    }
  }
  for (const OpenRun& run : OpenRuns(connection)) {
    for (UnansweredCreate& unanswered : UnansweredOf(connection, run)) creates.push_back(std::move(unanswered));
  }
  KeepFirstOfEachAddress(creates);
  return creates;
}

// A run that was cut off has an end there: nobody is at work in a state that is left behind.
void CopyRun(Connection& from, Connection& to, std::int64_t id) {
  Query run = from.Prepare(
      "SELECT name, cause, started, ended, outcome, message, failed, plan_hash, planned, mark, done FROM run "
      "WHERE id = ?1");
  run.Int(id);
  if (!run.Next()) return;
  const std::string name = run.TextAt(0);
  const std::string cause = run.TextAt(1);
  const std::string outcome = run.IsNullAt(4) ? std::string() : run.TextAt(4);
  const std::string message = run.TextAt(5);
  const std::string plan_hash = run.TextAt(7);
  Query insert = to.Prepare(
      "INSERT OR IGNORE INTO run (id, name, cause, started, ended, outcome, message, failed, plan_hash, planned, mark, "
      "done) VALUES (?1, ?2, ?3, ?4, ?5, nullif(?6, ''), ?7, ?8, ?9, ?10, ?11, ?12)");
  insert.Int(id).Text(name).Text(cause).Time(run.TimeAt(2)).Time(run.MaybeTimeAt(3).value_or(run.TimeAt(2)));
  insert.Text(outcome).Text(message).Int(run.IntAt(6)).Text(plan_hash).Int(run.IntAt(8)).Int(run.IntAt(9));
  insert.Int(run.IntAt(10)).Run();
}

}  // namespace

std::vector<OpenRun> OpenRuns(Connection& connection) {
  std::vector<OpenRun> runs;
  Query query = connection.Prepare("SELECT id, mark FROM run WHERE ended IS NULL ORDER BY id");
  while (query.Next()) runs.push_back({.id = query.IntAt(0), .mark = query.As<std::uint64_t>(1)});
  return runs;
}

void RememberUnknowns(Connection& connection, const OpenRun& run) {
  if (IsAnswered(connection, run)) return;
  connection
      .Prepare(
          "INSERT OR IGNORE INTO unknown_change (entity_id) SELECT entity_id FROM operation WHERE id BETWEEN ?1 AND ?2 "
          "AND action <> 0 AND entity_id IN (SELECT id FROM entity) "
          "AND NOT EXISTS (SELECT 1 FROM outcome WHERE outcome.id = operation.id)")
      .Int(OperationId(run.id, 1))
      .Int(OperationId(run.id, run.mark))
      .Run();
  NoteUnansweredRemovals(connection, run);
  for (const UnansweredCreate& unanswered : UnansweredOf(connection, run)) RememberUnknown(connection, unanswered);
}

void RememberUnknownCreate(Connection& connection, std::int64_t id, const Operation& create) {
  RememberUnknown(connection,
                  {.operation = id, .create = {.kind = create.kind, .key = create.key, .address = AddressOf(create)}});
}

void RememberUnknownChange(Connection& connection, std::int64_t entity_id) {
  connection.Prepare("INSERT OR IGNORE INTO unknown_change (entity_id) SELECT id FROM entity WHERE id = ?1")
      .Int(entity_id)
      .Run();
}

void ForgetUnknownChange(Connection& connection, std::int64_t entity_id) {
  connection.Prepare("DELETE FROM unknown_change WHERE entity_id = ?1").Int(entity_id).Run();
}

void TakeOverUnknownCreates(Connection& from, Connection& to) {
  // Beyond it the runs of the new state could not be counted on; no state of ours has so many.
  constexpr std::int64_t kMostRuns = std::int64_t{1} << 30;
  std::set<std::int64_t> copied;
  for (const UnansweredCreate& unanswered : AllUnanswered(from)) {
    const std::int64_t run = unanswered.operation >> 32;
    Query stored = from.Prepare("SELECT 1 FROM operation WHERE id = ?1");
    const bool is_stored = stored.Int(unanswered.operation).Next();
    if (!is_stored || run < 1 || run >= kMostRuns) continue;
    if (copied.insert(unanswered.operation).second) {
      Operation create = StoredOperation(from, unanswered.operation);
      // Rows have other numbers here.
      create.entity_id = 0;
      CopyRun(from, to, run);
      OperationWriter(to, run).Write(create);
    }
    RememberUnknown(to, unanswered);
  }
}

std::vector<UnknownCreate> SqliteStore::UnknownCreates() const {
  Connection& connection = impl_->connection;
  return connection.Guard("read the creates of unknown outcome", [&] {
    std::vector<UnansweredCreate> creates = AllUnanswered(connection);
    std::vector<UnknownCreate> list;
    list.reserve(creates.size());
    for (UnansweredCreate& unanswered : creates) list.push_back(std::move(unanswered.create));
    return list;
  });
}

}  // namespace ucaas_sync::state
