// Turns the bytes of another stream into UTF-8 without a byte-order mark. The encoding is told by the configuration or
// by a byte-order mark, never guessed, and nothing is replaced or transliterated: the first byte that does not fit
// throws SourceFailure with its line and offset, after everything before it has been handed out. Single-threaded; owns
// the stream below.
//
// UTF-8 passes through uncopied and unchecked (text_check.h is for that).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/source.h"

namespace ucaas_sync::bytes {

/// True if `encoding` is a name that this system can read.
bool IsKnownEncoding(const std::string& encoding);

class DecodingStream : public ByteStream {
 public:
  /// `encoding` is an iconv name; empty, "utf-8" and "utf8" mean UTF-8, or UTF-16 by its byte-order mark. "utf-16"
  /// needs the mark. Throws SourceFailure for a name that is not known.
  DecodingStream(std::unique_ptr<ByteStream> input, std::string encoding);
  ~DecodingStream() override;

  /// Buffers under 16 bytes are refused (std::invalid_argument): a character must fit.
  std::size_t Read(std::span<char> buffer) override;
  std::optional<Problem> Finish() override;
  const std::string& location() const override { return input_->location(); }

 private:
  friend bool IsKnownEncoding(const std::string& encoding);
  class Converter;
  void Begin();
  std::size_t PassThrough(std::span<char> buffer);
  std::size_t Convert(std::span<char> buffer);
  void FillPending();
  void CountLinesOf(std::string_view text);
  static bool CanConvert(const std::string& encoding);

  std::unique_ptr<ByteStream> input_;
  std::string encoding_;
  std::unique_ptr<Converter> converter_;  // none: UTF-8 passes through
  std::vector<char> pending_;             // read and not yet handed out
  std::size_t pending_begin_ = 0;
  std::size_t pending_end_ = 0;
  bool begun_ = false;
  bool has_begun_text_ = false;  // something was handed out: a byte-order mark is now a character
  bool input_ended_ = false;
  std::uint64_t offset_ = 0;  // of pending_begin_ in the input
  std::uint64_t line_ = 1;    // of the next character
  bool after_cr_ = false;
};

}  // namespace ucaas_sync::bytes
