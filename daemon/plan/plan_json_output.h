// A plan's text as RapidJSON writes it: one block of memory that its owner empties now and then. RapidJSON puts a
// string character by character; here it puts what needs no escape at once, since a first plan of a million people has
// 400 MB of such text. Private to writing plans.
#pragma once

#include <rapidjson/writer.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace ucaas_sync::plan {

/// RapidJSON's output stream.
class Output {
 public:
  using Ch = char;

  void Put(char c) {
    Reserve(1);
    PutUnsafe(c);
  }
  void Flush() {}

  /// Room for `count` more characters, for PutUnsafe and PutRun.
  void Reserve(std::size_t count) {
    if (bytes_.size() - used_ < count) bytes_.resize(std::max(used_ + count, 2 * bytes_.size()));
  }
  void PutUnsafe(char c) { bytes_[used_++] = c; }
  void PutRun(std::string_view run) {
    std::memcpy(bytes_.data() + used_, run.data(), run.size());
    used_ += run.size();
  }

  std::string_view text() const { return {bytes_.data(), used_}; }
  void Clear() { used_ = 0; }

 private:
  std::vector<char> bytes_;
  std::size_t used_ = 0;
};

/// The first character of [at, end) that JSON wants escaped; eight at a time while none does.
inline const char* FindEscaped(const char* at, const char* end) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kTops = 0x8080808080808080U;
  // The top bit of a byte is set when the byte is zero; below one that is, it may be set too, which ends the loop as
  // well.
  const auto zeros = [](std::uint64_t word) { return (word - kOnes) & ~word & kTops; };
  for (; end - at >= 8; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    const std::uint64_t below_space = (word - kOnes * 0x20) & ~word & kTops;
    if ((below_space | zeros(word ^ (kOnes * '"')) | zeros(word ^ (kOnes * '\\'))) != 0) break;
  }
  return std::find_if(at, end, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; });
}

}  // namespace ucaas_sync::plan

namespace rapidjson {

template <>
inline void PutReserve(ucaas_sync::plan::Output& output, std::size_t count) {
  output.Reserve(count);
}

template <>
inline void PutUnsafe(ucaas_sync::plan::Output& output, char c) {
  output.PutUnsafe(c);
}

/// Puts what needs no escape; whether something is left of the string, which is then its turn.
template <>
inline bool Writer<ucaas_sync::plan::Output>::ScanWriteUnescapedString(StringStream& in, std::size_t length) {
  const char* const end = in.head_ + length;
  const char* const stop = ucaas_sync::plan::FindEscaped(in.src_, end);
  os_->PutRun({in.src_, static_cast<std::size_t>(stop - in.src_)});
  in.src_ = stop;
  return stop != end;
}

}  // namespace rapidjson
