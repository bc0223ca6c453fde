// A new state that takes the place of the one in a directory, whole or not at all, wherever the process is killed: it
// is made in DIR/rebuilding, which becomes DIR/rebuilt once nothing is missing. From then on it is the state: whoever
// opens it for writing does what is left, moving the old one aside and the new one to its place. Ownership: the object
// owns DIR/rebuilding; the run lock must be held meanwhile. Threads: none shared, other processes may open the state at
// any moment. Failure: StateFailure, and the old state is where it was or the new one is decided.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "daemon/model/time.h"

namespace ucaas_sync::state {

class Replacement {
 public:
  /// Finishes or removes what a killed one left in `dir`. `between` is called between any two steps that a kill may
  /// part.
  explicit Replacement(std::filesystem::path dir, std::function<void()> between = {});
  ~Replacement();
  Replacement(const Replacement&) = delete;
  Replacement& operator=(const Replacement&) = delete;

  /// To make the new state in, with OpenStore.
  const std::filesystem::path& dir() const { return half_; }
  /// Nobody may have the new state open. The old one, with its log, becomes state.db.YYYYMMDD-HHMMSS: that name, or
  /// nothing when there was none.
  std::optional<std::filesystem::path> PutInPlace(Instant now);

 private:
  const std::filesystem::path dir_;
  const std::filesystem::path half_;
  const std::function<void()> between_;
};

/// Puts a new state in its place that was whole when its maker was killed. Nothing to do as a rule.
void FinishReplacement(const std::filesystem::path& dir, const std::function<void()>& between = {});

/// What a killed process left of a new state that was not whole; the run lock must be held. What cannot be removed
/// stays for the next one.
void RemoveHalfMade(const std::filesystem::path& dir);

/// Where the state in `dir` is to be read: nearly always StatePath(dir).
struct ReadablePath {
  std::filesystem::path path;
  bool is_final = true;  ///< False: it is about to be moved, and nobody writes to it.
};
ReadablePath PathToRead(const std::filesystem::path& dir);

}  // namespace ucaas_sync::state
