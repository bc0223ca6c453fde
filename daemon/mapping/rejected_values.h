// The values of a source's rejected records: whose key is among them may have another record than those that were read.
// Single-threaded.
#pragma once

#include <cstddef>
#include <string_view>
#include <unordered_set>

#include "daemon/model/hash.h"

namespace ucaas_sync::mapping {

/// Memory is bounded: beyond the bound every value may be one of them.
class RejectedValues {
 public:
  /// `value` as keys are compared: normalised.
  void Add(std::string_view value) {
    if (hashes_.size() < kMost) hashes_.insert(HashOf(value));
  }
  bool MayHold(std::string_view value) const { return hashes_.size() >= kMost || hashes_.contains(HashOf(value)); }
  void Clear() { hashes_.clear(); }

 private:
  static constexpr std::size_t kMost = 1'000'000;

  std::unordered_set<Hash128, Hash128Hasher> hashes_;
};

}  // namespace ucaas_sync::mapping
