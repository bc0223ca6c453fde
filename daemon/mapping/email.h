// A sane check of e-mail addresses: strict enough to keep junk out of the account, lenient enough for real ones.
#pragma once

#include <string_view>

namespace ucaas_sync::mapping {

/// Why `address` (UTF-8, trimmed) is no e-mail address, in words that continue a sentence ("nothing after the @");
/// empty when it is one. Accepts non-ASCII letters on both sides; refuses quoted local parts, comments and address
/// literals, which no directory means.
std::string_view WhyNoEmail(std::string_view address);

}  // namespace ucaas_sync::mapping
