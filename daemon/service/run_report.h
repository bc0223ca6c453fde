// What one run of the service came to. A value.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "daemon/model/exit_code.h"
#include "daemon/model/observer.h"
#include "daemon/model/plan.h"
#include "daemon/model/time.h"
#include "daemon/report/metrics.h"
#include "daemon/run/pipeline.h"
#include "daemon/service/schedule.h"

namespace ucaas_sync::service {

struct RunReport {
  std::string run;  ///< Empty when it did not come so far.
  ExitCode code = ExitCode::kConverged;
  std::string message;  ///< Why it ended so, for people; empty when there is nothing to say.
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  std::uint64_t set_aside = 0;   ///< Newly, by the plan or by the target.
  std::uint64_t left = 0;        ///< Not begun.
  std::uint64_t unfinished = 0;  ///< Those, and who failed without being set aside: the next run does them.
  bool is_asked = false;         ///< Somebody else wrote to the state after its plan was made: a wish, mostly.
  std::optional<report::Inventory> inventory;  ///< What is kept now; nothing when the state cannot be read.
};

/// How the log tells of a run that did not fail.
Event TellingOf(const RunReport& report, Duration took);

/// One run; whatever goes wrong is in the report. Never throws.
RunReport RunOnce(const run::Context& context, Trigger trigger) noexcept;

}  // namespace ucaas_sync::service
