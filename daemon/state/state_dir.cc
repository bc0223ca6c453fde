#include "daemon/state/state_dir.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "daemon/state/storage_error.h"

namespace ucaas_sync::state {

bool CheckStateDirectory(const std::filesystem::path& dir) {
  struct stat info {};
  if (::stat(dir.c_str(), &info) != 0) {
    if (errno == ENOENT) return false;
    throw FileFailure(dir, "look at the state directory", errno);
  }
  if (!S_ISDIR(info.st_mode)) {
    throw StateFailure(ExitCode::kConfig, dir.string() +
                                              ": state_dir is not a directory; name another one, or move "
                                              "what lies there away");
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    throw StateFailure(ExitCode::kConfig,
                       dir.string() +
                           ": other users may write to the state directory, and so decide who loses an account; run "
                           "`chmod go-w " +
                           dir.string() + "`, or name a directory of its own as state_dir");
  }
  return true;
}

void EnsureStateDirectory(const std::filesystem::path& dir) {
  if (!CheckStateDirectory(dir)) {
    std::error_code error;
    if (dir.has_parent_path()) std::filesystem::create_directories(dir.parent_path(), error);
    if (error) throw FileFailure(dir, "make the state directory", error.value());
    if (::mkdir(dir.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
      throw FileFailure(dir, "make the state directory", errno);
    }
    CheckStateDirectory(dir);
  }
}

void SyncDirectory(const std::filesystem::path& dir) {
  const int descriptor = ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) throw FileFailure(dir, "open the state directory", errno);
  const int error = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (error != 0) throw FileFailure(dir, "make the state directory durable", error);
}

}  // namespace ucaas_sync::state
