// The part of a text that is in memory: what is not yet used of it, and blocks read behind that. Grows with the longest
// record only. Owns its memory, borrows the stream. Single-threaded; what the stream throws goes through.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "daemon/model/source.h"

namespace ucaas_sync::csv {

class BlockBuffer {
 public:
  enum class State {
    kOpen,     ///< There may be more.
    kEnded,    ///< The stream has ended, and all of it is text.
    kNotText,  ///< The byte at end() is NUL or not UTF-8; nothing is read beyond.
  };

  BlockBuffer(ByteStream& stream, std::size_t block_bytes) : stream_(stream), block_bytes_(block_bytes) {}

  /// Reads another block behind end(). begin() is 0 then: positions before the call shrink by what begin() was. False
  /// when nothing was added; state() says why. (True with nothing added is possible: half a character came.)
  bool Fill();

  char* data() { return memory_.get(); }
  const char* data() const { return memory_.get(); }
  std::size_t begin() const { return begin_; }
  /// Bytes before it are text: no NUL, UTF-8.
  std::size_t end() const { return end_; }
  State state() const { return state_; }
  /// Whether the stream has said its last, whatever state() makes of it.
  bool has_read_all() const { return has_read_all_; }
  /// When kNotText: the offending byte, and whether it is only a character that the end of the stream cut.
  char bad_byte() const { return memory_[end_]; }
  bool is_cut_character() const { return is_cut_character_; }
  /// Everything before `position` is used.
  void Consume(std::size_t position) { begin_ = position; }
  std::string_view Text(std::size_t from, std::size_t to) const { return {memory_.get() + from, to - from}; }

 private:
  void MakeRoom();

  ByteStream& stream_;
  std::size_t block_bytes_;
  std::unique_ptr<char[]> memory_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t read_end_ = 0;  // from end_ to here lies a character that is not complete
  State state_ = State::kOpen;
  bool has_read_all_ = false;
  bool is_cut_character_ = false;
};

}  // namespace ucaas_sync::csv
