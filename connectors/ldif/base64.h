// Strict base64 (RFC 4648) into memory that is already there. daemon/model/text.h has the same for strings; this one is
// for the reader's inner loop, where a value must cost no allocation.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace ucaas_sync::ldif {

/// Decodes `text` to `out`, which has room for 3/4 of its size, and returns how many bytes that made. Nothing when
/// `text` is no base64: padding must be there, unused bits zero, white space is not allowed.
std::optional<std::size_t> DecodeBase64To(std::string_view text, char* out);

}  // namespace ucaas_sync::ldif
