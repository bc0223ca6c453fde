// A byte stream over text in memory, handed out in blocks of chosen sizes, with a verdict at the end.
#pragma once

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/model/source.h"

namespace ucaas_sync::tests {

class MemoryStream : public ByteStream {
 public:
  /// `blocks` are used in turn; none: as much as fits.
  explicit MemoryStream(std::string text, std::vector<std::size_t> blocks = {}, std::optional<Problem> verdict = {})
      : text_(std::move(text)), blocks_(std::move(blocks)), verdict_(std::move(verdict)) {}

  std::size_t Read(std::span<char> buffer) override {
    std::size_t count = std::min(buffer.size(), text_.size() - at_);
    if (!blocks_.empty()) count = std::min(count, blocks_[next_block_++ % blocks_.size()]);
    std::memcpy(buffer.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }
  std::optional<Problem> Finish() override { return verdict_; }
  const std::string& location() const override { return location_; }

 private:
  std::string text_;
  std::vector<std::size_t> blocks_;
  std::optional<Problem> verdict_;
  std::string location_ = "people.csv";
  std::size_t at_ = 0;
  std::size_t next_block_ = 0;
};

}  // namespace ucaas_sync::tests
