// A disk that remembers what was synced and what was only written. While a LossyVfs lives it is SQLite's default VFS:
// the real files, names and locks are the system's, and every change of a file is noted as one step. Survive() then
// makes what a directory may hold when the power goes before any one step: what was synced, and of the rest whatever
// the seed chose to lose, to tear or to keep while something earlier is lost. Faults make a call fail instead.
// Ownership: the steps, nothing on the disk. Threads: one at a time, and no database may outlive it.
// Failure: Survive throws what the file system throws.
#pragma once

#include <sqlite3.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ucaas_sync::testing {

class LossyVfs {
 public:
  enum class Call : std::uint8_t { kOpen, kRead, kWrite, kTruncate, kSync, kShmMap };
  struct Fault {
    Call call = Call::kWrite;
    std::string suffix;    ///< What the file's path ends with; empty: any file.
    int code = SQLITE_OK;  ///< What the call answers.
    int system_error = 0;  ///< The errno behind it.
    std::uint64_t skip = 0;
    std::uint64_t times = UINT64_MAX;  ///< So many calls fail after those; then the cause is gone.
  };
  /// A disk that lies says that it synced, and did not.
  enum class Honesty : std::uint8_t { kHonest, kLies };

  LossyVfs();
  ~LossyVfs();
  LossyVfs(const LossyVfs&) = delete;
  LossyVfs& operator=(const LossyVfs&) = delete;

  /// From now on the system's own VFS is the default again, and nothing more is noted.
  void Detach();

  std::vector<Fault> faults;
  /// How often a fault struck.
  std::uint64_t struck() const { return struck_; }

  std::size_t steps() const { return steps_.size(); }
  /// "write state.db-wal 4152+4096", for messages; `step` may be the number of steps.
  std::string Describe(std::size_t step) const;
  /// Writes to the empty directory `to` what `from` may hold when the power goes after `cut` steps, perhaps in the
  /// middle of the next.
  void Survive(const std::filesystem::path& from, const std::filesystem::path& to, std::size_t cut, std::uint64_t seed,
               Honesty honesty = Honesty::kHonest) const;

 private:
  friend struct LossyFile;
  struct Step {
    enum class What : std::uint8_t { kWrite, kTruncate, kSync, kAppear, kDelete } what;
    std::size_t file = 0;
    std::int64_t offset = 0;  ///< Of a truncation: the new size.
    std::string bytes;
    std::string path;
    bool is_sure = false;  ///< Of a name that appears: it was there before. Of a deletion: the directory was synced.
  };
  struct Disk;  // what a file holds, as Survive builds it

  static int Open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags);
  static int Delete(sqlite3_vfs* vfs, const char* name, int sync_directory);
  static int LastError(sqlite3_vfs* vfs, int size, char* text);

  int Judge(Call call, std::string_view path);
  void NoteOpened(const std::string& path, bool was_there);

  sqlite3_vfs* real_;
  sqlite3_vfs own_;
  std::vector<Step> steps_;
  std::vector<std::string> baselines_;  // by file: what it held when it was first met, durable
  std::map<std::pair<dev_t, ino_t>, std::size_t> files_;
  std::map<std::string, std::size_t> names_;
  std::uint64_t struck_ = 0;
  bool is_default_ = false;
  int last_error_ = 0;  // errno of the injected failure, 0 after a real one
};

}  // namespace ucaas_sync::testing
