// One SQLite connection with its prepared statements, and the edge at which SQLite's exceptions become StateFailures.
// Inside the state room only. Single-threaded.
#pragma once

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/model/hash.h"
#include "daemon/model/time.h"
#include "daemon/state/row_text.h"
#include "daemon/state/storage_error.h"

namespace ucaas_sync::state {

/// A cached statement for one use: bound left to right, reset when it goes, so that no commit meets a live one.
class Query {
 public:
  explicit Query(SQLite::Statement& statement) : statement_(statement) {}
  ~Query() { statement_.tryReset(); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  /// Binds the next parameter. Texts are not copied: they must outlive the query.
  Query& Text(const std::string& text) {
    statement_.bindNoCopy(++bound_, text);
    return *this;
  }
  Query& Text(std::string&&) = delete;
  Query& TextCopy(std::string_view text) {
    statement_.bind(++bound_, std::string(text));
    return *this;
  }
  template <std::integral T>
  Query& Int(T number) {
    statement_.bind(++bound_, static_cast<std::int64_t>(number));
    return *this;
  }
  Query& Time(Instant instant) { return Int(instant.time_since_epoch().count()); }
  Query& Time(const std::optional<Instant>& instant) { return instant ? Time(*instant) : Null(); }
  /// 16 bytes, high word first, so that hex() shows what a debugger shows.
  Query& Hash(const Hash128& hash);
  /// Digests one after another, as one blob.
  Query& Hashes(const std::vector<Hash128>& hashes);
  /// Not copied: must outlive the query.
  Query& Blob(const std::string& bytes) {
    statement_.bindNoCopy(++bound_, bytes.data(), static_cast<int>(bytes.size()));
    return *this;
  }
  Query& Blob(std::string&&) = delete;
  Query& Null() {
    statement_.bind(++bound_);
    return *this;
  }

  /// Steps to the next row; false after the last.
  bool Next() { return statement_.executeStep(); }
  /// Runs a statement without rows; how many rows it changed.
  int Run() { return statement_.exec(); }

  std::int64_t IntAt(int column) const { return statement_.getColumn(column).getInt64(); }
  template <std::integral T>
  T As(int column) const {
    return static_cast<T>(IntAt(column));
  }
  std::string TextAt(int column) const { return statement_.getColumn(column).getString(); }
  bool IsNullAt(int column) const { return statement_.getColumn(column).isNull(); }
  /// In the years 0 to 9999, as anything that writes a time has it; others are a MalformedRow, so that no reckoning
  /// with two of them overflows.
  Instant TimeAt(int column) const;
  std::optional<Instant> MaybeTimeAt(int column) const {
    return IsNullAt(column) ? std::nullopt : std::optional(TimeAt(column));
  }
  Hash128 HashAt(int column) const;
  std::vector<Hash128> HashesAt(int column) const;
  /// Valid until the next step.
  std::string_view BlobAt(int column) const {
    const SQLite::Column value = statement_.getColumn(column);
    return {static_cast<const char*>(value.getBlob()), static_cast<std::size_t>(value.getBytes())};
  }

 private:
  SQLite::Statement& statement_;
  int bound_ = 0;
};

class Connection {
 public:
  /// `flags` are SQLite's. Throws StateFailure.
  Connection(std::filesystem::path path, int flags, std::uint32_t busy_timeout_ms);

  const std::filesystem::path& path() const { return path_; }
  SQLite::Database& database() { return database_; }
  /// Behind a scan, whose pages nobody asks for again.
  void DropCache();

  /// The statement `sql`, prepared once: `sql` must be a constant, its address is the cache's key. Two uses of one
  /// statement must not overlap.
  Query Prepare(const char* sql);

  /// Runs `work`; what SQLite throws meanwhile is a StateFailure that says what it was `doing`.
  template <typename Work>
  auto Guard(std::string_view doing, Work&& work) {
    try {
      return std::forward<Work>(work)();
    } catch (const SQLite::Exception& error) {
      throw StorageFailure(path_, doing, error, SystemError(error));
    } catch (const MalformedRow& error) {
      throw Damaged(path_, std::string("cannot ") + std::string(doing) + ": " + error.what());
    }
  }

 private:
  int SystemError(const SQLite::Exception& error) const;

  std::filesystem::path path_;
  SQLite::Database database_;
  std::unordered_map<const char*, std::unique_ptr<SQLite::Statement>> statements_;
};

}  // namespace ucaas_sync::state
