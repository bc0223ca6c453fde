#include "connectors/bytes/unlinked_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "daemon/model/problem.h"

namespace ucaas_sync::bytes {
namespace {

/// Not every file system can make a file without a name: there it has one for a moment.
UniqueFd Make(const std::filesystem::path& folder) {
  UniqueFd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.is_open() || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)) return file;
  std::string name = (folder / "ucaas-sync-XXXXXX").string();
  file = UniqueFd(::mkostemp(name.data(), O_CLOEXEC));
  if (file.is_open()) ::unlink(name.c_str());
  return file;
}

}  // namespace

std::unique_ptr<SpillFile> UnlinkedFile::In(const std::filesystem::path& folder) {
  UniqueFd file = Make(folder);
  if (!file.is_open()) return nullptr;
  return std::make_unique<UnlinkedFile>(std::move(file));
}

std::optional<std::uint64_t> UnlinkedFile::Append(std::string_view bytes) {
  const std::uint64_t place = size_;
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      size_ = place;  // what was written of it is written over, or never asked for
      return std::nullopt;
    }
    size_ += static_cast<std::uint64_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return place;
}

void UnlinkedFile::ReadAt(std::uint64_t place, std::span<char> into) const {
  while (!into.empty()) {
    const ssize_t count = ::pread(file_.get(), into.data(), into.size(), static_cast<off_t>(place));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const std::string why =
          count == 0 ? "it is shorter than what was written" : std::generic_category().message(errno);
      throw Failure(ExitCode::kError, "the file that holds a part of the plan cannot be read: " + why +
                                          "; check the disk of the state and of /var/tmp, then run again");
    }
    place += static_cast<std::uint64_t>(count);
    into = into.subspan(static_cast<std::size_t>(count));
  }
}

MakeSpillFile UnlinkedFilesIn(std::vector<std::filesystem::path> folders) {
  return [folders = std::move(folders)] {
    std::unique_ptr<SpillFile> file;
    for (const std::filesystem::path& folder : folders) {
      if ((file = UnlinkedFile::In(folder))) break;
    }
    return file;
  };
}

}  // namespace ucaas_sync::bytes
