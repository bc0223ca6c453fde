// What the tests of the running service share.
#pragma once

#include <chrono>
#include <csignal>
#include <cstddef>
#include <string>
#include <string_view>

#include "tests/support/cli.h"

namespace ucaas_sync::testing {

// Long enough that nothing in these tests waits for it.
inline constexpr const char* kRarely = "schedule: { every: 1h }\n";

/// Ends the service as systemd does.
inline Output Stopped(Child& child) {
  child.Signal(SIGTERM);
  return child.Wait();
}

inline std::size_t Count(const std::string& text, std::string_view what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) ++count;
  return count;
}

}  // namespace ucaas_sync::testing
