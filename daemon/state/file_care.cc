#include "daemon/state/file_care.h"

#include <system_error>

#include "daemon/state/connection.h"
#include "daemon/state/sqlite_store.h"
#include "daemon/state/storage_error.h"

namespace ucaas_sync::state {
namespace {

constexpr std::uint32_t kPatienceMs = 10'000;

std::uint64_t Number(Connection& connection, const char* pragma) {
  Query query = connection.Prepare(pragma);
  query.Next();
  return query.As<std::uint64_t>(0);
}

/// What cannot be looked at is for the opening to tell.
bool IsAbsent(const std::filesystem::path& path) {
  std::error_code error;
  return !std::filesystem::exists(path, error) && !error;
}

}  // namespace

void RequireSound(const std::filesystem::path& state_dir) {
  const std::filesystem::path path = StatePath(state_dir);
  if (IsAbsent(path)) return;
  Connection connection(path, SQLite::OPEN_READONLY, kPatienceMs);
  const std::string said = connection.Guard("check it", [&] {
    Query query = connection.Prepare("PRAGMA quick_check(1)");
    query.Next();
    return query.TextAt(0);
  });
  if (said != "ok") throw Damaged(path, said);
}

std::optional<Compacted> Compact(const std::filesystem::path& state_dir, std::uint64_t least) {
  const std::filesystem::path path = StatePath(state_dir);
  if (IsAbsent(path)) return std::nullopt;
  Connection connection(path, SQLite::OPEN_READWRITE, kPatienceMs);
  return connection.Guard("make its file smaller", [&]() -> std::optional<Compacted> {
    const std::uint64_t page = Number(connection, "PRAGMA page_size");
    const std::uint64_t pages = Number(connection, "PRAGMA page_count");
    const std::uint64_t unused = Number(connection, "PRAGMA freelist_count");
    if (unused * page < least || 2 * unused < pages) return std::nullopt;
    connection.database().exec("VACUUM");
    const Compacted compacted{.before = pages * page, .after = Number(connection, "PRAGMA page_count") * page};
    // Written back and cut at once, the log gives its room back too. Whoever still reads what was before would have to
    // be waited for: then the next commit that finds nobody writes it back.
    connection.database().setBusyTimeout(0);
    Query log = connection.Prepare("PRAGMA wal_checkpoint(TRUNCATE)");
    log.Next();
    return compacted;
  });
}

}  // namespace ucaas_sync::state
