// Large tables: like any other vector, but for where they lie.
#include "daemon/model/large_pages.h"

#include <doctest/doctest.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <numeric>
#include <utility>

namespace ucaas_sync {
namespace {

TEST_CASE("a vector in large pages grows, shrinks and copies as any other does, small or large") {
  for (const std::size_t size : {std::size_t{10}, std::size_t{1'000'000}}) {
    LargeVector<std::uint64_t> numbers;
    for (std::size_t i = 0; i < size; ++i) numbers.push_back(i);
    LargeVector<std::uint64_t> copy = numbers;
    numbers.clear();
    numbers.shrink_to_fit();
    CHECK(std::accumulate(copy.begin(), copy.end(), std::uint64_t{0}) == size * (size - 1) / 2);
    numbers = std::move(copy);
    CHECK(numbers.size() == size);
  }
}

TEST_CASE("what fills a large page begins at one") {
  LargeVector<char> bytes(std::size_t{3} << 20U);
  CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % (std::size_t{2} << 20U) == 0);
}

TEST_CASE("what filled large pages is given back at once") {
  constexpr std::size_t kBytes = std::size_t{5} << 20U;
  char* const memory = static_cast<char*>(TakeLargePages(kBytes));
  memory[0] = memory[kBytes - 1] = 'x';
  unsigned char is_there = 0;
  CHECK(::mincore(memory, 1, &is_there) == 0);
  GiveBackLargePages(memory, kBytes);
  CHECK(::mincore(memory, 1, &is_there) != 0);
  CHECK(errno == ENOMEM);
}

}  // namespace
}  // namespace ucaas_sync
