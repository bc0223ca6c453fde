// Reads a long stream ahead on a thread of its own, so that what is done below (the kernel's copy, hashing) costs
// whoever reads the records no time where there is a second core. What comes out is what the stream below gives, byte
// for byte. For a stream that nobody waits for endlessly: the destructor waits for the read that is under way.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "daemon/model/source.h"

namespace ucaas_sync::bytes {

/// Used by one thread, like any stream. What the stream below throws is thrown behind the bytes that came before it.
class ReadAheadStream : public ByteStream {
 public:
  struct Extent {
    std::size_t block_bytes = std::size_t{1} << 20U;
    std::size_t blocks = 4;                            ///< As many are read ahead at most.
    std::size_t direct_bytes = std::size_t{4} << 20U;  ///< A stream that ends before needs no thread and gets none.
  };

  explicit ReadAheadStream(std::unique_ptr<ByteStream> input) : ReadAheadStream(std::move(input), Extent()) {}
  ReadAheadStream(std::unique_ptr<ByteStream> input, Extent extent);
  ~ReadAheadStream() override;
  ReadAheadStream(const ReadAheadStream&) = delete;
  ReadAheadStream& operator=(const ReadAheadStream&) = delete;

  /// Up to what is left of one block.
  std::size_t Read(std::span<char> buffer) override;
  /// Once Read has returned 0; the thread has ended then.
  std::optional<Problem> Finish() override { return input_->Finish(); }
  const std::string& location() const override { return input_->location(); }

 private:
  struct Block {
    std::vector<char> bytes;
    std::size_t size = 0;
  };

  void Start();
  void ReadAhead();
  bool NextBlock();

  std::unique_ptr<ByteStream> input_;  // the thread's alone while there is one
  Extent extent_;
  std::size_t direct_ = 0;  // bytes that were read without the thread
  Block current_;
  std::size_t used_ = 0;  // of current_
  bool has_ended_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Block> full_;
  std::vector<Block> empty_;
  bool is_last_in_ = false;  // no block comes behind those in full_
  bool is_abandoned_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace ucaas_sync::bytes
