#include "daemon/model/json_text.h"

#include <algorithm>

#include "daemon/model/text.h"

namespace ucaas_sync {
namespace {

bool NeedsEscape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' ||
         c == '\x7F';
}

void AppendEscape(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (c) {
    case '"':
    case '\\':
      out += '\\';
      out += c;
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default: {
      const auto byte = static_cast<unsigned char>(c);
      out += "\\u00";
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 0xFU];
    }
  }
}

}  // namespace

void AppendJsonString(std::string& out, std::string_view utf8) {
  out += '"';
  while (!utf8.empty()) {
    const std::size_t valid = std::min(FindInvalidUtf8(utf8), utf8.size());
    std::string_view good = utf8.substr(0, valid);
    while (!good.empty()) {
      const auto stop = std::find_if(good.begin(), good.end(), NeedsEscape);
      const auto plain = static_cast<std::size_t>(stop - good.begin());
      out.append(good.substr(0, plain));
      if (plain == good.size()) break;
      AppendEscape(out, good[plain]);
      good.remove_prefix(plain + 1);
    }
    utf8.remove_prefix(valid);
    if (utf8.empty()) break;
    out += "\xEF\xBF\xBD";
    utf8.remove_prefix(1);
  }
  out += '"';
}

}  // namespace ucaas_sync
