// Exports of a real directory server, made in the test: what slapcat and ldapsearch write is what was loaded.
// Each case has a slapd of its own in a directory of its own, reached by a socket in it.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "daemon/model/base64.h"
#include "daemon/model/text.h"
#include "tests/connectors/ldif/memory_stream.h"
#include "tests/support/slapd.h"

namespace ucaas_sync::ldif {
namespace {

constexpr int kPeople = 200;

/// Entries as a person would list them: DN → attribute (lower case) → values.
using Entry = std::map<std::string, std::multiset<std::string>>;
using Entries = std::map<std::string, Entry>;

Entries Company() {
  static constexpr std::array<const char*, 5> kNames{"Ann Lee", "J\xC3\xBCrgen M\xC3\xBCller",
                                                     "\xE6\x9D\x8E\xE5\xB0\x8F\xE9\xBE\x8D", " Leading Space",
                                                     "Trailing Space "};
  Entries entries;
  entries["dc=example,dc=com"] = {
      {"objectclass", {"dcObject", "organization"}}, {"dc", {"example"}}, {"o", {"Example"}}};
  entries["ou=people,dc=example,dc=com"] = {{"objectclass", {"organizationalUnit"}}, {"ou", {"people"}}};
  Entry group{{"objectclass", {"groupOfNames"}}, {"cn", {"all, and more"}}};
  for (int i = 0; i < kPeople; ++i) {
    const std::string uid = "u" + std::to_string(i);
    const std::string dn = "uid=" + uid + ",ou=people,dc=example,dc=com";
    Entry person{{"objectclass", {"inetOrgPerson"}}, {"uid", {uid}}, {"sn", {"S" + uid}}};
    person["cn"] = {kNames[static_cast<std::size_t>(i) % kNames.size()]};
    person["mail"] = {uid + "@example.com", uid + "@example.org"};
    if (i % 3 == 0)
      person["description"] = {"line one\nline two of " + uid,
                               std::string(static_cast<std::size_t>(i) * 5 + 70, 'x') + uid};
    if (i % 7 == 0)
      person["jpegphoto"] = {std::string("\xFF\xD8\xFF\xE0\x00\x01", 6) + std::string(300, static_cast<char>(i))};
    if (i % 5 == 0)
      person["description;lang-de"] = {
          "Gr\xC3\xBC\xC3\x9F"
          "e: " +
          uid};
    entries[dn] = person;
    group["member"].insert(dn);
  }
  entries["cn=all\\2C and more,dc=example,dc=com"] = group;
  return entries;
}

/// LDIF without any art: everything base64, so that the test does not lean on rules it checks.
std::string Write(const Entries& entries) {
  std::vector<std::string> order;
  for (const auto& [dn, entry] : entries) order.push_back(dn);
  std::stable_sort(order.begin(), order.end(),
                   [](const std::string& a, const std::string& b) { return a.size() < b.size(); });
  std::string text;
  for (const std::string& dn : order) {
    text += "dn:: " + EncodeBase64(dn) + '\n';
    for (const auto& [name, values] : entries.at(dn)) {
      for (const std::string& value : values) text += name + ":: " + EncodeBase64(value) + '\n';
    }
    text += '\n';
  }
  return text;
}

/// What was read, of the attributes that were loaded (slapcat adds operational ones).
Entries Found(const ReadResult& read, const Entries& loaded) {
  Entries found;
  for (const ReadRecord& record : read.records) {
    Entry& entry = found[record.dn];
    const auto it = loaded.find(record.dn);
    for (const auto& [name, value] : record.values) {
      const std::string lower = AsciiLower(name);
      if (it != loaded.end() && it->second.contains(lower)) entry[lower].insert(value);
    }
  }
  return found;
}

}  // namespace

TEST_CASE("what slapcat and ldapsearch export of a directory is what was loaded into it") {
  const Entries loaded = Company();
  testing::Slapd directory(Write(loaded));
  const std::map<std::string, std::string> exports{
      {"slapcat", directory.Slapcat()},
      {"ldapsearch", directory.Search({})},
      {"ldapsearch -LLL", directory.Search({"-LLL"})},
      {"ldapsearch -L", directory.Search({"-L"})},
      {"ldapsearch in pages", directory.Search({"-E", "pr=50/noprompt"})},
      {"ldapsearch with operational attributes", directory.Search({"*", "+"})},
      {"ldapsearch without folding", directory.Search({"-o", "ldif-wrap=no"})},
  };
  for (const auto& item : exports) {
    const std::string& text = item.second;
    CAPTURE(item.first);
    const ReadResult read = ReadText(text);
    CHECK(read.incomplete() == "");
    CHECK(read.rejects.empty());
    CHECK(read.records.size() == loaded.size());
    CHECK(Found(read, loaded) == loaded);
  }
  const ReadResult slapcat = ReadText(exports.at("slapcat"));
  for (const ReadRecord& record : slapcat.records) {
    const auto has = [&](const char* wanted) {
      return std::any_of(record.values.begin(), record.values.end(), [&](const auto& v) { return v.first == wanted; });
    };
    CHECK(has("entryUUID"));
    CHECK(has("modifyTimestamp"));
  }
}

TEST_CASE("an export of ldapsearch that was cut anywhere before its result is incomplete") {
  testing::Slapd directory(Write(Company()));
  const std::string whole = directory.Search({});
  const std::size_t result = whole.find("\nresult: ");
  REQUIRE(result != std::string::npos);
  // In the middle, at the ends of lines and of records, and just before the result.
  std::vector<std::size_t> cuts{whole.size() / 2, result, result + 1};
  for (std::size_t at = whole.find("\n\n"); at < result; at = whole.find("\n\n", at + 2000)) {
    cuts.push_back(at);
    cuts.push_back(at + 1);
    cuts.push_back(at + 2);
  }
  for (const std::size_t cut : cuts) {
    CAPTURE(cut);
    const ReadResult read = ReadText(whole.substr(0, cut));
    CHECK(!read.snapshot.complete());
    CHECK(!ReadText(whole.substr(0, cut), {.final_newline_required = false}).snapshot.complete());
  }
}

TEST_CASE("an export that the server stopped at its size limit is incomplete, with the line of the result") {
  testing::Slapd directory(Write(Company()));
  constexpr int kSizeLimitExceeded = 4;
  const std::string text = directory.Search({"-z", "50"}, kSizeLimitExceeded);
  const ReadResult read = ReadText(text);
  CHECK(read.records.size() == 50);
  const auto line =
      1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(text.find("\nresult: ") + 1), '\n');
  CHECK(read.incomplete().starts_with("people.ldif:" + std::to_string(line) +
                                      ": the search ended with result 4 Size limit exceeded"));
}

}  // namespace ucaas_sync::ldif
