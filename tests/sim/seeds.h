// Which seeds a test lives through: as many as it says, or as the environment says, or one to look at. Pure but for the
// environment.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>

#include "daemon/model/text.h"

namespace ucaas_sync::sim {

inline std::optional<std::uint64_t> NumberIn(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? std::nullopt : ParseUnsigned(text);
}

}  // namespace ucaas_sync::sim
