#include "connectors/bytes/decoding_stream.h"

#include <doctest/doctest.h>

#include <array>

#include "connectors/bytes/hashing_stream.h"
#include "connectors/bytes/text_check.h"
#include "daemon/model/text.h"
#include "tests/connectors/bytes/memory_stream.h"

namespace ucaas_sync::bytes {
namespace {

using tests::MemoryStream;
using std::string_literals::operator""s;

// All that comes out, then "!" and the refusal if there is one; the same for every block size.
std::string Decode(const std::string& input, const std::string& encoding) {
  std::string first;
  for (const std::size_t block : {1U, 2U, 3U, 5U, 1000U}) {
    std::string all;
    try {
      DecodingStream stream(std::make_unique<MemoryStream>(input, std::vector<std::size_t>{block}), encoding);
      std::array<char, 16> buffer{};
      while (const std::size_t count = stream.Read(buffer)) all.append(buffer.data(), count);
    } catch (const SourceFailure& failure) {
      all += "!"s + failure.what();
    }
    if (block == 1) first = all;
    CHECK(all == first);
  }
  return first;
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("UTF-8 passes through, without its byte-order mark") {
  CHECK(Decode("a,b\n", "") == "a,b\n");
  CHECK(Decode("\xEF\xBB\xBFM\xC3\xBCller and a longer line\n", "utf-8") == "M\xC3\xBCller and a longer line\n");
  CHECK(Decode("", "").empty());
  CHECK(Decode("\xEF\xBB", "") == "\xEF\xBB");
}

TEST_CASE("UTF-16 is known by its byte-order mark, in both orders") {
  CHECK(Decode("\xFF\xFEM\0\xFC\0\n\0"s, "") == "M\xC3\xBC\n");
  CHECK(Decode("\xFE\xFF\0M\0\xFC\0\n"s, "utf-16") == "M\xC3\xBC\n");
  CHECK(Decode("\xFF\xFE\x3D\xD8\x00\xDE"s, "") == "\xF0\x9F\x98\x80");
  CHECK(Decode("\xFF\xFEx\0"s, "utf-16le") == "x");
}

TEST_CASE("UTF-16 without a mark is not guessed") {
  CHECK(Has(Decode("a\0b\0"s, "utf-16"), "nothing tells which UTF-16"));
  CHECK(Decode("a\0b\0"s, "utf-16le") == "ab");
}

TEST_CASE("a byte-order mark that contradicts the configured encoding is refused") {
  CHECK(Has(Decode("\xEF\xBB\xBF"
                   "abc",
                   "windows-1252"),
            "byte-order mark of UTF-8"));
  CHECK(Has(Decode("\xFF\xFE"
                   "abc",
                   "windows-1252"),
            "byte-order mark of UTF-16LE"));
  CHECK(Has(Decode("\xFE\xFF"
                   "abc",
                   "utf-16le"),
            "byte-order mark of UTF-16BE"));
}

TEST_CASE("a byte that the encoding lacks ends the reading at its line, after all before it") {
  CHECK(Decode("M\xFCller \x80\n", "windows-1252") == "M\xC3\xBCller \xE2\x82\xAC\n");
  const std::string result = Decode("one\r\ntwo\nbad \x81 byte", "windows-1252");
  CHECK(result.starts_with("one\r\ntwo\nbad !people.csv:3: byte 0x81 at offset 13 is not windows-1252"));
  CHECK(Has(Decode("\xFF\xFE"
                   "a\0\x3D"s,
                   ""),
            "ends inside a character"));
}

TEST_CASE("an unknown encoding is refused, and so is one that would transliterate") {
  CHECK(Has(Decode("x", "windows-1525"), "\"windows-1525\" is not known"));
  CHECK_FALSE(IsKnownEncoding("ascii//TRANSLIT"));
  CHECK(IsKnownEncoding("iso-8859-15"));
}

TEST_CASE("the hash is that of the bytes as they came, whatever the blocks") {
  Sha256 hash;
  HashingStream stream(std::make_unique<MemoryStream>("abc", std::vector<std::size_t>{1}), hash);
  std::array<char, 16> buffer{};
  while (stream.Read(buffer) > 0) {
  }
  CHECK(hash.Hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("the fast text check finds the same byte as the plain one, wherever it stands") {
  const std::string clean = [] {
    std::string text;
    for (int i = 0; i < 40; ++i) text += i % 7 == 0 ? "M\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80" : "plain ascii";
    return text;
  }();
  CHECK(FindNotText(clean) == std::string_view::npos);
  for (std::size_t at = 0; at < clean.size(); ++at) {
    for (const char bad : {'\0', '\x80', '\xFF', '\xC3'}) {
      std::string text = clean;
      text[at] = bad;
      CHECK(FindNotText(text) == std::min(FindInvalidUtf8(text), text.find('\0')));
    }
  }
}

TEST_CASE("text is plain ASCII until one byte of it is NUL or beyond") {
  for (const std::size_t size : {0U, 1U, 63U, 64U, 65U, 200U}) {
    std::string text(size, 'a');
    CHECK(IsPlainAscii(text));
    for (std::size_t at = 0; at < size; ++at) {
      for (const char bad : {'\0', '\x80', '\xFF'}) {
        text[at] = bad;
        REQUIRE_FALSE(IsPlainAscii(text));
      }
      text[at] = '\x7F';
      REQUIRE(IsPlainAscii(text));
    }
  }
}

TEST_CASE("a character that a block cuts is told from one that is broken") {
  CHECK(CutCharacter("abc") == 0);
  CHECK(CutCharacter("a\xC3") == 1);
  CHECK(CutCharacter("a\xE2\x82") == 2);
  CHECK(CutCharacter("a\xF0\x9F\x98") == 3);
  CHECK(CutCharacter("a\xE2\x82\xAC") == 0);
  CHECK(CutCharacter("\x80\x80\x80\x80") == 0);
}

}  // namespace ucaas_sync::bytes
