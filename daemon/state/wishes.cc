// SqliteStore's part in what people wish of single entities: held, released from quarantine, given another key.
#include <utility>

#include "daemon/model/text.h"
#include "daemon/state/store_impl.h"

namespace ucaas_sync::state {
namespace {

void WakeAt(Connection& connection, Instant now) {
  connection.Prepare("UPDATE meta SET due_at = ?1").Time(now).Run();
}

struct Row {
  std::int64_t id = 0;
  bool is_gone = false;
};

std::optional<Row> FindRow(Connection& connection, Kind kind, const std::string& key) {
  Query query = connection.Prepare("SELECT id, lifecycle FROM entity WHERE kind = ?1 AND key = ?2");
  query.Int(Index(kind)).Text(key);
  if (!query.Next()) return std::nullopt;
  return Row{.id = query.IntAt(0), .is_gone = query.As<int>(1) == static_cast<int>(Lifecycle::kGone)};
}

// Of an object that was deleted: nothing at the target answers to it.
void RemoveGoneRow(Connection& connection, std::int64_t id) {
  connection.Prepare("DELETE FROM absence WHERE entity_id = ?1").Int(id).Run();
  connection.Prepare("DELETE FROM membership WHERE contact_id = ?1 OR group_id = ?1").Int(id).Run();
  connection.Prepare("DELETE FROM known WHERE id = ?1").Int(id).Run();
  connection.Prepare("DELETE FROM entity WHERE id = ?1").Int(id).Run();
}

void RenameRow(Connection& connection, std::int64_t id, const std::string& to) {
  connection.Prepare("UPDATE entity SET key = ?2, version = (SELECT state_version + 1 FROM meta) WHERE id = ?1")
      .Int(id)
      .Text(to)
      .Run();
  connection.Prepare("UPDATE known SET key_hash = ?2 WHERE id = ?1").Int(id).Hash(HashOf(to)).Run();
  connection.Prepare("DELETE FROM absence WHERE entity_id = ?1").Int(id).Run();
}

// What waited for either key was about the change that is now settled.
void DropWaiting(Connection& connection, Kind kind, const std::string& key) {
  const std::string name(Name(kind));
  connection.Prepare("DELETE FROM quarantine WHERE kind = ?1 AND key = ?2").Text(name).Text(key).Run();
  connection.Prepare("DELETE FROM due WHERE kind = ?1 AND key = ?2").Int(Index(kind)).Text(key).Run();
}

// What past runs did to the person is theirs under the new key too: to explain, to revert, to forget.
void RenameInJournal(Connection& connection, Kind kind, const std::string& from, const std::string& to) {
  connection.Prepare("UPDATE operation SET key = ?3 WHERE kind = ?1 AND key = ?2")
      .Int(Index(kind))
      .Text(from)
      .Text(to)
      .Run();
  const std::string name(Name(kind));
  connection.Prepare("UPDATE decision SET key = ?3 WHERE kind = ?1 AND key = ?2").Text(name).Text(from).Text(to).Run();
}

void NoteFormerKey(Connection& connection, const std::string& from, const std::string& to, Instant now) {
  connection.Prepare("DELETE FROM former_key WHERE key = ?1").Text(to).Run();
  connection.Prepare("UPDATE former_key SET now = ?2 WHERE now = ?1").Text(from).Text(to).Run();
  connection.Prepare("INSERT OR REPLACE INTO former_key (key, now, at) VALUES (?1, ?2, ?3)")
      .Text(from)
      .Text(to)
      .Time(now)
      .Run();
}

StateFailure CannotRekey(const std::string& from, const std::string& to, const std::string& why) {
  return {ExitCode::kUsage, Printable(from) + " cannot become " + Printable(to) + ": " + why + "; nothing was changed"};
}

}  // namespace

void SqliteStore::PutHolds(std::span<const StoredHold> holds) {
  if (holds.empty()) return;
  Connection& connection = impl_->connection;
  impl_->Write("hold somebody", [&] {
    for (const StoredHold& hold : holds) {
      if (hold.kind) {
        Query insert = connection.Prepare(
            "INSERT OR REPLACE INTO reverted (kind, key, reason, since, mark) VALUES (?1, ?2, ?3, ?4, ?5)");
        insert.Int(Index(*hold.kind)).Text(hold.key).Text(hold.reason).Time(hold.since).Hash(hold.mark).Run();
        continue;
      }
      connection.Prepare("INSERT OR REPLACE INTO hold (key, reason, until, since) VALUES (?1, ?2, ?3, ?4)")
          .Text(hold.key)
          .Text(hold.reason)
          .Time(hold.until)
          .Time(hold.since)
          .Run();
    }
    WakeAt(connection, holds.front().since);
  });
}

void SqliteStore::EndRevertHolds(std::span<const StoredHold> holds) {
  impl_->Write("end holds of a revert", [&] {
    for (const StoredHold& hold : holds) {
      impl_->connection.Prepare("DELETE FROM reverted WHERE kind = ?1 AND key = ?2")
          .Int(Index(*hold.kind))
          .Text(hold.key)
          .Run();
    }
  });
}

bool SqliteStore::RemoveHold(std::string_view key, Instant now) {
  bool removed = false;
  impl_->Write("end a hold", [&] {
    const int by_person = impl_->connection.Prepare("DELETE FROM hold WHERE key = ?1").TextCopy(key).Run();
    const int by_revert = impl_->connection.Prepare("DELETE FROM reverted WHERE key = ?1").TextCopy(key).Run();
    removed = by_person + by_revert != 0;
    if (removed) WakeAt(impl_->connection, now);
  });
  return removed;
}

std::size_t SqliteStore::ReleaseByTarget(std::string_view key, Instant now) {
  std::size_t released = 0;
  impl_->Write("release somebody from quarantine", [&] {
    Query remove = impl_->connection.Prepare("DELETE FROM quarantine WHERE by_target = 1 AND key = ?1");
    released = static_cast<std::size_t>(remove.TextCopy(key).Run());
    if (released != 0) WakeAt(impl_->connection, now);
  });
  return released;
}

std::vector<Kind> SqliteStore::Rekey(const std::string& from, const std::string& to, Instant now) {
  Connection& connection = impl_->connection;
  std::vector<Kind> kinds;
  impl_->Write("give somebody another key", [&] {
    bool was_known = false;
    for (const Kind kind : {Kind::kUser, Kind::kContact}) {
      const std::optional<Row> old_row = FindRow(connection, kind, from);
      if (!old_row) continue;
      was_known = true;
      if (old_row->is_gone) continue;
      if (const std::optional<Row> taken = FindRow(connection, kind, to)) {
        if (!taken->is_gone) {
          throw CannotRekey(from, to,
                            "there is a " + std::string(Name(kind)) + " with the key " + Printable(to) +
                                " already; two accounts are not made one");
        }
        RemoveGoneRow(connection, taken->id);
      }
      RenameRow(connection, old_row->id, to);
      DropWaiting(connection, kind, from);
      DropWaiting(connection, kind, to);
      RenameInJournal(connection, kind, from, to);
      kinds.push_back(kind);
    }
    if (kinds.empty()) {
      throw CannotRekey(
          from, to,
          was_known ? "the account of " + Printable(from) + " was deleted, so that " + Printable(to) + " gets a new one"
                    : "nobody has the key " + Printable(from) + "; keys are compared with their case");
    }
    // A person who is held stays so.
    connection.Prepare("UPDATE OR IGNORE hold SET key = ?2 WHERE key = ?1").Text(from).Text(to).Run();
    connection.Prepare("UPDATE OR IGNORE reverted SET key = ?2 WHERE key = ?1 AND kind <> 1").Text(from).Text(to).Run();
    NoteFormerKey(connection, from, to, now);
    connection.Prepare("UPDATE meta SET state_version = state_version + 1").Run();
    WakeAt(connection, now);
  });
  return kinds;
}

}  // namespace ucaas_sync::state
