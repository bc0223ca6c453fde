// Escaping for pages: everything that comes from a source or the target goes through here.
#pragma once

#include <string>
#include <string_view>

namespace ucaas_sync::report {

/// `text` for an element's content or a quoted attribute: & < > " ' as references, control characters made visible.
std::string EscapeHtml(std::string_view text);

}  // namespace ucaas_sync::report
