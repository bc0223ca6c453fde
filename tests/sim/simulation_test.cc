// Random histories through the whole pipeline, with the journal on a disk, behind a bad network.
//   UCAAS_SYNC_SEED=N               replays one history and prints it
//   UCAAS_SYNC_SIMULATIONS=N        how many there are; UCAAS_SYNC_FIRST=N with which seed they begin
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "tests/sim/household.h"
#include "tests/sim/lives.h"

namespace ucaas_sync::sim {
namespace {

#if defined(UCAAS_SYNC_ADDRESS_SANITIZER)
constexpr std::uint64_t kSimulations = 60;
#else
constexpr std::uint64_t kSimulations = 2'000;
#endif

History Simulated(std::uint64_t seed) {
  constexpr std::size_t kDays = 3;
  const auto install = [seed](const Settings& settings, Instant start) {
    return std::make_unique<Household>(settings, start, seed);
  };
  return History(seed, install, kDays);
}

TEST_CASE("simulation: whatever the network does, nobody by accident, nobody twice, and calm days lead to the truth") {
  LiveThrough(NumberIn("UCAAS_SYNC_FIRST").value_or(1), NumberIn("UCAAS_SYNC_SIMULATIONS").value_or(kSimulations),
              "simulation: whatever*", Simulated);
}

TEST_CASE("simulation: the same seed gives the same requests, replies and decisions, byte by byte") {
  constexpr std::uint64_t kTwice = 15;
  for (std::uint64_t seed = 1; seed <= kTwice; ++seed) {
    CAPTURE(seed);
    History first = Simulated(seed);
    History second = Simulated(seed);
    first.Live();
    second.Live();
    CHECK(first.installation().Trace() == second.installation().Trace());
    CHECK(first.Trace() == second.Trace());
    CHECK_FALSE(first.installation().Trace().empty());
  }
}

}  // namespace
}  // namespace ucaas_sync::sim
