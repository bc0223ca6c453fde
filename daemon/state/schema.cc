#include "daemon/state/schema.h"

#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Transaction.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include "daemon/model/sha256.h"
#include "daemon/state/state_dir.h"
#include "daemon/state/upgrade.h"

namespace ucaas_sync::state {
namespace {

std::string Sidecar(const std::filesystem::path& path) {
  return path.string() + "-wal";
}

bool HasContent(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && info.st_size > 0;
}

StateFailure NotOurs(const std::filesystem::path& path, std::string_view what) {
  return {ExitCode::kConfig, "state " + path.string() + " " + std::string(what) +
                                 "; it is left as it is; set state_dir to a directory of its own, or move the file "
                                 "away (a run without a state adopts what exists at the target and deletes nothing)"};
}

constexpr std::string_view kTemporary = ".new-";

void RemoveWithSidecars(const std::string& path) {
  for (const char* part : {"", "-journal", "-wal", "-shm"}) ::unlink((path + part).c_str());
}

}  // namespace

bool StateFileExists(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && errno == ENOENT) {
    if (HasContent(Sidecar(path))) {
      throw StateFailure(ExitCode::kConfig, Sidecar(path) +
                                                " is left of a state that was moved away without it; move "
                                                "it to where " +
                                                path.filename().string() +
                                                " went, since it holds that state's last "
                                                "changes, and run again");
    }
    return false;
  }
  if (descriptor < 0) throw FileFailure(path, "open the state", errno);
  std::array<unsigned char, 100> header{};
  const ssize_t size = ::pread(descriptor, header.data(), header.size(), 0);
  const int error = errno;
  ::close(descriptor);
  if (size < 0) throw FileFailure(path, "read the state", error);
  // A new state is made under another name and appears whole, so an empty file was once more than that.
  if (size == 0) throw Damaged(path, "the file is empty");
  if (std::all_of(header.begin(), header.begin() + size, [](unsigned char byte) { return byte == 0; })) {
    throw Damaged(path, "the file begins with zeros where a header must be");
  }
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  if (static_cast<std::size_t>(size) < header.size() ||
      !std::equal(kMagic.begin(), kMagic.end(), header.begin(),
                  [](char a, unsigned char b) { return static_cast<unsigned char>(a) == b; })) {
    throw NotOurs(path, "is not a database");
  }
  const std::uint32_t id = static_cast<std::uint32_t>(header[68]) << 24 | static_cast<std::uint32_t>(header[69]) << 16 |
                           static_cast<std::uint32_t>(header[70]) << 8 | static_cast<std::uint32_t>(header[71]);
  if (id != kApplicationId) throw NotOurs(path, "is a database of another program");
  // SQLite would take it for a file that may only be read, and the owner and mode would be blamed.
  constexpr unsigned char kNewestFormat = 2;
  if (header[18] > kNewestFormat) throw Damaged(path, "its header names a format that no program writes");
  return true;
}

void RemoveLeftBehind(const std::filesystem::path& beside) {
  const std::string begin = beside.filename().string() + std::string(kTemporary);
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(beside.parent_path(), error)) {
    const std::string name = entry.path().filename().string();
    constexpr std::size_t kRandom = 6;
    if (name.size() != begin.size() + kRandom || !name.starts_with(begin)) continue;
    const int descriptor = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) continue;
    // Whoever is at work with it holds the lock.
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) RemoveWithSidecars(entry.path().string());
    ::close(descriptor);
  }
}

TemporaryFile::TemporaryFile(const std::filesystem::path& beside) {
  RemoveLeftBehind(beside);
  for (;;) {
    path_ = beside.string() + std::string(kTemporary) + "XXXXXX";
    descriptor_ = ::mkostemp(path_.data(), O_CLOEXEC);
    if (descriptor_ < 0) throw FileFailure(beside, "make the state", errno);
    const bool is_locked = ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
    // Where there are no locks, nobody takes anything for left behind.
    if (!is_locked && errno != EWOULDBLOCK) return;
    struct stat info {};
    if (is_locked && ::fstat(descriptor_, &info) == 0 && info.st_nlink != 0) return;
    // Between the two calls another process has taken it for left behind.
    ::close(descriptor_);
  }
}

// With what SQLite leaves beside it on a full disk: the next attempt has another name, and would leave more.
TemporaryFile::~TemporaryFile() {
  RemoveWithSidecars(path_);
  ::close(descriptor_);
}

