// Located texts and dates for the tests of mapping.
#pragma once

#include <cstdint>
#include <string>

#include "config/diagnostics.h"
#include "daemon/mapping/dates.h"
#include "daemon/model/time.h"

namespace ucaas_sync::mapping {

inline constexpr std::uint64_t kTextColumn = 11;

/// `value` as if it stood in line 7 from column kTextColumn.
inline config::Text At(std::string value) {
  return {.value = std::move(value), .at = {.file = "config.yaml", .line = 7, .column = kTextColumn}};
}

inline Date Day(const std::string& text) {
  return DateReader().Read(text).value();
}

}  // namespace ucaas_sync::mapping
