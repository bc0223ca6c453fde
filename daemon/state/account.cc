// SqliteStore's remaining facts: the account it belongs to, the runs for `status`, used plans, due removals, holds.
#include <algorithm>

#include "daemon/state/store_impl.h"

namespace ucaas_sync::state {
void SqliteStore::Bind(const std::string& base_url, const std::string& credential_id) {
  Connection& connection = impl_->connection;
  std::optional<std::string> bound_url;
  std::string bound_id;
  connection.Guard("read which account it belongs to", [&] {
    Query query = connection.Prepare("SELECT base_url, credential_id FROM meta");
    if (!query.Next() || query.IsNullAt(0)) return;
    bound_url = query.TextAt(0);
    bound_id = query.TextAt(1);
  });
  if (!bound_url) {
    if (impl_->read_only) return;
    impl_->Write("bind it to the account", [&] {
      connection.Prepare("UPDATE meta SET base_url = ?1, credential_id = ?2").Text(base_url).Text(credential_id).Run();
    });
    return;
  }
  if (*bound_url == base_url && bound_id == credential_id) return;
  const std::string with = *bound_url == base_url ? " with the credential id " : ", credential id ";
  throw StateFailure(ExitCode::kConfig,
                     "state " + connection.path().string() + " belongs to the account at " + *bound_url + with +
                         bound_id + ", but the configuration names " + base_url + with + credential_id +
                         "; what is known of one account must not be applied to another; correct `target`, or give "
                         "this account a state_dir of its own: an empty one adopts what exists; if it is the same "
                         "account under a new address or credential, run `ucaas-sync state rebind`");
}

std::vector<RunRecord> SqliteStore::Runs(std::size_t limit) const {
  Connection& connection = impl_->connection;
  return connection.Guard("read the runs", [&] {
    std::vector<RunRecord> runs;
    Query query = connection.Prepare(
        "SELECT id, name, cause, started, ended, outcome, message, failed, plan_hash, done, undone FROM run ORDER BY "
        "id DESC "
        "LIMIT ?1");
    query.Int(std::min<std::size_t>(limit, INT32_MAX));
    while (query.Next()) {
      runs.push_back(ReadRun(connection, query));
    }
    return runs;
  });
}

bool SqliteStore::PlanWasUsed(const std::string& plan_hash_and_id) const {
  return impl_->connection.Guard("look up a plan", [&] {
    return impl_->connection.Prepare("SELECT 1 FROM used_plan WHERE name = ?1").Text(plan_hash_and_id).Next();
  });
}

void SqliteStore::MarkPlanUsed(const std::string& plan_hash_and_id, Instant at) {
  impl_->Write("mark the plan as used", [&] {
    impl_->connection.Prepare("INSERT OR IGNORE INTO used_plan (name, at) VALUES (?1, ?2)")
        .Text(plan_hash_and_id)
        .Time(at)
        .Run();
  });
}

std::optional<Instant> SqliteStore::TargetPause() const {
  return impl_->connection.Guard("read how long the target rests", [this]() -> std::optional<Instant> {
    Query query = impl_->connection.Prepare("SELECT until FROM target_pause");
    if (!query.Next()) return std::nullopt;
    return query.TimeAt(0);
  });
}

void SqliteStore::NoteTargetPause(Instant until) {
  constexpr const char* kDoing = "note how long the target rests";
  const auto note = [until](Connection& connection) {
    connection.Prepare("INSERT OR REPLACE INTO target_pause (id, until) VALUES (1, ?1)").Time(until).Run();
  };
  if (impl_->moments == 0 || impl_->read_only) {
    impl_->Write(kDoing, [&] { note(impl_->connection); });
    return;
  }
  // A list for a plan may be waited for as well, and the plan's view of everything else must stay as it is.
  constexpr std::uint32_t kBusyTimeoutMs = 5'000;
  Connection beside(impl_->connection.path(), SQLite::OPEN_READWRITE, kBusyTimeoutMs);
  beside.Guard(kDoing, [&] {
    beside.database().exec("PRAGMA synchronous = FULL");
    note(beside);
  });
}

std::vector<DueItem> SqliteStore::Due() const {
  return impl_->connection.Guard("read what is due", [this] {
    std::vector<DueItem> due;
    Query query = impl_->connection.Prepare("SELECT kind, action, key, at, reason FROM due ORDER BY at, number");
    while (query.Next()) {
      due.push_back({.kind = KindFrom(query.IntAt(0)),
                     .action = ActionFrom(query.IntAt(1)),
                     .key = query.TextAt(2),
                     .at = query.TimeAt(3),
                     .reason = query.TextAt(4)});
    }
    return due;
  });
}

void SqliteStore::ReplaceDue(std::span<const DueItem> due) {
  std::vector<DueItem> sorted(due.begin(), due.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const DueItem& a, const DueItem& b) { return a.at < b.at; });
  if (sorted == Due()) return;  // the same as before costs no commit
  impl_->Write("note what is due", [&] {
    impl_->connection.Prepare("DELETE FROM due").Run();
    for (const DueItem& item : sorted) {
      Query insert =
          impl_->connection.Prepare("INSERT INTO due (kind, action, key, at, reason) VALUES (?1, ?2, ?3, ?4, ?5)");
      insert.Int(Index(item.kind)).Int(Index(item.action)).Text(item.key).Time(item.at).Text(item.reason).Run();
    }
  });
}

std::optional<Instant> SqliteStore::DueAt() const {
  return impl_->connection.Guard("read when it is due", [this]() -> std::optional<Instant> {
    Query query = impl_->connection.Prepare("SELECT due_at FROM meta");
    return query.Next() ? query.MaybeTimeAt(0) : std::nullopt;
  });
}

std::uint64_t SqliteStore::PlannedBy(const std::string& run) const {
  const std::int64_t id = impl_->RunNumber(run);
  return impl_->connection.Guard("count a run's operations", [&] {
    Query query = impl_->connection.Prepare(
        "SELECT ifnull(sum(creates + adopts + updates + suspends + reactivates + deletes), 0) FROM run_summary "
        "WHERE run = ?1");
    query.Int(id);
    query.Next();
    return query.As<std::uint64_t>(0);
  });
}

void SqliteStore::ForEachOperation(const std::string& run,
                                   const std::function<void(const Operation&, const OperationOutcome*)>& visit) const {
  const std::int64_t id = impl_->RunNumber(run);
  impl_->connection.Guard("read a run's operations", [&] {
    Query query = impl_->connection.Prepare(
        "SELECT operation.id, kind, action, key, remote_id, entity_id, changes, groups_before, groups_after, reason, "
        "source, line, dn, fingerprint, done, verdict, result, http_status, message, attempts, at, request_id, latency "
        "FROM operation LEFT JOIN outcome ON outcome.id = operation.id WHERE operation.id BETWEEN ?1 AND ?2 "
        "ORDER BY operation.id");
    query.Int(OperationId(id, 0)).Int(OperationId(id, UINT32_MAX));
    while (query.Next()) {
      const Operation operation = ReadOperation(query);
      const auto outcome = ReadOutcome(query, operation.seq);
      visit(operation, outcome ? &*outcome : nullptr);
    }
  });
}

}  // namespace ucaas_sync::state
