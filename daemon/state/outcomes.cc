// SqliteStore's Journal: how operations went, what that makes of the state, and how far the next may go. Each function
// is one synchronous commit.
#include <map>
#include <set>
#include <stdexcept>

#include "daemon/state/decisions.h"
#include "daemon/state/removals.h"
#include "daemon/state/store_impl.h"
#include "daemon/state/unknowns.h"

namespace ucaas_sync::state {
namespace {

// What nearly every outcome needs to know of its operation: no text but the key.
struct Performed {
  Kind kind = Kind::kUser;
  Action action = Action::kCreate;
  std::string key;
  std::int64_t entity_id = 0;
};

[[noreturn]] void NotStored(std::uint64_t seq) {
  throw std::logic_error("an outcome for operation " + std::to_string(seq) + ", which is not stored");
}

Performed PerformedOperation(Connection& connection, std::int64_t run, std::uint64_t seq) {
  Query query = connection.Prepare("SELECT kind, action, key, entity_id FROM operation WHERE id = ?1");
  query.Int(OperationId(run, seq));
  if (!query.Next()) NotStored(seq);
  return {.kind = KindFrom(query.IntAt(0)),
          .action = ActionFrom(query.IntAt(1)),
          .key = query.TextAt(2),
          .entity_id = query.IntAt(3)};
}

/// Whether the operation was done already by an earlier word on it.
bool WasDone(Connection& connection, std::int64_t id) {
  Query query = connection.Prepare("SELECT done FROM outcome WHERE id = ?1");
  query.Int(id);
  return query.Next() && query.IntAt(0) != 0;
}

struct WrittenOutcome {
  std::int64_t more = 0;      ///< Operations of its run that are done now.
  bool is_completed = false;  ///< By its second outcome.
};

WrittenOutcome WriteOutcome(Connection& connection, std::int64_t id, const OperationOutcome& outcome) {
  // What its groups have yet to be told is not done.
  const bool is_done = outcome.done && !outcome.groups_follow;
  const auto write = [&](const char* sql) {
    Query insert = connection.Prepare(sql);
    insert.Int(id).Int(is_done ? 1 : 0).Text(outcome.verdict).Text(outcome.result).Int(outcome.http_status);
    insert.Text(outcome.message).Int(outcome.attempts).Time(outcome.at).Text(outcome.request_id);
    return insert.Int(outcome.latency.count()).Run();
  };
  WrittenOutcome written{.more = is_done ? 1 : 0};
  const bool is_first = write(
                            "INSERT INTO outcome (id, done, verdict, result, http_status, message, attempts, at, "
                            "request_id, latency) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
                            "ON CONFLICT (id) DO NOTHING") != 0;
  if (!is_first) {
    const bool was_done = WasDone(connection, id);
    written.more -= was_done ? 1 : 0;
    written.is_completed = is_done && !was_done;
    write(
        "UPDATE outcome SET done = ?2, verdict = ?3, result = ?4, http_status = ?5, message = ?6, attempts = ?7, "
        "at = ?8, request_id = ?9, latency = ?10 WHERE id = ?1");
  }
  WriteAttempts(connection, id, outcome.requests);
  return written;
}

// Whatever the last word on it was: a create that nobody answered may have its effect long after a look that found
// nothing, and after a repeat that was refused. What the target calls taken was looked up, and is another's.
bool MayYetCreate(Action action, const OperationOutcome& outcome) {
  if (action != Action::kCreate || outcome.done) return false;
  return outcome.verdict == "unknown" || (outcome.may_have_acted && outcome.verdict != "duplicate");
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

void DropRefusal(Connection& connection, const Performed& operation) {
  const std::string kind(Name(operation.kind));
  connection.Prepare("DELETE FROM quarantine WHERE by_target = 1 AND kind = ?1 AND key = ?2")
      .Text(kind)
      .Text(operation.key)
      .Run();
}

void DropUnknown(Connection& connection, const Performed& operation) {
  connection.Prepare("DELETE FROM unknown_create WHERE kind = ?1 AND key = ?2")
      .Int(Index(operation.kind))
      .Text(operation.key)
      .Run();
}

void RaiseVersion(Connection& connection) {
  connection.Prepare("UPDATE meta SET state_version = state_version + 1").Run();
}

// Outcomes of one run, within one commit.
class OutcomeWriter {
 public:
  OutcomeWriter(SqliteStore::Impl& impl, std::int64_t run, std::uint64_t version)
      : connection_(impl.connection),
        run_(run),
        entities_(impl.connection, impl.sources, version),
        unanswered_removals_(impl.UnansweredRemovals()),
        has_unknown_(connection_.Prepare("SELECT 1 FROM unknown_create LIMIT 1").Next()),
        has_drift_(connection_.Prepare("SELECT 1 FROM drift LIMIT 1").Next()),
        has_refused_(connection_.Prepare("SELECT 1 FROM quarantine WHERE by_target = 1 LIMIT 1").Next()) {}

  void Write(std::span<const OperationOutcome> outcomes) {
    for (const OperationOutcome& outcome : outcomes) WriteOne(outcome);
    // After all rows, since a contact may come before its group in one batch.
    for (const auto& [contact, groups] : contacts_) {
      changed_ = entities_.WriteMemberships(contact, *groups) || changed_;
    }
    if (changed_) RaiseVersion(connection_);
    connection_.Prepare("UPDATE run SET done = done + ?2 WHERE id = ?1").Int(run_).Int(done_).Run();
  }

 private:
  void WriteOne(const OperationOutcome& outcome) {
    const Performed operation = PerformedOperation(connection_, run_, outcome.seq);
    const std::int64_t id = OperationId(run_, outcome.seq);
    const WrittenOutcome written = WriteOutcome(connection_, id, outcome);
    done_ += written.more;
    if (written.is_completed) ForgetUnknownChange(connection_, operation.entity_id);
    if (outcome.row) WriteRow(outcome);
    if (outcome.row && has_drift_ && outcome.row->id != 0) NoteSettled(outcome);
    NoteUnknown(id, operation, outcome);
    if (outcome.quarantine) {
      QuarantineByTarget(connection_, StoredOperation(connection_, id), outcome);
      has_refused_ = true;
    } else if (outcome.done && has_refused_) {
      DropRefusal(connection_, operation);
    }
    if (outcome.done && IsRemoval(operation.action)) NoteDoneRemoval(id, operation, outcome);
  }

  void WriteRow(const OperationOutcome& outcome) {
    const WrittenRow written = entities_.Write(*outcome.row, outcome.fingerprint);
    changed_ = changed_ || written.changed;
    if (outcome.row->lifecycle == Lifecycle::kGone) {
      contacts_.erase(written.id);
    } else if (outcome.row->kind == Kind::kContact) {
      contacts_.insert_or_assign(written.id, &outcome.row->groups);
    }
  }

  // What somebody else changed there is settled as far as it was written, or is seen to be so.
  void NoteSettled(const OperationOutcome& outcome) {
    Operation operation = StoredOperation(connection_, OperationId(run_, outcome.seq));
    if (outcome.groups_follow) operation.groups.reset();
    const bool is_same_object = operation.remote_id == outcome.row->remote_id;
    if (outcome.done && is_same_object) {
      SettleFinding(connection_, *outcome.row, &operation);
    } else if (is_same_object) {
      // Of its groups some were written: which, the row says.
      operation.changes.clear();
      const bool wrote_groups = operation.groups && outcome.may_have_acted;
      SettleFinding(connection_, *outcome.row, wrote_groups ? &operation : nullptr);
    } else {
      connection_.Prepare("DELETE FROM drift WHERE entity_id = ?1").Int(outcome.row->id).Run();
    }
  }

  // What the outcome says of an operation whose effect nobody knows for sure.
  void NoteUnknown(std::int64_t id, const Performed& operation, const OperationOutcome& outcome) {
    const bool is_gone = outcome.row && outcome.row->lifecycle == Lifecycle::kGone;
    if (MayYetCreate(operation.action, outcome)) {
      RememberUnknownCreate(connection_, id, StoredOperation(connection_, id));
      has_unknown_ = true;
      return;
    }
    // That the object of the row is gone says nothing of one that an earlier create may have made.
    const bool is_known = (outcome.done && !is_gone) || outcome.quarantine;
    if (is_known && has_unknown_) DropUnknown(connection_, operation);
    // Until then a list may be sent, and nobody may hear what became of it.
    if (outcome.groups_follow) RememberUnknownChange(connection_, operation.entity_id);
    if (outcome.done || is_gone || operation.entity_id == 0) return;
    // The last answer, whatever it refused, may have come behind one that nobody heard.
    if (outcome.may_have_acted && operation.action != Action::kCreate) {
      RememberUnknownChange(connection_, operation.entity_id);
      if (IsRemoval(operation.action)) NoteRemoval(connection_, id, operation.kind, operation.action, outcome.at);
    }
    const bool is_open = outcome.verdict == "unknown" || outcome.verdict == "retry";
    if (is_open && !outcome.quarantine) WakeBy(connection_, outcome.at);
  }

  void NoteDoneRemoval(std::int64_t id, const Performed& operation, const OperationOutcome& outcome) {
    NoteRemoval(connection_, id, operation.kind, operation.action, outcome.at);
    if (!unanswered_removals_.contains(operation.entity_id)) return;
    // What a guard holds may have been held by what counts no longer.
    if (CountRemovalOnce(connection_, operation.entity_id)) WakeBy(connection_, outcome.at);
  }

  Connection& connection_;
  const std::int64_t run_;
  EntityWriter entities_;
  const std::set<std::int64_t>& unanswered_removals_;
  // Nearly always there are none, and no outcome needs to look for its own.
  bool has_unknown_;
  bool has_drift_;
  bool has_refused_;
  bool changed_ = false;
  std::int64_t done_ = 0;                                             // operations of the run more than before
  std::map<std::int64_t, const std::vector<std::string>*> contacts_;  // the last word on each
};

void SetMark(Connection& connection, std::int64_t run, std::uint64_t seq) {
  connection.Prepare("UPDATE run SET mark = max(mark, ?2) WHERE id = ?1").Int(run).Int(seq).Run();
}

}  // namespace

void SqliteStore::AdvanceMark(const std::string& run, std::uint64_t seq) {
  const std::int64_t id = impl_->RunNumber(run);
  impl_->Write("advance the mark", [&] { SetMark(impl_->connection, id, seq); });
}

void SqliteStore::RecordOutcomes(const std::string& run, std::span<const OperationOutcome> outcomes) {
  const std::int64_t id = impl_->RunNumber(run);
  impl_->Write("record outcomes", [&] { OutcomeWriter(*impl_, id, Version() + 1).Write(outcomes); });
}

void SqliteStore::RecordAndAdvance(const std::string& run, std::span<const OperationOutcome> outcomes,
                                   std::uint64_t seq) {
  const std::int64_t id = impl_->RunNumber(run);
  impl_->Write("record outcomes", [&] {
    OutcomeWriter(*impl_, id, Version() + 1).Write(outcomes);
    SetMark(impl_->connection, id, seq);
  });
}

void SqliteStore::RecordAttempts(const std::string& run, std::span<const UnansweredRequests> unanswered) {
  const std::int64_t id = impl_->RunNumber(run);
  impl_->Write("record what was asked without an answer", [&] {
    for (const UnansweredRequests& one : unanswered) {
      WriteAttempts(impl_->connection, OperationId(id, one.seq), one.requests);
    }
  });
}

}  // namespace ucaas_sync::state
