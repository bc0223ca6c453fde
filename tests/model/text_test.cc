// Text as it comes from anybody: trimming, UTF-8, what a terminal may be shown, and near words.
#include "daemon/model/text.h"

#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace ucaas_sync {
namespace {

/// What RFC 3629 says, a code point at a time: the obvious way.
std::size_t PlainFindInvalidUtf8(const std::string& text) {
  const auto byte = [&text](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
  for (std::size_t at = 0; at < text.size();) {
    const std::uint32_t lead = byte(at);
    std::size_t length = 1;
    std::uint32_t code_point = lead;
    std::uint32_t least = 0;
    if (lead >= 0x80) {
      if (lead >= 0xC0 && lead < 0xE0) {
        length = 2;
        least = 0x80;
        code_point = lead & 0x1FU;
      } else if (lead >= 0xE0 && lead < 0xF0) {
        length = 3;
        least = 0x800;
        code_point = lead & 0x0FU;
      } else if (lead >= 0xF0 && lead < 0xF8) {
        length = 4;
        least = 0x10000;
        code_point = lead & 0x07U;
      } else {
        return at;
      }
    }
    for (std::size_t i = 1; i < length; ++i) {
      if ((byte(at + i) & 0xC0U) != 0x80U) return at;
      code_point = (code_point << 6U) | (byte(at + i) & 0x3FU);
    }
    if (code_point < least || code_point > 0x10FFFF || (code_point >= 0xD800 && code_point < 0xE000)) return at;
    at += length;
  }
  return std::string::npos;
}

TEST_CASE("trimming takes white space of spreadsheets too, and nothing from the middle") {
  CHECK(Trim("  a b\t\r\n\v\f") == "a b");
  CHECK(Trim("\xC2\xA0\xEF\xBB\xBF a\xC2\xA0"
             "b \xC2\xA0\xEF\xBB\xBF") ==
        "a\xC2\xA0"
        "b");
  CHECK(Trim(" \t\xC2\xA0 ").empty());
  CHECK(Trim("").empty());
  // The no-break space is two bytes: its second alone, or after another first, is a letter's.
  CHECK(Trim("\xC3\xA0") == "\xC3\xA0");
  CHECK(Trim("\xA0") == "\xA0");
  CHECK(Trim("\xC2") == "\xC2");
  CHECK(Trim(std::string_view("\0a\0", 3)) == std::string_view("\0a\0", 3));
}

TEST_CASE("the first byte that is not UTF-8 is found, at every edge of the encoding") {
  struct Case {
    std::string text;
    std::size_t at;
  };
  constexpr std::size_t kNone = std::string_view::npos;
  const Case cases[] = {
      {"", kNone},
      {"plain", kNone},
      {std::string("\0", 1), kNone},
      {"\xC2\x80", kNone},          // U+0080, the least of two bytes
      {"\xDF\xBF", kNone},          // U+07FF
      {"\xE0\xA0\x80", kNone},      // U+0800
      {"\xED\x9F\xBF", kNone},      // U+D7FF, the last before the surrogates
      {"\xEE\x80\x80", kNone},      // U+E000, the first after them
      {"\xEF\xBF\xBF", kNone},      // U+FFFF, a non-character and yet UTF-8
      {"\xF0\x90\x80\x80", kNone},  // U+10000
      {"\xF4\x8F\xBF\xBF", kNone},  // U+10FFFF
      {"\x80", 0},
      {"\xBF", 0},
      {"a\xC0\x80", 1},         // overlong NUL
      {"\xC1\xBF", 0},          // overlong DEL
      {"\xE0\x9F\xBF", 0},      // overlong U+07FF
      {"\xED\xA0\x80", 0},      // U+D800
      {"\xED\xBF\xBF", 0},      // U+DFFF
      {"\xF0\x8F\xBF\xBF", 0},  // overlong U+FFFF
      {"\xF4\x90\x80\x80", 0},  // U+110000
      {"\xF5\x80\x80\x80", 0},
      {"\xFE", 0},
      {"\xFF", 0},
      {"ab\xC3", 2},  // cut
      {"ab\xE2\x82", 2},
      {"ab\xF0\x9F\x98", 2},
      {"ab\xC3(", 2},
      {"\xC3\xA9\xE9", 2},  // Latin-1 after UTF-8
  };
  for (const Case& c : cases) {
    CAPTURE(Printable(c.text));
    CHECK(FindInvalidUtf8(c.text) == c.at);
    CHECK(IsUtf8(c.text) == (c.at == kNone));
    // Behind a long plain text, where it goes in steps, at every position of a step.
    for (std::size_t before = 60; before < 70; ++before) {
      const std::string moved = std::string(before, 'x') + c.text + std::string(130, 'y');
      const std::size_t expected = c.at == kNone ? kNone : c.at + before;
      CHECK(FindInvalidUtf8(moved) == expected);
    }
  }
}

TEST_CASE("random bytes are UTF-8 exactly when a plain reading of RFC 3629 says so") {
  static constexpr std::array<unsigned char, 16> kEdges{0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                                        0xC1, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5};
  std::mt19937 random(3629);
  int good = 0;
  for (int i = 0; i < 300'000; ++i) {
    std::string text;
    for (std::size_t left = random() % 5; left > 0; --left) text += static_cast<char>(kEdges[random() % kEdges.size()]);
    REQUIRE(FindInvalidUtf8(text) == PlainFindInvalidUtf8(text));
    good += IsUtf8(text) ? 1 : 0;
  }
  CHECK(good > 30'000);
}

TEST_CASE("ASCII is known at every length and position") {
  for (std::size_t length = 0; length < 40; ++length) {
    std::string text(length, 'a');
    CHECK(IsAscii(text));
    for (std::size_t at = 0; at < length; ++at) {
      text[at] = '\x80';
      CHECK_FALSE(IsAscii(text));
      text[at] = 'a';
    }
  }
}

TEST_CASE("no text can steer a terminal or turn its line around") {
  CHECK(Printable("\x1B[31mred\x1B]0;title\x07") == "\\x1b[31mred\\x1b]0;title\\x07");
  CHECK(Printable("two\nlines\r\tand a tab") == "two\\nlines\\r\\tand a tab");
  CHECK(Printable(std::string_view("\0\x7F", 2)) == "\\x00\\x7f");
  CHECK(Printable("\xC2\x9B"
                  "31m") == "\\u{9b}31m");  // CSI as one C1 control
  CHECK(Printable("\xC2\x80\xC2\x9F\xC2\xA0") == "\\u{80}\\u{9f}\xC2\xA0");
  CHECK(Printable("\xE9t\xE9") == "\\xe9t\\xe9");
  CHECK(Printable("\xE2\x82") == "\\xe2\\x82");
  CHECK(Printable("\xED\xA0\x80") == "\\xed\\xa0\\x80");
  CHECK(Printable("\xEF\xBB\xBF"
                  "a\xE2\x80\xA8"
                  "b\xE2\x80\xA9") == "\\u{feff}a\\u{2028}b\\u{2029}");
  CHECK(Printable("M\xC3\xBCller \xE6\x9D\xB1\xE4\xBA\xAC \xF0\x9F\x98\x80") ==
        "M\xC3\xBCller \xE6\x9D\xB1\xE4\xBA\xAC \xF0\x9F\x98\x80");
}

TEST_CASE("each of Unicode's bidirectional controls is shown, not obeyed") {
  // Bidi_Control of the Unicode Character Database.
  const std::vector<std::string> controls{"\xD8\x9C",     "\xE2\x80\x8E", "\xE2\x80\x8F", "\xE2\x80\xAA",
                                          "\xE2\x80\xAB", "\xE2\x80\xAC", "\xE2\x80\xAD", "\xE2\x80\xAE",
                                          "\xE2\x81\xA6", "\xE2\x81\xA7", "\xE2\x81\xA8", "\xE2\x81\xA9"};
  for (const std::string& control : controls) {
    const std::string shown = Printable("a" + control + "b");
    CAPTURE(shown);
    CHECK(shown.starts_with("a\\u{"));
    CHECK(shown.ends_with("}b"));
  }
}

TEST_CASE("what Printable gives is one line of UTF-8 and stays itself, whatever the bytes were") {
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::size_t left = random() % 12; left > 0; --left) text += static_cast<char>(random() % 256);
    const std::string shown = Printable(text);
    REQUIRE(IsUtf8(shown));
    REQUIRE(Printable(shown) == shown);
    REQUIRE(shown.find_first_of("\n\r\x1B") == std::string::npos);
  }
}

TEST_CASE("widths are a terminal's: wide letters two columns, marks none, controls one") {
  CHECK(DisplayWidth("") == 0);
  CHECK(DisplayWidth("M\xC3\xBCller") == 6);
  CHECK(DisplayWidth("\xE6\x9D\xB1\xE4\xBA\xAC") == 4);
  CHECK(DisplayWidth("e\xCC\x81") == 1);
  CHECK(DisplayWidth("\t") == 1);
  CHECK(DisplayWidth("\xFF") == 1);
}

TEST_CASE("shortened text fits its columns and says that it was cut") {
  CHECK(Shorten("Research", 8) == "Research");
  CHECK(Shorten("Research", 7) == "Resear…");
  CHECK(Shorten("Research", 1) == "…");
  CHECK(Shorten("", 0).empty());
  CHECK(Shorten("Research", 0).empty());
  CHECK(Shorten("\xE6\x9D\xB1\xE4\xBA\xAC", 4) == "\xE6\x9D\xB1\xE4\xBA\xAC");
  CHECK(Shorten("\xE6\x9D\xB1\xE4\xBA\xAC", 3) == "\xE6\x9D\xB1…");
  CHECK(Shorten("\xE6\x9D\xB1\xE4\xBA\xAC", 2) == "…");
  CHECK(Shorten("a\nb", 4) == "a\\nb");
  CHECK(Shorten("abc", std::numeric_limits<std::size_t>::max()) == "abc");
  // Marks without end take no column; they are cut all the same, and no letter is cut in two.
  std::string marks = "e";
  for (int i = 0; i < 5'000; ++i) marks += "\xCC\x81";
  const std::string cut = Shorten(marks, 10);
  CHECK(cut.size() < 1'000);
  CHECK(cut.ends_with("…"));
  CHECK(cut.find('\\') == std::string::npos);
}

TEST_CASE("shortened text never exceeds its columns, whatever the bytes were") {
  static const std::vector<std::string> kPieces{"a",    "\xE6\x9D\xB1",     "\xCC\x81", "\n",
                                                "\xFF", "\xF0\x9F\x98\x80", "\xC3"};
  std::mt19937 random(80);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::size_t left = random() % 20; left > 0; --left) text += kPieces[random() % kPieces.size()];
    const std::size_t limit = random() % 24;
    const std::string cut = Shorten(text, limit);
    CAPTURE(Printable(text));
    CAPTURE(limit);
    REQUIRE(DisplayWidth(cut) <= limit);
    REQUIRE((cut == Printable(text) || cut.ends_with("…") || limit == 0));
  }
}

TEST_CASE("names that look alike are compared alike") {
  CHECK(Nfc("e\xCC\x81") == "\xC3\xA9");
  CHECK(Nfc("plain") == "plain");
  CHECK(Nfc("A\xCC\x8A") == Nfc("\xE2\x84\xAB"));  // A with ring, ANGSTROM SIGN
  CHECK(Nfc("\xEF\xAC\x81") == "\xEF\xAC\x81");    // the ligature fi is another text under NFC
  CHECK(FoldCase("\xEF\xAC\x81") == "fi");
  CHECK(FoldCase("STRASSE") == FoldCase("Stra\xC3\x9F"
                                        "e"));
  CHECK(FoldCase("\xC3\x84RGER") == FoldCase("a\xCC\x88rger"));
  CHECK(FoldCase("\xCE\xA3\xCE\x91\xCF\x82") == FoldCase("\xCF\x83\xCE\xB1\xCF\x83"));  // final sigma
  CHECK(FoldCase("I") == "i");
  CHECK(FoldCase("\xFF") == "\xFF");
  CHECK(FoldCase("a@b") != FoldCase("a@c"));
}

TEST_CASE("marks come into their order, also a million of them, and composites made of marks") {
  const std::string above = "\xCC\x81";     // acute
  const std::string below = "\xCC\xA3";     // dot below
  const std::string both = "\xE0\xBD\xB3";  // TIBETAN VOWEL SIGN UU, which is two marks
  CHECK(Nfc("q" + above + below) == "q" + below + above);
  CHECK(Nfc("q" + below + above + "q" + above) == "q" + below + above + "q" + above);
  CHECK(Nfc("o" + above + below) == "\xE1\xBB\x8D" + above);  // o with dot below, then acute
  CHECK(Nfc(both) == "\xE0\xBD\xB1\xE0\xBD\xB2");
  constexpr std::size_t kMany = 500'000;
  std::string text = "q";
  std::string ordered = "q";
  for (std::size_t i = 0; i < kMany; ++i) text += above;
  for (std::size_t i = 0; i < kMany; ++i) text += below;
  for (std::size_t i = 0; i < kMany; ++i) ordered += below;
  for (std::size_t i = 0; i < kMany; ++i) ordered += above;
  CHECK((Nfc(text) == ordered));
  CHECK((FoldCase(text) == ordered));
  std::string composites;
  for (std::size_t i = 0; i < kMany; ++i) composites += both;
  CHECK(Nfc(composites).size() == 2 * composites.size());
}

TEST_CASE("the case of letters beyond ASCII changes, and bytes that are no text stay") {
  CHECK(Upper("m\xC3\xBCller\xFF") == "M\xC3\x9CLLER\xFF");
  CHECK(Lower("M\xC3\x9CLLER\xFF") == "m\xC3\xBCller\xFF");
  CHECK(Title("ann-marie o'NEILL von m\xC3\x9CLLER") == "Ann-Marie O'neill Von M\xC3\xBCller");
  CHECK(AsciiLower("AZ\xC3\x84[@") == "az\xC3\x84[@");
  CHECK(EqualsIgnoreAsciiCase("MemberOf", "memberof"));
  CHECK_FALSE(EqualsIgnoreAsciiCase("member", "members"));
  CHECK_FALSE(EqualsIgnoreAsciiCase("[", "{"));
}

TEST_CASE("counts read as people write them") {
  CHECK(WithThousands(0) == "0");
  CHECK(WithThousands(999) == "999");
  CHECK(WithThousands(1'000) == "1,000");
  CHECK(WithThousands(std::numeric_limits<std::uint64_t>::max()) == "18,446,744,073,709,551,615");
  CHECK(Counted(1, "user") == "1 user");
  CHECK(Counted(0, "user") == "0 users");
  CHECK(Counted(1'234, "entry", "entries") == "1,234 entries");
}

TEST_CASE("the nearest word is one that may have been meant") {
  constexpr std::array<std::string_view, 5> kKeys{"filter", "fields", "from", "key", "create_only"};
  CHECK(Nearest("fitler", kKeys) == "filter");
  CHECK(Nearest("FIELD", kKeys) == "fields");
  CHECK(Nearest("createonly", kKeys) == "create_only");
  CHECK(Nearest("keys", kKeys) == "key");
  CHECK_FALSE(Nearest("zzz", kKeys));
  CHECK_FALSE(Nearest("", kKeys));
  CHECK_FALSE(Nearest("x", {}));
}

TEST_CASE("an unsigned number is digits and nothing else") {
  CHECK(ParseUnsigned("0") == 0);
  CHECK(ParseUnsigned("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "18446744073709551616", "1e3"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(ParseUnsigned(text));
  }
}

}  // namespace
}  // namespace ucaas_sync
