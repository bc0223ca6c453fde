// Random histories through the pure core. UCAAS_SYNC_SEED=N replays one and prints it; UCAAS_SYNC_HISTORIES=N says how
// many there are.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>

#include "daemon/model/text.h"
#include "tests/sim/history.h"

namespace ucaas_sync::sim {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t kHistories = 500;
#else
constexpr std::uint64_t kHistories = 10'000;
#endif

std::optional<std::uint64_t> NumberIn(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? std::nullopt : ParseUnsigned(text);
}

TEST_CASE("random histories: nobody by accident, nobody twice, and good days lead to the truth") {
  if (const auto seed = NumberIn("UCAAS_SYNC_SEED")) {
    History history(*seed);
    const bool holds = history.Live().empty();
    MESSAGE(history.Trace());
    CHECK(holds);
    return;
  }
  const std::uint64_t count = NumberIn("UCAAS_SYNC_HISTORIES").value_or(kHistories);
  constexpr int kMostFailures = 3;
  int failures = 0;
  for (std::uint64_t seed = 1; seed <= count && failures < kMostFailures; ++seed) {
    History history(seed);
    if (history.Live().empty()) continue;
    ++failures;
    FAIL_CHECK(history.Trace(), "\nreplay it with UCAAS_SYNC_SEED=", seed, " build/sim_tests");
  }
}

}  // namespace
}  // namespace ucaas_sync::sim
