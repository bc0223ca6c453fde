// Base64 as RFC 4648 has it, strictly: one value has one spelling.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ucaas_sync {

/// Nothing when it is not written exactly: no white space, padding as it must be.
std::optional<std::string> DecodeBase64(std::string_view text);
std::string EncodeBase64(std::string_view bytes);

}  // namespace ucaas_sync
