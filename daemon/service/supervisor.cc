#include "daemon/service/supervisor.h"

#include <systemd/sd-daemon.h>

#include <cstdint>

namespace ucaas_sync::service {
namespace {

// A newline would begin another assignment.
std::string OneLine(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

// Nobody to tell, or a socket that is full: the next word comes soon, and a watchdog that hears none acts by itself.
void Tell(const std::string& message) {
  static_cast<void>(sd_notify(0, message.c_str()));
}

}  // namespace

Supervisor::Supervisor() {
  std::uint64_t microseconds = 0;
  // Twice within the time allowed, as sd_watchdog_enabled(3) advises.
  if (sd_watchdog_enabled(0, &microseconds) > 0) {
    interval_ = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::microseconds(microseconds / 2));
  }
}

void Supervisor::Ready(const std::string& status) {
  status_ = OneLine(status);
  Tell("READY=1\nSTATUS=" + status_);
}

void Supervisor::Status(const std::string& status) {
  std::string line = OneLine(status);
  if (line == status_) return;
  status_ = std::move(line);
  Tell("STATUS=" + status_);
}

void Supervisor::Reloading(Monotonic now) {
  Tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.time_since_epoch().count()));
}

void Supervisor::Stopping(const std::string& status) {
  status_ = OneLine(status);
  Tell("STOPPING=1\nSTATUS=" + status_);
}

void Supervisor::Feed(Monotonic now) {
  if (!interval_ || (fed_ && now - *fed_ < *interval_ / 2)) return;
  fed_ = now;
  Tell("WATCHDOG=1");
}

}  // namespace ucaas_sync::service
