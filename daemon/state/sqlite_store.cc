#include "daemon/state/sqlite_store.h"

#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <system_error>

#include "daemon/model/text.h"
#include "daemon/state/replacement.h"
#include "daemon/state/schema.h"
#include "daemon/state/state_dir.h"
#include "daemon/state/store_impl.h"
#include "daemon/state/upgrade.h"

namespace ucaas_sync::state {
namespace {

constexpr const char* kFileName = "state.db";

using ImplPtr = std::unique_ptr<SqliteStore::Impl>;

// The write-ahead log and its index stay when the last writer closes, so that a reader needs to make no file.
void KeepSidecars(Connection& connection) {
  int on = 1;
  sqlite3_file_control(connection.database().getHandle(), "main", SQLITE_FCNTL_PERSIST_WAL, &on);
}

void NoteWriter(Connection& connection, const std::string& program_version) {
  connection.Prepare("UPDATE meta SET written_by = ?1 WHERE written_by <> ?1").Text(program_version).Run();
}

ImplPtr OpenForWriting(const std::filesystem::path& path, const StoreOptions& options) {
  EnsureStateDirectory(path.parent_path());
  FinishReplacement(path.parent_path());
  RemoveLeftBehind(path);
  if (!StateFileExists(path)) CreateStateFile(path, options.program_version, options.seed);
  auto impl = std::make_unique<SqliteStore::Impl>(path, SQLite::OPEN_READWRITE, options);
  Connection& connection = impl->connection;
  RefuseNewer(connection, Migrations(), options.program_version);
  RequireOurTables(connection, Migrations());
  // Before anything is changed: whoever cannot read who its entities come from can read none of them.
  connection.Guard("read the sources", [&] { impl->sources.Reload(connection); });
  connection.Guard("prepare it", [&] {
    SQLite::Database& database = connection.database();
    if (database.execAndGet("PRAGMA journal_mode = WAL").getString() != "wal") {
      throw SQLite::Exception("this file system does not allow a write-ahead log (PRAGMA journal_mode = WAL)",
                              SQLITE_CANTOPEN);
    }
    // A checkpoint costs two more syncs: every 32 MiB instead of every 4.
    database.exec("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8192; PRAGMA journal_size_limit = 67108864");
    KeepSidecars(connection);
  });
  BringUpToDate(connection, Migrations());
  impl->Write("note who writes it", [&] { NoteWriter(connection, options.program_version); });
  connection.Guard("read it", [&] { impl->NoteDataVersion(); });
  return impl;
}

ImplPtr EmptyInMemory(const StoreOptions& options) {
  return std::make_unique<SqliteStore::Impl>(":memory:", SQLite::OPEN_READWRITE, options);
}

ImplPtr OpenUnshared(const std::filesystem::path& path, const StoreOptions& options) {
  auto impl = std::make_unique<SqliteStore::Impl>("file:" + path.string() + "?immutable=1",
                                                  SQLite::OPEN_READONLY | SQLite::OPEN_URI, options);
  SchemaVersion(impl->connection);
  return impl;
}

// A reader that may not write the directory cannot make the log's index; without a log there is nobody to share with.
ImplPtr OpenFileForReading(const std::filesystem::path& path, const StoreOptions& options) {
  try {
    auto impl = std::make_unique<SqliteStore::Impl>(path, SQLite::OPEN_READONLY, options);
    SchemaVersion(impl->connection);
    return impl;
  } catch (const StateFailure&) {
    std::error_code error;
    if (std::filesystem::exists(path.string() + "-wal", error) || error) throw;
    return OpenUnshared(path, options);
  }
}

ImplPtr OpenForReading(const std::filesystem::path& dir, const StoreOptions& options) {
  ImplPtr impl;
  const bool is_dir = CheckStateDirectory(dir);
  const ReadablePath at = PathToRead(dir);
  if (!is_dir || !StateFileExists(at.path)) {
    impl = EmptyInMemory(options);
    CreateTables(impl->connection, options.program_version, options.seed);
  } else {
    impl = at.is_final ? OpenFileForReading(at.path, options) : OpenUnshared(at.path, options);
    RefuseNewer(impl->connection, Migrations(), options.program_version);
    RequireOurTables(impl->connection, Migrations());
    if (SchemaVersion(impl->connection) < Migrations().back().version) {
      ImplPtr copy = EmptyInMemory(options);
      impl->connection.Guard(
          "copy it", [&] { SQLite::Backup(copy->connection.database(), impl->connection.database()).executeStep(); });
      Migrate(copy->connection, Migrations());
      impl = std::move(copy);
    }
  }
  impl->read_only = true;
  impl->BeginMoment();
  return impl;
}

}  // namespace

void SqliteStore::Impl::BeginMoment() {
  if (moments++ > 0) return;
  connection.Guard("read it", [this] {
    connection.database().exec("BEGIN");
    // The transaction is of the moment of its first read.
    connection.database().execAndGet("SELECT state_version FROM meta");
    NoteDataVersion();
    sources.Reload(connection);
  });
}

void SqliteStore::Impl::EndMoment() {
  if (--moments == 0) connection.database().tryExec("ROLLBACK");
}

std::int64_t SqliteStore::Impl::RunNumber(const std::string& name) {
  if (last_run.first == name) return last_run.second;
  return connection.Guard("look up a run", [&] {
    Query query = connection.Prepare("SELECT id FROM run WHERE name = ?1");
    query.Text(name);
    if (!query.Next()) {
      throw StateFailure(ExitCode::kUsage, "no run " + Printable(name) + " in " + connection.path().string() +
                                               "; `ucaas-sync runs` lists those that are known");
    }
    last_run = {name, query.IntAt(0)};
    return last_run.second;
  });
}

SqliteStore::HeldMoment::HeldMoment(Impl& impl) : impl_(&impl) {
  impl_->BeginMoment();
}

SqliteStore::HeldMoment::~HeldMoment() {
  impl_->EndMoment();
}

SqliteStore::SqliteStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SqliteStore::~SqliteStore() = default;

std::unique_ptr<SqliteStore::HeldMoment> SqliteStore::HoldMoment() {
  return std::make_unique<HeldMoment>(*impl_);
}

bool SqliteStore::WasWrittenByOthers() const noexcept {
  try {
    return impl_->DataVersion() != impl_->data_version;
  } catch (const std::exception&) {
    return false;
  }
}

std::filesystem::path StatePath(const std::filesystem::path& dir) {
  return std::filesystem::absolute(dir) / kFileName;
}

std::unique_ptr<SqliteStore> EmptyStore(const StoreOptions& options) {
  auto impl = EmptyInMemory(options);
  CreateTables(impl->connection, options.program_version, options.seed);
  impl->read_only = true;
  impl->BeginMoment();
  return std::make_unique<SqliteStore>(std::move(impl));
}

std::unique_ptr<SqliteStore> OpenStore(const std::filesystem::path& dir, OpenMode mode, const StoreOptions& options) {
  const std::filesystem::path path = StatePath(dir);
  return std::make_unique<SqliteStore>(mode == OpenMode::kReadWrite ? OpenForWriting(path, options)
                                                                    : OpenForReading(path.parent_path(), options));
}

bool IsOlder(const std::filesystem::path& dir) {
  const std::filesystem::path path = StatePath(dir);
  if (!CheckStateDirectory(dir) || !StateFileExists(path)) return false;
  return SchemaVersion(OpenFileForReading(path, {})->connection) < Migrations().back().version;
}

}  // namespace ucaas_sync::state
