// How many operations one durable mark runs ahead: as many as are done in 50 to 100 ms, within bounds. A slow target
// gets small batches, so that a crash leaves little to look up; a fast one large ones, so that the run does not wait
// for the disk all the time. A value; time comes in with each call.
#pragma once

#include <algorithm>
#include <cstdint>

#include "daemon/model/clock.h"

namespace ucaas_sync::apply {

class BatchSize {
 public:
  /// `least`, above 0, is also where it begins; `most` is at least that.
  BatchSize(std::uint32_t least, std::uint32_t most) : least_(least), most_(most), size_(least) {}

  /// A batch begins, as a rule because the one before is used up: its size, which is no more than the `left` that there
  /// are.
  std::uint64_t Begin(Monotonic now, std::uint64_t left) {
    constexpr std::chrono::milliseconds kQuick{50};
    constexpr std::chrono::milliseconds kSlow{200};
    if (was_whole_) {
      const auto took = now - begun_at_;
      if (took < kQuick) size_ = std::min(most_, size_ * 2);
      if (took > kSlow) size_ = std::max(least_, size_ / 2);
    }
    // How long a part of a batch takes says nothing of a whole one.
    was_whole_ = left >= size_;
    begun_at_ = now;
    return std::min<std::uint64_t>(size_, left);
  }

 private:
  std::uint32_t least_;
  std::uint32_t most_;
  std::uint32_t size_;
  // Of the last batch:
  Monotonic begun_at_;
  bool was_whole_ = false;
};

}  // namespace ucaas_sync::apply
