// Random histories through the pure core. UCAAS_SYNC_SEED=N replays one and prints it; UCAAS_SYNC_HISTORIES=N says how
// many there are.
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "tests/sim/history.h"
#include "tests/sim/machine.h"
#include "tests/sim/seeds.h"

namespace ucaas_sync::sim {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t kHistories = 500;
#else
constexpr std::uint64_t kHistories = 10'000;
#endif

std::unique_ptr<Installation> Install(const Settings& settings, Instant start) {
  return std::make_unique<Machine>(settings, start);
}

TEST_CASE("random histories: nobody by accident, nobody twice, and good days lead to the truth") {
  if (const auto seed = NumberIn("UCAAS_SYNC_SEED")) {
    History history(*seed, Install);
    const bool holds = history.Live().empty();
    MESSAGE(history.Trace());
    CHECK(holds);
    return;
  }
  const std::uint64_t count = NumberIn("UCAAS_SYNC_HISTORIES").value_or(kHistories);
  constexpr int kMostFailures = 3;
  int failures = 0;
  for (std::uint64_t seed = 1; seed <= count && failures < kMostFailures; ++seed) {
    History history(seed, Install);
    if (history.Live().empty()) continue;
    ++failures;
    FAIL_CHECK(history.Trace(), "\nreplay it with UCAAS_SYNC_SEED=", seed,
               " build/sim_tests -tc='random histories*'; the seed is ", seed);
  }
}

}  // namespace
}  // namespace ucaas_sync::sim
