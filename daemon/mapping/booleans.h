// What counts as true and false in a source.
#pragma once

#include <optional>
#include <string_view>

#include "daemon/model/text.h"

namespace ucaas_sync::mapping {

/// true, yes, 1 and false, no, 0, ignoring case; nothing else.
inline std::optional<bool> ParseBoolean(std::string_view text) {
  for (const std::string_view word : {"true", "yes", "1"}) {
    if (EqualsIgnoreAsciiCase(text, word)) return true;
  }
  for (const std::string_view word : {"false", "no", "0"}) {
    if (EqualsIgnoreAsciiCase(text, word)) return false;
  }
  return std::nullopt;
}

}  // namespace ucaas_sync::mapping
