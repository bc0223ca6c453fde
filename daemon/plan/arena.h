// Text that lives as long as the plan is made: appended, never moved, freed at once. Single-threaded.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace ucaas_sync::plan {

class Arena {
 public:
  /// Where a text lies: a quarter of what a view takes.
  using Place = std::uint32_t;

  /// A copy of `text` that stays where it is. One that comes again at once, as the key of a person's user and contact
  /// does, is kept once. Throws std::length_error behind 16 GiB, or behind half of that where they are very long.
  Place Keep(std::string_view text) {
    if (!blocks_.empty() && At(last_) == text) return last_;
    const auto size = static_cast<std::uint32_t>(text.size());
    char* const at = Room(sizeof size + text.size());
    std::memcpy(at, &size, sizeof size);
    text.copy(at + sizeof size, text.size());
    return last_;
  }
  /// Valid as long as the arena.
  std::string_view At(Place place) const {
    const char* const at = blocks_[place >> kStepBits].get() + (place & ((1U << kStepBits) - 1)) * kStep;
    std::uint32_t size = 0;
    std::memcpy(&size, at, sizeof size);
    return {at + sizeof size, size};
  }

 private:
  // A place is the number of the block and, in steps of 4, the byte in it.
  static constexpr std::size_t kStep = 4;
  static constexpr std::size_t kStepBits = 16;
  static constexpr std::size_t kBlock = kStep << kStepBits;

  /// For the text at last_.
  char* Room(std::size_t size) {
    if (used_ + size > kBlock || blocks_.empty()) {
      if (blocks_.size() >> (32U - kStepBits) != 0) throw std::length_error("more than 16 GiB of keys");
      blocks_.push_back(std::make_unique<char[]>(std::max(kBlock, size)));
      used_ = 0;
    }
    last_ = static_cast<Place>((blocks_.size() - 1) << kStepBits | used_ / kStep);
    char* const at = blocks_.back().get() + used_;
    used_ += (size + kStep - 1) / kStep * kStep;
    return at;
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t used_ = 0;  // of the last block
  Place last_ = 0;
};

}  // namespace ucaas_sync::plan
