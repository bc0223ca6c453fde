// Values of the configuration that still know where they stood, and the one sink for what is wrong with them.
// Rooms check their own values (a filter, a template, a route) with the same sink, so that `check` is the same code as
// starting, and every problem is reported at once, at its own column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "daemon/model/problem.h"

namespace ucaas_sync::config {

/// Text from the configuration with the place of its first character. A default has line 0.
struct Text {
  std::string value;
  Location at;
  /// Whether columns inside can be told (one line, and what was written is what is read: no escapes, no ${…}).
  bool columns_known = true;

  bool empty() const { return value.empty(); }
  /// Where byte `offset` of the value stands in the file.
  Location At(std::size_t offset) const;
};

template <typename T>
struct Located {
  T value{};
  Location at;  ///< Line 0: the default, nobody wrote it.
  bool is_set() const { return at.line != 0; }
};

class Diagnostics {
 public:
  void Error(Location at, std::string what, std::string remedy = {});
  void Error(const Text& text, std::size_t offset, std::string what, std::string remedy = {}) {
    Error(text.At(offset), std::move(what), std::move(remedy));
  }
  /// Something legal that is seldom meant.
  void Warning(Location at, std::string what, std::string remedy = {});

  bool ok() const { return errors_.empty(); }
  /// By place in the file.
  std::vector<Problem> errors() const;
  const std::vector<Problem>& warnings() const { return warnings_; }
  /// Every error, one a line, then how many; throws nothing when ok (Failure, exit 78).
  void ThrowIfErrors() const;

 private:
  std::vector<Problem> errors_;
  std::vector<Problem> warnings_;
};

}  // namespace ucaas_sync::config
