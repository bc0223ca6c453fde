#include "connectors/bytes/file_pattern.h"

#include <dirent.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>
#include <tuple>

#include "connectors/bytes/checksum.h"
#include "connectors/bytes/file_stream.h"
#include "connectors/bytes/source_problem.h"

namespace ucaas_sync::bytes {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

}  // namespace

bool IsPattern(const std::string& path) {
  return path.find_first_of("*?[") != std::string::npos;
}

std::vector<FileIdentity> FilesMatching(const std::string& pattern) {
  const std::size_t slash = pattern.rfind('/');
  const std::string prefix = slash == std::string::npos ? std::string() : pattern.substr(0, slash + 1);
  const std::string name_pattern = pattern.substr(prefix.size());
  if (IsPattern(prefix)) {
    throw SourceFailure(ProblemAt(pattern, 0, 0, "the folder part has a wildcard, which only the file name may have",
                                  "write the folder out"));
  }

  const std::string folder = prefix.empty() ? "." : prefix;
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(folder.c_str()));
  if (directory == nullptr) {
    throw SourceFailure(ProblemAt(pattern, 0, 0,
                                  "the folder cannot be listed: " + std::generic_category().message(errno),
                                  "check the path and its permissions"));
  }
  // "people*" is meant for exports, not for the checksums beside them.
  const bool wants_checksums = name_pattern.ends_with(kChecksumEnding);
  std::vector<FileIdentity> files;
  errno = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    const bool is_export = wants_checksums || !std::string_view(entry->d_name).ends_with(kChecksumEnding);
    if (is_export && ::fnmatch(name_pattern.c_str(), entry->d_name, FNM_PERIOD) == 0) {
      const std::string path = prefix + entry->d_name;
      struct stat status {};
      // One that went meanwhile, or a dangling link, is not there.
      if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode)) files.push_back(IdentityOf(path, status));
    }
    errno = 0;
  }
  if (errno != 0) {
    throw SourceFailure(
        ProblemAt(pattern, 0, 0, "the folder could not be listed to its end: " + std::generic_category().message(errno),
                  "check the disk or the network mount it lies on"));
  }
  if (files.empty()) {
    throw SourceFailure(
        ProblemAt(pattern, 0, 0, "no file matches this pattern", "check the pattern, and whether the export has run"));
  }
  std::sort(files.begin(), files.end(), [](const FileIdentity& a, const FileIdentity& b) { return a.path < b.path; });
  return files;
}

const FileIdentity& Newest(const std::vector<FileIdentity>& files) {
  return *std::max_element(files.begin(), files.end(), [](const FileIdentity& a, const FileIdentity& b) {
    return std::tie(a.mtime_ns, a.path) < std::tie(b.mtime_ns, b.path);
  });
}

}  // namespace ucaas_sync::bytes
