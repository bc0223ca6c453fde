#include "daemon/state/schema.h"

#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Transaction.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "daemon/model/sha256.h"
#include "daemon/state/state_dir.h"
#include "daemon/state/upgrade.h"

namespace ucaas_sync::state {
namespace {

// Instants are milliseconds since 1970 in UTC, digests 16 bytes. Comments stay in the file for whoever looks at it.
// `known` is the narrow twin of `entity`: what a plan reads of everybody, in one scan that touches no text.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  written_by TEXT NOT NULL, -- the program version that wrote last; here in every version of the tables
  state_version INTEGER NOT NULL DEFAULT 0,
  base_url TEXT,
  credential_id TEXT,
  seed INTEGER NOT NULL,
  due_at INTEGER
) STRICT;

CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE entity (
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,      -- 0 user, 1 group, 2 contact
  lifecycle INTEGER NOT NULL, -- 0 active, 1 suspended, 2 gone
  ownership INTEGER NOT NULL, -- 0 created by us, 1 adopted
  source INTEGER NOT NULL REFERENCES source (id),
  key TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  fields TEXT NOT NULL,       -- as last accepted by the target
  suspended_at INTEGER,
  version INTEGER NOT NULL,   -- state_version when the row last changed
  UNIQUE (kind, key)
) STRICT;

CREATE TABLE known (
  id INTEGER PRIMARY KEY REFERENCES entity (id),
  flags INTEGER NOT NULL,     -- kind + 4 * lifecycle + 16 * ownership + 32 * source
  key_hash BLOB NOT NULL,
  address_hash BLOB NOT NULL,
  fingerprint BLOB NOT NULL
) STRICT;

CREATE TABLE membership (
  contact_id INTEGER NOT NULL REFERENCES entity (id),
  group_id INTEGER NOT NULL REFERENCES entity (id),
  PRIMARY KEY (contact_id, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX membership_group ON membership (group_id);

CREATE TABLE absence (
  entity_id INTEGER PRIMARY KEY REFERENCES entity (id),
  since INTEGER NOT NULL,
  reads INTEGER NOT NULL
) STRICT;

-- Where the target does not show what `entity` says, until something is done about it.
CREATE TABLE drift (
  entity_id INTEGER PRIMARY KEY REFERENCES entity (id) ON DELETE CASCADE,
  missing INTEGER NOT NULL,   -- 1: its object is gone
  shown TEXT NOT NULL,        -- {"field":"value"}, those that differ
  groups TEXT                 -- keys of a contact's groups there; null when they are as known
) STRICT;
-- Fields that were put back, and how often in turn the target had changed them again.
CREATE TABLE repair (
  entity_id INTEGER NOT NULL REFERENCES entity (id) ON DELETE CASCADE,
  field INTEGER NOT NULL,
  wanted TEXT NOT NULL,
  shown TEXT NOT NULL,
  rounds INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (entity_id, field)
) STRICT, WITHOUT ROWID;
-- How far the comparison of the whole target has come, and what it was shown on the way.
CREATE TABLE refresh (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  finished_at INTEGER,
  not_before INTEGER,
  started_at INTEGER,
  step INTEGER NOT NULL,
  position INTEGER NOT NULL
) STRICT;
CREATE TABLE refresh_seen (number INTEGER PRIMARY KEY, digests BLOB NOT NULL) STRICT;
-- What the last whole look showed and is not ours: a create of unknown outcome is not taken for what made it.
CREATE TABLE refresh_others (id INTEGER PRIMARY KEY CHECK (id = 1), digests BLOB NOT NULL) STRICT;

-- What lasts and was said: the log says it again when it changes.
CREATE TABLE warning_said (text TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine (
  by_target INTEGER NOT NULL, -- 1: the target called it invalid; 0: the last plan set it aside
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  reason TEXT NOT NULL,
  since INTEGER NOT NULL,
  source TEXT NOT NULL,
  line INTEGER NOT NULL,
  dn TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  PRIMARY KEY (by_target, kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE hold (key TEXT PRIMARY KEY, reason TEXT NOT NULL, until INTEGER, since INTEGER NOT NULL)
STRICT, WITHOUT ROWID;

-- What guards held, for a person to agree to. Of operations only their digests, 16 bytes each, sorted.
CREATE TABLE consent_guard (
  consent INTEGER NOT NULL,
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  subject TEXT NOT NULL,
  most INTEGER NOT NULL,      -- the guard's limit
  actual INTEGER NOT NULL,
  everything INTEGER NOT NULL,
  covers TEXT NOT NULL,
  examples TEXT NOT NULL,     -- one a line
  operations BLOB NOT NULL,
  PRIMARY KEY (consent, number)
) STRICT;
CREATE TABLE held_run (run TEXT PRIMARY KEY, consent INTEGER NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE held_now (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  run TEXT NOT NULL,          -- the last one
  consent INTEGER NOT NULL,
  since INTEGER NOT NULL
) STRICT;
CREATE TABLE approval (
  id INTEGER PRIMARY KEY,
  subject TEXT NOT NULL,
  who TEXT NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  until INTEGER NOT NULL,
  consent INTEGER NOT NULL    -- 0: it ended, and what it covered is not kept
) STRICT;
CREATE TABLE approved_removal (
  run INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  action INTEGER NOT NULL,
  PRIMARY KEY (run, kind, action)
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshot (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL REFERENCES source (id),
  records INTEGER NOT NULL,
  rejected INTEGER NOT NULL,
  repeated INTEGER NOT NULL,  -- records that repeat the key of another one
  hash TEXT NOT NULL,
  read_at INTEGER NOT NULL
) STRICT;
CREATE INDEX snapshot_source ON snapshot (source);
CREATE TABLE snapshot_file (
  snapshot INTEGER NOT NULL REFERENCES snapshot (id),
  number INTEGER NOT NULL,
  path TEXT NOT NULL,
  device INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  ctime_ns INTEGER NOT NULL,
  PRIMARY KEY (snapshot, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE snapshot_fill (
  snapshot INTEGER NOT NULL REFERENCES snapshot (id),
  number INTEGER NOT NULL,
  attribute TEXT NOT NULL,
  records INTEGER NOT NULL,
  PRIMARY KEY (snapshot, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  cause TEXT NOT NULL,
  started INTEGER NOT NULL,
  ended INTEGER,
  outcome TEXT,               -- the exit code's word; null while it runs or when it was cut off
  message TEXT NOT NULL DEFAULT '',
  failed INTEGER NOT NULL DEFAULT 0,
  plan_hash TEXT NOT NULL DEFAULT '',
  planned INTEGER NOT NULL DEFAULT 0, -- operations stored
  mark INTEGER NOT NULL DEFAULT 0     -- operations up to this one may have been sent
) STRICT;
CREATE INDEX run_open ON run (id) WHERE ended IS NULL;
CREATE INDEX run_planned ON run (id) WHERE planned > 0;
CREATE INDEX run_finished ON run (id) WHERE outcome IN ('converged', 'partial');
CREATE TABLE run_summary (
  run INTEGER NOT NULL REFERENCES run (id),
  kind INTEGER NOT NULL,
  creates INTEGER NOT NULL,
  adopts INTEGER NOT NULL,
  updates INTEGER NOT NULL,
  suspends INTEGER NOT NULL,
  reactivates INTEGER NOT NULL,
  deletes INTEGER NOT NULL,
  unchanged INTEGER NOT NULL,
  PRIMARY KEY (run, kind)
) STRICT, WITHOUT ROWID;

-- The id of an operation and of its outcome is run * 2^32 + seq: appended in order, found without an index.
CREATE TABLE operation (
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  action INTEGER NOT NULL,    -- 0 create, 1 adopt, 2 update, 3 suspend, 4 reactivate, 5 delete
  key TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  entity_id INTEGER NOT NULL,
  changes TEXT NOT NULL,      -- {"field":[before,after]}
  groups_before TEXT,
  groups_after TEXT,
  reason TEXT NOT NULL,
  source TEXT NOT NULL,
  line INTEGER NOT NULL,
  dn TEXT NOT NULL,
  fingerprint BLOB NOT NULL
) STRICT;
CREATE TABLE outcome (
  id INTEGER PRIMARY KEY REFERENCES operation (id),
  done INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  result TEXT NOT NULL,
  http_status INTEGER NOT NULL,
  message TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  at INTEGER NOT NULL,
  request_id TEXT NOT NULL,   -- of the last reply, as the target names it
  latency INTEGER NOT NULL    -- of the last reply, in microseconds
) STRICT;
-- Every request of an operation that took more than one; who succeeded at once is told by its outcome alone.
CREATE TABLE attempt (
  operation INTEGER NOT NULL REFERENCES operation (id),
  number INTEGER NOT NULL,
  at INTEGER NOT NULL,
  call TEXT NOT NULL,
  verdict TEXT NOT NULL,
  request_id TEXT NOT NULL,
  http_status INTEGER NOT NULL,
  result TEXT NOT NULL,
  message TEXT NOT NULL,
  latency INTEGER NOT NULL,
  PRIMARY KEY (operation, number)
) STRICT, WITHOUT ROWID;

-- What was decided of somebody and is told by no operation; a row only where it differs from the one before.
CREATE TABLE decision (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run (id),
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  word TEXT NOT NULL,
  reason TEXT NOT NULL,
  source TEXT NOT NULL,
  line INTEGER NOT NULL,
  entity_id INTEGER NOT NULL, -- of a standstill; 0 for a quarantine
  stands INTEGER NOT NULL     -- 1: the standstill goes on
) STRICT;
CREATE INDEX decision_key ON decision (key);
CREATE INDEX decision_run ON decision (run);
CREATE INDEX decision_stands ON decision (entity_id) WHERE stands = 1;

-- What plans ask of the journal, kept small so that its length costs nothing.
CREATE TABLE unknown_create (
  kind INTEGER NOT NULL,
  key TEXT NOT NULL,
  address TEXT NOT NULL,
  operation INTEGER NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
-- Changes that were sent, or may have been, and whose outcome nobody knows: the target is asked how these are.
CREATE TABLE unknown_change (entity_id INTEGER PRIMARY KEY REFERENCES entity (id) ON DELETE CASCADE) STRICT;
CREATE TABLE removal (
  operation INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  action INTEGER NOT NULL,
  approved INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX removal_at ON removal (at);

CREATE TABLE due (
  number INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  action INTEGER NOT NULL,
  key TEXT NOT NULL,
  at INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE TABLE used_plan (name TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- What a revert touched stays as it is until its source says something else (mark).
CREATE TABLE reverted (
  kind INTEGER NOT NULL,
  key TEXT NOT NULL,
  reason TEXT NOT NULL,
  since INTEGER NOT NULL,
  mark BLOB NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- Keys that people had before a person gave them another one; the journal's rows bear the new one.
CREATE TABLE former_key (key TEXT PRIMARY KEY, now TEXT NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Whom somebody asked to forget. An operation of theirs stays in the journal without its key.
CREATE TABLE forgotten (key_digest TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
)sql";

constexpr std::array<Migration, 1> kMigrations{
    {{.version = 1, .sql = kVersion1, .tables = "4f300974876117fe9841ac8f5aca62e3f942a44f74218305c7a93da5c783b1a5"}}};

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

}  // namespace

std::span<const Migration> Migrations() {
  return kMigrations;
}

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

TemporaryFile::TemporaryFile(const std::filesystem::path& beside) : path_(beside.string() + ".XXXXXX") {
  const int descriptor = ::mkostemp(path_.data(), O_CLOEXEC);
  if (descriptor < 0) throw FileFailure(beside, "make the state", errno);
  ::close(descriptor);
}

// With what SQLite leaves beside it on a full disk: the next attempt has another name, and would leave more.
TemporaryFile::~TemporaryFile() {
  for (const char* part : {"", "-journal", "-wal", "-shm"}) ::unlink((path_ + part).c_str());
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
    if (const auto path = CopyPath(connection.path(), of); std::filesystem::exists(path)) copy = path.string();
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
