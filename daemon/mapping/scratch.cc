#include "daemon/mapping/scratch.h"

#include <cstring>

namespace ucaas_sync::mapping {

char* Scratch::AllocateSlowly(std::size_t size) {
  if (size > kBlockSize / 2) {
    large_.push_back(std::make_unique_for_overwrite<char[]>(size));
    return large_.back().get();
  }
  if (!blocks_.empty()) ++current_;
  if (current_ == blocks_.size()) blocks_.push_back(std::make_unique_for_overwrite<char[]>(kBlockSize));
  used_ = size;
  return blocks_[current_].get();
}

std::string_view Scratch::Keep(std::string_view text) {
  if (text.empty()) return {};
  char* const bytes = Allocate(text.size());
  std::memcpy(bytes, text.data(), text.size());
  return {bytes, text.size()};
}

void Scratch::Reset() {
  large_.clear();
  current_ = 0;
  used_ = 0;
}

}  // namespace ucaas_sync::mapping
