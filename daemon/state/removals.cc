#include "daemon/state/removals.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daemon/state/rows.h"
#include "daemon/state/store_impl.h"

namespace ucaas_sync::state {

std::vector<CountedRemoval> CountedRemovals(Connection& connection, Instant since) {
  std::vector<CountedRemoval> removals;
  Query query = connection.Prepare(
      "WITH counted (operation, at, kind, action, approved) AS "
      "(SELECT operation, at, kind, action, approved FROM removal UNION ALL "
      "SELECT o.id, run.started, o.kind, o.action, EXISTS (SELECT 1 FROM approved_removal a WHERE a.run = run.id "
      "AND a.kind = o.kind AND a.action = o.action) FROM run CROSS JOIN operation o "
      "ON o.id BETWEEN (run.id << 32) + 1 AND (run.id << 32) + run.mark WHERE run.ended IS NULL "
      "AND o.action IN (?2, ?3) AND NOT EXISTS (SELECT 1 FROM outcome WHERE outcome.id = o.id) "
      "AND NOT EXISTS (SELECT 1 FROM removal WHERE removal.operation = o.id)) "
      "SELECT r.at, r.kind, r.action, r.approved, o.id IS NOT NULL, ifnull(o.entity_id, 0), ifnull(o.remote_id, ''), "
      "ifnull(e.remote_id, '') FROM counted r LEFT JOIN operation o ON o.id = r.operation AND NOT "
      "EXISTS (SELECT 1 FROM outcome WHERE outcome.id = o.id AND outcome.done = 1) "
      "LEFT JOIN entity e ON e.id = o.entity_id WHERE r.at >= ?1 ORDER BY r.at, r.operation");
  query.Time(since).Int(Index(Action::kSuspend)).Int(Index(Action::kDelete));
  while (query.Next()) {
    removals.push_back({.at = query.TimeAt(0),
                        .kind = KindFrom(query.IntAt(1)),
                        .action = ActionFrom(query.IntAt(2)),
                        .approved = query.IntAt(3) != 0,
                        .is_unanswered = query.IntAt(4) != 0,
                        .entity = query.IntAt(5),
                        .remote_id = query.TextAt(6),
                        .now_remote_id = query.TextAt(7)});
  }
  return removals;
}

void NoteRemoval(Connection& connection, std::int64_t operation, Kind kind, Action action, Instant at) {
  connection
      .Prepare(
          "INSERT OR REPLACE INTO removal (operation, at, kind, action, approved) VALUES (?1, ?2, ?3, ?4, "
          "EXISTS (SELECT 1 FROM approved_removal WHERE run = ?1 >> 32 AND kind = ?3 AND action = ?4))")
      .Int(operation)
      .Time(at)
      .Int(Index(kind))
      .Int(Index(action))
      .Run();
}

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

std::set<std::int64_t> EntitiesOfUnansweredRemovals(Connection& connection) {
  std::set<std::int64_t> entities;
  Query query = connection.Prepare(
      "SELECT o.entity_id FROM removal r JOIN operation o ON o.id = r.operation WHERE NOT "
      "EXISTS (SELECT 1 FROM outcome WHERE outcome.id = o.id AND outcome.done = 1)");
  while (query.Next()) entities.insert(query.IntAt(0));
  return entities;
}

bool ForgetUndoneRemovals(Connection& connection, std::int64_t entity, bool is_seen_active) {
  Query undone = connection.Prepare(
      "DELETE FROM removal WHERE (?2 OR action <> ?3) AND EXISTS "
      "(SELECT 1 FROM operation o JOIN entity e ON e.id = o.entity_id WHERE o.id = removal.operation "
      "AND o.entity_id = ?1 AND o.remote_id IN ('', e.remote_id)) AND NOT "
      "EXISTS (SELECT 1 FROM outcome WHERE outcome.id = removal.operation AND outcome.done = 1)");
  return undone.Int(entity).Int(is_seen_active ? 1 : 0).Int(Index(Action::kSuspend)).Run() > 0;
}

bool CountRemovalOnce(Connection& connection, std::int64_t entity) {
  connection
      .Prepare(
          "UPDATE removal SET approved = 0 WHERE EXISTS (SELECT 1 FROM operation o JOIN outcome c ON c.id = o.id "
          "WHERE o.id = removal.operation AND o.entity_id = ?1 AND c.done = 1 "
          "AND (c.verdict = 'missing' OR o.action = ?2)) "
          "AND EXISTS (SELECT 1 FROM removal u JOIN operation p ON p.id = u.operation WHERE p.entity_id = ?1 "
          "AND p.remote_id = (SELECT remote_id FROM operation WHERE operation.id = removal.operation) "
          "AND u.approved = 0 AND u.action = removal.action "
          "AND u.operation < removal.operation "
          "AND NOT EXISTS (SELECT 1 FROM outcome WHERE outcome.id = p.id AND outcome.done = 1))")
      .Int(entity)
      .Int(Index(Action::kSuspend))
      .Run();
  Query counted_twice = connection.Prepare(
      "DELETE FROM removal WHERE EXISTS (SELECT 1 FROM operation p WHERE p.id = removal.operation "
      "AND p.entity_id = ?1 AND NOT EXISTS (SELECT 1 FROM outcome WHERE outcome.id = p.id AND outcome.done = 1)) "
      "AND EXISTS (SELECT 1 FROM removal r JOIN operation o ON o.id = r.operation JOIN outcome c ON c.id = o.id "
      "JOIN operation p ON p.id = removal.operation AND p.remote_id = o.remote_id "
      "WHERE o.entity_id = ?1 AND c.done = 1 AND r.action = removal.action AND r.operation > removal.operation)");
  return counted_twice.Int(entity).Run() > 0;
}

void CountSuspendsOf(Connection& connection, const std::set<std::int64_t>& entities) {
  if (entities.empty()) return;
  std::vector<std::pair<std::int64_t, std::int64_t>> unanswered;  // operation, entity
  // Of the object that they have now. The first of each counts: one that nobody approved if there is one, and of these
  // the last.
  Query query = connection.Prepare(
      "SELECT o.id, o.entity_id FROM removal r JOIN operation o ON o.id = r.operation "
      "JOIN entity e ON e.id = o.entity_id AND o.remote_id IN ('', e.remote_id) WHERE r.action = ?1 AND NOT "
      "EXISTS (SELECT 1 FROM outcome WHERE outcome.id = o.id AND outcome.done = 1) ORDER BY r.approved, r.at DESC");
  query.Int(Index(Action::kSuspend));
  while (query.Next()) {
    if (entities.contains(query.IntAt(1))) unanswered.emplace_back(query.IntAt(0), query.IntAt(1));
  }
  std::set<std::int64_t> counted;
  for (const auto& [operation, entity] : unanswered) {
    // No operation has a number below 1: what is counted so waits for no answer.
    Query change = counted.insert(entity).second ? connection.Prepare(
                                                       "UPDATE removal SET operation = (SELECT min(min(operation), 0) "
                                                       "- 1 FROM removal) WHERE operation = ?1")
                                                 : connection.Prepare("DELETE FROM removal WHERE operation = ?1");
    change.Int(operation).Run();
  }
}

const std::set<std::int64_t>& SqliteStore::Impl::UnansweredRemovals() {
  if (!unanswered_removals) unanswered_removals = EntitiesOfUnansweredRemovals(connection);
  return *unanswered_removals;
}

std::vector<PastRemoval> SqliteStore::RemovalsSince(Instant since) const {
  return impl_->connection.Guard("read the past removals", [&] {
    std::vector<PastRemoval> removals;
    // Whoever has another object by now has lost the one that was removed: no later removal repeats that of the old
    // one.
    std::map<std::pair<std::int64_t, std::string>, std::int64_t> lost;
    for (const CountedRemoval& removal : CountedRemovals(impl_->connection, since)) {
      std::int64_t unanswered = removal.entity;
      const bool is_lost = !removal.remote_id.empty() && !removal.now_remote_id.empty();
      if (is_lost && removal.remote_id != removal.now_remote_id) {
        const std::int64_t next = -1 - static_cast<std::int64_t>(lost.size());
        unanswered = lost.emplace(std::pair(removal.entity, removal.remote_id), next).first->second;
      }
      removals.push_back({.kind = removal.kind,
                          .action = removal.action,
                          .at = removal.at,
                          .approved = removal.approved,
                          .unanswered = unanswered});
    }
    return removals;
  });
}

}  // namespace ucaas_sync::state
