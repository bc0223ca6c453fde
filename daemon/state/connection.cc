#include "daemon/state/connection.h"

#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <array>
#include <bit>
#include <cstring>

namespace ucaas_sync::state {
namespace {

static_assert(std::endian::native == std::endian::little, "digests are stored high byte first");

SQLite::Database Open(const std::filesystem::path& path, int flags, std::uint32_t busy_timeout_ms) {
  try {
    return {path.string(), flags | SQLITE_OPEN_NOMUTEX, static_cast<int>(busy_timeout_ms)};
  } catch (const SQLite::Exception& error) {
    throw StorageFailure(path, "open it", error, errno);
  }
}

}  // namespace

Instant Query::TimeAt(int column) const {
  using std::chrono::January;
  constexpr Instant kFirst = std::chrono::sys_days(std::chrono::year(0) / January / 1);
  constexpr Instant kAfterLast = std::chrono::sys_days(std::chrono::year(10000) / January / 1);
  const Instant time{Duration(IntAt(column))};
  if (time < kFirst || time >= kAfterLast) throw MalformedRow("a time that no clock shows");
  return time;
}

Query& Query::Hash(const Hash128& hash) {
  const std::array<std::uint64_t, 2> words{__builtin_bswap64(hash.high), __builtin_bswap64(hash.low)};
  statement_.bind(++bound_, words.data(), sizeof words);
  return *this;
}

Hash128 Query::HashAt(int column) const {
  const SQLite::Column value = statement_.getColumn(column);
  const void* bytes = value.getBlob();
  std::array<std::uint64_t, 2> words{};
  if (value.getBytes() != sizeof words) throw MalformedRow("a digest that is not of 16 bytes");
  std::memcpy(words.data(), bytes, sizeof words);
  return {.high = __builtin_bswap64(words[0]), .low = __builtin_bswap64(words[1])};
}

Query& Query::Hashes(const std::vector<Hash128>& hashes) {
  std::vector<std::uint64_t> words;
  words.reserve(hashes.size() * 2);
  for (const Hash128& hash : hashes) {
    words.push_back(__builtin_bswap64(hash.high));
    words.push_back(__builtin_bswap64(hash.low));
  }
  constexpr std::size_t kMost = 0x3fffffff;  // SQLite's own limit on a value is a billion bytes
  if (words.size() * sizeof(std::uint64_t) > kMost) throw MalformedRow("too many digests for one row");
  statement_.bind(++bound_, words.empty() ? "" : static_cast<const void*>(words.data()),
                  static_cast<int>(words.size() * sizeof(std::uint64_t)));
  return *this;
}

std::vector<Hash128> Query::HashesAt(int column) const {
  const SQLite::Column value = statement_.getColumn(column);
  const auto size = static_cast<std::size_t>(value.getBytes());
  if (size % sizeof(Hash128) != 0) throw MalformedRow("a list of digests that is not of 16 bytes each");
  std::vector<std::uint64_t> words(size / sizeof(std::uint64_t));
  if (size > 0) std::memcpy(words.data(), value.getBlob(), size);
  std::vector<Hash128> hashes;
  hashes.reserve(words.size() / 2);
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    hashes.push_back({.high = __builtin_bswap64(words[i]), .low = __builtin_bswap64(words[i + 1])});
  }
  return hashes;
}

Connection::Connection(std::filesystem::path path, int flags, std::uint32_t busy_timeout_ms)
    : path_(std::move(path)), database_(Open(path_, flags, busy_timeout_ms)) {
  Guard("prepare it", [this] {
    // What the file says is data: a view or trigger that somebody put into it runs nothing.
    sqlite3_db_config(database_.getHandle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    database_.exec("PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON");
    // 8 MiB hold the upper levels of every table of a million people; the rest is the kernel's cache.
    database_.exec("PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY");
  });
}

Query Connection::Prepare(const char* sql) {
  auto& statement = statements_[sql];
  if (!statement) statement = std::make_unique<SQLite::Statement>(database_, sql);
  return Query(*statement);
}

void Connection::DropCache() {
  sqlite3_db_release_memory(database_.getHandle());
}

int Connection::SystemError(const SQLite::Exception& error) const {
  const int code = error.getErrorCode() & 0xff;
  // SQLite keeps the last errno; it belongs to this error only when the error is of that kind.
  return code == SQLITE_IOERR || code == SQLITE_CANTOPEN ? sqlite3_system_errno(database_.getHandle()) : 0;
}

}  // namespace ucaas_sync::state
