// Lives through histories, one for each seed, and says of those that fail how to replay them. The environment may name
// one to look at: UCAAS_SYNC_SEED=N.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <string_view>

#include "tests/sim/history.h"
#include "tests/sim/seeds.h"

namespace ucaas_sync::sim {

/// `make` makes the history of a seed; `tests` is the pattern that names the test case.
template <typename Make>
void LiveThrough(std::uint64_t first, std::uint64_t count, std::string_view tests, Make&& make) {
  if (const auto seed = NumberIn("UCAAS_SYNC_SEED")) {
    History history = make(*seed);
    const bool holds = history.Live().empty();
    MESSAGE(history.Trace(), "\n", history.installation().Trace());
    CHECK(holds);
    return;
  }
  constexpr int kMostFailures = 3;
  int failures = 0;
  for (std::uint64_t seed = first; seed < first + count && failures < kMostFailures; ++seed) {
    History history = make(seed);
    if (history.Live().empty()) continue;
    ++failures;
    FAIL_CHECK(history.Trace(), "\nreplay it with UCAAS_SYNC_SEED=", seed, " build/sim_tests -tc='", tests,
               "'; the seed is ", seed);
  }
}

}  // namespace ucaas_sync::sim
