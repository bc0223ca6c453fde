// What the storage says, in words for the person who has to act on it. No state of its own; thread-safe.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "daemon/model/problem.h"

namespace SQLite {
class Exception;
}

namespace ucaas_sync::state {

/// What moving a state away leads to; ends every message about a state that cannot be used.
std::string_view MoveAwayAdvice();

/// The failure for a SQLite error while `doing` ("record outcomes"); `system_error` is the errno behind it, or 0.
StateFailure StorageFailure(const std::filesystem::path& path, std::string_view doing, const SQLite::Exception& error,
                            int system_error);

/// The failure for a file operation outside SQLite.
StateFailure FileFailure(const std::filesystem::path& path, std::string_view doing, int system_error);

/// The failure for a state that can be read but says what cannot be.
class DamagedState : public StateFailure {
 public:
  DamagedState(const std::string& message, std::string_view finding)
      : StateFailure(ExitCode::kError, message), finding_(finding) {}
  /// What is wrong, without the path and the advice around it.
  const std::string& finding() const { return finding_; }

 private:
  std::string finding_;
};
DamagedState Damaged(const std::filesystem::path& path, std::string_view what);

}  // namespace ucaas_sync::state
