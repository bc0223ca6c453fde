#include "daemon/state/replacement.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "daemon/state/connection.h"
#include "daemon/state/sqlite_store.h"
#include "daemon/state/state_dir.h"
#include "daemon/state/storage_error.h"

namespace ucaas_sync::state {
namespace {

constexpr const char* kHalf = "rebuilding";
constexpr const char* kWhole = "rebuilt";
/// In kWhole: the name that the old state gets. Whoever goes on after a kill must use the same one, or the old state
/// and its log would part.
constexpr const char* kAside = "old-state-becomes";

/// Beside the old one, so that renames need no copy.
std::filesystem::path In(const std::filesystem::path& dir, const char* name) {
  return std::filesystem::absolute(dir) / name;
}

bool Exists(const std::filesystem::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  throw FileFailure(path, "look at it", errno);
}

void RemoveAll(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) throw FileFailure(path, "remove it", error.value());
}

/// False when it is not there.
bool Rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return true;
  if (errno == ENOENT && !Exists(from)) return false;
  throw FileFailure(from, "give it its place", errno);
}

/// "20261123-181323"
std::string Stamp(Instant now) {
  std::string stamp;
  for (const char c : FormatInstant(now)) {
    if (c == 'T') stamp += '-';
    if (c >= '0' && c <= '9') stamp += c;
  }
  return stamp;
}

std::string FreeName(const std::filesystem::path& state, Instant now) {
  const std::string name = state.filename().string() + '.' + Stamp(now);
  std::string free = name;
  for (int i = 2; Exists(state.parent_path() / free) || Exists(state.parent_path() / (free + "-wal")); ++i) {
    free = name + '-' + std::to_string(i);
  }
  return free;
}

/// An open file that goes with its object.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  const int number_;
};

void WriteDurably(const std::filesystem::path& path, const std::string& text) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
  const bool is_written = file.number() >= 0 &&
                          ::write(file.number(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                          ::fsync(file.number()) == 0;
  if (!is_written) throw FileFailure(path, "note where the old state goes", errno);
}

std::string ReadName(int descriptor, const std::filesystem::path& path, const std::string& begin) {
  std::array<char, 256> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  if (size < 0) throw FileFailure(path, "read where the old state goes", errno);
  std::string name(text.data(), static_cast<std::size_t>(size));
  if (!name.starts_with(begin) || name.find('/') != std::string::npos || name.size() == text.size()) {
    throw StateFailure(ExitCode::kError, path.string() +
                                             " does not say where the old state goes; move the directory that it is in "
                                             "away, and run `ucaas-sync state rebuild`");
  }
  return name;
}

/// All of the state into its one file.
void Settle(const std::filesystem::path& state) {
  constexpr std::uint32_t kPatienceMs = 10'000;
  Connection connection(state, SQLite::OPEN_READWRITE, kPatienceMs);
  connection.Guard("write its log back", [&connection] {
    Query log = connection.Prepare("PRAGMA wal_checkpoint(TRUNCATE)");
    if (!log.Next() || log.IntAt(0) != 0) {
      throw StateFailure(ExitCode::kError, connection.path().string() +
                                               ": another process reads the state that is being made, so that it "
                                               "cannot be made whole; run again");
    }
  });
}

}  // namespace

Replacement::Replacement(std::filesystem::path dir, std::function<void()> between)
    : dir_(std::move(dir)), half_(In(dir_, kHalf)), between_(std::move(between)) {
  EnsureStateDirectory(dir_);
  FinishReplacement(dir_);
  RemoveAll(half_);
}

Replacement::~Replacement() {
  RemoveHalfMade(dir_);
}

std::optional<std::filesystem::path> Replacement::PutInPlace(Instant now) {
  const auto step = [this] {
    if (between_) between_();
  };
  const std::filesystem::path state = StatePath(dir_);
  const std::filesystem::path aside = state.parent_path() / FreeName(state, now);
  step();
  Settle(StatePath(half_));
  step();
  WriteDurably(half_ / kAside, aside.filename().string());
  step();
  SyncDirectory(half_);
  step();
  Rename(half_, In(dir_, kWhole));
  step();
  SyncDirectory(state.parent_path());
  step();
  FinishReplacement(dir_, between_);
  if (!Exists(aside)) return std::nullopt;
  return aside;
}

void FinishReplacement(const std::filesystem::path& dir, const std::function<void()>& between) {
  const std::filesystem::path whole = In(dir, kWhole);
  const std::filesystem::path note = whole / kAside;
  const Descriptor file(::open(note.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (file.number() < 0) {
    if (errno != ENOENT) throw FileFailure(note, "read where the old state goes", errno);
    // The note goes last but for the directory that it is in. One that is full again is another's.
    ::rmdir(whole.c_str());
    return;
  }
  // Whoever opens the state meanwhile waits here, and then finds it done.
  if (::flock(file.number(), LOCK_EX) != 0) throw FileFailure(note, "lock it", errno);
  struct stat info {};
  if (::fstat(file.number(), &info) != 0) throw FileFailure(note, "look at it", errno);
  if (info.st_nlink == 0) return;
  const auto step = [&between] {
    if (between) between();
  };
  const std::filesystem::path state = StatePath(dir);
  const std::filesystem::path made = whole / state.filename();
  if (Exists(made)) {
    const std::string name = ReadName(file.number(), note, state.filename().string() + '.');
    const std::filesystem::path aside = state.parent_path() / name;
    // The log first: what is here without its log would be taken for whole.
    for (const char* part : {"-wal", "-shm", ""}) {
      // What is there went before the kill, and is not to be replaced by what a reader has made since.
      if (!Exists(aside.string() + part)) Rename(state.string() + part, aside.string() + part);
      step();
    }
    for (const char* part : {"-wal", "-shm"}) RemoveAll(state.string() + part);
    SyncDirectory(state.parent_path());
    step();
    Rename(made, state);
    step();
    SyncDirectory(state.parent_path());
    step();
  }
  // The note last, for it is the lock.
  for (const char* part : {"-wal", "-shm", "-journal"}) RemoveAll(made.string() + part);
  step();
  RemoveAll(note);
  step();
  ::rmdir(whole.c_str());
}

void RemoveHalfMade(const std::filesystem::path& dir) {
  std::error_code error;
  std::filesystem::remove_all(In(dir, kHalf), error);
}

ReadablePath PathToRead(const std::filesystem::path& dir) {
  const std::filesystem::path state = StatePath(dir);
  std::filesystem::path made = In(dir, kWhole) / state.filename();
  std::error_code error;
  if (!std::filesystem::exists(made, error)) return {.path = state, .is_final = true};
  return {.path = std::move(made), .is_final = false};
}

}  // namespace ucaas_sync::state
