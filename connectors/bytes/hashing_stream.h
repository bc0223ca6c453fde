// Passes another stream through and computes the SHA-256 of its bytes on the way: the hash of a source. Owns the
// stream below. Single-threaded; fails as the stream below fails.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "daemon/model/sha256.h"
#include "daemon/model/source.h"

namespace ucaas_sync::bytes {

class HashingStream : public ByteStream {
 public:
  explicit HashingStream(std::unique_ptr<ByteStream> input) : input_(std::move(input)) {}

  std::size_t Read(std::span<char> buffer) override {
    const std::size_t count = input_->Read(buffer);
    sha_.Update({buffer.data(), count});
    return count;
  }
  std::optional<Problem> Finish() override { return input_->Finish(); }
  const std::string& location() const override { return input_->location(); }

  /// Of everything that was read, in lower-case hexadecimal. Once, after the end.
  std::string Hex() { return sha_.Hex(); }

 private:
  std::unique_ptr<ByteStream> input_;
  Sha256 sha_;
};

}  // namespace ucaas_sync::bytes
