#include "daemon/model/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ucaas_sync {

Hash128 HashOf(std::string_view bytes, std::uint64_t seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
  return {.high = hash.high64, .low = hash.low64};
}

}  // namespace ucaas_sync
