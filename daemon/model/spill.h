// Where the plan of a million people puts what it needs again, but not at once: outside of memory. The core does no
// I/O, so whoever runs it brings the place.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace ucaas_sync {

/// Bytes that are appended and read back by their place, gone with the object. Single-threaded.
class SpillFile {
 public:
  SpillFile() = default;
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;
  virtual ~SpillFile() = default;

  /// The place of the first byte, or nothing when there is no room for them: they must stay in memory then.
  virtual std::optional<std::uint64_t> Append(std::string_view bytes) = 0;
  /// Fills `into` from `place` on. Throws Failure when what was appended cannot be read.
  virtual void ReadAt(std::uint64_t place, std::span<char> into) const = 0;
};

/// Makes a file, or answers null where none can be made. Empty: there is none.
using MakeSpillFile = std::function<std::unique_ptr<SpillFile>()>;

}  // namespace ucaas_sync
