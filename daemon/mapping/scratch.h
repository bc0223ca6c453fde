// Memory for the texts made while one record is mapped: given out piece by piece, taken back all at once.
// Views of it stay valid until Reset(). Single-threaded.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace ucaas_sync::mapping {

class Scratch {
 public:
  /// `size` bytes, not initialised.
  char* Allocate(std::size_t size) {
    if (size > kBlockSize - used_ || blocks_.empty()) return AllocateSlowly(size);
    char* const bytes = blocks_[current_].get() + used_;
    used_ += size;
    return bytes;
  }
  /// A copy of `text` that stays.
  std::string_view Keep(std::string_view text);
  /// Takes everything back; keeps the usual blocks for the next record.
  void Reset();

 private:
  static constexpr std::size_t kBlockSize = std::size_t{64} << 10;
  char* AllocateSlowly(std::size_t size);

  std::vector<std::unique_ptr<char[]>> blocks_;  // of kBlockSize
  std::vector<std::unique_ptr<char[]>> large_;
  std::size_t current_ = 0;
  std::size_t used_ = 0;
};

}  // namespace ucaas_sync::mapping
