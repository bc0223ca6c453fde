#include "daemon/model/packed_bytes.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "daemon/model/problem.h"

namespace ucaas_sync {
namespace {

// A place is the number of the chunk and, in steps of 16, the byte in it: half of what a list of places would take
// otherwise. A piece never lies in two chunks, and begins with its length in four bytes of this machine: nothing of
// this leaves the process.
constexpr std::size_t kChunk = std::size_t{1} << 20U;
constexpr std::size_t kStep = 16;
constexpr std::size_t kStepBits = 16;  // they tell the steps of a chunk apart
constexpr std::size_t kMostChunks = std::size_t{1} << (32U - kStepBits);
static_assert(kChunk == kStep << kStepBits);
constexpr std::size_t kAhead = std::size_t{16} << 10U;  // read at once when pieces are asked for in turn …
constexpr std::size_t kOne = std::size_t{1} << 10U;     // … and when they are not
constexpr std::size_t kLength = sizeof(std::uint32_t);

std::size_t ChunkOf(PackedBytes::Place place) {
  return place >> kStepBits;
}

std::size_t ByteOf(PackedBytes::Place place) {
  return (place & ((1U << kStepBits) - 1)) * kStep;
}

std::size_t ToStep(std::size_t size) {
  return (size + kStep - 1) / kStep * kStep;
}

std::size_t LengthAt(const char* bytes) {
  std::uint32_t length = 0;
  std::memcpy(&length, bytes, kLength);
  return length;
}

}  // namespace

PackedBytes::Place PackedBytes::Append(std::string_view piece) {
  if (!open_.empty() && open_.size() + kLength + piece.size() > kChunk) CloseChunk();
  if (full_.size() == kMostChunks) {
    throw Failure(ExitCode::kError,
                  "the changes of this run take more than 32 GiB, and nothing was sent; a `scope` in the rules "
                  "takes a part of the people at a time: whoever is outside it is neither changed nor missed");
  }
  if (open_.empty()) open_.reserve(std::max(kChunk, ToStep(kLength + piece.size())));
  const auto place = static_cast<Place>(full_.size() << kStepBits | open_.size() / kStep);
  const auto length = static_cast<std::uint32_t>(piece.size());
  char bytes[kLength];
  std::memcpy(bytes, &length, kLength);
  open_.append(bytes, kLength).append(piece);
  open_.resize(ToStep(open_.size()));
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

bool PackedBytes::IsInMemory(Place place) const {
  return ChunkOf(place) == full_.size() || full_[ChunkOf(place)].bytes != nullptr;
}

std::string_view PackedBytes::Read(Place place) const {
  if (!IsInMemory(place)) return FromFile(place);
  const std::string& chunk = ChunkOf(place) == full_.size() ? open_ : *full_[ChunkOf(place)].bytes;
  const char* const at = chunk.data() + ByteOf(place);
  return {at + kLength, LengthAt(at)};
}

std::string_view PackedBytes::FromFile(Place place) const {
  const std::size_t length = LengthAt(Fetch(place, kLength).data());
  return Fetch(place, kLength + length).substr(kLength, length);
}

/// The bytes of the file's chunk from `place` on, `at_least` of them or more.
std::string_view PackedBytes::Fetch(Place place, std::size_t at_least) const {
  const std::size_t byte = ByteOf(place);
  const std::size_t window_end = window_.begin + window_.bytes.size();
  const bool is_behind_begin = window_.chunk == ChunkOf(place) && byte >= window_.begin;
  if (!is_behind_begin || byte + at_least > window_end) {
    const Chunk& chunk = full_[ChunkOf(place)];
    // The next piece, or the one whose beginning was the last that was read.
    const bool is_in_turn = byte == 0 || (is_behind_begin && byte < window_end + kStep);
    const std::size_t size = std::min(std::max(at_least, is_in_turn ? kAhead : kOne), chunk.size - byte);
    std::string bytes = std::exchange(window_.bytes, {});
    bytes.resize(size);
    file_->ReadAt(chunk.place_in_file + byte, bytes);
    window_ = {.chunk = ChunkOf(place), .begin = byte, .bytes = std::move(bytes)};
  }
  return std::string_view(window_.bytes).substr(byte - window_.begin);
}

}  // namespace ucaas_sync
