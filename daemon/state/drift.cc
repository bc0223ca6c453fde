// SqliteStore's memory of the target as it was last seen: what differs, what was put back, how far a look has come.
#include <algorithm>
#include <cstring>

#include "daemon/state/removals.h"
#include "daemon/state/row_text.h"
#include "daemon/state/store_impl.h"

namespace ucaas_sync::state {
namespace {

Lifecycle LifecycleShown(const Field& status) {
  const bool is_inactive = status.state == FieldState::kValue && status.text != kStatusActive;
  return is_inactive ? Lifecycle::kSuspended : Lifecycle::kActive;
}

// Digests as they lie in memory: the file is read on the machine that wrote it, and lives a day.
std::string BytesOf(const std::vector<std::uint64_t>& digests) {
  std::string bytes(digests.size() * sizeof(std::uint64_t), '\0');
  if (!digests.empty()) std::memcpy(bytes.data(), digests.data(), bytes.size());
  return bytes;
}

std::vector<std::uint64_t> DigestsFrom(std::string_view bytes, const char* table) {
  if (bytes.size() % sizeof(std::uint64_t) != 0) throw MalformedRow(std::string("a digest of `") + table + "` is cut");
  std::vector<std::uint64_t> digests(bytes.size() / sizeof(std::uint64_t));
  if (!bytes.empty()) std::memcpy(digests.data(), bytes.data(), bytes.size());
  return digests;
}

/// Whether it tells that somebody is gone, or lets in or shuts out whom the state does not.
bool SaysWhetherRemoved(Kind kind, const DriftFinding& finding) {
  return finding.missing ||
         (kind == Kind::kUser && std::any_of(finding.shown.begin(), finding.shown.end(),
                                             [](const auto& shown) { return shown.first == kUserStatus; }));
}

void WriteFinding(Connection& connection, Kind kind, const DriftFinding& finding) {
  FieldSet shown;
  for (const auto& [field, value] : finding.shown) shown[field] = value;
  std::string fields;
  EncodeFields(kind, shown, fields);
  std::string groups;
  if (finding.groups) EncodeKeys(*finding.groups, groups);
  Query insert =
      connection.Prepare("INSERT OR REPLACE INTO drift (entity_id, missing, shown, groups) VALUES (?1, ?2, ?3, ?4)");
  insert.Int(finding.entity_id).Int(finding.missing ? 1 : 0).Text(fields);
  if (finding.groups) {
    insert.Text(groups);
  } else {
    insert.Null();
  }
  insert.Run();
}

DriftFinding FindingAt(Query& query) {
  DriftFinding finding;
  finding.entity_id = query.IntAt(0);
  finding.missing = query.IntAt(1) != 0;
  const FieldSet shown = DecodeFields(KindFrom(query.IntAt(4)), query.TextAt(2));
  for (FieldId field = 0; field < kMaxFields; ++field) {
    if (shown[field].state != FieldState::kUnmapped) finding.shown.emplace_back(field, shown[field]);
  }
  if (!query.IsNullAt(3)) finding.groups = DecodeKeys(query.TextAt(3));
  return finding;
}

}  // namespace

void WakeBy(Connection& connection, Instant at) {
  connection.Prepare("UPDATE meta SET due_at = ?1 WHERE due_at IS NULL OR due_at > ?1").Time(at).Run();
}

void SettleFinding(Connection& connection, const StoredEntity& row, const Operation* operation) {
  std::optional<DriftFinding> rest;
  {
    Query query = connection.Prepare(
        "SELECT entity_id, missing, shown, groups, kind FROM drift JOIN entity ON entity.id = entity_id "
        "WHERE entity_id = ?1");
    query.Int(row.id);
    if (!query.Next()) return;
    rest = StillFound(FindingAt(query), operation, row.fields, row.groups);
  }
  if (rest) {
    WriteFinding(connection, row.kind, *rest);
  } else {
    connection.Prepare("DELETE FROM drift WHERE entity_id = ?1").Int(row.id).Run();
  }
}

std::vector<DriftFinding> SqliteStore::Drift() const {
  return impl_->connection.Guard("read what differs at the target", [this] {
    std::vector<DriftFinding> findings;
    Query query = impl_->connection.Prepare(
        "SELECT entity_id, missing, shown, groups, kind FROM drift JOIN entity ON entity.id = entity_id "
        "ORDER BY entity_id");
    while (query.Next()) findings.push_back(FindingAt(query));
    return findings;
  });
}

std::vector<DriftRepair> SqliteStore::Repairs() const {
  return impl_->connection.Guard("read what was put back", [this] {
    std::vector<DriftRepair> repairs;
    Query query = impl_->connection.Prepare(
        "SELECT entity_id, field, wanted, shown, rounds FROM repair ORDER BY entity_id, field");
    while (query.Next()) {
      DriftRepair repair{.entity_id = query.IntAt(0),
                         .field = query.As<FieldId>(1),
                         .wanted = query.TextAt(2),
                         .shown = query.TextAt(3),
                         .rounds = query.As<std::uint32_t>(4)};
      if (repair.field < kMaxFields) repairs.push_back(std::move(repair));
    }
    return repairs;
  });
}

std::vector<LeftAlone> SqliteStore::LeftAlones() const {
  return impl_->connection.Guard("read what the target keeps rewriting", [this] {
    std::vector<LeftAlone> found;
    // Without a finding the target shows what we wrote, and the next look forgets the repair.
    Query query = impl_->connection.Prepare(
        // CROSS: in this order, or SQLite walks through all entities because they lie in the order that is asked for.
        "SELECT kind, key, field, wanted, repair.shown, at FROM repair CROSS JOIN drift USING (entity_id) "
        "CROSS JOIN entity ON entity.id = repair.entity_id WHERE rounds >= ?1 ORDER BY kind, key, field");
    query.Int(kDriftRounds);
    while (query.Next()) {
      LeftAlone item{.kind = KindFrom(query.IntAt(0)),
                     .key = query.TextAt(1),
                     .field = query.As<FieldId>(2),
                     .wanted = query.TextAt(3),
                     .shown = query.TextAt(4),
                     .since = query.TimeAt(5)};
      if (item.field < FieldsOf(item.kind).size()) found.push_back(std::move(item));
    }
    return found;
  });
}

void SqliteStore::RecordRepairs(std::span<const DriftRepair> repairs, Instant at) {
  if (repairs.empty()) return;
  impl_->Write("note what was put back", [&] {
    for (const DriftRepair& repair : repairs) {
      Query upsert = impl_->connection.Prepare(
          "INSERT INTO repair (entity_id, field, wanted, shown, rounds, at) VALUES (?1, ?2, ?3, ?4, 1, ?5) "
          "ON CONFLICT (entity_id, field) DO UPDATE SET rounds = iif(wanted = ?3, rounds + 1, 1), wanted = ?3, "
          "shown = ?4, at = ?5");
      upsert.Int(repair.entity_id).Int(repair.field).Text(repair.wanted).Text(repair.shown).Time(at).Run();
    }
  });
}

void SqliteStore::AcceptDrift(const std::vector<DriftAcceptance>& accepted, Instant now) {
  if (accepted.empty()) return;
  Connection& connection = impl_->connection;
  EntityWriter entities(connection, impl_->sources, Version() + 1);
  bool changed = false;
  for (const DriftAcceptance& acceptance : accepted) {
    StoredEntity row = Load(acceptance.entity_id);
    Hash128 fingerprint;
    if (!acceptance.is_unlike_record) {
      Query query = connection.Prepare("SELECT fingerprint FROM known WHERE id = ?1");
      query.Int(row.id);
      if (query.Next()) fingerprint = query.HashAt(0);
    }
    if (acceptance.gone) {
      row.lifecycle = Lifecycle::kGone;
      row.fields = {};
      row.suspended_at.reset();
      changed = entities.Write(row, {}).changed || changed;
      continue;
    }
    for (const auto& [field, value] : acceptance.shown) {
      row.fields[field] = value;
      if (row.kind != Kind::kUser || field != kUserStatus) continue;
      row.lifecycle = LifecycleShown(value);
      if (row.lifecycle == Lifecycle::kActive) row.suspended_at.reset();
      if (row.lifecycle == Lifecycle::kSuspended && !row.suspended_at) row.suspended_at = now;
    }
    changed = entities.Write(row, fingerprint).changed || changed;
    if (acceptance.groups) {
      changed = entities.WriteMemberships(row.id, *acceptance.groups) || changed;
      row.groups = *acceptance.groups;
    }
    SettleFinding(connection, row, nullptr);
  }
  if (changed) connection.Prepare("UPDATE meta SET state_version = state_version + 1").Run();
}

RefreshCursor SqliteStore::Refresh() const {
  return impl_->connection.Guard("read when the target was last looked at", [this] {
    RefreshCursor cursor;
    Query query = impl_->connection.Prepare("SELECT finished_at, not_before, started_at, step, position FROM refresh");
    if (!query.Next()) return cursor;
    cursor.finished_at = query.MaybeTimeAt(0);
    cursor.not_before = query.MaybeTimeAt(1);
    cursor.started_at = query.MaybeTimeAt(2);
    cursor.step = query.As<std::uint32_t>(3);
    cursor.position = query.As<std::uint64_t>(4);
    return cursor;
  });
}

std::vector<std::uint64_t> SqliteStore::RefreshSeen() const {
  return impl_->connection.Guard("read whom the target showed", [this] {
    std::vector<std::uint64_t> seen;
    Query query = impl_->connection.Prepare("SELECT digests FROM refresh_seen");
    while (query.Next()) {
      const std::vector<std::uint64_t> part = DigestsFrom(query.BlobAt(0), "refresh_seen");
      seen.insert(seen.end(), part.begin(), part.end());
    }
    return seen;
  });
}

bool SqliteStore::WasOthers(Kind kind, std::string_view remote_id) const {
  return impl_->connection.Guard("read what the target held of others", [&] {
    Query query = impl_->connection.Prepare("SELECT digests FROM refresh_others");
    if (!query.Next()) return false;
    const std::vector<std::uint64_t> others = DigestsFrom(query.BlobAt(0), "refresh_others");
    return std::find(others.begin(), others.end(), RemoteDigest(kind, remote_id)) != others.end();
  });
}

void SqliteStore::RecordRefresh(const RefreshProgress& progress, const std::optional<Instant>& wake_at) {
  Connection& connection = impl_->connection;
  impl_->Write("note what the target shows", [&] {
    const std::optional<Instant> began = Refresh().started_at;
    for (const DriftFinding& finding : progress.found) {
      WriteFinding(connection, Load(finding.entity_id).kind, finding);
    }
    for (const std::int64_t id : progress.agreeing) {
      connection.Prepare("DELETE FROM drift WHERE entity_id = ?1").Int(id).Run();
    }
    const RefreshCursor& cursor = progress.cursor;
    if (cursor.started_at) {
      if (began != cursor.started_at) connection.Prepare("DELETE FROM refresh_seen").Run();
      const std::string bytes = BytesOf(progress.seen);
      if (!bytes.empty()) connection.Prepare("INSERT INTO refresh_seen (digests) VALUES (?1)").Blob(bytes).Run();
    } else {
      connection.Prepare("DELETE FROM refresh_seen").Run();
      // Not in turn any more: the target kept what was put back.
      if (began && cursor.finished_at && *cursor.finished_at >= *began) {
        connection
            .Prepare(
                "DELETE FROM repair WHERE at < ?1 AND NOT EXISTS (SELECT 1 FROM drift "
                "WHERE drift.entity_id = repair.entity_id)")
            .Time(*began)
            .Run();
      }
    }
    Query write = connection.Prepare(
        "INSERT OR REPLACE INTO refresh (id, finished_at, not_before, started_at, step, position) "
        "VALUES (1, ?1, ?2, ?3, ?4, ?5)");
    write.Time(cursor.finished_at).Time(cursor.not_before).Time(cursor.started_at).Int(cursor.step);
    write.Int(cursor.position).Run();
    if (progress.others) {
      const std::string bytes = BytesOf(*progress.others);
      connection.Prepare("INSERT OR REPLACE INTO refresh_others (id, digests) VALUES (1, ?1)").Blob(bytes).Run();
    }
    if (wake_at) WakeBy(connection, *wake_at);
  });
}

void SqliteStore::RecordChanges(const SettledChanges& settled, Instant at) {
  Connection& connection = impl_->connection;
  impl_->Write("note how the target shows them", [&] {
    if (!settled.moved.empty()) MoveRows(settled.moved);
    bool counts_less = false;
    for (const std::int64_t id : settled.entities) {
      ForgetUnknownChange(connection, id);
      connection.Prepare("DELETE FROM drift WHERE entity_id = ?1").Int(id).Run();
      const StoredEntity entity = Load(id);
      const Lifecycle lifecycle = entity.lifecycle;
      const bool is_as_known = std::none_of(settled.found.begin(), settled.found.end(), [&](const auto& finding) {
        return finding.entity_id == id && SaysWhetherRemoved(entity.kind, finding);
      });
      if (!is_as_known) continue;
      if (lifecycle != Lifecycle::kGone) {
        const bool is_seen_active = lifecycle == Lifecycle::kActive &&
                                    std::find(settled.untold.begin(), settled.untold.end(), id) == settled.untold.end();
        counts_less = ForgetUndoneRemovals(connection, id, is_seen_active) || counts_less;
      }
      // A look may have found them suspended, and a plan taken that over, before anybody asked what became of the
      // request: it counts, as a delete does of whoever is gone.
      if (lifecycle != Lifecycle::kActive) counts_less = CountRemovalOnce(connection, id) || counts_less;
    }
    for (const DriftFinding& finding : settled.found) WriteFinding(connection, Load(finding.entity_id).kind, finding);
    // What a guard holds may have been held by what counts no longer.
    if (!settled.found.empty() || !settled.moved.empty() || counts_less) WakeBy(connection, at);
  });
}

void SqliteStore::ForEachRemote(
    const std::function<void(std::int64_t id, Kind kind, std::string_view remote_id)>& visit) const {
  impl_->connection.Guard("read who is at the target", [&] {
    Query query = impl_->connection.Prepare(
        "SELECT id, kind, remote_id FROM entity WHERE lifecycle <> 2 AND remote_id <> '' ORDER BY id");
    while (query.Next()) visit(query.IntAt(0), KindFrom(query.IntAt(1)), query.TextAt(2));
  });
}

}  // namespace ucaas_sync::state
