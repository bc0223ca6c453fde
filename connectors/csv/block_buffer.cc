#include "connectors/csv/block_buffer.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "connectors/bytes/text_check.h"

namespace ucaas_sync::csv {

bool BlockBuffer::Fill() {
  MakeRoom();
  if (state_ != State::kOpen) return false;
  const std::size_t count = stream_.Read(std::span(memory_.get() + read_end_, block_bytes_));
  read_end_ += count;
  const bool is_last = count == 0;
  has_read_all_ = is_last;

  const std::string_view fresh = Text(end_, read_end_);
  const std::size_t cut = is_last ? 0 : bytes::CutCharacter(fresh);
  const std::size_t bad = bytes::FindNotText(fresh.substr(0, fresh.size() - cut));
  if (bad != std::string_view::npos) {
    end_ += bad;
    state_ = State::kNotText;
    is_cut_character_ = is_last && bytes::CutCharacter(fresh) == fresh.size() - bad;
    return bad > 0;
  }
  end_ = read_end_ - cut;
  if (is_last) state_ = State::kEnded;
  return !is_last;
}

void BlockBuffer::MakeRoom() {
  const std::size_t kept = read_end_ - begin_;
  const std::size_t needed = kept + block_bytes_;
  if (needed > capacity_) {
    capacity_ = std::max(needed, 2 * capacity_);
    auto larger = std::make_unique_for_overwrite<char[]>(capacity_);
    if (kept > 0) std::memcpy(larger.get(), memory_.get() + begin_, kept);
    memory_ = std::move(larger);
  } else if (begin_ > 0) {
    std::memmove(memory_.get(), memory_.get() + begin_, kept);
  }
  end_ -= begin_;
  read_end_ -= begin_;
  begin_ = 0;
}

}  // namespace ucaas_sync::csv
