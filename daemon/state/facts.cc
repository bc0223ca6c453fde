// SqliteStore's account of itself: what is there, whose it is, and what a rebuilt state takes over from an older one.
#include <algorithm>
#include <set>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include "daemon/state/removals.h"
#include "daemon/state/schema.h"
#include "daemon/state/store_impl.h"
#include "daemon/state/unknowns.h"

namespace ucaas_sync::state {
namespace {

constexpr Duration kGuardsLookBack = std::chrono::hours(7 * 24);

std::uint64_t SizeOf(const std::filesystem::path& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

std::uint64_t Count(Connection& connection, const char* sql) {
  Query query = connection.Prepare(sql);
  query.Next();
  return query.As<std::uint64_t>(0);
}

}  // namespace

const std::filesystem::path& SqliteStore::path() const {
  return impl_->connection.path();
}

StateFacts SqliteStore::Facts() const {
  Connection& connection = impl_->connection;
  StateFacts facts;
  facts.path = connection.path();
  facts.bytes = SizeOf(facts.path) + SizeOf(facts.path.string() + "-wal");
  facts.tables_version = SchemaVersion(connection);
  connection.Guard("count what it holds", [&] {
    {
      Query query = connection.Prepare("SELECT written_by FROM meta");
      if (query.Next()) facts.written_by = query.TextAt(0);
    }
    {
      Query query = connection.Prepare("SELECT kind, lifecycle, ownership, count(*) FROM entity GROUP BY 1, 2, 3");
      while (query.Next()) {
        const std::size_t kind = Index(KindFrom(query.IntAt(0)));
        const auto lifecycle = query.As<std::size_t>(1);
        if (lifecycle >= facts.entities[kind].size()) throw MalformedRow("an entity has an unknown lifecycle");
        facts.entities[kind][lifecycle] += query.As<std::uint64_t>(3);
        const bool is_there = lifecycle != static_cast<std::size_t>(Lifecycle::kGone);
        if (is_there && query.IntAt(2) == static_cast<int>(Ownership::kAdopted)) {
          facts.adopted[kind] += query.As<std::uint64_t>(3);
        }
      }
    }
    {
      Query query = connection.Prepare("SELECT count(*), min(started) FROM run");
      query.Next();
      facts.runs = query.As<std::uint64_t>(0);
      facts.oldest_run = query.MaybeTimeAt(1);
    }
    facts.operations = Count(connection, "SELECT count(*) FROM operation");
    facts.holds = Count(connection, "SELECT (SELECT count(*) FROM hold) + (SELECT count(*) FROM reverted)");
    facts.forgotten = Count(connection, "SELECT count(*) FROM forgotten");
  });
  return facts;
}

std::array<std::array<std::uint64_t, 3>, kKindCount> SqliteStore::CountEntities() const {
  Connection& connection = impl_->connection;
  return connection.Guard("count the entities", [&] {
    std::array<std::array<std::uint64_t, 3>, kKindCount> counts{};
    Query query = connection.Prepare("SELECT kind, lifecycle, entities FROM entity_count");
    while (query.Next()) {
      const auto lifecycle = query.As<std::size_t>(1);
      if (lifecycle >= counts[0].size()) throw MalformedRow("an entity has an unknown lifecycle");
      counts[Index(KindFrom(query.IntAt(0)))][lifecycle] = query.As<std::uint64_t>(2);
    }
    return counts;
  });
}

std::optional<BoundAccount> SqliteStore::Account() const {
  Connection& connection = impl_->connection;
  return connection.Guard("read which account it belongs to", [&]() -> std::optional<BoundAccount> {
    Query query = connection.Prepare("SELECT base_url, credential_id FROM meta");
    if (!query.Next() || query.IsNullAt(0)) return std::nullopt;
    return BoundAccount{.base_url = query.TextAt(0), .credential_id = query.TextAt(1)};
  });
}

void SqliteStore::Rebind(const BoundAccount& account) {
  impl_->Write("bind it to the account", [&] {
    impl_->connection.Prepare("UPDATE meta SET base_url = ?1, credential_id = ?2")
        .Text(account.base_url)
        .Text(account.credential_id)
        .Run();
    // Another address never asked for it.
    impl_->connection.Prepare("DELETE FROM target_pause").Run();
  });
}

void SqliteStore::ContinueVersions(std::uint64_t last) {
  // One that cannot be is a damaged state's.
  constexpr std::uint64_t kMost = std::uint64_t{1} << 61U;
  if (last >= kMost) return;
  impl_->Write("go on counting its versions", [&] {
    impl_->connection.Prepare("UPDATE meta SET state_version = max(state_version, ?1)").Int(last + 1).Run();
  });
}

void SqliteStore::TakeOver(
    const SqliteStore& old,
    const std::function<bool(Kind kind, Action action, const std::string& remote_id)>& was_done) {
  Connection& from = old.impl_->connection;
  Connection& to = impl_->connection;
  impl_->Write("take over from the older state", [&] {
    // Before anything else has a run: theirs keep their numbers.
    TakeOverUnknownCreates(from, to);
    // None of these creates has made what was there before them.
    Query others = from.Prepare("SELECT digests FROM refresh_others");
    if (others.Next()) {
      const std::string digests(others.BlobAt(0));
      to.Prepare("INSERT OR REPLACE INTO refresh_others (id, digests) VALUES (1, ?1)").Blob(digests).Run();
    }
    // With what the next read is compared: else one that has lost half its records, or a column, would pass.
    for (const std::string& source : old.SourceNames()) {
      if (const auto last = old.LastGoodSnapshot(source)) WriteSnapshot(to, impl_->sources, *last);
    }
    // The digests of who was forgotten are salted with it.
    Query seed = from.Prepare("SELECT seed FROM meta");
    if (seed.Next()) to.Prepare("UPDATE meta SET seed = ?1").Int(seed.IntAt(0)).Run();
    Query forgotten = from.Prepare("SELECT key_digest, at FROM forgotten");
    while (forgotten.Next()) {
      const std::string digest = forgotten.TextAt(0);
      to.Prepare("INSERT OR REPLACE INTO forgotten (key_digest, at) VALUES (?1, ?2)")
          .Text(digest)
          .Int(forgotten.IntAt(1))
          .Run();
    }
    Query used = from.Prepare("SELECT name, at FROM used_plan");
    while (used.Next()) {
      const std::string name = used.TextAt(0);
      to.Prepare("INSERT OR REPLACE INTO used_plan (name, at) VALUES (?1, ?2)").Text(name).Int(used.IntAt(1)).Run();
    }
    Query hold = from.Prepare("SELECT key, reason, until, since FROM hold");
    while (hold.Next()) {
      const std::string key = hold.TextAt(0);
      const std::string reason = hold.TextAt(1);
      to.Prepare("INSERT OR REPLACE INTO hold (key, reason, until, since) VALUES (?1, ?2, ?3, ?4)")
          .Text(key)
          .Text(reason)
          .Time(hold.MaybeTimeAt(2))
          .Time(hold.TimeAt(3))
          .Run();
    }
    Query reverted = from.Prepare("SELECT kind, key, reason, mark, since FROM reverted");
    while (reverted.Next()) {
      const std::string key = reverted.TextAt(1);
      const std::string reason = reverted.TextAt(2);
      Query insert =
          to.Prepare("INSERT OR REPLACE INTO reverted (kind, key, reason, mark, since) VALUES (?1, ?2, ?3, ?4, ?5)");
      insert.Int(reverted.IntAt(0)).Text(key).Text(reason).Hash(reverted.HashAt(3)).Time(reverted.TimeAt(4)).Run();
    }
    std::vector<CountedRemoval> removals = CountedRemovals(from, Instant::min());
    const Instant since = removals.empty() ? Instant() : removals.back().at - kGuardsLookBack;
    std::erase_if(removals, [since](const CountedRemoval& removal) { return removal.at <= since; });
    // However often one was sent without an answer, it removed one, if any: one that nobody approved if there is one,
    // and of these the last.
    std::stable_sort(removals.begin(), removals.end(), [](const CountedRemoval& a, const CountedRemoval& b) {
      return std::tie(a.approved, b.at) < std::tie(b.approved, a.at);
    });
    std::set<std::tuple<Action, std::int64_t, std::string>> unanswered;
    // No operation of the new journal has a number below 1.
    std::int64_t number = -1;
    for (const CountedRemoval& removal : removals) {
      if (removal.is_unanswered) {
        // Those who were forgotten cannot be told from each other.
        const bool is_new =
            removal.entity == 0 || unanswered.emplace(removal.action, removal.entity, removal.remote_id).second;
        if (!is_new || !was_done(removal.kind, removal.action, removal.remote_id)) continue;
      }
      to.Prepare("INSERT OR REPLACE INTO removal (operation, at, kind, action, approved) VALUES (?1, ?2, ?3, ?4, ?5)")
          .Int(number--)
          .Time(removal.at)
          .Int(Index(removal.kind))
          .Int(Index(removal.action))
          .Int(removal.approved ? 1 : 0)
          .Run();
    }
  });
}

}  // namespace ucaas_sync::state
