// What is hashed of a record, written so that no two different ones give the same bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace ucaas_sync::mapping {

inline void PutNumber(std::uint64_t number, std::string& out) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  out.append(bytes, sizeof number);
}

inline void PutText(std::string_view text, std::string& out) {
  PutNumber(text.size(), out);
  out += text;
}

}  // namespace ucaas_sync::mapping
