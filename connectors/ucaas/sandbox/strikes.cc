#include "connectors/ucaas/sandbox/strikes.h"

#include <array>
#include <cstring>

#include "daemon/model/hash.h"

namespace ucaas_sync::sandbox {
namespace {

/// Evenly in [0, 1), the same on every machine.
double Draw(std::uint64_t seed, std::uint64_t rule, std::uint64_t number) {
  const std::array<std::uint64_t, 2> input{rule, number};
  std::array<char, sizeof(input)> bytes{};
  std::memcpy(bytes.data(), input.data(), sizeof(input));
  constexpr double kScale = 1.0 / 9007199254740992.0;  // 2^-53
  return static_cast<double>(HashOf({bytes.data(), bytes.size()}, seed).low >> 11U) * kScale;
}

}  // namespace

Strikes::Strikes(const Faults& faults, std::uint64_t seed)
    : faults_(faults), seed_(seed), matched_(faults.rules.size(), 0) {}

Strike Strikes::Next(std::string_view method, std::string_view route) {
  Strike strike;
  strike.delay_before = faults_.latency;
  for (std::size_t i = 0; i < faults_.rules.size(); ++i) {
    const FaultRule& rule = faults_.rules[i];
    if (!rule.method.empty() && rule.method != method) continue;
    if (!rule.route.empty() && rule.route != route) continue;
    // Every rule counts every request that it matches, whatever the others do with it.
    const std::uint64_t number = ++matched_[i];
    if (number < rule.first || number > rule.last) continue;
    if (rule.probability < 1 && Draw(seed_, i, number) >= rule.probability) continue;
    if (rule.what == FaultWhat::kDelay) {
      (rule.moment == FaultMoment::kBeforeEffect ? strike.delay_before : strike.delay_after) += rule.delay;
    } else if (!strike.rule) {
      strike.rule = rule;
    }
    strike.struck = true;
  }
  return strike;
}

}  // namespace ucaas_sync::sandbox
