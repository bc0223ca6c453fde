#include "connectors/ldif/base64.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "daemon/model/base64.h"

namespace ucaas_sync::ldif {
namespace {

std::optional<std::string> Decode(std::string_view text) {
  std::string out(text.size(), '\0');
  const auto size = DecodeBase64To(text, out.data());
  if (!size) return std::nullopt;
  out.resize(*size);
  return out;
}

}  // namespace

TEST_CASE("what was encoded is decoded, also onto itself") {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random() % 70, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    std::string text = EncodeBase64(bytes);
    CHECK(Decode(text) == bytes);
    const auto size = DecodeBase64To(text, text.data());
    REQUIRE(size == bytes.size());
    CHECK(text.substr(0, *size) == bytes);
  }
}

TEST_CASE("what is not exactly base64 is refused") {
  for (const char* text : {"Y", "YQ", "YQ=", "YQ===", "Y===", "====", "=YQ=", "YQ==YQ==", "YR==", "YWJ=", "YW J",
                           "YW\tJj", "YWJj\n", "YW-_", "Y\xC3\xBCJ", "YWJjYW*j"}) {
    CAPTURE(text);
    CHECK(!Decode(text));
  }
}

}  // namespace ucaas_sync::ldif
