// The part of a byte stream that is in memory: from the beginning of the current block of lines to what was read last.
// Read in large blocks into one buffer that grows only when a single record is larger than it.
// Does not own the stream. Single-threaded. Throws what the stream throws.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "daemon/model/source.h"

namespace ucaas_sync::ldif {

class Window {
 public:
  Window(ByteStream& stream, std::size_t block_size);

  const char* begin() const { return buffer_.get() + begin_; }
  /// One past the last byte that may be looked at. It stops before a NUL byte.
  const char* end() const { return buffer_.get() + end_; }
  /// The bytes from begin() to end().
  std::size_t size() const { return end_ - begin_; }
  /// All bytes up to end() were dealt with up to here: they may be overwritten.
  void Advance(const char* to) { begin_ = static_cast<std::size_t>(to - buffer_.get()); }

  /// Reads on; all pointers are void. False when there is no more (end of stream, or a NUL byte at end()).
  bool Fill();
  /// All before it is ASCII and needs no look at its encoding.
  const char* first_non_ascii() const { return buffer_.get() + first_non_ascii_; }
  bool stopped_at_nul() const { return stopped_at_nul_; }
  /// Whether the last byte that was read is a newline.
  bool ends_with_newline() const { return ends_with_newline_; }
  std::uint64_t bytes_read() const { return bytes_read_; }

  /// At the end: makes the last line end in a newline and an empty line follow, so that each record has its end. The
  /// two bytes do not count as read.
  void Terminate();

  /// Memory that outlasts the current record, with room for size() bytes whatever happens to them: what is unfolded or
  /// decoded is never longer than what it came from. Void after Fill().
  char* scratch() const { return scratch_.get(); }

 private:
  void Grow();
  /// Looks through what was just read behind end().
  void Take(std::size_t count);

  ByteStream& stream_;
  std::size_t block_size_;
  std::size_t capacity_;
  std::unique_ptr<char[]> buffer_;
  std::unique_ptr<char[]> scratch_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t first_non_ascii_ = 0;  // end_ when there is none
  std::uint64_t bytes_read_ = 0;
  bool at_end_ = false;
  bool stopped_at_nul_ = false;
  bool ends_with_newline_ = true;
};

}  // namespace ucaas_sync::ldif
