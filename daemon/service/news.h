// What people outside are told, and when: once for each change of state, not for each run. Pure; single-threaded.
#pragma once

#include <optional>
#include <string>

#include "connectors/notify/notice.h"
#include "daemon/model/exit_code.h"
#include "daemon/service/run_report.h"

namespace ucaas_sync::service {

class News {
 public:
  /// `host`: named in each subject. `before`: how the last run before the service ended; who was told of it then is not
  /// told again.
  News(std::string host, std::optional<ExitCode> before);

  /// A run ended; `failures` in a row, this one included.
  std::optional<notify::Notice> After(const RunReport& report, std::uint32_t failures);

 private:
  enum class State : std::uint8_t { kWell, kHeld, kFailing };

  std::string host_;
  State told_ = State::kWell;
  ExitCode told_code_ = ExitCode::kConverged;
};

}  // namespace ucaas_sync::service
