// Passes another stream through and computes the SHA-256 of its bytes on the way: the hash of a source. Owns the
// stream below. Single-threaded; fails as the stream below fails.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "connectors/bytes/read_ahead.h"
#include "daemon/model/sha256.h"
#include "daemon/model/source.h"

namespace ucaas_sync::bytes {

class HashingStream : public ByteStream {
 public:
  /// `sha` outlives the stream, and is nobody else's while it is read.
  HashingStream(std::unique_ptr<ByteStream> input, Sha256& sha) : input_(std::move(input)), sha_(sha) {}

  std::size_t Read(std::span<char> buffer) override {
    const std::size_t count = input_->Read(buffer);
    sha_.Update({buffer.data(), count});
    return count;
  }
  std::optional<Problem> Finish() override { return input_->Finish(); }
  const std::string& location() const override { return input_->location(); }

 private:
  std::unique_ptr<ByteStream> input_;
  Sha256& sha_;
};

/// `stream` hashed into `sha`, which is complete once the stream has ended. `read_ahead`: see ReadAheadStream.
inline std::unique_ptr<ByteStream> Hashed(std::unique_ptr<ByteStream> stream, Sha256& sha, bool read_ahead) {
  auto hashing = std::make_unique<HashingStream>(std::move(stream), sha);
  if (!read_ahead) return hashing;
  return std::make_unique<ReadAheadStream>(std::move(hashing));
}

}  // namespace ucaas_sync::bytes
