// A plan file as RapidJSON reads it: in blocks, counted and capped. Borrows the stream. Private to reading plans.
#pragma once

#include <array>
#include <cstdint>
#include <istream>
#include <string>

#include "daemon/model/text.h"

namespace ucaas_sync::plan {

/// What stands in the file beyond its syntax: caught in ReadPlan, where the byte is known.
struct Unfit {
  std::string what;
};

/// RapidJSON's view of a std::istream, counting and capped.
class Input {
 public:
  using Ch = char;

  Input(std::istream& in, std::uint64_t max_bytes) : in_(in), max_bytes_(max_bytes) { Fill(); }

  char Peek() const { return at_ < filled_ ? block_[at_] : '\0'; }
  char Take() {
    const char c = Peek();
    if (at_ < filled_ && ++at_ == filled_) Fill();
    return c;
  }
  bool is_at_end() const { return at_ == filled_; }
  std::size_t Tell() const { return static_cast<std::size_t>(before_ + at_); }
  // Writing belongs to RapidJSON's stream concept only for parsing in place, which we do not.
  void Put(char) {}
  char* PutBegin() { return nullptr; }
  void Flush() {}
  std::size_t PutEnd(char*) { return 0; }

 private:
  void Fill() {
    before_ += filled_;
    at_ = 0;
    in_.read(block_.data(), static_cast<std::streamsize>(block_.size()));
    filled_ = static_cast<std::size_t>(in_.gcount());
    if (before_ + filled_ > max_bytes_) throw Unfit{"it is larger than " + WithThousands(max_bytes_) + " bytes"};
  }

  std::istream& in_;
  const std::uint64_t max_bytes_;
  std::uint64_t before_ = 0;
  std::array<char, 32768> block_{};
  std::size_t filled_ = 0;
  std::size_t at_ = 0;
};

}  // namespace ucaas_sync::plan
