// SqliteStore's Journal: how operations went, and what that makes of the state. One synchronous commit.
#include <map>
#include <stdexcept>

#include "daemon/state/decisions.h"
#include "daemon/state/store_impl.h"
#include "daemon/state/unknowns.h"

namespace ucaas_sync::state {
namespace {

Operation StoredOperation(Connection& connection, std::int64_t run, std::uint64_t seq) {
  Query query = connection.Prepare(
      "SELECT id, kind, action, key, remote_id, entity_id, changes, groups_before, groups_after, reason, source, line, "
      "dn, fingerprint FROM operation WHERE id = ?1");
  query.Int(OperationId(run, seq));
  if (!query.Next())
    throw std::logic_error("an outcome for operation " + std::to_string(seq) + ", which is not stored");
  return ReadOperation(query);
}

void WriteOutcome(Connection& connection, std::int64_t id, const OperationOutcome& outcome) {
  Query insert = connection.Prepare(
      "INSERT OR REPLACE INTO outcome (id, done, verdict, result, http_status, message, attempts, at, request_id, "
      "latency) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
  insert.Int(id).Int(outcome.done ? 1 : 0).Text(outcome.verdict).Text(outcome.result).Int(outcome.http_status);
  insert.Text(outcome.message).Int(outcome.attempts).Time(outcome.at).Text(outcome.request_id);
  insert.Int(outcome.latency.count()).Run();
  WriteAttempts(connection, id, outcome.requests);
}

bool IsRemoval(Action action) {
  return action == Action::kSuspend || action == Action::kDelete;
}

void NoteRemoval(Connection& connection, std::int64_t id, const Operation& operation, Instant at) {
  connection
      .Prepare(
          "INSERT OR REPLACE INTO removal (operation, at, kind, action, approved) VALUES (?1, ?2, ?3, ?4, "
          "EXISTS (SELECT 1 FROM approved_removal WHERE run = ?1 >> 32 AND kind = ?3 AND action = ?4))")
      .Int(id)
      .Time(at)
      .Int(Index(operation.kind))
      .Int(Index(operation.action))
      .Run();
}

void QuarantineByTarget(Connection& connection, const Operation& operation, const OperationOutcome& outcome) {
  const std::string kind(Name(operation.kind));
  Query insert = connection.Prepare(
      "INSERT OR REPLACE INTO quarantine (by_target, kind, key, reason, since, source, line, dn, fingerprint) "
      "VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
  insert.Text(kind).Text(operation.key).Text(outcome.message).Time(outcome.at).Text(operation.source.name);
  insert.Int(operation.source.line).Text(operation.source.dn);
  insert.Hash(outcome.fingerprint.is_zero() ? operation.fingerprint : outcome.fingerprint).Run();
}

void DropRefusal(Connection& connection, const Operation& operation) {
  const std::string kind(Name(operation.kind));
  connection.Prepare("DELETE FROM quarantine WHERE by_target = 1 AND kind = ?1 AND key = ?2")
      .Text(kind)
      .Text(operation.key)
      .Run();
}

void RaiseVersion(Connection& connection) {
  connection.Prepare("UPDATE meta SET state_version = state_version + 1").Run();
}

}  // namespace

void SqliteStore::RecordOutcomes(const std::string& run, std::span<const OperationOutcome> outcomes) {
  const std::int64_t run_number = impl_->RunNumber(run);
  Connection& connection = impl_->connection;
  impl_->Write("record outcomes", [&] {
    EntityWriter entities(connection, impl_->sources, Version() + 1);
    bool changed = false;
    std::map<std::int64_t, const std::vector<std::string>*> contacts;  // the last word on each
    for (const OperationOutcome& outcome : outcomes) {
      const Operation operation = StoredOperation(connection, run_number, outcome.seq);
      const std::int64_t id = OperationId(run_number, outcome.seq);
      WriteOutcome(connection, id, outcome);
      if (outcome.row) {
        const WrittenRow written = entities.Write(*outcome.row, outcome.fingerprint);
        changed = changed || written.changed;
        if (outcome.row->lifecycle == Lifecycle::kGone) {
          contacts.erase(written.id);
        } else if (outcome.row->kind == Kind::kContact) {
          contacts.insert_or_assign(written.id, &outcome.row->groups);
        }
      }
      if (outcome.done || outcome.quarantine || outcome.row) {
        connection.Prepare("DELETE FROM unknown_create WHERE kind = ?1 AND key = ?2")
            .Int(Index(operation.kind))
            .Text(operation.key)
            .Run();
      } else if (operation.action == Action::kCreate && outcome.verdict == "unknown") {
        RememberUnknownCreate(connection, id, operation);
      } else if (operation.entity_id != 0 && (outcome.verdict == "unknown" || outcome.verdict == "retry")) {
        RememberUnknownChange(connection, operation.entity_id);
        if (IsRemoval(operation.action)) NoteRemoval(connection, id, operation, outcome.at);
        WakeBy(connection, outcome.at);
      }
      if (outcome.quarantine) {
        QuarantineByTarget(connection, operation, outcome);
      } else if (outcome.done) {
        DropRefusal(connection, operation);
      }
      if (outcome.done && IsRemoval(operation.action)) NoteRemoval(connection, id, operation, outcome.at);
    }
    // After all rows, since a contact may come before its group in one batch.
    for (const auto& [contact, groups] : contacts) {
      changed = entities.WriteMemberships(contact, *groups) || changed;
    }
    if (changed) RaiseVersion(connection);
  });
}

}  // namespace ucaas_sync::state
