// SqliteStore's creates of cut-off runs that no plan asks for any more, and what a look at the target made of them.
#include "daemon/state/store_impl.h"

namespace ucaas_sync::state {
namespace {

void Settle(Connection& connection, const Operation& create) {
  connection.Prepare("DELETE FROM unknown_create WHERE kind = ?1 AND key = ?2")
      .Int(Index(create.kind))
      .Text(create.key)
      .Run();
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
    const WrittenRow written = entities.Write(*found, {});
    if (found->kind == Kind::kContact) entities.WriteMemberships(written.id, found->groups);
    connection.Prepare("UPDATE meta SET state_version = state_version + 1").Run();
    WakeBy(connection, at);
  });
}

void SqliteStore::NoteDue(Instant at) {
  impl_->Write("note when to look again", [&] { WakeBy(impl_->connection, at); });
}

}  // namespace ucaas_sync::state
