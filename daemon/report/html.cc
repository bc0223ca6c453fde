#include "daemon/report/html.h"

#include "daemon/model/text.h"

namespace ucaas_sync::report {

std::string EscapeHtml(std::string_view text) {
  std::string out;
  const std::string printable = Printable(text);
  out.reserve(printable.size());
  for (const char c : printable) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace ucaas_sync::report
