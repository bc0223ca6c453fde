// Notices that files come, go or were written to, by inotify on the folders they lie in. Only a hint that makes the
// next look come sooner: where the kernel cannot tell (a network file system) the looks of `schedule.every` carry
// alone. Owns its descriptor. Single-threaded. Never fails: a folder that cannot be watched is tried again by Repair.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "connectors/bytes/unique_fd.h"

namespace ucaas_sync::service {

class Watch {
 public:
  /// `paths` may end in a pattern.
  explicit Watch(const std::vector<std::string>& paths);

  /// Becomes readable when something stirs; -1 when there is no inotify here.
  int descriptor() const { return inotify_.get(); }
  /// Takes what has gathered; true when one of the paths was meant.
  bool Drain();
  /// Watches folders that were not there before.
  void Repair();
  /// Folders that are not watched now, and why.
  const std::map<std::string, std::string>& unwatched() const { return unwatched_; }

 private:
  void Add(const std::string& folder);

  bytes::UniqueFd inotify_;
  std::map<std::string, std::vector<std::string>> names_;  // folder → last parts of its paths
  // Watch descriptor → its folder, by all names that a link gives it.
  std::map<int, std::set<std::string>> folders_;
  std::map<std::string, std::string> unwatched_;
};

/// "FOLDER (WHY), …"
std::string ListOf(const std::map<std::string, std::string>& unwatched);

}  // namespace ucaas_sync::service
