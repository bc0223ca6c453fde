// Decides which fault strikes which request. Deterministic: rule by rule, from the seed and the number of the request
// among those that the rule matches. Used under one lock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "connectors/ucaas/sandbox/faults.h"

namespace ucaas_sync::sandbox {

struct Strike {
  std::chrono::milliseconds delay_before{0};
  std::chrono::milliseconds delay_after{0};
  std::optional<FaultRule> rule;  ///< What is done beside the delays.
  bool struck = false;            ///< A rule did something; plain latency does not count.
};

class Strikes {
 public:
  Strikes(const Faults& faults, std::uint64_t seed);
  Strike Next(std::string_view method, std::string_view route);

 private:
  Faults faults_;
  std::uint64_t seed_;
  std::vector<std::uint64_t> matched_;  // by rule: requests so far
};

}  // namespace ucaas_sync::sandbox
