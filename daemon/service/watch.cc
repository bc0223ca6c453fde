#include "daemon/service/watch.h"

#include <fnmatch.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace ucaas_sync::service {
namespace {

constexpr std::uint32_t kStirs = IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                 IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;

bool IsMeant(const std::vector<std::string>& patterns, const std::string& name) {
  return std::any_of(patterns.begin(), patterns.end(), [&name](const std::string& pattern) {
    return fnmatch(pattern.c_str(), name.c_str(), 0) == 0 ||
           fnmatch((pattern + ".sha256").c_str(), name.c_str(), 0) == 0;
  });
}

}  // namespace

Watch::Watch(const std::vector<std::string>& paths) : inotify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  for (const std::string& path : paths) {
    const std::filesystem::path whole(path);
    names_[whole.parent_path().string()].push_back(whole.filename().string());
    // A link is replaced in its own folder, what it points to is written in another one.
    std::error_code error;
    const std::filesystem::path real = std::filesystem::canonical(whole, error);
    if (!error && real != whole) names_[real.parent_path().string()].push_back(real.filename().string());
  }
  const std::string why = inotify_.is_open() ? "" : std::generic_category().message(errno);
  for (const auto& [folder, names] : names_) unwatched_[folder] = why;
  Repair();
}

void Watch::Add(const std::string& folder) {
  const int watch = inotify_add_watch(inotify_.get(), folder.c_str(), kStirs | IN_ONLYDIR);
  if (watch < 0) {
    unwatched_[folder] = std::generic_category().message(errno);
    return;
  }
  folders_[watch].insert(folder);
  unwatched_.erase(folder);
}

void Watch::Repair() {
  if (!inotify_.is_open()) return;
  const auto missing = unwatched_;
  for (const auto& [folder, why] : missing) Add(folder);
}

bool Watch::Drain() {
  bool is_meant = false;
  alignas(inotify_event) std::array<char, 16 * 1024> buffer{};
  for (;;) {
    const ssize_t count = read(inotify_.get(), buffer.data(), buffer.size());
    if (count <= 0) return is_meant;
    for (std::size_t at = 0; at < static_cast<std::size_t>(count);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof(event));
      const std::string name(event.len == 0 ? "" : buffer.data() + at + sizeof(event));
      at += sizeof(event) + event.len;
      const auto folder = folders_.find(event.wd);
      if ((event.mask & (IN_Q_OVERFLOW | IN_DELETE_SELF | IN_MOVE_SELF)) != 0) is_meant = true;
      if (folder == folders_.end()) continue;
      if ((event.mask & IN_MOVE_SELF) != 0) inotify_rm_watch(inotify_.get(), event.wd);
      if ((event.mask & IN_IGNORED) != 0) {
        for (const std::string& path : folder->second) unwatched_[path] = "it was removed";
        folders_.erase(folder);
        continue;
      }
      is_meant = is_meant || std::any_of(folder->second.begin(), folder->second.end(),
                                         [&](const std::string& path) { return IsMeant(names_[path], name); });
    }
  }
}

std::string ListOf(const std::map<std::string, std::string>& unwatched) {
  std::string text;
  for (const auto& [folder, why] : unwatched) text += (text.empty() ? "" : ", ") + folder + " (" + why + ')';
  return text;
}

}  // namespace ucaas_sync::service
