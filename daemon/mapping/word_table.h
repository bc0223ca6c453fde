// A word table for the template filter `map:`: words ignoring case, "*" for all others.
// A value; constant and thread-safe after Compile.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/diagnostics.h"

namespace ucaas_sync::mapping {

class WordTable {
 public:
  /// Words that differ only in case must mean the same; else an error at the second.
  static WordTable Compile(const config::TableConfig& table, config::Diagnostics& diagnostics);

  const std::string& name() const { return name_; }
  /// What `word` (trimmed, NFC) means, or nothing when the table has neither it nor "*".
  std::optional<std::string_view> Find(std::string_view word) const;

 private:
  std::string name_;
  std::vector<std::pair<std::string, std::string>> words_;  // by folded word, sorted
  std::optional<std::string> other_;
};

}  // namespace ucaas_sync::mapping
