#include "daemon/model/text.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace ucaas_sync {
namespace {

bool IsAsciiByteByByte(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

TEST_CASE("one byte beyond ASCII is seen wherever it stands in a text of any length") {
  for (std::size_t length = 0; length <= 200; ++length) {
    std::string text(length, 'a');
    REQUIRE(IsAscii(text));
    for (std::size_t at = 0; at < length; ++at) {
      text[at] = '\x80';
      REQUIRE_FALSE(IsAscii(text));
      // From an odd address too.
      REQUIRE(IsAscii(std::string_view(text).substr(at + 1)));
      REQUIRE(IsAscii(std::string_view(text).substr(0, at)) == IsAsciiByteByByte(std::string_view(text).substr(0, at)));
      text[at] = '\x7F';
      REQUIRE(IsAscii(text));
    }
  }
}

}  // namespace
}  // namespace ucaas_sync
