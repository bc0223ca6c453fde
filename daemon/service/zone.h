// The process's time zone, set once for a configuration while no other thread runs: dates are then worked out without
// changing the environment, which threads could not bear. Restores nothing: it goes with the process.
#pragma once

#include <optional>
#include <string>

namespace ucaas_sync::service {

class Zone {
 public:
  Zone();
  /// `timezone` of a configuration: "local" is what the process began with. No run may be under way.
  void Use(const std::string& zone);

 private:
  std::optional<std::string> original_;  // TZ at the start
};

}  // namespace ucaas_sync::service
