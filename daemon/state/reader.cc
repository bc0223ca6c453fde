// SqliteStore's StateView: what a plan asks. Nothing here depends on the length of the journal.
#include "daemon/state/store_impl.h"

namespace ucaas_sync::state {
namespace {

std::vector<std::string> GroupsOf(Connection& connection, std::int64_t contact) {
  std::vector<std::string> groups;
  Query query = connection.Prepare(
      "SELECT entity.key FROM membership JOIN entity ON entity.id = membership.group_id "
      "WHERE membership.contact_id = ?1 ORDER BY entity.key");
  query.Int(contact);
  while (query.Next()) groups.push_back(query.TextAt(0));
  return groups;
}

StoredEntity WithGroups(Connection& connection, StoredEntity entity) {
  if (entity.kind == Kind::kContact) entity.groups = GroupsOf(connection, entity.id);
  return entity;
}

}  // namespace

bool SqliteStore::IsEmpty() const {
  return impl_->connection.Guard("read it",
                                 [this] { return !impl_->connection.Prepare("SELECT 1 FROM entity LIMIT 1").Next(); });
}

std::uint64_t SqliteStore::Version() const {
  return impl_->connection.Guard("read its version", [this] {
    Query query = impl_->connection.Prepare("SELECT state_version FROM meta");
    if (!query.Next()) throw MalformedRow("the row of `meta` is not there");
    return query.As<std::uint64_t>(0);
  });
}

const std::vector<std::string>& SqliteStore::SourceNames() const {
  impl_->connection.Guard("read the sources", [this] { impl_->sources.Reload(impl_->connection); });
  return impl_->sources.names();
}

std::size_t SqliteStore::CountKnown() const {
  return impl_->connection.Guard("count the entities", [this] {
    Query query = impl_->connection.Prepare("SELECT count(*) FROM known");
    query.Next();
    return query.As<std::size_t>(0);
  });
}

void SqliteStore::ForEachKnown(const std::function<void(const KnownEntity&)>& visit) const {
  impl_->connection.Guard("read the entities", [&] {
    Query query = impl_->connection.Prepare("SELECT id, flags, key_hash, address_hash, fingerprint FROM known");
    KnownEntity known;
    while (query.Next()) {
      known.id = query.IntAt(0);
      UnpackFlags(query.IntAt(1), known);
      impl_->sources.NameOf(impl_->connection, known.source);  // throws where nothing has that number
      known.key_hash = query.HashAt(2);
      known.address_hash = query.HashAt(3);
      known.fingerprint = query.HashAt(4);
      visit(known);
    }
  });
  impl_->connection.DropCache();
}

StoredEntity SqliteStore::Load(std::int64_t id) const {
  return impl_->connection.Guard("read an entity", [&] {
    Query query = impl_->connection.Prepare(kSelectEntityById);
    query.Int(id);
    if (!query.Next()) throw MalformedRow("entity " + std::to_string(id) + " is not there");
    return WithGroups(impl_->connection, ReadEntity(query, impl_->connection, impl_->sources));
  });
}

std::optional<StoredEntity> SqliteStore::Find(Kind kind, std::string_view key) const {
  return impl_->connection.Guard("look up an entity", [&]() -> std::optional<StoredEntity> {
    Query query = impl_->connection.Prepare(kSelectEntityByKey);
    query.Int(Index(kind)).TextCopy(key);
    if (!query.Next()) return std::nullopt;
    return WithGroups(impl_->connection, ReadEntity(query, impl_->connection, impl_->sources));
  });
}

void SqliteStore::ForEachMembership(const std::function<void(std::int64_t contact, std::int64_t group)>& visit) const {
  impl_->connection.Guard("read the memberships", [&] {
    Query query =
        impl_->connection.Prepare("SELECT contact_id, group_id FROM membership ORDER BY contact_id, group_id");
    while (query.Next()) visit(query.IntAt(0), query.IntAt(1));
  });
}

std::vector<PlanNotes::Absence> SqliteStore::Absences() const {
  return impl_->connection.Guard("read the absences", [this] {
    std::vector<PlanNotes::Absence> absences;
    Query query = impl_->connection.Prepare("SELECT entity_id, since, reads FROM absence ORDER BY entity_id");
    while (query.Next()) {
      absences.push_back({.entity_id = query.IntAt(0), .since = query.TimeAt(1), .reads = query.As<std::uint32_t>(2)});
    }
    return absences;
  });
}

std::vector<StoredQuarantine> SqliteStore::Quarantined() const {
  return impl_->connection.Guard("read the quarantine", [this] {
    std::vector<StoredQuarantine> items;
    Query query = impl_->connection.Prepare(
        "SELECT kind, key, reason, since, source, line, dn, fingerprint, by_target FROM quarantine "
        "ORDER BY kind, key, by_target");
    while (query.Next()) {
      StoredQuarantine item;
      item.kind = query.TextAt(0);
      item.key = query.TextAt(1);
      item.reason = query.TextAt(2);
      item.since = query.TimeAt(3);
      item.source = {.name = query.TextAt(4), .line = query.As<std::uint64_t>(5), .dn = query.TextAt(6)};
      item.fingerprint = query.HashAt(7);
      item.by_target = query.IntAt(8) != 0;
      items.push_back(std::move(item));
    }
    return items;
  });
}

std::vector<StoredHold> SqliteStore::Holds(Instant now) const {
  return impl_->connection.Guard("read the holds", [&] {
    std::vector<StoredHold> holds;
    Query query = impl_->connection.Prepare(
        "SELECT key, reason, until, since FROM hold WHERE until IS NULL OR until > ?1 ORDER BY key");
    query.Time(now);
    while (query.Next()) {
      holds.push_back(
          {.key = query.TextAt(0), .reason = query.TextAt(1), .until = query.MaybeTimeAt(2), .since = query.TimeAt(3)});
    }
    Query reverted =
        impl_->connection.Prepare("SELECT key, reason, kind, mark, since FROM reverted ORDER BY key, kind");
    while (reverted.Next()) {
      holds.push_back({.key = reverted.TextAt(0),
                       .reason = reverted.TextAt(1),
                       .until = std::nullopt,
                       .since = reverted.TimeAt(4),
                       .kind = KindFrom(reverted.IntAt(2)),
                       .mark = reverted.HashAt(3)});
    }
    return holds;
  });
}

std::optional<SnapshotHistory> SqliteStore::LastGoodSnapshot(std::string_view source) const {
  Connection& connection = impl_->connection;
  return connection.Guard("read the last snapshot", [&]() -> std::optional<SnapshotHistory> {
    Query query = connection.Prepare(
        "SELECT id, records, rejected, hash, read_at, repeated FROM snapshot "
        "WHERE source = (SELECT id FROM source WHERE name = ?1) ORDER BY id DESC LIMIT 1");
    query.TextCopy(source);
    if (!query.Next()) return std::nullopt;
    SnapshotHistory snapshot;
    const std::int64_t id = query.IntAt(0);
    snapshot.source = source;
    snapshot.records = query.As<std::uint64_t>(1);
    snapshot.rejected = query.As<std::uint64_t>(2);
    snapshot.hash = query.TextAt(3);
    snapshot.read_at = query.TimeAt(4);
    snapshot.repeated = query.As<std::uint64_t>(5);

    Query files = connection.Prepare(
        "SELECT path, device, inode, size, mtime_ns, ctime_ns FROM snapshot_file WHERE snapshot = ?1 ORDER BY number");
    files.Int(id);
    while (files.Next()) {
      snapshot.files.push_back({.path = files.TextAt(0),
                                .device = files.As<std::uint64_t>(1),
                                .inode = files.As<std::uint64_t>(2),
                                .size = files.As<std::uint64_t>(3),
                                .mtime_ns = files.IntAt(4),
                                .ctime_ns = files.IntAt(5)});
    }
    Query filled =
        connection.Prepare("SELECT attribute, records FROM snapshot_fill WHERE snapshot = ?1 ORDER BY number");
    filled.Int(id);
    while (filled.Next()) snapshot.filled.emplace_back(filled.TextAt(0), filled.As<std::uint64_t>(1));
    return snapshot;
  });
}

bool SqliteStore::FirstRunFinished() const {
  return impl_->connection.Guard("read the runs", [this] {
    // One that stopped in its midst because the target refused everybody has not filled the account: its last operation
    // has no outcome, or none but that it was never sent.
    return impl_->connection
        .Prepare(
            "SELECT 1 FROM run WHERE outcome IN ('converged', 'partial') "
            "AND (outcome = 'converged' OR EXISTS (SELECT 1 FROM entity) AND (planned = 0 "
            "OR EXISTS (SELECT 1 FROM outcome WHERE outcome.id = (run.id << 32) + run.planned "
            "AND outcome.verdict <> 'unsent'))) LIMIT 1")
        .Next();
  });
}

std::vector<Hash128> SqliteStore::PendingCreates(Kind kind) const {
  return impl_->connection.Guard("count the creates that a cut-off run left", [&] {
    // The last run that had something to do, unless it did it all or a run has finished since. What was created
    // meanwhile, or was refused for what it is, is not pending any more; what failed for the moment is.
    Query query = impl_->connection.Prepare(
        "WITH cut(id, planned) AS (SELECT id, planned FROM run WHERE planned > 0 ORDER BY id DESC LIMIT 1) "
        "SELECT operation.key FROM cut JOIN operation ON operation.id BETWEEN (cut.id << 32) + 1 "
        "AND (cut.id << 32) + cut.planned "
        "WHERE operation.action = 0 AND operation.kind = ?1 "
        "AND NOT EXISTS (SELECT 1 FROM run WHERE outcome IN ('converged', 'partial') AND run.id >= cut.id "
        "AND (outcome = 'converged' OR run.id > cut.id)) "
        "AND NOT EXISTS (SELECT 1 FROM outcome WHERE outcome.id = operation.id AND (outcome.done = 1 "
        "OR outcome.verdict NOT IN ('retry', 'relogin', 'denied', 'unknown'))) "
        "AND NOT EXISTS (SELECT 1 FROM entity WHERE entity.kind = operation.kind AND entity.key = operation.key "
        "AND entity.lifecycle <> 2)");
    query.Int(Index(kind));
    std::vector<Hash128> keys;
    while (query.Next()) keys.push_back(HashOf(query.TextAt(0)));
    std::sort(keys.begin(), keys.end());
    return keys;
  });
}

}  // namespace ucaas_sync::state
