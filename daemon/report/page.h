// What all pages of the service have in common: the head with the style sheet beside it, and the foot.
#pragma once

#include <string>
#include <string_view>

namespace ucaas_sync::report {

/// Up to and with the opening of the page's content. `title` is escaped here.
std::string PageHead(std::string_view title);
std::string PageFoot();

}  // namespace ucaas_sync::report
