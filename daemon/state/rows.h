// Rows of the tables as values of the model, both ways. Inside the state room only. Single-threaded; throws what
// Connection::Guard translates.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/model/store.h"
#include "daemon/state/connection.h"

namespace ucaas_sync::state {

/// Names of sources by their number, which is also the row's id. Other processes only ever append.
class SourceTable {
 public:
  const std::vector<std::string>& names() const { return names_; }
  void Reload(Connection& connection);
  /// The number of `name`, added in the current transaction if it is new.
  std::uint16_t NumberOf(Connection& connection, const std::string& name);
  /// Reads the table again when the number is new here.
  const std::string& NameOf(Connection& connection, std::int64_t number);

 private:
  std::vector<std::string> names_;
};

/// Columns of numbers that stand for something; another number is a MalformedRow.
Kind KindFrom(std::int64_t number);
Action ActionFrom(std::int64_t number);

/// The flags of a `known` row.
std::int64_t PackFlags(Kind kind, Lifecycle lifecycle, Ownership ownership, std::uint16_t source);
void UnpackFlags(std::int64_t flags, KnownEntity& known);
/// Keeps with entity `id` from which source its record comes.
void NoteSource(Connection& connection, std::int64_t id, std::uint16_t source);
/// Keeps with entity `id` whether its record is outside the scope of its rule, until it is noted otherwise or gone.
void NoteScope(Connection& connection, std::int64_t id, bool is_outside);

/// Adds a read of a source that was good.
void WriteSnapshot(Connection& connection, SourceTable& sources, const SnapshotHistory& snapshot);

/// Of the e-mail or the group's name; zero when there is none or the object is gone and holds none any more.
Hash128 AddressHash(Kind kind, Lifecycle lifecycle, const FieldSet& fields);

/// The row of an entity, without its groups.
inline constexpr const char* kSelectEntityById =
    "SELECT id, kind, lifecycle, ownership, source, key, remote_id, fields, suspended_at, version FROM entity "
    "WHERE id = ?1";
inline constexpr const char* kSelectEntityByKey =
    "SELECT id, kind, lifecycle, ownership, source, key, remote_id, fields, suspended_at, version FROM entity "
    "WHERE kind = ?1 AND key = ?2";
StoredEntity ReadEntity(const Query& row, Connection& connection, SourceTable& sources);

/// What writing a row did.
struct WrittenRow {
  std::int64_t id = 0;
  bool changed = false;
};

/// Inserts or updates the rows of one entity, memberships apart; a row that says the same stays untouched but for the
/// fingerprint. `version` is the state_version of the commit.
class EntityWriter {
 public:
  EntityWriter(Connection& connection, SourceTable& sources, std::uint64_t version)
      : connection_(connection), sources_(sources), version_(version) {}
  WrittenRow Write(const StoredEntity& row, const Hash128& fingerprint);
  /// Makes the contact's memberships those of `groups`; keys that the state does not know are left out. Call when all
  /// rows of the commit are written. True when that changed something; the contact's version is then raised.
  bool WriteMemberships(std::int64_t contact, const std::vector<std::string>& groups);
  /// What is known of the entity's object beside its row: its memberships or members, what was found and put back.
  void Forget(std::int64_t id);

 private:
  /// By kind and key.
  std::int64_t FindId(const StoredEntity& row);

  Connection& connection_;
  SourceTable& sources_;
  std::uint64_t version_;
  std::string fields_;  // keeps its memory from row to row
  const std::string none_;
};

/// The id of an operation and of its outcome.
constexpr std::int64_t OperationId(std::int64_t run, std::uint64_t seq) {
  return (run << 32) | static_cast<std::int64_t>(seq);
}

/// From the columns id, name, cause, started, ended, outcome, message, failed, plan_hash.
RunRecord ReadRun(Connection& connection, const Query& row);
Operation ReadOperation(const Query& row);
/// Throws MalformedRow when there is none with this id.
Operation StoredOperation(Connection& connection, std::int64_t id);
/// The outcome beside an operation: nine columns from the fifteenth on (done, verdict, result, http_status, message,
/// attempts, at, request_id, latency); nothing when they are null.
std::optional<OperationOutcome> ReadOutcome(const Query& row, std::uint64_t seq);
inline constexpr const char* kInsertOperation =
    "INSERT INTO operation (id, kind, action, key, remote_id, entity_id, changes, groups_before, groups_after, reason, "
    "source, line, dn, fingerprint) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

/// Stores operations of one run.
class OperationWriter {
 public:
  OperationWriter(Connection& connection, std::int64_t run) : connection_(connection), run_(run) {}
  void Write(const Operation& operation);

 private:
  Connection& connection_;
  std::int64_t run_;
  std::string changes_;
  std::string before_;
  std::string after_;
};

}  // namespace ucaas_sync::state
