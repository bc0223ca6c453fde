// SqliteStore's Journal: what a run writes, each function one synchronous commit.
#include <map>
#include <set>
#include <tuple>

#include "daemon/state/decisions.h"
#include "daemon/state/store_impl.h"

namespace ucaas_sync::state {
namespace {

constexpr std::string_view kCutOff =
    "cut off: the program ended before the run did; what it left is taken up by the next run";

struct OpenRun {
  std::int64_t id = 0;
  std::uint64_t mark = 0;
};

std::vector<OpenRun> OpenRuns(Connection& connection) {
  std::vector<OpenRun> runs;
  Query query = connection.Prepare("SELECT id, mark FROM run WHERE ended IS NULL ORDER BY id");
  while (query.Next()) runs.push_back({.id = query.IntAt(0), .mark = query.As<std::uint64_t>(1)});
  return runs;
}

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

void RememberUnknown(Connection& connection, const UnansweredCreate& unanswered) {
  connection.Prepare("INSERT OR REPLACE INTO unknown_create (kind, key, address, operation) VALUES (?1, ?2, ?3, ?4)")
      .Int(Index(unanswered.create.kind))
      .Text(unanswered.create.key)
      .Text(unanswered.create.address)
      .Int(unanswered.operation)
      .Run();
}

void RememberUnknownChange(Connection& connection, std::int64_t entity_id) {
  connection.Prepare("INSERT OR IGNORE INTO unknown_change (entity_id) SELECT id FROM entity WHERE id = ?1")
      .Int(entity_id)
      .Run();
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

bool IsRemoval(Action action) {
  return action == Action::kSuspend || action == Action::kDelete;
}

// They count in the sums of a day and a week until the target has been asked.
void NoteUnansweredRemovals(Connection& connection, const OpenRun& run) {
  connection
      .Prepare(
          "INSERT OR IGNORE INTO removal (operation, at, kind, action, approved) SELECT o.id, r.started, o.kind, "
          "o.action, EXISTS (SELECT 1 FROM approved_removal a WHERE a.run = r.id AND a.kind = o.kind AND a.action = "
          "o.action) FROM operation o JOIN run r ON r.id = o.id >> 32 WHERE o.id BETWEEN ?1 AND ?2 "
          "AND o.action IN (?3, ?4) AND NOT EXISTS (SELECT 1 FROM outcome WHERE outcome.id = o.id)")
      .Int(OperationId(run.id, 1))
      .Int(OperationId(run.id, run.mark))
      .Int(Index(Action::kSuspend))
      .Int(Index(Action::kDelete))
      .Run();
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

void WriteSummary(Connection& connection, std::int64_t run, const std::array<KindSummary, kKindCount>& summary) {
  connection.Prepare("DELETE FROM run_summary WHERE run = ?1").Int(run).Run();
  for (const Kind kind : kAllKinds) {
    const KindSummary& counts = summary[Index(kind)];
    if (counts == KindSummary{}) continue;
    Query insert = connection.Prepare(
        "INSERT INTO run_summary (run, kind, creates, adopts, updates, suspends, reactivates, deletes, unchanged) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    insert.Int(run).Int(Index(kind));
    for (const Action action : kAllActions) insert.Int(counts.of(action));
    insert.Int(counts.unchanged).Run();
  }
}

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

// Removals that pass by a person's consent do not count in the sums of a day and a week. An approval that serves covers
// every removal of its kind in the plan.
void NoteApproved(Connection& connection, std::int64_t run, std::span<const GuardVerdict> guards) {
  for (const GuardVerdict& guard : guards) {
    if (guard.approved_by.empty()) continue;
    for (const Kind kind : kAllKinds) {
      for (const Action action : {Action::kSuspend, Action::kDelete}) {
        const std::string name = std::string(Name(kind)) + '.' + std::string(Name(action));
        if (guard.name != name && guard.name != name + ".week") continue;
        connection.Prepare("INSERT OR IGNORE INTO approved_removal (run, kind, action) VALUES (?1, ?2, ?3)")
            .Int(run)
            .Int(Index(kind))
            .Int(Index(action))
            .Run();
      }
    }
  }
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

void QuarantineBarred(Connection& connection, const std::vector<StoredQuarantine>& before,
                      const std::vector<PlanNotes::Barred>& barred, Instant now, DecisionWriter& decisions) {
  for (const PlanNotes::Barred& item : barred) {
    const auto old = std::find_if(before.begin(), before.end(), [&](const StoredQuarantine& other) {
      return other.by_target && other.kind == item.kind && other.key == item.key;
    });
    const bool is_news = old == before.end() || old->reason != item.reason;
    Query insert = connection.Prepare(
        "INSERT OR REPLACE INTO quarantine (by_target, kind, key, reason, since, source, line, dn, fingerprint) "
        "VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    insert.Text(item.kind).Text(item.key).Text(item.reason).Time(now).Text(item.source.name);
    insert.Int(item.source.line).Text(item.source.dn).Hash(item.fingerprint).Run();
    if (is_news) {
      decisions.Quarantined(
          {.kind = item.kind, .key = item.key, .reason = item.reason, .is_new = true, .source = item.source});
    }
  }
}

void DropRefusal(Connection& connection, const Operation& operation) {
  const std::string kind(Name(operation.kind));
  connection.Prepare("DELETE FROM quarantine WHERE by_target = 1 AND kind = ?1 AND key = ?2")
      .Text(kind)
      .Text(operation.key)
      .Run();
}

// Four hexadecimal digits.
std::string Suffix(std::uint64_t random) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (int shift = 12; shift >= 0; shift -= 4) text += kHex[(random >> shift) & 0xf];
  return text;
}

void RaiseVersion(Connection& connection) {
  connection.Prepare("UPDATE meta SET state_version = state_version + 1").Run();
}

// Writes only what differs: a thousand people who have been away for a year cost nothing.
void ReplaceAbsences(Connection& connection, std::vector<PlanNotes::Absence> before,
                     const std::vector<PlanNotes::Absence>& after) {
  std::map<std::int64_t, PlanNotes::Absence> stale;
  for (const PlanNotes::Absence& absence : before) stale.emplace(absence.entity_id, absence);
  for (const PlanNotes::Absence& absence : after) {
    const auto found = stale.find(absence.entity_id);
    const bool same =
        found != stale.end() && found->second.since == absence.since && found->second.reads == absence.reads;
    if (found != stale.end()) stale.erase(found);
    if (same) continue;
    connection.Prepare("INSERT OR REPLACE INTO absence (entity_id, since, reads) VALUES (?1, ?2, ?3)")
        .Int(absence.entity_id)
        .Time(absence.since)
        .Int(absence.reads)
        .Run();
  }
  for (const auto& [id, absence] : stale) {
    connection.Prepare("DELETE FROM absence WHERE entity_id = ?1").Int(id).Run();
  }
}

// The plan's own items; what the target called invalid stays beside them. An item that says the same as before keeps
// its `since`.
void ReplaceQuarantine(Connection& connection, const std::vector<StoredQuarantine>& before,
                       std::span<const QuarantineItem> after, Instant now, DecisionWriter& decisions) {
  std::map<std::pair<std::string, std::string>, const StoredQuarantine*> stale;
  std::set<std::tuple<std::string_view, std::string_view, std::string_view>> by_target;
  for (const StoredQuarantine& item : before) {
    if (item.by_target) {
      by_target.emplace(item.kind, item.key, item.reason);
    } else {
      stale.emplace(std::pair(item.kind, item.key), &item);
    }
  }
  std::set<std::pair<std::string, std::string>> kept;
  for (const QuarantineItem& item : after) {
    if (by_target.contains({item.kind, item.key, item.reason})) continue;
    if (!kept.emplace(item.kind, item.key).second) continue;  // the first reason stands
    const auto found = stale.find({item.kind, item.key});
    const StoredQuarantine* old = found == stale.end() ? nullptr : found->second;
    if (found != stale.end()) stale.erase(found);
    if (old != nullptr && old->reason == item.reason && old->source == item.source) continue;
    Query insert = connection.Prepare(
        "INSERT OR REPLACE INTO quarantine (by_target, kind, key, reason, since, source, line, dn, fingerprint) "
        "VALUES (0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    insert.Text(item.kind).Text(item.key).Text(item.reason);
    insert.Time(old != nullptr && old->reason == item.reason ? old->since : now);
    insert.Text(item.source.name).Int(item.source.line).Text(item.source.dn).Hash({}).Run();
    if (old == nullptr || old->reason != item.reason) decisions.Quarantined(item);
  }
  for (const auto& [who, item] : stale) {
    decisions.Released(*item);
    connection.Prepare("DELETE FROM quarantine WHERE by_target = 0 AND kind = ?1 AND key = ?2")
        .Text(who.first)
        .Text(who.second)
        .Run();
  }
}

void WriteSnapshot(Connection& connection, SourceTable& sources, const SnapshotHistory& snapshot) {
  const std::uint16_t source = sources.NumberOf(connection, snapshot.source);
  connection
      .Prepare(
          "INSERT INTO snapshot (source, records, rejected, repeated, hash, read_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
      .Int(source)
      .Int(snapshot.records)
      .Int(snapshot.rejected)
      .Int(snapshot.repeated)
      .Text(snapshot.hash)
      .Time(snapshot.read_at)
      .Run();
  const std::int64_t id = connection.database().getLastInsertRowid();
  std::int64_t number = 0;
  for (const FileIdentity& file : snapshot.files) {
    Query insert = connection.Prepare(
        "INSERT INTO snapshot_file (snapshot, number, path, device, inode, size, mtime_ns, ctime_ns) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    insert.Int(id).Int(++number).Text(file.path).Int(file.device).Int(file.inode).Int(file.size);
    insert.Int(file.mtime_ns).Int(file.ctime_ns).Run();
  }
  number = 0;
  for (const auto& [attribute, records] : snapshot.filled) {
    connection.Prepare("INSERT INTO snapshot_fill (snapshot, number, attribute, records) VALUES (?1, ?2, ?3, ?4)")
        .Int(id)
        .Int(++number)
        .Text(attribute)
        .Int(records)
        .Run();
  }
}

}  // namespace

std::string SqliteStore::BeginRun(const RunStart& start) {
  Connection& connection = impl_->connection;
  std::string name;
  std::int64_t id = 0;
  impl_->Write("begin a run", [&] {
    for (const OpenRun& run : OpenRuns(connection)) {
      RememberUnknowns(connection, run);
      connection.Prepare("UPDATE run SET ended = ?2, message = ?3 WHERE id = ?1")
          .Int(run.id)
          .Time(start.at)
          .TextCopy(kCutOff)
          .Run();
    }
    std::string stamp;
    for (const char c : FormatInstant(start.at)) {
      if (c != '-' && c != ':' && c != 'Z') stamp += c;
    }
    // Two runs within one second differ in the suffix.
    bool taken = true;
    while (taken) {
      name = stamp + '-' + Suffix(impl_->random());
      taken = connection.Prepare("SELECT 1 FROM run WHERE name = ?1").Text(name).Next();
    }
    connection.Prepare("INSERT INTO run (name, cause, started) VALUES (?1, ?2, ?3)")
        .Text(name)
        .Text(start.trigger)
        .Time(start.at)
        .Run();
    id = connection.database().getLastInsertRowid();
  });
  impl_->last_run = {name, id};
  return name;
}

void SqliteStore::StorePlan(const std::string& run, const Plan& plan) {
  const std::int64_t id = impl_->RunNumber(run);
  impl_->Write("store the plan", [&] {
    OperationWriter writer(impl_->connection, id);
    plan.operations.ForEach([&writer](const Operation& operation) { writer.Write(operation); });
    impl_->connection.Prepare("UPDATE run SET plan_hash = ?2, planned = ?3 WHERE id = ?1")
        .Int(id)
        .Text(plan.hash)
        .Int(plan.operations.size())
        .Run();
    WriteSummary(impl_->connection, id, plan.summary);
    NoteApproved(impl_->connection, id, plan.guards);
  });
}

void SqliteStore::AdvanceMark(const std::string& run, std::uint64_t seq) {
  const std::int64_t id = impl_->RunNumber(run);
  impl_->Write("advance the mark", [&] {
    impl_->connection.Prepare("UPDATE run SET mark = max(mark, ?2) WHERE id = ?1").Int(id).Int(seq).Run();
  });
}

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
        RememberUnknown(connection,
                        {.operation = id,
                         .create = {.kind = operation.kind, .key = operation.key, .address = AddressOf(operation)}});
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

void SqliteStore::RecordNotes(const std::string& run, const PlanNotes& notes,
                              std::span<const QuarantineItem> quarantine, std::span<const SnapshotHistory> snapshots) {
  const std::int64_t id = impl_->RunNumber(run);
  Connection& connection = impl_->connection;
  impl_->Write("record the plan's notes", [&] {
    Instant now;
    {
      Query query = connection.Prepare("SELECT started FROM run WHERE id = ?1");
      query.Int(id);
      query.Next();
      now = query.TimeAt(0);
    }
    ReplaceAbsences(connection, Absences(), notes.absences);
    for (const auto& [entity, fingerprint] : notes.fingerprints) {
      connection.Prepare("UPDATE known SET fingerprint = ?2 WHERE id = ?1").Int(entity).Hash(fingerprint).Run();
    }
    AcceptDrift(notes.accepted, now);
    DecisionWriter decisions(connection, id);
    QuarantineBarred(connection, Quarantined(), notes.barred, now, decisions);
    ReplaceQuarantine(connection, Quarantined(), quarantine, now, decisions);
    decisions.ReplaceStandstills(notes.standstills);
    for (const PlanNotes::HoldNote& note : notes.holds) {
      Query change = note.ended ? connection.Prepare("DELETE FROM reverted WHERE kind = ?1 AND key = ?2")
                                : connection.Prepare("UPDATE reverted SET mark = ?3 WHERE kind = ?1 AND key = ?2");
      change.Int(Index(note.kind)).Text(note.key);
      if (!note.ended) change.Hash(note.mark);
      change.Run();
    }
    for (const SnapshotHistory& snapshot : snapshots) WriteSnapshot(connection, impl_->sources, snapshot);
    connection.Prepare("UPDATE meta SET due_at = ?1 WHERE due_at IS NOT ?1").Time(notes.due_at).Run();
  });
}

void SqliteStore::RecordHeldNotes(const PlanNotes& notes) {
  Connection& connection = impl_->connection;
  impl_->Write("record who is there", [&] {
    ReplaceAbsences(connection, Absences(), notes.absences);
    connection.Prepare("UPDATE meta SET due_at = ?1 WHERE due_at IS NOT ?1").Time(notes.due_at).Run();
  });
}

void SqliteStore::FinishRun(const std::string& run, ExitCode outcome, const std::string& message, std::uint64_t failed,
                            const std::array<KindSummary, kKindCount>& summary, Instant at) {
  const std::int64_t id = impl_->RunNumber(run);
  Connection& connection = impl_->connection;
  impl_->Write("finish the run", [&] {
    // A stop in haste abandons what is in flight: its creates are as unknown as after a crash.
    for (const OpenRun& open : OpenRuns(connection)) {
      if (open.id == id) RememberUnknowns(connection, open);
    }
    connection.Prepare("UPDATE run SET ended = ?2, outcome = ?3, message = ?4, failed = ?5 WHERE id = ?1")
        .Int(id)
        .Time(at)
        .TextCopy(Word(outcome))
        .Text(message)
        .Int(failed)
        .Run();
    WriteSummary(connection, id, summary);
  });
}

std::vector<UnknownCreate> SqliteStore::UnknownCreates() const {
  Connection& connection = impl_->connection;
  return connection.Guard("read the creates of unknown outcome", [&] {
    std::map<std::pair<Kind, std::string>, UnknownCreate> creates;  // by key, so that two runs name it once
    {
      Query query = connection.Prepare("SELECT kind, key, address, operation FROM unknown_create");
      while (query.Next()) {
        UnknownCreate create{.kind = KindFrom(query.IntAt(0)),
                             .key = query.TextAt(1),
                             .address = query.TextAt(2),
                             .operation = NameOfOperation(connection, query.IntAt(3))};
        creates.insert_or_assign(std::pair(create.kind, create.key), create);
      }
    }
    for (const OpenRun& run : OpenRuns(connection)) {
      for (UnansweredCreate& unanswered : UnansweredOf(connection, run)) {
        const std::pair who(unanswered.create.kind, unanswered.create.key);
        creates.insert_or_assign(who, std::move(unanswered.create));
      }
    }
    std::vector<UnknownCreate> list;
    list.reserve(creates.size());
    for (auto& [who, create] : creates) list.push_back(std::move(create));
    return list;
  });
}

}  // namespace ucaas_sync::state
