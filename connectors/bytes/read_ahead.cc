#include "connectors/bytes/read_ahead.h"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <utility>

namespace ucaas_sync::bytes {

ReadAheadStream::ReadAheadStream(std::unique_ptr<ByteStream> input, Extent extent)
    : input_(std::move(input)), extent_(extent) {}

ReadAheadStream::~ReadAheadStream() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_abandoned_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::size_t ReadAheadStream::Read(std::span<char> buffer) {
  if (has_ended_) return 0;
  if (direct_ < extent_.direct_bytes) {
    const std::size_t count = input_->Read(buffer);
    direct_ += count;
    has_ended_ = count == 0;
    return count;
  }
  if (!thread_.joinable()) Start();
  if (used_ == current_.size && !NextBlock()) return 0;
  const std::size_t count = std::min(buffer.size(), current_.size - used_);
  std::memcpy(buffer.data(), current_.bytes.data() + used_, count);
  used_ += count;
  return count;
}

// Signals are for the threads that were there before.
void ReadAheadStream::Start() {
  empty_.resize(extent_.blocks);
  for (Block& block : empty_) block.bytes.resize(extent_.block_bytes);
  sigset_t all{};
  sigset_t before{};
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this] { ReadAhead(); });
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void ReadAheadStream::ReadAhead() {
  std::unique_lock lock(mutex_);
  while (!is_last_in_) {
    changed_.wait(lock, [this] { return is_abandoned_ || !empty_.empty(); });
    if (is_abandoned_) return;
    Block block = std::move(empty_.back());
    empty_.pop_back();
    lock.unlock();
    std::exception_ptr failure;
    try {
      block.size = input_->Read(block.bytes);
    } catch (...) {
      failure = std::current_exception();
      block.size = 0;
    }
    lock.lock();
    failure_ = failure;
    is_last_in_ = block.size == 0;
    if (block.size > 0) full_.push_back(std::move(block));
    changed_.notify_all();
  }
}

bool ReadAheadStream::NextBlock() {
  std::unique_lock lock(mutex_);
  if (!current_.bytes.empty()) {
    empty_.push_back(std::move(current_));
    changed_.notify_all();
  }
  current_ = {};
  used_ = 0;
  changed_.wait(lock, [this] { return is_last_in_ || !full_.empty(); });
  if (!full_.empty()) {
    current_ = std::move(full_.front());
    full_.pop_front();
    return true;
  }
  has_ended_ = true;
  lock.unlock();
  thread_.join();
  if (failure_) std::rethrow_exception(failure_);
  return false;
}

}  // namespace ucaas_sync::bytes
