#include "connectors/ldif/ldif_source.h"

#include <doctest/doctest.h>

#include "daemon/model/sha256.h"
#include "tests/connectors/ldif/memory_stream.h"

namespace ucaas_sync::ldif {
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kTwoPeople = R"(version: 1

# the first of them
dn: cn=Ann Lee,dc=example,dc=com
objectClass: person
objectClass: top
cn: Ann Lee
sn: Lee

dn: cn=Bob,dc=example,dc=com
cn: Bob
)";

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

AttributeTable Table(std::initializer_list<const char*> names) {
  AttributeTable table = AttributeTable::Selected();
  for (const char* name : names) table.Need(name);
  return table;
}

}  // namespace

TEST_CASE("records come with their DN, the line of it, and all values in the order of the file") {
  const ReadResult read = ReadText(kTwoPeople);
  CHECK(read.incomplete().empty());
  REQUIRE(read.records.size() == 2);
  CHECK(read.records[0] ==
        ReadRecord{4,
                   "cn=Ann Lee,dc=example,dc=com",
                   {{"objectClass", "person"}, {"objectClass", "top"}, {"cn", "Ann Lee"}, {"sn", "Lee"}}});
  CHECK(read.records[1] == ReadRecord{10, "cn=Bob,dc=example,dc=com", {{"cn", "Bob"}}});
  CHECK(read.snapshot.records == 2);
  CHECK(read.snapshot.rejected == 0);
  CHECK(read.snapshot.source == "directory");
  CHECK(read.snapshot.location == "people.ldif");
  CHECK(read.snapshot.hash == Sha256Hex(kTwoPeople));
}

TEST_CASE("only attributes that somebody needs are kept, whatever the case of their names") {
  const ReadResult read = ReadText("dn: cn=a\nCN: a\nsn: s\nmail;lang-de: m\nMAIL: n\n", {}, Table({"cn", "mail"}));
  REQUIRE(read.records.size() == 1);
  CHECK(read.records[0].values == Values{{"cn", "a"}, {"mail", "n"}});
}

TEST_CASE("an option is part of the name") {
  const ReadResult read = ReadText("dn: cn=a\ncn;lang-de: A\nuserCertificate;binary:: AQI=\n2.5.4.4: s\nmy_own: x\n");
  REQUIRE(read.records.size() == 1);
  CHECK(read.records[0].values ==
        Values{{"cn;lang-de", "A"}, {"userCertificate;binary", "\x01\x02"}, {"2.5.4.4", "s"}, {"my_own", "x"}});
}

TEST_CASE("folded lines are one value, also DNs, base64 and names, with LF and with CRLF") {
  for (const std::string newline : {"\n", "\r\n"}) {
    std::string text =
        "dn: cn=a,\n dc=example\ndescription: one\n  two\n three\ncn:: TcO8\n bGxlcg==\nmai\n l: x@y.de\n";
    for (std::size_t at = 0; newline == "\r\n" && (at = text.find('\n', at)) != std::string::npos; at += 2) {
      text.replace(at, 1, newline);
    }
    const ReadResult read = ReadText(text);
    CHECK(read.incomplete().empty());
    REQUIRE(read.records.size() == 1);
    CHECK(read.records[0].dn == "cn=a,dc=example");
    CHECK(read.records[0].values ==
          Values{{"description", "one twothree"}, {"cn", "M\xC3\xBCller"}, {"mail", "x@y.de"}});
  }
}

TEST_CASE("comments are skipped wherever they stand, folded ones too") {
  const ReadResult read = ReadText("# a\n  b: c\n\n# d\ndn: cn=a\n# e\n f: g\ncn: a\n#h: i\nsn: s\n\n# end\n");
  CHECK(read.incomplete().empty());
  CHECK(read.rejects.empty());
  REQUIRE(read.records.size() == 1);
  CHECK(read.records[0] == ReadRecord{5, "cn=a", {{"cn", "a"}, {"sn", "s"}}});
}

TEST_CASE("spaces before a value go, spaces after it and empty values stay") {
  const ReadResult read = ReadText("dn:cn=a\ncn:a\nsn:   b  \ndescription:\ntitle: \ninitials::\n");
  REQUIRE(read.records.size() == 1);
  CHECK(read.records[0].values ==
        Values{{"cn", "a"}, {"sn", "b  "}, {"description", ""}, {"title", ""}, {"initials", ""}});
}

TEST_CASE("a byte-order mark is no part of the first name") {
  const ReadResult read = ReadText(
      "\xEF\xBB\xBF"
      "dn: cn=a\ncn: a\n");
  CHECK(read.rejects.empty());
  CHECK(read.records.size() == 1);
}

