#include "connectors/ldif/window.h"

#include <algorithm>
#include <cstring>

#include "connectors/bytes/text_check.h"
#include "daemon/model/text.h"

namespace ucaas_sync::ldif {
namespace {

/// For the two bytes of Terminate().
constexpr std::size_t kSlack = 2;
/// Looked through piece by piece, each several times while it lies in the nearest cache.
constexpr std::size_t kPiece = std::size_t{16} << 10;

/// How many bytes at the front are ASCII.
std::size_t AsciiPrefix(std::string_view text) {
  if (IsAscii(text)) return text.size();
  const auto it = std::find_if(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  return static_cast<std::size_t>(it - text.begin());
}

}  // namespace

Window::Window(ByteStream& stream, std::size_t block_size)
    : stream_(stream),
      block_size_(std::max<std::size_t>(block_size, 1)),
      capacity_(2 * block_size_ + kSlack),
      buffer_(std::make_unique_for_overwrite<char[]>(capacity_)),
      scratch_(std::make_unique_for_overwrite<char[]>(capacity_)) {}

bool Window::Fill() {
  if (at_end_) return false;
  if (begin_ != 0) {
    std::memmove(buffer_.get(), begin(), size());
    end_ -= begin_;
    begin_ = 0;
    first_non_ascii_ = AsciiPrefix({buffer_.get(), end_});
  }
  if (capacity_ - kSlack - end_ < block_size_) Grow();
  const std::size_t count = stream_.Read({buffer_.get() + end_, block_size_});
  if (count == 0) {
    at_end_ = true;
    return false;
  }
  bytes_read_ += count;
  ends_with_newline_ = buffer_[end_ + count - 1] == '\n';
  const std::size_t old_end = end_;
  Take(count);
  return end_ != old_end;
}

void Window::Take(std::size_t count) {
  while (count != 0) {
    std::string_view piece(buffer_.get() + end_, std::min(count, kPiece));
    count -= piece.size();
    if (bytes::IsPlainAscii(piece)) {
      if (first_non_ascii_ == end_) first_non_ascii_ += piece.size();
      end_ += piece.size();
      continue;
    }
    if (const std::size_t nul = piece.find('\0'); nul != std::string_view::npos) {
      at_end_ = true;
      stopped_at_nul_ = true;
      count = 0;
      piece = piece.substr(0, nul);
    }
    if (first_non_ascii_ == end_) first_non_ascii_ += AsciiPrefix(piece);
    end_ += piece.size();
  }
}

void Window::Terminate() {
  if (!ends_with_newline_) buffer_[end_++] = '\n';
  buffer_[end_++] = '\n';
  ends_with_newline_ = true;
}

void Window::Grow() {
  // Doubling keeps the copying linear in the size of the record that does not fit.
  const std::size_t capacity = std::max(2 * capacity_, end_ + block_size_ + kSlack);
  auto buffer = std::make_unique_for_overwrite<char[]>(capacity);
  std::memcpy(buffer.get(), buffer_.get(), end_);
  buffer_ = std::move(buffer);
  scratch_ = std::make_unique_for_overwrite<char[]>(capacity);
  capacity_ = capacity;
}

}  // namespace ucaas_sync::ldif
