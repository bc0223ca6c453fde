// One run at a time: an flock on DIR/run.lock, with the holder's process id and start in the file for people. The
// kernel gives it back however the process ends, kill -9 included. Ownership: the object is the lock. Threads: none
// shared. Failure: Failure (kBusy) when another run holds it, StateFailure when the file cannot be used.
#pragma once

#include <filesystem>
#include <string_view>

#include "daemon/model/time.h"

namespace ucaas_sync::state {

/// The message of a run whose process ended before it did.
inline constexpr std::string_view kCutOff =
    "cut off: the program ended before the run did; what it left is taken up by the next run";

class RunLock {
 public:
  /// Takes the lock without waiting; makes the directory if it is not there. `now` is what the next one is told.
  static RunLock Acquire(const std::filesystem::path& dir, Instant now);
  /// Whether somebody holds it, also where that cannot be learned. Takes nothing, so that no run which begins just then
  /// finds it taken.
  static bool IsHeld(const std::filesystem::path& dir);
  ~RunLock();
  RunLock(RunLock&& other) noexcept;
  RunLock& operator=(RunLock&& other) noexcept;

 private:
  explicit RunLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace ucaas_sync::state
