// Moving a state out of the way without losing it.
#include <unistd.h>

#include <cerrno>

#include "daemon/state/sqlite_store.h"
#include "daemon/state/state_dir.h"
#include "daemon/state/storage_error.h"

namespace ucaas_sync::state {
namespace {

/// "20261123-181323"
std::string Stamp(Instant now) {
  std::string stamp;
  for (const char c : FormatInstant(now)) {
    if (c == 'T') stamp += '-';
    if (c >= '0' && c <= '9') stamp += c;
  }
  return stamp;
}

}  // namespace

std::optional<std::filesystem::path> MoveAside(const std::filesystem::path& dir, Instant now) {
  const std::filesystem::path state = StatePath(dir);
  if (!std::filesystem::exists(state) && !std::filesystem::exists(state.string() + "-wal")) return std::nullopt;
  std::filesystem::path aside = state.string() + '.' + Stamp(now);
  for (int i = 2; std::filesystem::exists(aside); ++i)
    aside = state.string() + '.' + Stamp(now) + '-' + std::to_string(i);
  // The log first: a state without its log would be taken for whole.
  for (const char* part : {"-wal", "-shm", ""}) {
    const std::string from = state.string() + part;
    if (::rename(from.c_str(), (aside.string() + part).c_str()) != 0 && errno != ENOENT) {
      throw FileFailure(from, "move it aside", errno);
    }
  }
  SyncDirectory(state.parent_path());
  return aside;
}

}  // namespace ucaas_sync::state
