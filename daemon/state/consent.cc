// SqliteStore's part in approvals: what guards held in which run, and who agreed to what until when.
#include <algorithm>
#include <utility>

#include "daemon/state/decisions.h"
#include "daemon/state/store_impl.h"

namespace ucaas_sync::state {
namespace {

// A held plan may be of a million operations, and a service that is held tries again all day: of held runs that differ
// in what they hold, only so many are kept.
constexpr int kScopesKept = 10;
// Runs that held the same cost a row each.
constexpr int kHeldRunsKept = 2'000;

enum class Part : std::uint8_t { kAll, kWithoutOperations };

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

ConsentScope ReadScope(Connection& connection, std::int64_t consent, Part part) {
  ConsentScope scope;
  Query query = connection.Prepare(
      "SELECT name, subject, most, actual, everything, covers, examples, CASE WHEN ?2 THEN operations ELSE x'' END "
      "FROM consent_guard WHERE consent = ?1 ORDER BY number");
  query.Int(consent).Int(part == Part::kAll ? 1 : 0);
  while (query.Next()) {
    scope.guards.push_back({.name = query.TextAt(0),
                            .subject = query.TextAt(1),
                            .limit = query.As<std::uint64_t>(2),
                            .actual = query.As<std::uint64_t>(3),
                            .holds_everything = query.IntAt(4) != 0,
                            .covers = query.TextAt(5),
                            .examples = Lines(query.TextAt(6)),
                            .operations = query.HashesAt(7)});
  }
  return scope;
}

std::int64_t WriteScope(Connection& connection, const ConsentScope& scope) {
  std::int64_t consent = 1;
  {
    Query last = connection.Prepare("SELECT max(consent) FROM consent_guard");
    if (last.Next() && !last.IsNullAt(0)) consent = last.IntAt(0) + 1;
  }
  std::int64_t number = 0;
  for (const ConsentGuard& guard : scope.guards) {
    Query insert = connection.Prepare(
        "INSERT INTO consent_guard (consent, number, name, subject, most, actual, everything, covers, examples, "
        "operations) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
    insert.Int(consent).Int(++number).Text(guard.name).Text(guard.subject).Int(guard.limit).Int(guard.actual);
    insert.Int(guard.holds_everything ? 1 : 0).Text(guard.covers).TextCopy(Joined(guard.examples));
    insert.Hashes(guard.operations).Run();
  }
  return consent;
}

// What neither the last held runs nor an approval that serves needs.
void Prune(Connection& connection, Instant now) {
  connection.Prepare("UPDATE approval SET consent = 0 WHERE until <= ?1 AND consent <> 0").Time(now).Run();
  connection
      .Prepare(
          "DELETE FROM held_run WHERE consent NOT IN (SELECT consent FROM held_run GROUP BY consent "
          "ORDER BY max(at) DESC, consent DESC LIMIT ?1)")
      .Int(kScopesKept)
      .Run();
  connection
      .Prepare("DELETE FROM held_run WHERE run NOT IN (SELECT run FROM held_run ORDER BY at DESC, run DESC LIMIT ?1)")
      .Int(kHeldRunsKept)
      .Run();
  connection
      .Prepare(
          "DELETE FROM consent_guard WHERE consent NOT IN (SELECT consent FROM held_run) "
          "AND consent NOT IN (SELECT consent FROM held_now) AND consent NOT IN (SELECT consent FROM approval)")
      .Run();
}

}  // namespace

// One that a clock far ahead has given would serve until that time comes; a clock that is put right by less takes none
// away.
constexpr Duration kClockSlack = std::chrono::hours(1);

std::vector<Approval> SqliteStore::Approvals(Instant now) const {
  Connection& connection = impl_->connection;
  return connection.Guard("read the approvals", [&] {
    std::vector<std::pair<std::int64_t, Approval>> found;
    {
      Query query = connection.Prepare(
          "SELECT consent, subject, who, reason, at, until FROM approval WHERE until > ?1 AND until <= ?2 "
          "AND consent <> 0 ORDER BY id");
      query.Time(now).Time(now + kApprovalLasts + kClockSlack);
      while (query.Next()) {
        found.emplace_back(query.IntAt(0), Approval{.subject = query.TextAt(1),
                                                    .who = query.TextAt(2),
                                                    .reason = query.TextAt(3),
                                                    .at = query.TimeAt(4),
                                                    .until = query.TimeAt(5),
                                                    .scope = {}});
      }
    }
    std::vector<Approval> approvals;
    for (auto& [consent, approval] : found) {
      approval.scope = ReadScope(connection, consent, Part::kAll);
      approvals.push_back(std::move(approval));
    }
    return approvals;
  });
}

std::vector<Approval> SqliteStore::EndedApprovals(Instant now) const {
  Connection& connection = impl_->connection;
  return connection.Guard("read the approvals that ended", [&] {
    constexpr std::int64_t kMost = 20;
    std::vector<Approval> ended;
    Query query = connection.Prepare(
        "SELECT subject, who, reason, at, until FROM approval WHERE until <= ?1 ORDER BY until DESC, id DESC LIMIT ?2");
    query.Time(now).Int(kMost);
    while (query.Next()) {
      ended.push_back({.subject = query.TextAt(0),
                       .who = query.TextAt(1),
                       .reason = query.TextAt(2),
                       .at = query.TimeAt(3),
                       .until = query.TimeAt(4),
                       .scope = {}});
    }
    return ended;
  });
}

void SqliteStore::RecordApproval(const Approval& approval) {
  Connection& connection = impl_->connection;
  impl_->Write("record the approval", [&] {
    std::int64_t consent = 0;
    {
      // Usually of a run whose scope is there already.
      Query query = connection.Prepare("SELECT consent FROM held_run WHERE run = ?1");
      query.Text(approval.subject);
      if (query.Next()) consent = query.IntAt(0);
    }
    if (consent == 0 || ReadScope(connection, consent, Part::kAll) != approval.scope) {
      consent = WriteScope(connection, approval.scope);
    }
    Query insert = connection.Prepare(
        "INSERT INTO approval (subject, who, reason, at, until, consent) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    insert.Text(approval.subject).Text(approval.who).Text(approval.reason).Time(approval.at).Time(approval.until);
    insert.Int(consent).Run();
    Prune(connection, approval.at);
    connection.Prepare("UPDATE meta SET due_at = ?1").Time(approval.at).Run();
  });
}

std::optional<SqliteStore::HeldPlan> SqliteStore::Held() const {
  Connection& connection = impl_->connection;
  return connection.Guard("read what is held", [&]() -> std::optional<HeldPlan> {
    HeldPlan held;
    std::int64_t consent = 0;
    {
      Query query = connection.Prepare("SELECT run, since, consent FROM held_now");
      if (!query.Next()) return std::nullopt;
      held.run = query.TextAt(0);
      held.since = query.TimeAt(1);
      consent = query.IntAt(2);
    }
    held.scope = ReadScope(connection, consent, Part::kWithoutOperations);
    return held;
  });
}

void SqliteStore::RecordHeld(const std::string& run, const ConsentScope& scope,
                             std::span<const StoredDecision> decisions, Instant at, Reach reach) {
  Connection& connection = impl_->connection;
  impl_->Write("note what is held", [&] {
    std::int64_t consent = 0;
    {
      Query query = connection.Prepare("SELECT consent FROM held_now");
      if (query.Next()) consent = query.IntAt(0);
    }
    if (consent == 0 || ReadScope(connection, consent, Part::kAll) != scope) consent = WriteScope(connection, scope);
    connection.Prepare("INSERT OR REPLACE INTO held_run (run, consent, at) VALUES (?1, ?2, ?3)")
        .Text(run)
        .Int(consent)
        .Time(at)
        .Run();
    connection
        .Prepare(reach == Reach::kAll
                     ? "INSERT INTO held_now (id, run, consent, since) VALUES (1, ?1, ?2, ?3) "
                       "ON CONFLICT (id) DO UPDATE SET run = ?1, consent = ?2"
                     : "INSERT INTO held_now (id, run, consent, since) VALUES (1, ?1, ?2, ?3) ON CONFLICT DO NOTHING")
        .Text(run)
        .Int(consent)
        .Time(at)
        .Run();
    if (!decisions.empty()) {
      DecisionWriter writer(connection, impl_->RunNumber(run));
      for (const StoredDecision& decision : decisions) writer.Held(decision);
    }
    Prune(connection, at);
  });
}

void SqliteStore::ClearHeld() {
  if (!Held()) return;  // the usual case costs no commit
  impl_->Write("note that nothing is held", [&] { impl_->connection.Prepare("DELETE FROM held_now").Run(); });
}

std::optional<ConsentScope> SqliteStore::ScopeOfRun(const std::string& run) const {
  Connection& connection = impl_->connection;
  return connection.Guard("read what a run held", [&]() -> std::optional<ConsentScope> {
    std::int64_t consent = 0;
    {
      Query query = connection.Prepare("SELECT consent FROM held_run WHERE run = ?1");
      query.Text(run);
      if (!query.Next()) return std::nullopt;
      consent = query.IntAt(0);
    }
    ConsentScope scope = ReadScope(connection, consent, Part::kAll);
    return scope.empty() ? std::nullopt : std::optional(std::move(scope));
  });
}

}  // namespace ucaas_sync::state
