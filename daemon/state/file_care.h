// The state's file over the years: whether it is whole, and whether it is much larger than what is in it. On
// connections of their own, so that whoever has the state open is not disturbed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace ucaas_sync::state {

/// Reads the whole file in `state_dir` once. Throws StateFailure, with what is wrong and the ways out, when its pages
/// do not fit together or cannot be read. No state yet is no damage.
void RequireSound(const std::filesystem::path& state_dir);

struct Compacted {
  std::uint64_t before = 0;  ///< Bytes.
  std::uint64_t after = 0;
};

/// Rewrites the file without the pages that nothing uses any more, when they are at least half of it and at least
/// `least` bytes: less is used again by what comes. Nothing when it is not worthwhile. Wants as much room again as the
/// file has, for a moment. The run lock must be held. Throws StateFailure, and the state is as before.
constexpr std::uint64_t kWorthwhile = 16U << 20U;
std::optional<Compacted> Compact(const std::filesystem::path& state_dir, std::uint64_t least = kWorthwhile);

}  // namespace ucaas_sync::state
