// SqliteStore's upkeep: is it sound, and a copy of it.
#include <SQLiteCpp/Backup.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <utility>

#include "daemon/model/text.h"
#include "daemon/state/schema.h"
#include "daemon/state/state_dir.h"
#include "daemon/state/store_impl.h"

namespace ucaas_sync::state {
namespace {

// What no row of ours contradicts; each counts those that do.
struct Invariant {
  const char* broken;  ///< What it means when the count is not 0.
  const char* count;
};

constexpr Invariant kInvariants[] = {
    {"entities are missing in the narrow table",
     "SELECT count(*) FROM entity WHERE NOT EXISTS (SELECT 1 FROM known WHERE known.id = entity.id)"},
    {"entities differ from the narrow table",
     "SELECT count(*) FROM entity JOIN known USING (id) "
     "WHERE known.flags & ~(1 << 40) <> kind + 4 * lifecycle + 16 * ownership + 32 * source"},
    {"digests are not of 16 bytes",
     "SELECT count(*) FROM known WHERE length(key_hash) <> 16 OR length(address_hash) <> 16 OR "
     "length(fingerprint) <> 16"},
    {"entities that are gone still have a remote id",
     "SELECT count(*) FROM entity WHERE lifecycle = 2 AND remote_id <> ''"},
    {"objects at the target belong to several entities each",
     "SELECT count(*) FROM (SELECT 1 FROM entity WHERE lifecycle <> 2 AND remote_id <> '' GROUP BY kind, remote_id "
     "HAVING count(*) > 1)"},
    {"memberships do not join a contact and a group",
     "SELECT count(*) FROM membership JOIN entity AS c ON c.id = contact_id JOIN entity AS g ON g.id = group_id "
     "WHERE c.kind <> 2 OR g.kind <> 1"},
    {"entities are newer than the state's version",
     "SELECT count(*) FROM entity WHERE version > (SELECT state_version FROM meta)"},
    {"counts of entities are wrong",
     "SELECT (SELECT abs(count(*) - 9) FROM entity_count) + count(*) FROM entity_count LEFT JOIN (SELECT kind, "
     "lifecycle, count(*) AS there FROM entity "
     "GROUP BY 1, 2) USING (kind, lifecycle) WHERE entities <> coalesce(there, 0)"},
    {"runs have more done than they say",
     "SELECT count(*) FROM run WHERE done < (SELECT count(*) FROM outcome "
     "WHERE outcome.id BETWEEN run.id << 32 AND (run.id << 32) + 4294967295 AND outcome.done = 1)"},
    {"runs have a mark beyond their plan", "SELECT count(*) FROM run WHERE mark > planned"},
    {"versions of the state are beyond counting",
     "SELECT count(*) FROM meta WHERE state_version NOT BETWEEN 0 AND 4611686018427387904"},
    {"rows of meta are missing", "SELECT 1 - count(*) FROM meta"},
};

// Reads what `read` reads; a row that means nothing is a finding, and the check goes on.
template <typename Read>
void Try(std::vector<std::string>& problems, Read&& read) {
  try {
    std::forward<Read>(read)();
  } catch (const DamagedState& damage) {
    problems.push_back(damage.finding());
  }
}

// Whatever a run, a page or a command may ask, entities apart.
void ReadEverything(const SqliteStore& store, std::vector<std::string>& problems) {
  constexpr Instant kAlways = Instant::min();
  Try(problems, [&] { store.ForEachKnown([](const KnownEntity&) {}); });
  Try(problems, [&] { store.Absences(); });
  Try(problems, [&] { store.Drift(); });
  Try(problems, [&] { store.LeftAlones(); });
  Try(problems, [&] { store.RefreshSeen(); });
  Try(problems, [&] { store.Quarantined(); });
  Try(problems, [&] { store.Holds(kAlways); });
  Try(problems, [&] { store.RemovalsSince(kAlways); });
  Try(problems, [&] { store.UnknownCreates(); });
  Try(problems, [&] { store.LeftoverCreates(); });
  Try(problems, [&] { store.Approvals(kAlways); });
  Try(problems, [&] { store.Due(); });
  Try(problems, [&] { store.Held(); });
  std::vector<RunRecord> runs;
  Try(problems, [&] { runs = store.Runs(std::numeric_limits<std::size_t>::max()); });
  for (const RunRecord& run : runs) {
    Try(problems, [&] { store.ScopeOfRun(run.id); });
    Try(problems, [&] { store.ForEachOperation(run.id, [](const Operation&, const OperationOutcome*) {}); });
  }
}

// Removes a copy that was not finished.
class UnfinishedFile {
 public:
  explicit UnfinishedFile(std::filesystem::path path) : path_(std::move(path)) {}
  ~UnfinishedFile() {
    if (!finished_) ::unlink(path_.c_str());
  }
  UnfinishedFile(const UnfinishedFile&) = delete;
  UnfinishedFile& operator=(const UnfinishedFile&) = delete;
  void Finish() { finished_ = true; }

