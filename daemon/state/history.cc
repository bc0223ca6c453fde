// SqliteStore's memory of one entity: what was done to it and decided of it, run by run.
#include <algorithm>
#include <map>
#include <set>

#include "daemon/model/text.h"
#include "daemon/state/decisions.h"
#include "daemon/state/store_impl.h"

namespace ucaas_sync::state {
namespace {

std::optional<RunRecord> RunWithNumber(Connection& connection, std::int64_t number) {
  Query query = connection.Prepare(
      "SELECT id, name, cause, started, ended, outcome, message, failed, plan_hash, done, undone FROM run WHERE id = "
      "?1");
  query.Int(number);
  if (!query.Next()) return std::nullopt;
  return ReadRun(connection, query);
}

/// Of kind, key, name, started, word, reason, source, line.
StoredDecision ReadDecision(const Query& row) {
  return {.kind = row.TextAt(0),
          .key = row.TextAt(1),
          .run = row.TextAt(2),
          .at = row.TimeAt(3),
          .word = row.TextAt(4),
          .reason = row.TextAt(5),
          .source = {.name = row.TextAt(6), .line = row.As<std::uint64_t>(7), .dn = {}}};
}

/// For LIKE, which takes ASCII letters of either case for the same: whatever has a change that names `address`, and
/// perhaps more.
std::string PatternFor(std::string_view address) {
  std::string pattern = "%";
  for (const char c : address) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                          c == '@' || c == '-' || c == '+';
    // Whatever may be written in another way in the journal's JSON, or means something to LIKE.
    pattern += is_plain ? c : '%';
  }
  return pattern + '%';
}

}  // namespace

std::vector<SqliteStore::PastOperation> SqliteStore::PastOperations(std::string_view key, std::size_t limit,
                                                                    const std::string& upto) const {
  Connection& connection = impl_->connection;
  const std::int64_t last = upto.empty() ? INT64_MAX : OperationId(impl_->RunNumber(upto), UINT32_MAX);
  return connection.Guard("read the operations of one key", [&] {
    std::vector<PastOperation> past;
    std::vector<std::int64_t> ids;
    {
      Query query = connection.Prepare(
          "SELECT operation.id, kind, action, key, remote_id, entity_id, changes, groups_before, groups_after, reason, "
          "source, line, dn, fingerprint, done, verdict, result, http_status, message, attempts, at, request_id, "
          "latency FROM operation LEFT JOIN outcome ON outcome.id = operation.id "
          "WHERE operation.id <= ?1 AND key = ?2 ORDER BY operation.id DESC LIMIT ?3");
      query.Int(last).TextCopy(key).Int(limit);
      while (query.Next()) {
        ids.push_back(query.IntAt(0));
        Operation operation = ReadOperation(query);
        auto outcome = ReadOutcome(query, operation.seq);
        past.push_back({.run = {}, .operation = std::move(operation), .outcome = std::move(outcome), .requests = {}});
      }
    }
    std::map<std::int64_t, RunRecord> runs;
    for (std::size_t i = 0; i < past.size(); ++i) {
      const std::int64_t number = ids[i] >> 32;
      if (!runs.contains(number)) runs.emplace(number, RunWithNumber(connection, number).value_or(RunRecord{}));
      past[i].run = runs.at(number);
      past[i].requests = ReadAttempts(connection, ids[i]);
    }
    return past;
  });
}

std::vector<StoredDecision> SqliteStore::PastDecisions(std::string_view key, std::size_t limit,
                                                       const std::string& upto) const {
  Connection& connection = impl_->connection;
  const std::int64_t last = upto.empty() ? INT64_MAX : impl_->RunNumber(upto);
  return connection.Guard("read the decisions on one key", [&] {
    std::vector<StoredDecision> past;
    Query query = connection.Prepare(
        "SELECT kind, key, name, started, word, reason, source, line FROM decision JOIN run ON run.id = decision.run "
        "WHERE key = ?1 AND decision.run <= ?2 ORDER BY decision.id DESC LIMIT ?3");
    query.TextCopy(key).Int(last).Int(limit);
    while (query.Next()) past.push_back(ReadDecision(query));
    return past;
  });
}

std::vector<StoredDecision> SqliteStore::Kept() const {
  Connection& connection = impl_->connection;
  return connection.Guard("read who is kept", [&] {
    std::vector<StoredDecision> kept;
    Query query = connection.Prepare(
        "SELECT kind, key, name, started, word, reason, source, line FROM decision JOIN run ON run.id = decision.run "
        "WHERE stands = 1 AND word = 'kept' ORDER BY kind, key");
    while (query.Next()) kept.push_back(ReadDecision(query));
    return kept;
  });
}

std::optional<RunRecord> SqliteStore::FindRun(const std::string& run) const {
  Connection& connection = impl_->connection;
  return connection.Guard("look up a run", [&]() -> std::optional<RunRecord> {
    Query query = connection.Prepare(
        "SELECT id, name, cause, started, ended, outcome, message, failed, plan_hash, done, undone FROM run WHERE name "
        "= ?1");
    query.Text(run);
    if (!query.Next()) return std::nullopt;
    return ReadRun(connection, query);
  });
}

std::vector<std::string> SqliteStore::KeysWithAddress(std::string_view address) const {
  Connection& connection = impl_->connection;
  return connection.Guard("look up an address", [&] {
    std::set<std::string> keys;
    const std::string folded = FoldCase(address);
    {
      Query query = connection.Prepare("SELECT key FROM known JOIN entity USING (id) WHERE address_hash = ?1");
      query.Hash(HashOf(folded));
      while (query.Next()) keys.insert(query.TextAt(0));
    }
    // Who is gone holds no address any more, but is still asked about.
    Query query = connection.Prepare("SELECT kind, key, fields FROM entity WHERE lifecycle = 2");
    while (query.Next()) {
      const Kind kind = KindFrom(query.IntAt(0));
      if (FoldCase(DecodeFields(kind, query.TextAt(2))[NaturalKeyField(kind)].text) == folded) {
        keys.insert(query.TextAt(1));
      }
    }
    return std::vector<std::string>(keys.begin(), keys.end());
  });
}

std::vector<std::string> SqliteStore::KeysOnceWithAddress(std::string_view address) const {
  Connection& connection = impl_->connection;
  return connection.Guard("look for a former address", [&] {
    std::set<std::string> keys;
    const std::string folded = FoldCase(address);
    Query query = connection.Prepare(
        "SELECT kind, key, changes FROM operation WHERE kind IN (0, 2) AND key <> '' AND changes LIKE ?1");
    query.TextCopy(PatternFor(address));
    while (query.Next()) {
      const Kind kind = KindFrom(query.IntAt(0));
      for (const FieldChange& change : DecodeChanges(kind, query.TextAt(2))) {
        if (change.field != NaturalKeyField(kind)) continue;
        if (FoldCase(change.before.text) == folded || FoldCase(change.after.text) == folded) {
          keys.insert(query.TextAt(1));
        }
      }
    }
    return std::vector<std::string>(keys.begin(), keys.end());
  });
}

std::vector<FormerKey> SqliteStore::FormerKeys(std::string_view key) const {
  Connection& connection = impl_->connection;
  return connection.Guard("look up a former key", [&] {
    std::vector<FormerKey> former;
    Query query = connection.Prepare("SELECT key, now, at FROM former_key WHERE key = ?1 OR now = ?1 ORDER BY at, key");
    query.TextCopy(key);
    while (query.Next()) former.push_back({.key = query.TextAt(0), .now = query.TextAt(1), .at = query.TimeAt(2)});
    return former;
  });
}

}  // namespace ucaas_sync::state
