// Distinguished names (RFC 4514), compared as a directory would.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ucaas_sync {

/// Whether `dn` is a distinguished name as NormalizeDn understands it; cheap, for checking each record's.
bool IsDn(std::string_view dn);

/// A spelling-independent form for comparing: types and values folded, escapes undone and redone in one way, spaces
/// around separators dropped, multi-valued RDNs sorted. Empty when `dn` is not a DN (then it may be a plain key).
std::optional<std::string> NormalizeDn(std::string_view dn);

/// The first value of attribute type `type` (ASCII case ignored), unescaped: the `dn:cn` template filter. Empty when
/// `dn` is not a DN or that value is no UTF-8 text.
std::optional<std::string> FirstOfType(std::string_view dn, std::string_view type);

}  // namespace ucaas_sync
