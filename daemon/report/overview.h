// The status page's content as one value, and its pages: how things stand, and one run. What comes from a source or
// from the target is escaped; persons are named as `pages.people` says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/model/operation.h"
#include "daemon/model/store.h"
#include "daemon/model/time.h"
#include "daemon/report/status.h"

namespace ucaas_sync::report {

/// What is known of the target without asking it.
struct TargetStanding {
  std::string name;                    ///< Its base URL; empty for the built-in sandbox.
  std::optional<Instant> answered_at;  ///< When it last replied to a request, whatever it said.
  std::optional<Instant> failed_at;    ///< When a request last had no reply, or a server's error.
};

struct Overview {
  Status status;  ///< With up to 100 runs, and the sources.
  std::optional<Instant> last_success;
  TargetStanding target;
  bool running = false;
  std::string activity;  ///< What the run under way does.
  std::optional<Instant> next_look;
  bool is_resting = false;  ///< The last run failed: the look is the next attempt.
  config::People people = config::People::kKey;
};

/// The page at "/". `page` of the quarantine, from 1.
std::string OverviewPage(Overview overview, Instant now, std::size_t page);

struct RunOperation {
  Operation operation;
  std::optional<OperationOutcome> outcome;
};

/// The page of one run. `first`: index of the first operation shown; `more` follow after the last.
std::string RunPage(const RunRecord& run, const std::vector<RunOperation>& operations, std::size_t first, bool more,
                    config::People people);

/// The pages' style sheet.
std::string_view PageStyle();

}  // namespace ucaas_sync::report
