// What people outside are told, and when: once for each change of state, not for each run. Pure; single-threaded.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/notify/notice.h"
#include "daemon/model/exit_code.h"
#include "daemon/model/store.h"
#include "daemon/service/run_report.h"

namespace ucaas_sync::service {

class News {
 public:
  /// How the last run of the service that was told ended, before it was started anew.
  struct Before {
    ExitCode code = ExitCode::kConverged;
    std::uint64_t left = 0;
  };
  /// `runs`: newest first. Nobody is told of what a command came to, nor of a moment's outage.
  static std::optional<Before> BeforeOf(const std::vector<RunRecord>& runs);
  /// `host`: named in each subject. What was told `before` for sure is not told again; a target that failed may have
  /// been told or not: it is told once more rather than never, and so is its recovery.
  News(std::string host, std::optional<Before> before);

  /// A run ended; `failures` in a row, this one included.
  std::optional<notify::Notice> After(const RunReport& report, std::uint32_t failures);

 private:
  /// kPartly: some failed without being set aside, and all else is done. kPerhaps: it fails, and that may be known.
  enum class State : std::uint8_t { kWell, kPartly, kHeld, kPerhaps, kFailing };

  std::optional<notify::Notice> AfterPartial(const RunReport& report, notify::Notice notice);
  /// Says that it fails, unless that is known.
  std::optional<notify::Notice> AfterFailure(const RunReport& report, notify::Notice notice);

  std::string host_;
  State told_ = State::kWell;
  ExitCode told_code_ = ExitCode::kConverged;
};

}  // namespace ucaas_sync::service
