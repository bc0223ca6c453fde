// Random histories through the pure core. UCAAS_SYNC_SEED=N replays one and prints it; UCAAS_SYNC_HISTORIES=N says how
// many there are.
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "tests/sim/lives.h"
#include "tests/sim/machine.h"

namespace ucaas_sync::sim {
namespace {

#if defined(UCAAS_SYNC_ADDRESS_SANITIZER)
constexpr std::uint64_t kHistories = 500;
#else
constexpr std::uint64_t kHistories = 10'000;
#endif

std::unique_ptr<Installation> Install(const Settings& settings, Instant start) {
  return std::make_unique<Machine>(settings, start);
}

TEST_CASE("random histories: nobody by accident, nobody twice, and good days lead to the truth") {
  LiveThrough(1, NumberIn("UCAAS_SYNC_HISTORIES").value_or(kHistories), "random histories*",
              [](std::uint64_t seed) { return History(seed, Install); });
}

}  // namespace
}  // namespace ucaas_sync::sim
