// The tables of the state, as a list of numbered migrations, and the checks that a file is a state of ours.
// Inside the state room only. Single-threaded. Failure: StateFailure; a file is never changed before it was recognised.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "daemon/state/connection.h"

namespace ucaas_sync::state {

/// "UCSY", in the file's header: what tells our database from another program's.
inline constexpr std::uint32_t kApplicationId = 0x55435359;

/// Brings a state of the version before to `version`. Once released it never changes.
struct Migration {
  int version = 0;
  const char* sql = nullptr;
  const char* tables = "";  ///< DigestOfTables once it has run.
};

/// All migrations, from 1 without a gap.
std::span<const Migration> Migrations();

/// An empty file (0600) with a name of its own beside `beside`; removed with its sidecars unless it was renamed. One
/// that a killed process left is removed by the next that is made.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& beside);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int descriptor_ = -1;  // locked while this lives, so that nobody takes it for left behind
};

/// Removes what killed processes left of temporary files beside `beside`; what another one is at work with stays.
void RemoveLeftBehind(const std::filesystem::path& beside);

/// False when there is no file. Throws StateFailure for a file that is empty, zeroed, no database or another program's,
/// and for the write-ahead log of a state that was moved away without it. Reads the header alone.
bool StateFileExists(const std::filesystem::path& path);

/// Makes the state at `path` appear whole or not at all; leaves one alone that another process made meanwhile.
void CreateStateFile(const std::filesystem::path& path, const std::string& program_version, std::uint64_t seed);

int SchemaVersion(Connection& connection);

/// Throws StateFailure (78) when the state is newer than `migrations`, naming the program that wrote it.
void RefuseNewer(Connection& connection, std::span<const Migration> migrations, const std::string& program_version);

/// SHA-256 over the definitions of all tables, indexes, views and triggers.
std::string DigestOfTables(Connection& connection);

/// Throws StateFailure unless the tables are those that `migrations` make. A file may define a view that never ends or
/// a trigger that writes; nothing is read from one that defines anything of its own.
void RequireOurTables(Connection& connection, std::span<const Migration> migrations);

/// Runs the migrations that are missing, all in one transaction.
void Migrate(Connection& connection, std::span<const Migration> migrations);

/// Makes an empty state in a connection that has no tables.
void CreateTables(Connection& connection, const std::string& program_version, std::uint64_t seed);

}  // namespace ucaas_sync::state
