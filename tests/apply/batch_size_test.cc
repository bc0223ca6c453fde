#include "daemon/apply/batch_size.h"

#include <doctest/doctest.h>

#include <chrono>

namespace ucaas_sync::apply {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kPlenty = 1'000'000;

TEST_CASE("a fast target gets larger batches, up to the most") {
  BatchSize batch(64, 512);
  Monotonic now{};
  CHECK(batch.Begin(now, kPlenty) == 64);
  CHECK(batch.Begin(now += 5ms, kPlenty) == 128);
  CHECK(batch.Begin(now += 10ms, kPlenty) == 256);
  CHECK(batch.Begin(now += 20ms, kPlenty) == 512);
  CHECK(batch.Begin(now += 20ms, kPlenty) == 512);
}

TEST_CASE("a target that becomes slow gets smaller batches again, down to the least") {
  BatchSize batch(64, 512);
  Monotonic now{};
  batch.Begin(now, kPlenty);
  batch.Begin(now += 5ms, kPlenty);
  CHECK(batch.Begin(now += 5ms, kPlenty) == 256);
  CHECK(batch.Begin(now += 50ms, kPlenty) == 256);
  CHECK(batch.Begin(now += 200ms, kPlenty) == 256);
  CHECK(batch.Begin(now += 2s, kPlenty) == 128);
  CHECK(batch.Begin(now += 2s, kPlenty) == 64);
  CHECK(batch.Begin(now += 2s, kPlenty) == 64);
}

TEST_CASE("what is left of a phase is done quickly, and makes no batch larger") {
  BatchSize batch(64, 512);
  Monotonic now{};
  for (int phase = 0; phase < 6; ++phase) CHECK(batch.Begin(now += 1ms, 3) == 3);
  CHECK(batch.Begin(now += 1ms, kPlenty) == 64);
  CHECK(batch.Begin(now += 1s, 63) == 63);
  CHECK(batch.Begin(now += 1ms, kPlenty) == 64);
}

}  // namespace
}  // namespace ucaas_sync::apply
