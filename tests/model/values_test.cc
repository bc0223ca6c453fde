// The small values that everything else stands on: digests, JSON strings, exit codes, names, places and problems.
#include <doctest/doctest.h>

#include <random>
#include <set>
#include <string>
#include <string_view>

#include "daemon/model/exit_code.h"
#include "daemon/model/fields.h"
#include "daemon/model/hash.h"
#include "daemon/model/json_text.h"
#include "daemon/model/kind.h"
#include "daemon/model/problem.h"
#include "daemon/model/sha256.h"
#include "daemon/model/text.h"

namespace ucaas_sync {
namespace {

std::string Json(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

TEST_CASE("SHA-256 gives the vectors of FIPS 180, in one piece and byte by byte") {
  CHECK(Sha256Hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(Sha256Hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(Sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(Sha256Hex(std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  Sha256 sha;
  for (const char c : std::string("abc")) sha.Update({&c, 1});
  Sha256 moved = std::move(sha);
  CHECK(moved.Hex() == Sha256Hex("abc"));
}

TEST_CASE("the digest that stands in the state never changes its value") {
  // Written into state files: another value would make everybody of every account a stranger.
  CHECK(HashOf("") == Hash128{.high = 0x99aa06d3014798d8, .low = 0x6001c324468d497f});
  CHECK(HashOf("E17") == Hash128{.high = 0x72374a4230d26102, .low = 0xa5b994c6ee1e8a92});
  CHECK(HashOf(std::string(1'000, 'x'), 42) == Hash128{.high = 0x0573ddb4280908a1, .low = 0xcb10f5998c4773ff});
  CHECK(HashOf("E17") != HashOf("E17", 1));
  CHECK(HashOf("E17") != HashOf("E71"));
  CHECK(Hash128{}.is_zero());
  CHECK_FALSE(HashOf("").is_zero());
}

TEST_CASE("a JSON string is safe in a line, a log and a page") {
  CHECK(Json("plain") == "\"plain\"");
  CHECK(Json("") == "\"\"");
  CHECK(Json("a\"b\\c") == R"("a\"b\\c")");
  CHECK(Json("a\nb\rc\td") == R"("a\nb\rc\td")");
  CHECK(Json(std::string_view("\0\x1F\x7F", 3)) == R"("\u0000\u001f\u007f")");
  CHECK(Json("</script>&") == R"("\u003c/script\u003e\u0026")");
  CHECK(Json("M\xC3\xBCller") == "\"M\xC3\xBCller\"");
}

TEST_CASE("bytes that are no UTF-8 become replacement characters, and the rest stays") {
  CHECK(Json("a\xFF"
             "b") ==
        "\"a\xEF\xBF\xBD"
        "b\"");
  CHECK(Json("\xC3") == "\"\xEF\xBF\xBD\"");
  CHECK(Json("\xED\xA0\x80x") == "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDx\"");
  std::mt19937 random(8259);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::size_t left = random() % 10; left > 0; --left) text += static_cast<char>(random() % 256);
    const std::string json = Json(text);
    REQUIRE(IsUtf8(json));
    REQUIRE(json.find_first_of("\n<>&\x7F") == std::string::npos);
  }
}

TEST_CASE("exit codes have the numbers and words of the manual") {
  struct Case {
    int number;
    const char* word;
  };
  const Case cases[] = {{0, "converged"}, {1, "error"},  {2, "changes"}, {3, "held"},
                        {4, "partial"},   {5, "source"}, {6, "refused"}, {7, "unavailable"},
                        {8, "busy"},      {9, "stale"},  {64, "usage"},  {78, "config"}};
  std::set<std::string_view> meanings;
  for (const Case& c : cases) {
    const auto code = static_cast<ExitCode>(c.number);
    CHECK(Word(code) == c.word);
    CHECK(ExitCodeWithWord(c.word) == code);
    CHECK_FALSE(Meaning(code).empty());
    meanings.insert(Meaning(code));
  }
  CHECK(meanings.size() == std::size(cases));
  CHECK_FALSE(ExitCodeWithWord("Held"));
  CHECK_FALSE(ExitCodeWithWord(""));
}

TEST_CASE("kinds, actions and fields are found by the names they are written with") {
  for (const Kind kind : kAllKinds) {
    CHECK(KindNamed(Name(kind)) == kind);
    const auto fields = FieldsOf(kind);
    CHECK(fields.size() <= kMaxFields);
    for (std::size_t i = 0; i < fields.size(); ++i) CHECK(FindField(kind, fields[i].name) == i);
    CHECK(fields[NaturalKeyField(kind)].required);
  }
  for (const Action action : kAllActions) CHECK(ActionNamed(Name(action)) == action);
  CHECK_FALSE(KindNamed("users"));
  CHECK_FALSE(ActionNamed(""));
  CHECK_FALSE(FindField(Kind::kGroup, "email"));
  CHECK(FieldsOf(Kind::kUser)[kUserPassword].secret);
  CHECK(FieldsOf(Kind::kUser)[kUserPassword].sent_once);
}

TEST_CASE("a place says what is known of it, and a problem what to do") {
  CHECK(Location{.file = "a.csv", .line = 3, .column = 7}.ToString() == "a.csv:3:7");
  CHECK(Location{.file = "a.csv", .line = 3}.ToString() == "a.csv:3");
  CHECK(Location{.file = "a.csv"}.ToString() == "a.csv");
  CHECK(Location{.file = {}, .line = 3, .column = 7}.ToString() == "3:7");
  CHECK(Location{}.ToString().empty());
  const Problem problem{.at = {.file = "a.csv", .line = 3}, .what = "cut in mid-row", .remedy = "export it again"};
  CHECK(problem.ToString() == "a.csv:3: cut in mid-row; export it again");
  CHECK(Problem{.at = {}, .what = "cut", .remedy = {}}.ToString() == "cut");
  const SourceFailure failure(problem);
  CHECK(failure.code() == ExitCode::kSource);
  CHECK(std::string(failure.what()) == problem.ToString());
}

}  // namespace
}  // namespace ucaas_sync
