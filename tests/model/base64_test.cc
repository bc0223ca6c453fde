#include "daemon/model/base64.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ucaas_sync {
namespace {

TEST_CASE("base64 gives the vectors of RFC 4648, both ways") {
  const std::vector<std::pair<std::string, std::string>> vectors{{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"},
                                                                 {"\xFB\xEF\xFF", "++//"}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(EncodeBase64(bytes) == text);
    CHECK(DecodeBase64(text) == bytes);
  }
}

TEST_CASE("base64 that is not written exactly is refused, so that one value has one spelling") {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8", "=", "==", "====", "Z===", "Zg==Zg==", "Zm 9v",
                           "Zm9v\n", "Zm9-", "Zm9_", "Zm9\xC3", "Z=9v"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(DecodeBase64(text));
  }
  static constexpr std::string_view kLetters = "AQZgw09+/=";
  std::mt19937 random(64);
  int good = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string text;
    for (std::size_t left = random() % 9; left > 0; --left) text += kLetters[random() % kLetters.size()];
    if (const auto bytes = DecodeBase64(text)) {
      ++good;
      REQUIRE(EncodeBase64(*bytes) == text);
    }
  }
  CHECK(good > 10'000);
}

}  // namespace
}  // namespace ucaas_sync
