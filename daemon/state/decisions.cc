#include "daemon/state/decisions.h"

#include <string_view>
#include <unordered_map>
#include <utility>

#include "daemon/state/rows.h"

namespace ucaas_sync::state {
namespace {

using Standstill = PlanNotes::Standstill;

std::string_view WordOf(Standstill::Word word) {
  switch (word) {
    case Standstill::Word::kAbsent:
      return "absent";
    case Standstill::Word::kFilteredOut:
      return "filtered out";
    case Standstill::Word::kKept:
      return "kept";
    case Standstill::Word::kHeld:
      return "held";
    case Standstill::Word::kUndecided:
      return "undecided";
  }
  return "";
}

/// "absent in 3 complete reads" is no other decision than in 2.
std::string WithoutDigits(std::string text) {
  std::erase_if(text, [](char c) { return c >= '0' && c <= '9'; });
  return text;
}

}  // namespace

void WriteAttempts(Connection& connection, std::int64_t operation, const std::vector<Attempt>& attempts) {
  if (attempts.empty()) return;
  connection.Prepare("DELETE FROM attempt WHERE operation = ?1").Int(operation).Run();
  std::int64_t number = 0;
  for (const Attempt& attempt : attempts) {
    Query insert = connection.Prepare(
        "INSERT INTO attempt (operation, number, at, call, verdict, request_id, http_status, result, message, latency) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
    insert.Int(operation).Int(++number).Time(attempt.at).Text(attempt.call).Text(attempt.verdict);
    insert.Text(attempt.request_id).Int(attempt.http_status).Text(attempt.result).Text(attempt.message);
    insert.Int(attempt.latency.count()).Run();
  }
}

std::vector<Attempt> ReadAttempts(Connection& connection, std::int64_t operation) {
  std::vector<Attempt> attempts;
  Query query = connection.Prepare(
      "SELECT at, call, verdict, request_id, http_status, result, message, latency FROM attempt WHERE operation = ?1 "
      "ORDER BY number");
  query.Int(operation);
  while (query.Next()) {
    attempts.push_back({.at = query.TimeAt(0),
                        .call = query.TextAt(1),
                        .verdict = query.TextAt(2),
                        .request_id = query.TextAt(3),
                        .http_status = query.As<int>(4),
                        .result = query.TextAt(5),
                        .message = query.TextAt(6),
                        .latency = std::chrono::microseconds(query.IntAt(7))});
  }
  return attempts;
}

void DecisionWriter::Quarantined(const QuarantineItem& item) {
  Write({.kind = item.kind, .key = item.key, .word = "quarantined", .reason = item.reason, .source = item.source});
}

void DecisionWriter::Released(const StoredQuarantine& item) {
  Write({.kind = item.kind, .key = item.key, .word = "released", .reason = "was: " + item.reason, .source = {}});
}

void DecisionWriter::Held(const StoredDecision& decision) {
  {
    // Since a run has gone through it is another matter, though it reads the same.
    Query last = connection_.Prepare(
        "SELECT word, reason FROM decision WHERE key = ?1 AND kind = ?2 AND run > "
        "ifnull((SELECT max(id) FROM run WHERE outcome IN ('converged', 'partial')), 0) ORDER BY id DESC LIMIT 1");
    last.Text(decision.key).Text(decision.kind);
    const bool is_same = last.Next() && last.TextAt(0) == decision.word &&
                         WithoutDigits(last.TextAt(1)) == WithoutDigits(decision.reason);
    if (is_same) return;
  }
  Write({.kind = decision.kind,
         .key = decision.key,
         .word = decision.word,
         .reason = decision.reason,
         .source = decision.source});
}

void DecisionWriter::ReplaceStandstills(const std::vector<Standstill>& now) {
  std::unordered_map<std::int64_t, std::pair<std::int64_t, Row>> before;  // by entity: its row of `decision`
  {
    Query query = connection_.Prepare("SELECT entity_id, id, kind, key, word, reason FROM decision WHERE stands = 1");
    while (query.Next()) {
      before.try_emplace(query.IntAt(0), query.IntAt(1),
                         Row{.kind = query.TextAt(2),
                             .key = query.TextAt(3),
                             .word = query.TextAt(4),
                             .reason = query.TextAt(5),
                             .source = {},
                             .entity_id = query.IntAt(0)});
    }
  }
  for (const Standstill& standstill : now) {
    const auto old = before.find(standstill.entity_id);
    const bool is_undecided = standstill.word == Standstill::Word::kUndecided;
    const bool is_same = old != before.end() && (is_undecided || (old->second.second.word == WordOf(standstill.word) &&
                                                                  old->second.second.reason == standstill.reason));
    if (is_same) {
      before.erase(old);
      continue;
    }
    if (is_undecided) continue;
    if (old != before.end()) {
      connection_.Prepare("UPDATE decision SET stands = 0 WHERE id = ?1").Int(old->second.first).Run();
      before.erase(old);
    }
    Row row{.kind = {},
            .key = {},
            .word = std::string(WordOf(standstill.word)),
            .reason = standstill.reason,
            .source = standstill.source,
            .entity_id = standstill.entity_id,
            .stands = true};
    {
      Query query = connection_.Prepare("SELECT kind, key FROM entity WHERE id = ?1");
      query.Int(standstill.entity_id);
      if (!query.Next()) continue;
      row.kind = Name(KindFrom(query.IntAt(0)));
      row.key = query.TextAt(1);
    }
    Write(row);
  }
  for (const auto& [entity, old] : before) End(old.first, old.second);
}

void DecisionWriter::End(std::int64_t id, const Row& row) {
  connection_.Prepare("UPDATE decision SET stands = 0 WHERE id = ?1").Int(id).Run();
  const bool was_held = row.word == "held";
  {
    Query query = connection_.Prepare("SELECT lifecycle FROM entity WHERE id = ?1");
    query.Int(row.entity_id);
    if (!query.Next()) return;
    const auto lifecycle = static_cast<Lifecycle>(query.IntAt(0));
    if (lifecycle == Lifecycle::kGone || (!was_held && lifecycle != Lifecycle::kActive)) return;
  }
  Write({.kind = row.kind,
         .key = row.key,
         .word = was_held ? "no longer held" : "back",
         .reason = was_held ? "was: " + row.reason : "in the source again",
         .source = {}});
}

void DecisionWriter::Write(const Row& row) {
  Query insert = connection_.Prepare(
      "INSERT INTO decision (run, kind, key, word, reason, source, line, entity_id, stands) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
  insert.Int(run_).Text(row.kind).Text(row.key).Text(row.word).Text(row.reason).Text(row.source.name);
  insert.Int(row.source.line).Int(row.entity_id).Int(row.stands ? 1 : 0).Run();
}

}  // namespace ucaas_sync::state
