// Numbers that look random and are the same on every machine: a seed is a history. Passed by reference, owned by the
// history; single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ucaas_sync::sim {

class Random {
 public:
  /// Each pair is a sequence of its own: `stream` tells apart those who draw beside each other in one history.
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0) : state_(Mixed(Mixed(seed) + stream)) {}

  /// splitmix64; the standard's distributions differ between libraries.
  std::uint64_t Next() { return Mixed(state_ += kStep); }
  /// From 0 to `count` - 1; `count` is not 0.
  std::size_t Below(std::size_t count) { return static_cast<std::size_t>(Next() % count); }
  bool Chance(unsigned percent) { return Below(100) < percent; }

  template <typename List>
  auto& Pick(List& list) {
    return list[Below(list.size())];
  }

 private:
  static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15ULL;

  static constexpr std::uint64_t Mixed(std::uint64_t z) {
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }

  std::uint64_t state_;
};

}  // namespace ucaas_sync::sim
