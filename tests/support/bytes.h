// What is in files, byte for byte.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace ucaas_sync::testing {

/// Whether a file in `folder`, or below it, has `text` somewhere.
inline bool FilesSay(const std::filesystem::path& folder, std::string_view text) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (bytes.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace ucaas_sync::testing
