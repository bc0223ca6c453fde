// SqliteStore's Journal but for marks and outcomes: what a run writes, each function one synchronous commit.
#include <map>
#include <set>
#include <tuple>

#include "daemon/state/decisions.h"
#include "daemon/state/removals.h"
#include "daemon/state/run_lock.h"
#include "daemon/state/store_impl.h"
#include "daemon/state/unknowns.h"

namespace ucaas_sync::state {
namespace {

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

// A wish that came while the plan was made is no ground of it, and stays due.
void NoteNextDue(SqliteStore::Impl& impl, const std::optional<Instant>& at) {
  if (impl.DataVersion() == impl.data_version) {
    impl.connection.Prepare("UPDATE meta SET due_at = ?1 WHERE due_at IS NOT ?1").Time(at).Run();
  } else if (at) {
    WakeBy(impl.connection, *at);
  }
}

// Four hexadecimal digits.
std::string Suffix(std::uint64_t random) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (int shift = 12; shift >= 0; shift -= 4) text += kHex[(random >> shift) & 0xf];
  return text;
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
  impl_->unanswered_removals.reset();
  return name;
}

void SqliteStore::StorePlan(const std::string& run, const Plan& plan) {
  const std::int64_t id = impl_->RunNumber(run);
  impl_->Write("store the plan", [&] {
    OperationWriter writer(impl_->connection, id);
    std::set<std::int64_t> let_in;
    plan.operations.ForEach([&](const Operation& operation) {
      writer.Write(operation);
      if (operation.action == Action::kReactivate) let_in.insert(operation.entity_id);
    });
    CountSuspendsOf(impl_->connection, let_in);
    impl_->connection.Prepare("UPDATE run SET plan_hash = ?2, planned = ?3 WHERE id = ?1")
        .Int(id)
        .Text(plan.hash)
        .Int(plan.operations.size())
        .Run();
    WriteSummary(impl_->connection, id, plan.summary);
    NoteApproved(impl_->connection, id, plan.guards);
  });
}

namespace {

/// From which source, and whether inside the scope of its rule.
void NoteWhereSeen(Connection& connection, SourceTable& sources, const PlanNotes& notes) {
  for (const auto& [source, entities] : notes.moved) {
    const std::uint16_t number = sources.NumberOf(connection, source);
    for (const std::int64_t entity : entities) NoteSource(connection, entity, number);
  }
  for (const auto& [entity, is_outside] : notes.scope_changes) NoteScope(connection, entity, is_outside);
}

}  // namespace

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
    NoteWhereSeen(connection, impl_->sources, notes);
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
    NoteNextDue(*impl_, notes.due_at);
  });
}

void SqliteStore::RecordHeldNotes(const PlanNotes& notes) {
  Connection& connection = impl_->connection;
  impl_->Write("record who is there", [&] {
    ReplaceAbsences(connection, Absences(), notes.absences);
    NoteWhereSeen(connection, impl_->sources, notes);
    NoteNextDue(*impl_, notes.due_at);
  });
}

void SqliteStore::NoteLeft(const std::string& run, std::uint64_t left) {
  const std::int64_t id = impl_->RunNumber(run);
  impl_->Write("note what the run left",
               [&] { impl_->connection.Prepare("UPDATE run SET undone = ?2 WHERE id = ?1").Int(id).Int(left).Run(); });
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

}  // namespace ucaas_sync::state
