// Normalising, e-mail addresses, booleans, protect, and records kept by key.
#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "daemon/mapping/booleans.h"
#include "daemon/mapping/email.h"
#include "daemon/mapping/keyed_records.h"
#include "daemon/mapping/normalize.h"
#include "daemon/mapping/protect.h"
#include "daemon/model/text.h"
#include "tests/mapping/support.h"

namespace ucaas_sync::mapping {
namespace {

TEST_CASE("values are trimmed and NFC, and plain ones are not copied") {
  Scratch scratch;
  const std::string plain = "  Ada\t";
  CHECK(Normalize(plain, scratch) == "Ada");
  CHECK(Normalize(plain, scratch).data() == plain.data() + 2);
  CHECK(Normalize("\xC2\xA0Zo\xC3\xAB \xEF\xBB\xBF", scratch) == "Zo\xC3\xAB");
  CHECK(Normalize("Zoe\xCC\x88", scratch) == "Zo\xC3\xAB");
  CHECK(Normalize("\xE1\x84\x80\xE1\x85\xA1", scratch) == "\xEA\xB0\x80");
  CHECK(Normalize("\xFF\xFE", scratch) == "\xFF\xFE");
  CHECK(Normalize(" \t ", scratch).empty());
  CHECK(Normalize("1234567\xC3\xA9 ", scratch) == "1234567\xC3\xA9");
}

TEST_CASE("normalising agrees with the plain way on any mixture of letters and marks") {
  std::mt19937 random(7);
  const std::vector<std::string> letters{
      "a",        " ",        "\xC3\xA9",    "e\xCC\x81",    "\xCC\x81",     "\xC2\xA0",
      "\xCB\xBF", "\xCC\x80", "\xD0\x99",    "\xE1\x85\xA1", "\xE1\x84\x80", "\xF0\x9F\x98\x80",
      "\t",       "\xC5\x81", "\xEF\xBB\xBF"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto left = random() % 8; left > 0; --left) text += letters[random() % letters.size()];
    Scratch scratch;
    REQUIRE(Normalize(text, scratch) == Trim(Nfc(Trim(text))));
  }
}

TEST_CASE("addresses are checked as a careful person would") {
  for (const char* good : {"ada@example.com", "a.b+c@mail.example.org", "o'brien@example.ie", "jörg@bücher.example",
                           "x@1.example", "用户@例子.公司"}) {
    CAPTURE(good);
    CHECK(WhyNoEmail(good).empty());
  }
  for (const char* bad : {"ada", "@example.com", "ada@", "ada@example", "ada@@example.com", "a@b@example.com",
                          "ada lovelace@example.com", "ada@exa mple.com", ".ada@example.com", "a..b@example.com",
                          "ada@example..com", "ada@-example.com", "ada@example.com.", "ada@exam_ple.com",
                          "<ada@example.com>", "ada@example.com;bob@example.com", "a\tb@example.com", "n/a"}) {
    CAPTURE(bad);
    CHECK_FALSE(WhyNoEmail(bad).empty());
  }
  CHECK_FALSE(WhyNoEmail(std::string(65, 'a') + "@example.com").empty());
  CHECK_FALSE(WhyNoEmail("a@" + std::string(64, 'b') + ".com").empty());
}

TEST_CASE("booleans are true, yes, 1, false, no, 0 and nothing else") {
  CHECK(ParseBoolean("TRUE") == true);
  CHECK(ParseBoolean("Yes") == true);
  CHECK(ParseBoolean("1") == true);
  CHECK(ParseBoolean("false") == false);
  CHECK(ParseBoolean("NO") == false);
  CHECK(ParseBoolean("0") == false);
  for (const char* other : {"", "on", "off", "y", "n", "j", "2", "maybe"}) CHECK_FALSE(ParseBoolean(other));
}

FieldSetView UserOfType(std::string_view type) {
  FieldSetView fields;
  fields[kUserTypeField] = {.state = FieldState::kValue, .text = type};
  return fields;
}

TEST_CASE("protect looks at the target's fields, and what it cannot judge it protects") {
  config::Diagnostics diagnostics;
  ProtectFilter filter = ProtectFilter::Compile(At("(|(user_type=admin)(company=Board))"), diagnostics);
  REQUIRE(diagnostics.ok());
  filter.SetToday(Day("2026-11-23"));
  CHECK(filter.Protects(Kind::kUser, UserOfType("Admin")));
  CHECK_FALSE(filter.Protects(Kind::kUser, UserOfType("moderator")));
  FieldSetView contact;
  contact[kContactCompany] = {.state = FieldState::kValue, .text = " board "};
  CHECK(filter.Protects(Kind::kContact, contact));
  CHECK_FALSE(filter.Protects(Kind::kGroup, FieldSetView{}));
  CHECK_FALSE(ProtectFilter::Compile(At(""), diagnostics).Protects(Kind::kUser, UserOfType("admin")));

  ProtectFilter dated = ProtectFilter::Compile(At("(designation<=today)"), diagnostics);
  dated.SetToday(Day("2026-11-23"));
  FieldSetView user;
  user[kUserDesignation] = {.state = FieldState::kValue, .text = "Boss"};
  CHECK(dated.Protects(Kind::kUser, user));

  ProtectFilter::Compile(At("(usertype=admin)"), diagnostics);
  REQUIRE(diagnostics.errors().size() == 1);
  CHECK(diagnostics.errors()[0].at.column == kTextColumn + 1);
  CHECK(diagnostics.errors()[0].remedy.find("user_type") != std::string::npos);
}

TEST_CASE("records kept by key come back as they went in, whatever their number and size") {
  KeyedRecords kept;
  std::mt19937 random(11);
  std::map<std::string, std::vector<std::pair<std::uint64_t, std::string>>> model;
  for (std::uint64_t line = 1; line <= 20'000; ++line) {
    const std::string key = "E" + std::to_string(random() % 8000);
    // Now and then a value that is larger than a block.
    const std::string value(line % 7001 == 0 ? (std::size_t{2} << 20) : random() % 40,
                            static_cast<char>('a' + line % 26));
    Record record;
    record.line = line;
    record.dn = "cn=dropped";
    record.Add(0, "dropped");
    record.Add(1, value);
    record.Add(3, "x");
    record.Add(1, "again");
    kept.Add(key, record, {false, true, false, true}, false);
    auto& list = model[key];
    const bool is_repeat =
        std::any_of(list.begin(), list.end(), [&](const auto& known) { return known.second == value; });
    if (!is_repeat) list.emplace_back(line, value);
  }
  CHECK(kept.firsts().size() == model.size());
  CHECK(kept.Find("nobody") == 0);
  std::uint64_t last_line = 0;
  for (const KeyedRecords::Ref ref : kept.firsts()) {
    REQUIRE(kept.LineOf(ref) > last_line);
    last_line = kept.LineOf(ref);
  }
  Record record;
  for (const auto& [key, list] : model) {
    const KeyedRecords::Ref first = kept.Find(key);
    REQUIRE(first != 0);
    REQUIRE(kept.Others(first).size() + 1 == list.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      kept.Load(i == 0 ? first : kept.Others(first)[i - 1], record);
      REQUIRE(record.line == list[i].first);
      REQUIRE(record.dn.empty());
      REQUIRE_FALSE(record.Has(0));
      REQUIRE(record.First(1) == list[i].second);
      REQUIRE(record.cells().size() == 3);
    }
  }
}

// Compared each with each, they would take minutes.
TEST_CASE("many records of one key are kept once each") {
  constexpr std::uint64_t kRecords = 100'000;
  KeyedRecords kept;
  for (const std::uint64_t pass : {0U, 1U}) {
    for (std::uint64_t number = 1; number <= kRecords; ++number) {
      const std::string value = std::to_string(number);
      Record record;
      record.line = pass * kRecords + number;
      record.Add(0, value);
      kept.Add("E1", record, {}, false);
    }
  }
  REQUIRE(kept.firsts().size() == 1);
  const std::span<const KeyedRecords::Ref> others = kept.Others(kept.firsts()[0]);
  REQUIRE(others.size() == kRecords - 1);
  CHECK(kept.LineOf(others.front()) == 2);
  CHECK(kept.LineOf(others.back()) == kRecords);
}

}  // namespace
}  // namespace ucaas_sync::mapping
