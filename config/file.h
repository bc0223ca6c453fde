// Reads a small file whole, with what its permissions say. For the configuration and its secret files only: sources are
// streamed. Failures are values.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <variant>

namespace ucaas_sync::config {

struct SmallFile {
  std::string bytes;
  mode_t mode = 0;  ///< Permission bits, of the open file and so of these bytes.
};

/// Why it could not be read: "cannot be read: Permission denied".
struct Unreadable {
  std::string why;
};

/// Reads `path`, a regular file or a pipe (a shell's <(…)), of at most `limit` bytes.
std::variant<SmallFile, Unreadable> ReadSmallFile(const std::filesystem::path& path, std::size_t limit);

}  // namespace ucaas_sync::config
