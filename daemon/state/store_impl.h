// What the parts of SqliteStore (opening, reading, journal, upkeep) share. Inside the state room only.
#pragma once

#include <SQLiteCpp/Transaction.h>

#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/state/connection.h"
#include "daemon/state/rows.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::state {

struct SqliteStore::Impl {
  Impl(std::filesystem::path path, int flags, const StoreOptions& options)
      : connection(std::move(path), flags, options.busy_timeout_ms), random(options.seed) {}

  Connection connection;
  SourceTable sources;
  std::mt19937_64 random;
  bool read_only = false;
  int moments = 0;                // HeldMoments that live
  std::int64_t data_version = 0;  // SQLite's: another one once somebody else has written to the file
  std::pair<std::string, std::int64_t> last_run;
  /// Entities with a removal of an earlier run that nobody answered; nothing before this run asked. No run removes
  /// anybody twice.
  std::optional<std::set<std::int64_t>> unanswered_removals;

  /// Begins the read transaction that every answer then comes from. Ended by EndMoment.
  void BeginMoment();
  void EndMoment();
  /// What the last moment began with, or the opening: the rest is news.
  void NoteDataVersion() { data_version = DataVersion(); }
  std::int64_t DataVersion() { return connection.database().execAndGet("PRAGMA data_version").getInt64(); }

  /// One commit. The write lock is taken first, so `work` reads what it changes; an exception undoes all of it.
  template <typename Work>
  void Write(std::string_view doing, Work&& work) {
    if (read_only || moments > 0)
      throw std::logic_error("a state that is open for reading cannot " + std::string(doing));
    try {
      connection.Guard(doing, [&] {
        SQLite::Transaction transaction(connection.database(), SQLite::TransactionBehavior::IMMEDIATE);
        work();
        transaction.commit();
      });
    } catch (...) {
      sources = {};  // may name what was rolled back; read again when it is asked for
      throw;
    }
  }

  /// The row of a run by its name. Throws StateFailure.
  std::int64_t RunNumber(const std::string& name);
  const std::set<std::int64_t>& UnansweredRemovals();
};

/// Within a commit: of what was found to differ at the target of `row` only that is kept which neither `operation`
/// wrote (null: there was none) nor the row says by now.
void SettleFinding(Connection& connection, const StoredEntity& row, const Operation* operation);

/// Within a commit: the next run is due at `at`, unless it is due earlier.
void WakeBy(Connection& connection, Instant at);

}  // namespace ucaas_sync::state
