#include "daemon/state/run_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "daemon/model/problem.h"
#include "daemon/state/replacement.h"
#include "daemon/state/state_dir.h"
#include "daemon/state/storage_error.h"

namespace ucaas_sync::state {
namespace {

// "1234 2026-11-23T18:13:23Z\n", written by the holder. It is for the message alone: the lock is the kernel's.
std::string Holder(int descriptor) {
  std::array<char, 64> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  const std::string line(text.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
  const std::size_t space = line.find(' ');
  const std::size_t end = line.find('\n');
  // A holder that has just taken the lock may not have written its line yet.
  if (space == std::string::npos || end == std::string::npos || end < space) return "by another process";
  return "by process " + line.substr(0, space) + " since " + line.substr(space + 1, end - space - 1);
}

// An flock cannot be asked about without being taken; this one beside it can.
struct flock WholeFile() {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return whole;
}

}  // namespace

bool RunLock::IsHeld(const std::filesystem::path& dir) {
  const int descriptor = ::open((dir / "run.lock").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return errno != ENOENT;
  struct flock found = WholeFile();
  const bool is_free = ::fcntl(descriptor, F_OFD_GETLK, &found) == 0 && found.l_type == F_UNLCK;
  ::close(descriptor);
  return !is_free;
}

RunLock RunLock::Acquire(const std::filesystem::path& dir, Instant now) {
  EnsureStateDirectory(dir);
  const std::filesystem::path path = dir / "run.lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  if (descriptor < 0) throw FileFailure(path, "open the run lock", errno);
  RunLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) throw FileFailure(path, "take the run lock", errno);
    throw Failure(ExitCode::kBusy, "another run is under way: " + path.string() + " is held " + Holder(descriptor) +
                                       "; wait until it has ended and try again (plan and status work "
                                       "meanwhile)");
  }
  struct flock shown = WholeFile();
  if (::fcntl(descriptor, F_OFD_SETLK, &shown) != 0) throw FileFailure(path, "show the run lock", errno);
  const std::string line = std::to_string(::getpid()) + " " + FormatInstant(now) + "\n";
  if (::ftruncate(descriptor, 0) != 0 ||
      ::pwrite(descriptor, line.data(), line.size(), 0) != static_cast<ssize_t>(line.size())) {
    throw FileFailure(path, "write the run lock", errno);
  }
  // It names people, and nobody is at work with it.
  RemoveHalfMade(dir);
  return lock;
}

RunLock::~RunLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

RunLock::RunLock(RunLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

RunLock& RunLock::operator=(RunLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

}  // namespace ucaas_sync::state
