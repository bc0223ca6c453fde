// SqliteStore's creates and changes that nobody answered, and what a look at the target made of them.
#include "daemon/state/store_impl.h"

namespace ucaas_sync::state {
namespace {

void Settle(Connection& connection, const Operation& create) {
  connection.Prepare("DELETE FROM unknown_create WHERE kind = ?1 AND key = ?2")
      .Int(Index(create.kind))
      .Text(create.key)
      .Run();
}

/// What a create made is the object of its row from now on, whatever was found of the one before.
void WriteMade(Connection& connection, EntityWriter& entities, const StoredEntity& row, const Hash128& fingerprint) {
  connection.Prepare("DELETE FROM drift WHERE entity_id = ?1").Int(row.id).Run();
  // Made anew a group is empty. Forgetting the old one's members lets the next plan find each of them missing.
  if (row.id != 0 && row.kind == Kind::kGroup) entities.Forget(row.id);
  const WrittenRow written = entities.Write(row, fingerprint);
  if (row.kind == Kind::kContact) entities.WriteMemberships(written.id, row.groups);
}

}  // namespace

std::vector<Operation> SqliteStore::LeftoverCreates() const {
  Connection& connection = impl_->connection;
  return connection.Guard("read the creates that were left unknown", [&] {
    std::vector<Operation> creates;
    Query query = connection.Prepare(
        "SELECT id, kind, action, key, remote_id, entity_id, changes, groups_before, groups_after, reason, source, "
        "line, dn, fingerprint FROM operation WHERE id IN (SELECT operation FROM unknown_create) ORDER BY id");
    while (query.Next()) creates.push_back(ReadOperation(query));
    return creates;
  });
}

void SqliteStore::RecordLeftover(const Operation& create, const std::optional<StoredEntity>& found, Instant at) {
  Connection& connection = impl_->connection;
  impl_->Write("record what a cut-off run left", [&] {
    Settle(connection, create);
    if (!found) return;
    EntityWriter entities(connection, impl_->sources, Version() + 1);
    WriteMade(connection, entities, *found, {});
    connection.Prepare("UPDATE meta SET state_version = state_version + 1").Run();
    WakeBy(connection, at);
  });
}

void SqliteStore::RecordFound(std::span<const FoundLeftover> found, Instant at) {
  Connection& connection = impl_->connection;
  if (found.empty()) return;
  impl_->Write("record what was created unanswered", [&] {
    EntityWriter entities(connection, impl_->sources, Version() + 1);
    for (const FoundLeftover& leftover : found) {
      Settle(connection, leftover.create);
      WriteMade(connection, entities, leftover.row, leftover.fingerprint);
    }
    connection.Prepare("UPDATE meta SET state_version = state_version + 1").Run();
    WakeBy(connection, at);
  });
}

std::vector<std::int64_t> SqliteStore::UnknownChanges() const {
  return impl_->connection.Guard("read whose change nobody answered", [this] {
    std::vector<std::int64_t> ids;
    Query query = impl_->connection.Prepare("SELECT entity_id FROM unknown_change ORDER BY entity_id");
    while (query.Next()) ids.push_back(query.IntAt(0));
    return ids;
  });
}

bool SqliteStore::HasUnknownChange(std::int64_t entity) const {
  return impl_->connection.Guard("read whether somebody's change was answered", [&] {
    Query query = impl_->connection.Prepare(
        "SELECT 1 FROM unknown_change WHERE entity_id = ?1 UNION ALL SELECT 1 FROM run r CROSS JOIN operation o "
        "ON o.id BETWEEN (r.id << 32) + 1 AND (r.id << 32) + r.mark WHERE r.ended IS NULL AND o.entity_id = ?1 "
        "AND NOT EXISTS (SELECT 1 FROM outcome WHERE outcome.id = o.id) LIMIT 1");
    query.Int(entity);
    return query.Next();
  });
}

std::vector<Operation> SqliteStore::UnansweredUpdates() const {
  Connection& connection = impl_->connection;
  return connection.Guard("read the changes that were left unanswered", [&] {
    std::vector<Operation> changes;
    if (!connection.Prepare("SELECT 1 FROM unknown_change LIMIT 1").Next()) return changes;
    // Counting a run's narrow outcomes first: nearly every run was answered in full.
    Query query = connection.Prepare(
        "SELECT o.id, o.kind, o.action, o.key, o.remote_id, o.entity_id, o.changes, o.groups_before, o.groups_after, "
        "o.reason, o.source, o.line, o.dn, o.fingerprint FROM run r CROSS JOIN operation o "
        "ON o.id BETWEEN (r.id << 32) + 1 AND (r.id << 32) + r.mark WHERE r.planned > 0 "
        "AND r.mark > (SELECT count(*) FROM outcome c WHERE c.id BETWEEN (r.id << 32) + 1 AND (r.id << 32) + r.mark) "
        "AND o.action IN (?1, ?2) AND o.entity_id IN (SELECT entity_id FROM unknown_change) "
        "AND NOT EXISTS (SELECT 1 FROM outcome c WHERE c.id = o.id) ORDER BY o.id");
    query.Int(Index(Action::kUpdate)).Int(Index(Action::kReactivate));
    while (query.Next()) changes.push_back(ReadOperation(query));
    return changes;
  });
}

std::map<std::int64_t, std::vector<std::string>> SqliteStore::AddressesInDoubt() const {
  Connection& connection = impl_->connection;
  return connection.Guard("read the addresses that were left unanswered", [&] {
    std::map<std::int64_t, std::vector<std::string>> addresses;
    if (!connection.Prepare("SELECT 1 FROM unknown_change LIMIT 1").Next()) return addresses;
    // What is not known is asked for with each run, so that it is of one of the last.
    constexpr int kRuns = 20;
    Query query = connection.Prepare(
        "SELECT o.id, o.kind, o.action, o.key, o.remote_id, o.entity_id, o.changes, o.groups_before, o.groups_after, "
        "o.reason, o.source, o.line, o.dn, o.fingerprint FROM (SELECT id, mark FROM run WHERE planned > 0 "
        "ORDER BY id DESC LIMIT ?1) r CROSS JOIN operation o ON o.id BETWEEN (r.id << 32) + 1 AND (r.id << 32) + "
        "r.mark "
        "WHERE o.entity_id IN (SELECT entity_id FROM unknown_change) "
        "AND NOT EXISTS (SELECT 1 FROM outcome c WHERE c.id = o.id AND c.done = 1) ORDER BY o.id DESC");
    query.Int(kRuns);
    while (query.Next()) {
      const Operation operation = ReadOperation(query);
      const FieldChange* change = FindChange(operation, NaturalKeyField(operation.kind));
      if (change != nullptr && !change->after.text.empty()) {
        addresses[operation.entity_id].push_back(change->after.text);
      }
    }
    return addresses;
  });
}

void SqliteStore::MoveRows(std::span<const StoredEntity> moved) {
  Connection& connection = impl_->connection;
  EntityWriter entities(connection, impl_->sources, Version() + 1);
  for (const StoredEntity& row : moved) {
    // Made anew it is empty. Forgetting the old one's members lets the next plan find each of them missing.
    if (row.kind == Kind::kGroup) entities.Forget(row.id);
    entities.Write(row, {});
  }
  connection.Prepare("UPDATE meta SET state_version = state_version + 1").Run();
}

void SqliteStore::NoteDue(Instant at) {
  impl_->Write("note when to look again", [&] { WakeBy(impl_->connection, at); });
}

}  // namespace ucaas_sync::state
