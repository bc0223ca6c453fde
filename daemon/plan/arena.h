// Text that lives as long as the plan is made: appended, never moved, freed at once. Single-threaded.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace ucaas_sync::plan {

class Arena {
 public:
  /// A copy of `text` that stays where it is.
  std::string_view Copy(std::string_view text) {
    if (text.empty()) return {};
    char* place = Room(text.size());
    std::memcpy(place, text.data(), text.size());
    return {place, text.size()};
  }

 private:
  static constexpr std::size_t kBlock = std::size_t{256} * 1024;

  char* Room(std::size_t size) {
    if (size > left_) {
      const std::size_t block = std::max(kBlock, size);
      blocks_.push_back(std::make_unique<char[]>(block));
      next_ = blocks_.back().get();
      left_ = block;
    }
    char* place = next_;
    next_ += size;
    left_ -= size;
    return place;
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace ucaas_sync::plan
