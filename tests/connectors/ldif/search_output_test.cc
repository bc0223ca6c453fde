#include <doctest/doctest.h>

#include "tests/connectors/ldif/memory_stream.h"

namespace ucaas_sync::ldif {
namespace {

constexpr const char* kHead = R"(# extended LDIF
#
# LDAPv3
# base <dc=example,dc=com> with scope subtree
#

)";
constexpr const char* kEntries = R"(# a, example.com
dn: cn=a,dc=example,dc=com
cn: a

# b, example.com
dn: cn=b,dc=example,dc=com
cn: b

)";
constexpr const char* kTrailer = R"(# search result
search: 2
result: 0 Success

# numResponses: 3
# numEntries: 2
)";

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("the full output of ldapsearch is complete, and its frame is no record") {
  const ReadResult read = ReadText(std::string(kHead) + kEntries + kTrailer);
  CHECK(read.incomplete().empty());
  CHECK(read.records.size() == 2);
  CHECK(read.rejects.empty());
}

TEST_CASE("the output of ldapsearch without its trailer is incomplete wherever it was cut") {
  const std::string whole = std::string(kHead) + kEntries + kTrailer;
  const std::size_t result = whole.find("result:");
  for (std::size_t size = 0; size < result; ++size) {
    CAPTURE(size);
    CHECK(!ReadText(whole.substr(0, size), {.final_newline_required = false}).incomplete().empty());
  }
  const ReadResult between = ReadText(std::string(kHead) + kEntries);
  CHECK(between.incomplete().starts_with("people.ldif:14: the output of ldapsearch breaks off"));
}

TEST_CASE("a search that did not end well is incomplete at the line of its result") {
  const ReadResult read =
      ReadText(std::string(kHead) + kEntries + Replaced(kTrailer, "0 Success", "4 Size limit exceeded"));
  CHECK(read.incomplete().starts_with("people.ldif:17: the search ended with result 4 Size limit exceeded"));
  CHECK(read.records.size() == 2);
}

TEST_CASE("a trailer that counts other entries than there are is evidence, also without the header") {
  const ReadResult read = ReadText(std::string(kEntries) + Replaced(kTrailer, "numEntries: 2", "numEntries: 3"));
  CHECK(read.incomplete().starts_with("people.ldif:14: the export counts 3 entries, but 2 entries were read"));
}

TEST_CASE("referrals that a search met are part of its output, and of no other file") {
  const std::string referral = "# search reference\nref: ldap://other/dc=example,dc=com??sub\n\n";
  const ReadResult search = ReadText(std::string(kHead) + kEntries + referral + kTrailer);
  CHECK(search.incomplete().empty());
  CHECK(search.rejects.empty());
  CHECK(ReadText(std::string(kEntries) + referral).rejects.size() == 1);
}

TEST_CASE("a search in pages is whole when its last page says so") {
  const std::string page = "search: 2\nresult: 0 Success\ncontrol: 1.2.840.113556.1.4.319 false MA0CAQAECAMAAAAAAAAA\n";
  const std::string first =
      std::string(kHead) + kEntries + "# search result\n" + page + "pagedresults: cookie=AwAAAA==\n";
  const std::string second = std::string(kHead) + "dn: cn=c,dc=example,dc=com\ncn: c\n\n# search result\n" + page +
                             "pagedresults: cookie=\n\n# numResponses: 5\n# numEntries: 3\n";
  const ReadResult whole = ReadText(first + second);
  CHECK(whole.incomplete().empty());
  CHECK(whole.records.size() == 3);
  CHECK(
      ReadText(first).incomplete().starts_with("people.ldif:19: the output of ldapsearch breaks off: the server had"));
  CHECK(!ReadText(first + kHead).incomplete().empty());
}

}  // namespace ucaas_sync::ldif
