// When the service may read and write by itself: schedule.at in the time zone of the configuration. A value; asked of
// one thread at a time, and never while a run is under way (the time zone is the process's).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/model/time.h"
#include "daemon/model/time_window.h"

namespace ucaas_sync::service {

class OpeningHours {
 public:
  /// `at` was checked when the configuration was read. Empty: always open.
  OpeningHours(const std::vector<config::Text>& at, std::string zone);

  /// Open at `now`, or a moment ("06:30") has come since `seen`, when it was last made use of.
  bool IsOpen(Instant now, Instant seen) const;
  /// The first instant after `now` at which it opens; nothing when it is always open.
  std::optional<Instant> NextOpening(Instant now) const;

 private:
  std::vector<TimeWindow> windows_;
  std::string timezone_;
};

}  // namespace ucaas_sync::service
