// Spill files that lie in memory, so that tests can count them, fill them up and break them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "daemon/model/problem.h"
#include "daemon/model/spill.h"

namespace ucaas_sync::testing {

/// Outlives the files that it makes.
class SpillInMemory {
 public:
  std::size_t room = std::numeric_limits<std::size_t>::max();  ///< In all files together.
  bool is_broken = false;                                      ///< Nothing can be read.

  MakeSpillFile maker() {
    return [this] {
      ++files_;
      return std::make_unique<File>(*this);
    };
  }
  std::size_t files() const { return files_; }
  /// Bytes in all files.
  std::size_t size() const { return size_; }

 private:
  class File : public SpillFile {
   public:
    explicit File(SpillInMemory& owner) : owner_(owner) {}
    std::optional<std::uint64_t> Append(std::string_view bytes) override {
      if (owner_.size_ + bytes.size() > owner_.room) return std::nullopt;
      owner_.size_ += bytes.size();
      const std::uint64_t place = bytes_.size();
      bytes_ += bytes;
      return place;
    }
    void ReadAt(std::uint64_t place, std::span<char> into) const override {
      if (owner_.is_broken) throw Failure(ExitCode::kError, "the spill file cannot be read");
      std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(place), into.size(), into.begin());
    }

   private:
    SpillInMemory& owner_;
    std::string bytes_;
  };

  std::size_t files_ = 0;
  std::size_t size_ = 0;
};

}  // namespace ucaas_sync::testing
