#include "connectors/bytes/file_stream.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "connectors/bytes/source_problem.h"
#include "daemon/model/text.h"

namespace ucaas_sync::bytes {
namespace {

std::string ReasonOf(int error) {
  return std::generic_category().message(error);
}

std::int64_t Nanoseconds(const struct timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

[[noreturn]] void ThrowCannotOpen(const std::string& path, int error) {
  Problem problem = ProblemAt(path, 0, 0, {}, {});
  switch (error) {
    case ENOENT:
      problem.what = "there is no such file";
      problem.remedy = "check the path, and whether the export has run";
      break;
    case EACCES:
    case EPERM:
      problem.what = "the file may not be read";
      problem.remedy = "let user id " + std::to_string(::geteuid()) + " read it and enter every folder above it";
      break;
    default:
      problem.what = "the file cannot be opened: " + ReasonOf(error);
  }
  throw SourceFailure(std::move(problem));
}

void RequireRegular(const std::string& path, mode_t mode) {
  if (S_ISREG(mode)) return;
  std::string what = S_ISDIR(mode)    ? "this is a folder, not a file"
                     : S_ISFIFO(mode) ? "this is a pipe, not a file: nothing tells whether it was read whole"
                                      : "this is not a regular file";
  std::string remedy = S_ISDIR(mode) ? "name the file in it, or a pattern with \"pick: newest\""
                                     : "name a file, or read a program's output with \"command:\"";
  throw SourceFailure(ProblemAt(path, 0, 0, std::move(what), std::move(remedy)));
}

}  // namespace

FileIdentity IdentityOf(const std::string& path, const struct stat& status) {
  return {.path = path,
          .device = status.st_dev,
          .inode = status.st_ino,
          .size = static_cast<std::uint64_t>(status.st_size),
          .mtime_ns = Nanoseconds(status.st_mtim),
          .ctime_ns = Nanoseconds(status.st_ctim)};
}

FileIdentity Identify(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) ThrowCannotOpen(path, errno);
  RequireRegular(path, status.st_mode);
  return IdentityOf(path, status);
}

std::optional<Problem> ChangedSince(const FileIdentity& before) {
  const auto problem = [&](std::string what) {
    return ProblemAt(before.path, 0, 0, std::move(what),
                     "read it again when the export is finished; let the export write another name and rename "
                     "it at the end");
  };
  struct stat status {};
  if (::stat(before.path.c_str(), &status) != 0) {
    return problem(errno == ENOENT ? "the file was removed while it was read"
                                   : "the file could not be looked at again after it was read: " + ReasonOf(errno));
  }
  const FileIdentity after = IdentityOf(before.path, status);
  if (after == before) return std::nullopt;
  if (after.device != before.device || after.inode != before.inode) {
    return problem("the file was replaced while it was read");
  }
  if (after.size != before.size) {
    return problem(std::string("the file ") + (after.size > before.size ? "grew" : "shrank") +
                   " while it was read, from " + WithThousands(before.size) + " to " + WithThousands(after.size) +
                   " bytes");
  }
  return problem("the file was written while it was read");
}

FileStream::FileStream(const std::string& path) {
  // Without O_NONBLOCK, opening a FIFO would wait for its writer. For a regular file it means nothing.
  fd_ = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd_.is_open()) ThrowCannotOpen(path, errno);
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) ThrowCannotOpen(path, errno);
  RequireRegular(path, status.st_mode);
  identity_ = IdentityOf(path, status);
  ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

std::size_t FileStream::Read(std::span<char> buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t count = ::read(fd_.get(), buffer.data() + filled, buffer.size() - filled);
    if (count == 0) break;
    if (count < 0) {
      if (errno == EINTR) continue;
      throw SourceFailure(
          ProblemAt(identity_.path, 0, 0,
                    "reading failed after " + WithThousands(bytes_read_ + filled) + " bytes: " + ReasonOf(errno),
                    "check the disk or the network mount it lies on"));
    }
    filled += static_cast<std::size_t>(count);
  }
  bytes_read_ += filled;
  return filled;
}

std::optional<Problem> FileStream::Finish() {
  // The path first: it tells a replaced file from a changed one.
  if (auto problem = ChangedSince(identity_)) return problem;
  if (bytes_read_ != identity_.size) {
    return ProblemAt(identity_.path, 0, 0,
                     "only " + WithThousands(bytes_read_) + " of " + WithThousands(identity_.size) + " bytes were read",
                     {});
  }
  return std::nullopt;
}

}  // namespace ucaas_sync::bytes