 private:
  std::filesystem::path path_;
  bool finished_ = false;
};

void SyncFile(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw FileFailure(path, "open the backup", errno);
  const int error = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (error != 0) throw FileFailure(path, "make the backup durable", error);
}

// A damaged state is copied faithfully, damage and all; nobody should find that out when they need it.
void CheckCopy(const std::filesystem::path& path) {
  const SqliteStore copy(std::make_unique<SqliteStore::Impl>(path, SQLite::OPEN_READONLY, StoreOptions{}));
  const std::vector<std::string> problems = copy.Check();
  if (problems.empty()) return;
  throw StateFailure(ExitCode::kError, "the state is damaged, and so would be its copy: " + problems.front() +
                                           "; no backup was made; " + std::string(MoveAwayAdvice()));
}

}  // namespace

std::vector<std::string> SqliteStore::Check() const {
  Connection& connection = impl_->connection;
  return connection.Guard("check it", [&] {
    std::vector<std::string> problems;
    {
      Query query = connection.Prepare("PRAGMA integrity_check(20)");
      while (query.Next()) {
        if (query.TextAt(0) != "ok") problems.push_back("the file is damaged: " + query.TextAt(0));
      }
    }
    // Rows of a damaged file mean nothing.
    if (!problems.empty()) return problems;
    {
      Query query = connection.Prepare("PRAGMA foreign_key_check");
      while (query.Next()) {
        problems.push_back("a row of " + query.TextAt(0) + " names a row of " + query.TextAt(2) + " that is not there");
      }
    }
    for (const Invariant& invariant : kInvariants) {
      Query query = connection.Prepare(invariant.count);
      query.Next();
      if (query.IntAt(0) != 0) problems.push_back(std::to_string(query.IntAt(0)) + " " + invariant.broken);
    }
    impl_->sources.Reload(connection);
    // Digests are made here, so they are compared here.
    Query query = connection.Prepare(
        "SELECT entity.id, kind, lifecycle, ownership, source, key, remote_id, fields, suspended_at, version, "
        "key_hash, "
        "address_hash FROM entity JOIN known USING (id)");
    while (query.Next()) {
      try {
        const StoredEntity row = ReadEntity(query, connection, impl_->sources);
        if (query.HashAt(10) != HashOf(row.key)) {
          problems.push_back("the digest of the key " + Printable(row.key) + " is wrong");
        }
        if (query.HashAt(11) != AddressHash(row.kind, row.lifecycle, row.fields)) {
          problems.push_back("the digest of the address of " + Printable(row.key) + " is wrong");
        }
      } catch (const MalformedRow& error) {
        problems.push_back("entity " + std::to_string(query.IntAt(0)) + " cannot be read: " + error.what());
      }
    }
    ReadEverything(*this, problems);
    return problems;
  });
}

void SqliteStore::Backup(const std::filesystem::path& path) const {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0 && errno == EEXIST) {
    throw StateFailure(ExitCode::kError, path.string() +
                                             ": there is such a file already, and a backup never replaces one; nothing "
                                             "was written; name another file, or move that one away");
  }
  if (descriptor < 0) throw FileFailure(path, "make the backup", errno);
  ::close(descriptor);
  UnfinishedFile unfinished(path);
  {
    Connection copy(path, SQLite::OPEN_READWRITE, 0);
    copy.Guard("write the backup", [&] {
      SQLite::Backup(copy.database(), impl_->connection.database()).executeStep();
      // A copy is one file: it must not need a log beside it.
      copy.database().exec("PRAGMA journal_mode = DELETE");
    });
  }
  SyncFile(path);
  CheckCopy(path);
  unfinished.Finish();
  SyncDirectory(std::filesystem::absolute(path).parent_path());
}

}  // namespace ucaas_sync::state
