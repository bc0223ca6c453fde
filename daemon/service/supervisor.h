// What systemd is told (sd_notify(3)). Without NOTIFY_SOCKET every call does nothing. Used by one thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "daemon/model/clock.h"

namespace ucaas_sync::service {

class Supervisor {
 public:
  Supervisor();

  void Ready(const std::string& status);
  /// Told only when it is another one.
  void Status(const std::string& status);
  /// To be followed by Ready.
  void Reloading(Monotonic now);
  void Stopping(const std::string& status);
  /// The loop turns: tells the watchdog, if there is one and it is time.
  void Feed(Monotonic now);
  /// How long the loop may sleep; nothing: as long as it likes.
  const std::optional<std::chrono::milliseconds>& longest_sleep() const { return interval_; }

 private:
  std::optional<std::chrono::milliseconds> interval_;
  std::optional<Monotonic> fed_;
  std::string status_;
};

}  // namespace ucaas_sync::service
