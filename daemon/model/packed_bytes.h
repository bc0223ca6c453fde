// Pieces of bytes, appended and read back by place. What is older than the last few MiB lies in a spill file, if there
// is one: a list of a million operations then takes no more memory than one of ten thousand. A copy shares what is
// written already and goes on by itself. Single-threaded, reading too: see Read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/model/spill.h"

namespace ucaas_sync {

class PackedBytes {
 public:
  /// How much may lie in memory before the spill file is made.
  static constexpr std::size_t kInMemory = std::size_t{2} << 20U;

  /// Where a piece lies.
  using Place = std::uint32_t;

  PackedBytes() = default;
  explicit PackedBytes(MakeSpillFile make_spill_file) : make_spill_file_(std::move(make_spill_file)) {}

  const MakeSpillFile& make_spill_file() const { return make_spill_file_; }

  /// Appends `piece`, of less than 4 GiB; answers its place. Throws Failure when there are more places than numbers for
  /// them, which is behind the first 32 GiB or later.
  Place Append(std::string_view piece);
  /// The piece at `place`, as Append answered it. Valid until the next Read or Append when it is not `IsInMemory`.
  /// Throws Failure when the spill file cannot be read.
  std::string_view Read(Place place) const;
  /// Whether the piece at `place` stays where Read found it until the next Append.
  bool IsInMemory(Place place) const;

 private:
  /// One after another; of those that are full some lie in the file.
  struct Chunk {
    std::shared_ptr<const std::string> bytes;  ///< Null: in the file.
    std::uint64_t place_in_file = 0;
    std::uint32_t size = 0;
  };
  /// What was read last from the file: the next piece is most often behind it.
  struct Window {
    std::size_t chunk = 0;
    std::size_t begin = 0;
    std::string bytes;
  };

  void CloseChunk();
  std::optional<std::uint64_t> Spill();
  std::string_view FromFile(Place place) const;
  std::string_view Fetch(Place place, std::size_t at_least) const;

  MakeSpillFile make_spill_file_;
  std::shared_ptr<SpillFile> file_;
  bool is_file_full_ = false;  // or there is none: the rest stays in memory
  std::vector<Chunk> full_;
  std::string open_;  // the chunk that is written
  std::size_t in_memory_ = 0;
  mutable Window window_;
};

}  // namespace ucaas_sync
