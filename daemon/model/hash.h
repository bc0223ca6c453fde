// A 128-bit digest that stands for a key, an address or an entity's fields in the narrow tables, so that a million
// people cost bytes, not strings. Two different inputs of one company never meet (chance about 10^-27 for a million).
// Not a security boundary: files and plans are sealed with SHA-256 (sha256.h).
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ucaas_sync {

struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  bool is_zero() const { return high == 0 && low == 0; }
  friend auto operator<=>(const Hash128&, const Hash128&) = default;
};

/// Digest of `bytes`; equal on every machine.
Hash128 HashOf(std::string_view bytes, std::uint64_t seed = 0);

/// For std::unordered_map; the low word is already well mixed.
struct Hash128Hasher {
  std::size_t operator()(const Hash128& hash) const { return hash.low; }
};

}  // namespace ucaas_sync