TEST_CASE("base64 may hold bytes that are no text") {
  const ReadResult read = ReadText("dn:: Y249TcO8bGxlcg==\nphoto:: /9j/4AAQ\n");
  REQUIRE(read.records.size() == 1);
  CHECK(read.records[0].dn == "cn=M\xC3\xBCller");
  CHECK(read.records[0].values == Values{{"photo", std::string("\xFF\xD8\xFF\xE0\x00\x10", 6)}});
}

TEST_CASE("changetype add is how ldifde writes an entry") {
  const ReadResult read =
      ReadText("dn: CN=a\r\nchangetype: add\r\ncn: a\r\n\r\ndn: CN=b\r\nchangeType:: YWRk\r\ncn: b\r\n\r\n");
  CHECK(read.incomplete().empty());
  REQUIRE(read.records.size() == 2);
  CHECK(read.records[0].values == Values{{"cn", "a"}});
  CHECK(read.records[1].values == Values{{"cn", "b"}});
}

TEST_CASE("what makes a file another thing than an export of entries refuses it, with the line") {
  struct Case {
    const char* text;
    const char* at;
    const char* word;
  };
  const Case cases[] = {
      {"dn: cn=a\njpegPhoto:< file:///etc/passwd\n", "people.ldif:2: ", "URL"},
      {"dn:< file:///etc/passwd\n", "people.ldif:1: ", "URL"},
      {"dn: cn=a\ncn: a\n\ninclude: file:///etc/passwd\n", "people.ldif:4: ", "include"},
      {"dn: cn=a\ninclude: file:///etc/passwd\n", "people.ldif:2: ", "include"},
      {"dn: cn=a\nchangetype: modify\nreplace: cn\ncn: b\n-\n", "people.ldif:2: ", "modify"},
      {"dn: cn=a\nchangetype: delete\n", "people.ldif:2: ", "delete"},
      {"dn: cn=a\ncontrol: 1.2.3 true\nchangetype: add\ncn: a\n", "people.ldif:2: ", "control"},
      {"version: 2\ndn: cn=a\n", "people.ldif:1: ", "version"},
      {"dn: cn=a\ncn a\nphoto:< file:///etc/passwd\n", "people.ldif:3: ", "URL"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const ReadResult read = ReadText(c.text);
    CHECK(read.incomplete().starts_with(c.at));
    CHECK(Contains(read.incomplete(), c.word));
    CHECK(read.snapshot.hash.empty());
    for (const ReadRecord& record : read.records) CHECK(record.dn == "cn=a");
  }
}

TEST_CASE("a NUL byte refuses the file with its line, after the records before it") {
  const std::string text = std::string("dn: cn=a\ncn: a\n\ndn: cn=b\ncn: b") + '\0' + "\n\ndn: cn=c\n";
  for (const std::size_t size : {1U, 7U, 4096U}) {
    const ReadResult read = ReadLdif(std::make_unique<MemoryStream>(text, std::vector<std::size_t>{size}));
    CHECK(read.incomplete().starts_with("people.ldif:5: there is a NUL byte"));
    CHECK(read.records.size() == 1);
  }
}

TEST_CASE("a bad line rejects its record with all values around it, and reading goes on") {
  struct Case {
    const char* line;
    const char* reason;
    const char* value;  // what could be read of the line
  };
  const Case cases[] = {
      {"objectClass top", "line 5 has no colon", "objectClass top"},
      {"mail:: bad*base64", "line 5: the value of mail is not valid base64", "bad*base64"},
      {"mail:: YWI", "line 5: the value of mail is not valid base64", "YWI"},
      {"m@il: x", "line 5 does not begin with an attribute's name", "x"},
      {": x", "line 5 does not begin with an attribute's name", "x"},
      {"mail : x", "line 5 does not begin with an attribute's name", "x"},
      {"mail;: x", "line 5 does not begin with an attribute's name", "x"},
      {"1..2: x", "line 5 does not begin with an attribute's name", "x"},
      {"mail: M\xFCller", "line 5: the value of mail is neither UTF-8 nor base64", "M\xFCller"},
      {"dn: cn=c", "line 5 begins another record: an empty line is missing", "cn=c"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.line);
    const std::string text =
        "dn: cn=a\ncn: a\n\ndn: cn=b\n" + std::string(c.line) + "\nemployeeNumber: 17\n\ndn: cn=d\ncn: d\n";
    const ReadResult read = ReadText(text, {}, Table({"cn"}));
    CHECK(read.incomplete().empty());
    CHECK(read.records.size() == 2);
    CHECK(read.snapshot.rejected == 1);
    REQUIRE(read.rejects.size() == 1);
    CHECK(read.rejects[0].line == 4);
    CHECK(read.rejects[0].reason.starts_with(c.reason));
    CHECK(read.rejects[0].values == std::vector<std::string>{"cn=b", c.value, "17"});
  }
}

TEST_CASE("a record without a DN, with one that is none or one that is not UTF-8, is rejected") {
  struct Case {
    const char* first;
    const char* reason;
  };
  const Case cases[] = {
      {"cn: b", "a record must begin with \"dn:\", this one begins with \"cn: b\""},
      {"dn cn=b", "a record must begin with \"dn:\""},
      {" dn: cn=b", "a continuation line"},
      {"ref: ldap://x/", "a record must begin with \"dn:\""},
      {"dn: nobody", "its DN is not a distinguished name"},
      {"dn:: /9j/", "its DN is not UTF-8"},
      {"dn: cn=M\xFCller", "its DN is not UTF-8"},
      {"dn:: ???", "its DN is not valid base64"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.first);
    const ReadResult read = ReadText("dn: cn=a\ncn: a\n\n" + std::string(c.first) + "\nuid: 17\n\ndn: cn=d\ncn: d\n");
    CHECK(read.incomplete().empty());
    CHECK(read.records.size() == 2);
    REQUIRE(read.rejects.size() == 1);
    CHECK(read.rejects[0].line == 4);
    CHECK(read.rejects[0].reason.starts_with(c.reason));
    CHECK(read.rejects[0].values.back() == "17");
  }
}

TEST_CASE("an empty file and a file without a record are incomplete") {
  CHECK(Contains(ReadText("").incomplete(), "people.ldif:1: the file is empty"));
  CHECK(Contains(ReadText("\n\n").incomplete(), "people.ldif:1: there is no record"));
  CHECK(Contains(ReadText("version: 1\n# nobody\n").incomplete(), "people.ldif:1: there is no record"));
  CHECK(ReadText("version: 1\n# nobody\n", {.record_required = false}).incomplete().empty());
  CHECK(Contains(ReadText("", {.record_required = false}).incomplete(), "the file is empty"));
}

TEST_CASE("a file cut inside a line is incomplete and names the key, its last record is not given out") {
  const std::string cut = "dn: cn=a\ncn: a\n\ndn: cn=b\ncn: Bar";
  const ReadResult strict = ReadText(cut);
  CHECK(strict.incomplete().starts_with("people.ldif:5: "));
  CHECK(Contains(strict.incomplete(), "final_newline: optional"));
  CHECK(strict.records.size() == 1);

  const ReadResult lenient = ReadText(cut, {.final_newline_required = false});
  CHECK(lenient.incomplete().empty());
  REQUIRE(lenient.records.size() == 2);
  CHECK(lenient.records[1].values == Values{{"cn", "Bar"}});
  CHECK(lenient.snapshot.hash == Sha256Hex(cut));
}

TEST_CASE("what the stream says against itself at its end makes the snapshot incomplete") {
  Problem changed;
  changed.what = "the file changed while it was read";
  // Even where the text itself breaks off, the cause is the better answer.
  for (const char* text : {"dn: cn=a\ncn: a\n", "dn: cn=a\ncn: a", ""}) {
    const ReadResult read = ReadLdif(std::make_unique<MemoryStream>(text, std::vector<std::size_t>{}, changed));
    CHECK(read.incomplete() == "the file changed while it was read");
  }
}

TEST_CASE("a stream that fails is no exception but an incomplete snapshot") {
  class Failing final : public ByteStream {
   public:
    std::size_t Read(std::span<char> /*buffer*/) override {
      Problem problem;
      problem.at.file = "people.ldif";
      problem.what = "cannot be read: Input/output error";
      throw SourceFailure(problem);
    }
    std::optional<Problem> Finish() override { return std::nullopt; }
    const std::string& location() const override { return location_; }

   private:
    std::string location_ = "people.ldif";
  };
  CHECK(ReadLdif(std::make_unique<Failing>()).incomplete() == "people.ldif: cannot be read: Input/output error");
}

TEST_CASE("a reader that is asked to stop leaves the snapshot incomplete") {
  const ReadResult read =
      ReadLdif(std::make_unique<MemoryStream>(kTwoPeople), {}, AttributeTable::Everything(), /*stop_after=*/1);
  CHECK(read.records.size() == 1);
  CHECK(Contains(read.incomplete(), "people.ldif:9: reading was stopped"));
}

TEST_CASE("several files are one snapshot, each a file of its own") {
  std::vector<std::unique_ptr<ByteStream>> streams;
  streams.push_back(std::make_unique<MemoryStream>("version: 1\ndn: cn=a\ncn: a\n"));
  streams.push_back(std::make_unique<MemoryStream>("version: 1\n\ndn: cn=b\ncn: b\n"));
  ReadResult read(AttributeTable::Everything());
  const auto source = MakeLdifSource("directory", std::move(streams), {.location = "people-*.ldif"});
  read.snapshot = source->Read(read.table, read);
  CHECK(read.incomplete().empty());
  CHECK(read.snapshot.location == "people-*.ldif");
  REQUIRE(read.records.size() == 2);
  CHECK(read.records[0].line == 2);
  CHECK(read.records[1].line == 3);
}

TEST_CASE("a value or a record beyond its limit is told with its line") {
  const std::string big(200, 'x');
  const Options options{.block_size = 16, .max_value = 100, .max_record = 1000};
  const ReadResult value = ReadText("dn: cn=a\ncn: " + big + "\n\ndn: cn=b\ncn: b\n", options);
  CHECK(value.incomplete().empty());
  CHECK(value.records.size() == 1);
  REQUIRE(value.rejects.size() == 1);
  CHECK(value.rejects[0].reason.starts_with("line 2: the value of cn is longer"));

  std::string record = "dn: cn=a\ncn: a\n\ndn: cn=b\n";
  for (int i = 0; i < 100; ++i) record += "member: cn=somebody\n";
  const ReadResult too_large = ReadText(record, options);
  CHECK(too_large.incomplete().starts_with("people.ldif:4: the record that begins here is larger"));
  CHECK(too_large.records.size() == 1);
}

TEST_CASE("how large a record may be does not depend on the blocks in which the file comes") {
  for (const bool is_last : {true, false}) {
    for (const std::size_t size : {std::size_t{300}, std::size_t{498}, std::size_t{500}, std::size_t{520}}) {
      for (const std::size_t block : {std::size_t{16}, std::size_t{61}, std::size_t{4096}}) {
        CAPTURE(is_last);
        CAPTURE(size);
        CAPTURE(block);
        std::string record = "dn: cn=a\n";
        while (record.size() + 20 < size) record += "cn: x\n";
        record += "cn: " + std::string(size - record.size() - 5, 'x') + '\n';
        REQUIRE(record.size() == size);
        const ReadResult read =
            ReadText(record + (is_last ? "" : "\ndn: cn=b\n"), {.block_size = block, .max_record = 500});
        const bool fits = size <= 500;
        CHECK(read.incomplete().empty() == fits);
        CHECK(read.records.size() == (fits ? (is_last ? 1U : 2U) : 0U));
      }
    }
  }
  const ReadResult unended = ReadText("dn: cn=a\ncn: " + std::string(489, 'x'),
                                      {.final_newline_required = false, .block_size = 4096, .max_record = 500});
  CHECK_MESSAGE(unended.incomplete().starts_with("people.ldif:1: the record that begins here is larger"),
                "not passed over for want of its end");
}

TEST_CASE("values of a range are values of the attribute, and a range without its tail is marked") {
  struct Case {
    const char* ranges;
    bool is_open;
  };
  const Case cases[] = {
      {"member;range=0-1: cn=x\nmember;range=0-1: cn=y\n", true},
      {"member;range=0-*: cn=x\nmember;range=0-*: cn=y\n", false},
      {"member;range=0-0: cn=x\nmember;range=1-*: cn=y\n", false},
      {"member;Range=1-*: cn=x\nmember;range=0-0: cn=y\n", false},
      {"member;range=0-0: cn=x\nmember;range=2-*: cn=y\n", true},
      {"member;range=1500-*: cn=x\nmember: cn=y\n", true},
      {"member: cn=x\nmember: cn=y\n", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.ranges);
    const std::string text = "dn: cn=g\n" + std::string(c.ranges) + "\ndn: cn=h\nmember: cn=z\n";
    const ReadResult read = ReadText(text, {}, Table({"member", "member;range"}));
    REQUIRE(read.records.size() == 2);
    Values expected{{"member", "cn=x"}, {"member", "cn=y"}};
    if (c.is_open) expected.emplace_back("member;range", "");
    CHECK(read.records[0].values == expected);
    CHECK(read.records[1].values == Values{{"member", "cn=z"}});
  }
  const ReadResult all = ReadText("dn: cn=g\nmember;range=0-1: cn=x\n");
  CHECK(all.records[0].values == Values{{"member;range=0-1", "cn=x"}});
}

TEST_CASE("more spellings of names than are remembered are still told apart") {
  std::string text = "dn: cn=a\n";
  Values expected;
  for (int i = 0; i < 20000; ++i) {
    const std::string number = std::to_string(i);
    text += "x" + number + ": " + number + "\n";
    expected.emplace_back("x" + number, number);
  }
  const ReadResult read = ReadText(text);
  REQUIRE(read.records.size() == 1);
  CHECK(read.records[0].values == expected);
}

}  // namespace ucaas_sync::ldif
