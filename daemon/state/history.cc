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
      "SELECT id, name, cause, started, ended, outcome, message, failed, plan_hash FROM run WHERE id = ?1");
  query.Int(number);
  if (!query.Next()) return std::nullopt;
  return ReadRun(connection, query);
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
        past.push_back({.run = {}, .operation = std::move(operation), .outcome = std::move(outcome)});
      }
    }
    std::map<std::int64_t, RunRecord> runs;
    for (std::size_t i = 0; i < past.size(); ++i) {
      const std::int64_t number = ids[i] >> 32;
      if (!runs.contains(number)) runs.emplace(number, RunWithNumber(connection, number).value_or(RunRecord{}));
      past[i].run = runs.at(number);
      if (past[i].outcome) past[i].outcome->requests = ReadAttempts(connection, ids[i]);
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
    while (query.Next()) {
      past.push_back({.kind = query.TextAt(0),
                      .key = query.TextAt(1),
                      .run = query.TextAt(2),
                      .at = query.TimeAt(3),
                      .word = query.TextAt(4),
                      .reason = query.TextAt(5),
                      .source = {.name = query.TextAt(6), .line = query.As<std::uint64_t>(7), .dn = {}}});
    }
    return past;
  });
}

std::optional<RunRecord> SqliteStore::FindRun(const std::string& run) const {
  Connection& connection = impl_->connection;
  return connection.Guard("look up a run", [&]() -> std::optional<RunRecord> {
    Query query = connection.Prepare(
        "SELECT id, name, cause, started, ended, outcome, message, failed, plan_hash FROM run WHERE name = ?1");
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

}  // namespace ucaas_sync::state