void CreateStateFile(const std::filesystem::path& path, const std::string& program_version, std::uint64_t seed) {
  const TemporaryFile temporary(path);
  {
    Connection connection(temporary.path(), SQLite::OPEN_READWRITE, 0);
    connection.Guard("make it", [&connection] {
      connection.database().exec("PRAGMA application_id = " + std::to_string(kApplicationId));
      connection.database().exec("PRAGMA synchronous = FULL");
    });
    CreateTables(connection, program_version, seed);
    connection.Guard("make it", [&connection] { connection.database().exec("PRAGMA journal_mode = WAL"); });
  }
  // A link, unlike a rename, never replaces a state that another process made in this moment.
  if (::link(temporary.path().c_str(), path.c_str()) != 0 && errno != EEXIST) {
    throw FileFailure(path, "make the state", errno);
  }
  SyncDirectory(path.parent_path());
}

int SchemaVersion(Connection& connection) {
  return connection.Guard("read its version",
                          [&connection] { return connection.database().execAndGet("PRAGMA user_version").getInt(); });
}

void RefuseNewer(Connection& connection, std::span<const Migration> migrations, const std::string& program_version) {
  const int version = SchemaVersion(connection);
  const int newest = migrations.back().version;
  if (version <= newest) return;
  const std::string writer = connection.Guard("read who wrote it", [&connection] {
    // Of tables that are not known here this one alone is read, so it must be one.
    Query meta = connection.Prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'meta'");
    if (!meta.Next()) throw MalformedRow("there is no table `meta`");
    return connection.database().execAndGet("SELECT written_by FROM meta").getString();
  });
  // The newest that this program can read, if an upgrade left one.
  std::string copy;
  for (int of = newest; of > 0 && copy.empty(); --of) {
    std::error_code error;
    if (const auto path = CopyPath(connection.path(), of); std::filesystem::exists(path, error)) copy = path.string();
  }
  throw StateFailure(ExitCode::kConfig, "state " + connection.path().string() + " was written by ucaas-sync " + writer +
                                            " (tables of version " + std::to_string(version) +
                                            "); this is ucaas-sync " + program_version + ", which knows version " +
                                            std::to_string(newest) + " at most; install " + writer +
                                            " or newer, or restore a backup made by this version" +
                                            (copy.empty() ? "" : ", such as " + copy + ", which the upgrade left"));
}

std::string DigestOfTables(Connection& connection) {
  Sha256 digest;
  // What SQLite adds by itself (statistics, the indexes of keys) has names that begin so.
  Query query = connection.Prepare(
      "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
      "ORDER BY type, name");
  while (query.Next()) {
    for (int column = 0; column < 4; ++column) digest.Update(query.TextAt(column) + '\n');
  }
  return digest.Hex();
}

void RequireOurTables(Connection& connection, std::span<const Migration> migrations) {
  const bool are_ours = connection.Guard("look at its tables", [&] {
    const SQLite::Transaction moment(connection.database());  // another process may bring it up to date meanwhile
    const int version = SchemaVersion(connection);
    const std::string digest = DigestOfTables(connection);
    return std::any_of(migrations.begin(), migrations.end(), [&](const Migration& migration) {
      return migration.version == version && migration.tables == digest;
    });
  });
  if (are_ours) return;
  throw Damaged(connection.path(),
                "its tables are not those that ucaas-sync makes, so what they say cannot be believed; whoever added an "
                "index, a view or a trigger can drop it again");
}

void Migrate(Connection& connection, std::span<const Migration> migrations) {
  connection.Guard("bring it up to date", [&] {
    SQLite::Transaction transaction(connection.database(), SQLite::TransactionBehavior::IMMEDIATE);
    const int version = SchemaVersion(connection);
    for (const Migration& migration : migrations) {
      if (migration.version <= version) continue;
      connection.database().exec(migration.sql);
      connection.database().exec("PRAGMA user_version = " + std::to_string(migration.version));
    }
    transaction.commit();
  });
}

void CreateTables(Connection& connection, const std::string& program_version, std::uint64_t seed) {
  Migrate(connection, Migrations());
  connection.Guard("make it", [&] {
    connection.Prepare("INSERT INTO meta (id, written_by, seed) VALUES (1, ?1, ?2)")
        .Text(program_version)
        .Int(seed)
        .Run();
  });
}

}  // namespace ucaas_sync::state
