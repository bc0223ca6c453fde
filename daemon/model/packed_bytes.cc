#include "daemon/model/packed_bytes.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace ucaas_sync {
namespace {

// A place is the number of the chunk and the byte in it. A piece never lies in two chunks, and begins with its length
// in four bytes of this machine: nothing of this leaves the process.
constexpr std::size_t kChunk = std::size_t{1} << 20U;
constexpr std::size_t kAhead = std::size_t{16} << 10U;  // read at once when pieces are asked for in turn …
constexpr std::size_t kOne = std::size_t{1} << 10U;     // … and when they are not
constexpr std::size_t kLength = sizeof(std::uint32_t);

std::size_t ChunkOf(std::uint64_t place) {
  return place >> 32U;
}

std::size_t ByteOf(std::uint64_t place) {
  return place & 0xFFFFFFFFU;
}

std::size_t LengthAt(const char* bytes) {
  std::uint32_t length = 0;
  std::memcpy(&length, bytes, kLength);
  return length;
}

}  // namespace

std::uint64_t PackedBytes::Append(std::string_view piece) {
  if (!open_.empty() && open_.size() + kLength + piece.size() > kChunk) CloseChunk();
  if (open_.empty()) open_.reserve(std::max(kChunk, kLength + piece.size()));
  const std::uint64_t place = std::uint64_t{full_.size()} << 32U | open_.size();
  const auto length = static_cast<std::uint32_t>(piece.size());
  char bytes[kLength];
  std::memcpy(bytes, &length, kLength);
  open_.append(bytes, kLength).append(piece);
  return place;
}

void PackedBytes::CloseChunk() {
  const auto size = static_cast<std::uint32_t>(open_.size());
  if (const std::optional<std::uint64_t> place = Spill()) {
    full_.push_back({.bytes = nullptr, .place_in_file = *place, .size = size});
    open_.clear();
  } else {
    const auto bytes = std::make_shared<std::string>();
    full_.push_back({.bytes = bytes, .place_in_file = 0, .size = size});
    bytes->swap(open_);
    in_memory_ += size;
  }
}

/// Where the open chunk lies in the file; nothing when it has to stay in memory.
std::optional<std::uint64_t> PackedBytes::Spill() {
  if (in_memory_ < kInMemory || !make_spill_file_ || is_file_full_) return std::nullopt;
  if (!file_) file_ = make_spill_file_();
  const std::optional<std::uint64_t> place = file_ ? file_->Append(open_) : std::nullopt;
  is_file_full_ = !place;
  return place;
}

bool PackedBytes::IsInMemory(std::uint64_t place) const {
  return ChunkOf(place) == full_.size() || full_[ChunkOf(place)].bytes != nullptr;
}

std::string_view PackedBytes::Read(std::uint64_t place) const {
  if (!IsInMemory(place)) return FromFile(place);
  const std::string& chunk = ChunkOf(place) == full_.size() ? open_ : *full_[ChunkOf(place)].bytes;
  const char* const at = chunk.data() + ByteOf(place);
  return {at + kLength, LengthAt(at)};
}

std::string_view PackedBytes::FromFile(std::uint64_t place) const {
  const std::size_t length = LengthAt(Fetch(place, kLength).data());
  return Fetch(place, kLength + length).substr(kLength, length);
}

/// The bytes of the file's chunk from `place` on, `at_least` of them or more.
std::string_view PackedBytes::Fetch(std::uint64_t place, std::size_t at_least) const {
  const std::uint64_t window_end = window_.begin + window_.bytes.size();
  const bool is_in_window = place >= window_.begin && place + at_least <= window_end;
  if (!is_in_window) {
    const Chunk& chunk = full_[ChunkOf(place)];
    // The next piece, or the one whose beginning was the last that was read.
    const bool is_in_turn = ByteOf(place) == 0 || (place >= window_.begin && place <= window_end);
    const std::size_t size = std::min(std::max(at_least, is_in_turn ? kAhead : kOne), chunk.size - ByteOf(place));
    std::string bytes = std::exchange(window_.bytes, {});
    bytes.resize(size);
    file_->ReadAt(chunk.place_in_file + ByteOf(place), bytes);
    window_ = {.begin = place, .bytes = std::move(bytes)};
  }
  return std::string_view(window_.bytes).substr(place - window_.begin);
}

}  // namespace ucaas_sync
