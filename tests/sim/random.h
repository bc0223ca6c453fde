// Numbers that look random and are the same on every machine: a seed is a history. Passed by reference, owned by the
// history; single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ucaas_sync::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 1) {}

  /// splitmix64; the standard's distributions differ between libraries.
  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }
  /// From 0 to `count` - 1; `count` is not 0.
  std::size_t Below(std::size_t count) { return static_cast<std::size_t>(Next() % count); }
  bool Chance(unsigned percent) { return Below(100) < percent; }

  template <typename List>
  auto& Pick(List& list) {
    return list[Below(list.size())];
  }

 private:
  std::uint64_t state_;
};

}  // namespace ucaas_sync::sim
