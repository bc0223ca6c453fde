#include "daemon/state/upgrade.h"

#include <SQLiteCpp/Backup.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "daemon/state/state_dir.h"

namespace ucaas_sync::state {
namespace {

constexpr const char* kCopyPrefix = "state-tables-";

void KeepCopy(Connection& connection, int version) {
  const std::filesystem::path kept = CopyPath(connection.path(), version);
  const TemporaryFile temporary(kept);
  {
    Connection copy(temporary.path(), SQLite::OPEN_READWRITE, 0);
    copy.Guard("keep a copy of it before its tables are changed", [&] {
      SQLite::Backup(copy.database(), connection.database()).executeStep();
      // A copy is one file: it must not need a log beside it.
      copy.database().exec("PRAGMA journal_mode = DELETE");
    });
    // Another process was faster: what is copied here is no longer what was before.
    if (SchemaVersion(copy) != version) return;
    const std::string found = copy.Guard("check the copy of it", [&copy] {
      return copy.database().execAndGet("PRAGMA integrity_check(1)").getString();
    });
    if (found != "ok") throw Damaged(connection.path(), found);
  }
  const int descriptor = ::open(temporary.path().c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw FileFailure(kept, "keep a copy of the state", errno);
  const int error = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (error != 0) throw FileFailure(kept, "keep a copy of the state", error);
  if (std::rename(temporary.path().c_str(), kept.c_str()) != 0) {
    throw FileFailure(kept, "keep a copy of the state", errno);
  }
  SyncDirectory(kept.parent_path());
}

}  // namespace

std::filesystem::path CopyPath(const std::filesystem::path& path, int version) {
  return path.parent_path() / (kCopyPrefix + std::to_string(version) + ".db");
}

void BringUpToDate(Connection& connection, std::span<const Migration> migrations) {
  const int version = SchemaVersion(connection);
  if (version >= migrations.back().version) return;
  KeepCopy(connection, version);
  Migrate(connection, migrations);
}

void RemoveCopies(const std::filesystem::path& path, Instant before) {
  std::error_code ignored;  // a folder that cannot be listed has failed everything else before
  for (const auto& entry : std::filesystem::directory_iterator(path.parent_path(), ignored)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(kCopyPrefix) || !name.ends_with(".db")) continue;
    struct stat info {};
    if (::stat(entry.path().c_str(), &info) != 0) continue;
    if (Instant(std::chrono::seconds(info.st_mtim.tv_sec)) >= before) continue;
    if (::unlink(entry.path().c_str()) != 0 && errno != ENOENT) {
      throw FileFailure(entry.path(), "remove an old copy of the state", errno);
    }
  }
}

}  // namespace ucaas_sync::state
