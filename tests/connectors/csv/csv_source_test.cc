#include "connectors/csv/csv_source.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "daemon/model/sha256.h"
#include "tests/connectors/bytes/memory_stream.h"
#include "tests/connectors/csv/collecting_sink.h"

namespace ucaas_sync::csv {
namespace {

using tests::CollectingSink;
using tests::MemoryStream;
using std::string_literals::operator""s;
using Lines = std::vector<std::string>;

struct Result {
  Snapshot snapshot;
  Lines records;
  Lines rejects;
  std::vector<Lines> rejected_values;
  std::string incomplete() const { return snapshot.incomplete ? snapshot.incomplete->ToString() : ""; }
};

Result ReadStream(std::unique_ptr<ByteStream> stream, const Options& options,
                  AttributeTable attributes = AttributeTable::Everything()) {
  CollectingSink sink(attributes);
  Result result;
  result.snapshot = MakeCsvSource("hr", std::move(stream), options)->Read(attributes, sink);
  result.records = sink.records;
  result.rejects = sink.rejects;
  result.rejected_values = sink.rejected_values;
  CHECK(result.snapshot.records == sink.records.size());
  CHECK(result.snapshot.rejected == sink.rejects.size());
  return result;
}

// Also in blocks of 64 bytes, byte by byte: the outcome may not depend on it.
Result Read(const std::string& text, Options options = {}) {
  const Result whole = ReadStream(std::make_unique<MemoryStream>(text), options);
  options.block_bytes = 64;
  const Result slow = ReadStream(std::make_unique<MemoryStream>(text, std::vector<std::size_t>{1}), options);
  CHECK(slow.records == whole.records);
  CHECK(slow.rejects == whole.rejects);
  CHECK(slow.rejected_values == whole.rejected_values);
  CHECK(slow.incomplete() == whole.incomplete());
  CHECK(slow.snapshot.columns == whole.snapshot.columns);
  return whole;
}

Options Delimited(char delimiter) {
  Options options;
  options.delimiter = delimiter;
  return options;
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

bool Contains(const Lines& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

TEST_CASE("rows become records with their lines, and empty fields are left out") {
  const std::string text = "id,name,mail\n1,Anna,a@x\n2,,b@x\n";
  const Result result = Read(text);
  CHECK(result.records == Lines{"2: id=[1] name=[Anna] mail=[a@x]", "3: id=[2] mail=[b@x]"});
  CHECK(result.snapshot.complete());
  CHECK(result.snapshot.columns == Lines{"id", "name", "mail"});
  CHECK(result.snapshot.hash == Sha256Hex(text));
  CHECK(result.snapshot.source == "hr");
  CHECK(result.snapshot.location == "people.csv");
}

TEST_CASE("quoted fields may hold delimiters, doubled quotes and line ends, which count as lines") {
  const Result result = Read("id,note\n1,\"a, \"\"b\"\"\"\n2,\"one\r\ntwo\rthree\nfour\"\n3,\"\"\n4,\"\"\"\"\n");
  CHECK(result.records == Lines{"2: id=[1] note=[a, \"b\"]", "3: id=[2] note=[one\r\ntwo\rthree\nfour]", "7: id=[3]",
                                "8: id=[4] note=[\"]"});
  CHECK(result.incomplete().empty());
}

TEST_CASE("CR, LF and CRLF end rows, also mixed, and empty lines are skipped but counted") {
  const Result result = Read("\n\r\nid,n\r1,a\r\n\r\n2,b\n\r3,c\r");
  CHECK(result.records == Lines{"4: id=[1] n=[a]", "6: id=[2] n=[b]", "8: id=[3] n=[c]"});
  CHECK(result.snapshot.complete());
}

TEST_CASE("the delimiter is found in the heading, outside quotes") {
  CHECK(Read("a;\"b,c,d\"\n1;2\n").snapshot.columns == Lines{"a", "b,c,d"});
  CHECK(Read("a\tb\n1\t2\n").records == Lines{"2: a=[1] b=[2]"});
  CHECK(Read("a|b|c\n1|2,5|3\n").records == Lines{"2: a=[1] b=[2,5] c=[3]"});
  CHECK(Read("alone\n1\n").records == Lines{"2: alone=[1]"});
  CHECK(Read("a:b,c\n1:2,3\n", Delimited(':')).records == Lines{"2: a=[1] b,c=[2,3]"});
}

TEST_CASE("the delimiter is found behind a character that came in two reads") {
  CHECK(Read("Stra\xC3\x9F"
             "e;Name\n1;2\n")
            .records == Lines{"2: Stra\xC3\x9F"
                              "e=[1] Name=[2]"});
}

TEST_CASE("a delimiter that cannot be told is not guessed") {
  CHECK(Has(Read("a,b;c\n1,2;3\n").incomplete(), "people.csv:1: the heading has as many of comma as of semicolon"));
}

TEST_CASE("a byte-order mark and spaces around headings are not part of a name") {
  CHECK(Read("\xEF\xBB\xBF id ,\"  full name \"\n1,Anna\n").records == Lines{"2: id=[1] full name=[Anna]"});
  CHECK(Has(Read("id, \"name\"\n1,Anna\n").incomplete(), "people.csv:1: the heading cannot be read"));
}

TEST_CASE("UTF-16 is read by its mark, and Windows-1252 when told") {
  CHECK(Read("\xFF\xFEi\0d\0\n\0\xFC\0\n\0"s).records == Lines{"2: id=[\xC3\xBC]"});
  Options windows;
  windows.encoding = "windows-1252";
  CHECK(Read("id\n\xFC\n", windows).records == Lines{"2: id=[\xC3\xBC]"});
}

TEST_CASE("bytes that are not UTF-8 refuse the file at their line and column, with the way out") {
  const Result result = Read("id,name\n1,Anna\n2,M\xC3\xBC\xFCller\n3,Carl\n");
  CHECK(Has(result.incomplete(), "people.csv:3:5: byte 0xFC is not UTF-8"));
  CHECK(Has(result.incomplete(), "encoding: windows-1252"));
  CHECK(result.records == Lines{"2: id=[1] name=[Anna]"});
}

TEST_CASE("a file that ends inside a character was cut") {
  CHECK(Has(Read("id,name\n1,M\xC3").incomplete(), "people.csv:2:4: the file ends inside a character"));
}

TEST_CASE("a NUL byte refuses the file at its line") {
  const Result result = Read("id,name\n1,Anna\n2,\"x\ny\0z\"\n"s);
  CHECK(Has(result.incomplete(), "people.csv:4:2: there is a NUL byte"));
  CHECK(result.records.size() == 1);
}

TEST_CASE("a heading without a name or with one name twice is refused") {
  CHECK(Has(Read("id,,name\n1,2,3\n").incomplete(), "people.csv:1: column 2 has no heading"));
  CHECK(Has(Read("id,Mail,name,MAIL \n1,2,3,4\n").incomplete(), "\"MAIL\" is there twice, as columns 2 and 4"));
}

TEST_CASE("a row of the wrong width is rejected with its line and all its values, and the others are read") {
  const Result result = Read("id,name,mail\n1,Anna,a@x\n2,\"Smith, B\"\n3,C,c@x,extra\n4,D,d@x\n");
  CHECK(result.records == Lines{"2: id=[1] name=[Anna] mail=[a@x]", "5: id=[4] name=[D] mail=[d@x]"});
  CHECK(result.rejects ==
        Lines{"people.csv:3: 2 fields, the heading has 3", "people.csv:4: 4 fields, the heading has 3"});
  CHECK(result.rejected_values[0] == Lines{"2", "Smith, B"});
  CHECK(result.snapshot.complete());
}

TEST_CASE("a misplaced quote rejects its row, and reading goes on with the next line") {
  const Result result = Read("id,name,mail\n1,\"Jim \"The Man\" Smith\",j@x\n2,Bo \"B\" Lee,b@x\n3,C,c@x\n");
  CHECK(result.records == Lines{"4: id=[3] name=[C] mail=[c@x]"});
  REQUIRE(result.rejects.size() == 2);
  CHECK(Has(result.rejects[0], "people.csv:2: text after a closing quote, in column 9"));
  CHECK(Has(result.rejects[1], "people.csv:3: a quote inside a field that does not begin with one, in column 6"));
  CHECK(Contains(result.rejected_values[0], "1"));
  CHECK(Contains(result.rejected_values[0], "j@x"));
}

TEST_CASE("a stray quote that swallows the next line hides nobody: both keys are among the rejected values") {
  const Result result = Read("id,name\n1,\"Jim\n2,\"Bob\"\n3,Al\n");
  CHECK(result.records == Lines{"4: id=[3] name=[Al]"});
  REQUIRE(result.rejected_values.size() == 1);
  CHECK(Contains(result.rejected_values[0], "1"));
  CHECK(Contains(result.rejected_values[0], "2"));

  const Result wide = Read("id,name\n1,\"Jim\n2,Bob\",x\n3,Al\n");
  REQUIRE(wide.rejected_values.size() == 1);
  CHECK(Contains(wide.rejected_values[0], "2"));
}

TEST_CASE("a quote that is never closed is incomplete, with the line in which it opens") {
  const Result result = Read("id,a,b\n1,x,y\n2,\"p\nq\",\"never\n3,x,y\n4,x,y\n");
  CHECK(Has(result.incomplete(), "people.csv:4: the quote that opens field 3 in this line is never closed"));
  CHECK(result.records == Lines{"2: id=[1] a=[x] b=[y]"});
}

TEST_CASE("a file cut in mid-row is incomplete, whatever is said of the final newline") {
  for (const bool required : {true, false}) {
    Options options;
    options.final_newline_required = required;
    const Result result = Read("id,name,mail\n1,A,a@x\n2,B", options);
    CHECK(Has(result.incomplete(), "people.csv:3: the file ends inside this row, after 2 fields of 3"));
    CHECK(result.records.size() == 1);
  }
}

TEST_CASE("a file without its final newline is incomplete unless that is optional, and the key is named") {
  const std::string text = "id,name\n1,Anna\n2,Bo";
  const Result strict = Read(text);
  CHECK(Has(strict.incomplete(), "people.csv:3: the file has no newline at its end"));
  CHECK(Has(strict.incomplete(), "final_newline: optional"));
  Options optional;
  optional.final_newline_required = false;
  const Result lenient = Read(text, optional);
  CHECK(lenient.snapshot.complete());
  CHECK(lenient.records == Lines{"2: id=[1] name=[Anna]", "3: id=[2] name=[Bo]"});
  CHECK(Read("id,name\n1,Anna\n2,\"Bo\"", optional).records.size() == 2);
}

TEST_CASE("an empty file, only empty lines and a heading alone are incomplete") {
  CHECK(Has(Read("").incomplete(), "people.csv:1: the file is empty"));
  CHECK(Has(Read("\xEF\xBB\xBF").incomplete(), "the file is empty"));
  CHECK(Has(Read("\r\n\n").incomplete(), "only empty lines"));
  CHECK(Has(Read("id,name\n").incomplete(), "people.csv:1: the file has a heading and not a single row"));
  CHECK(Has(Read("id,name").incomplete(), "not a single row"));
}

TEST_CASE("a field that never ends is refused at its line, without taking memory for it") {
  std::string text = "id,name\n1,Anna\n2,\"";
  text.append(50'000, 'x');
  text += "\"\n3,Bo\n";
  Options options;
  options.max_record_bytes = 10'000;
  const Result one_block = ReadStream(std::make_unique<MemoryStream>(text), options);
  CHECK(Has(one_block.incomplete(), "people.csv:3: the record that begins here is longer than 10,000 bytes"));
  CHECK(one_block.records.size() == 1);
  options.block_bytes = 1024;
  const Result many_blocks = ReadStream(std::make_unique<MemoryStream>(text), options);
  CHECK(many_blocks.incomplete() == one_block.incomplete());
  CHECK(many_blocks.snapshot.hash.empty());
  CHECK(one_block.snapshot.hash.empty());
}

TEST_CASE("a heading that never ends is refused for its length, whatever delimiters are in it") {
  const std::string text = "a,b\t" + std::string(300, 'x') + "\n1,2\n";
  Options options;
  options.max_record_bytes = 200;
  for (const std::size_t block : {std::size_t{64}, std::size_t{100}, std::size_t{1} << 16U}) {
    options.block_bytes = block;
    const Result result = ReadStream(std::make_unique<MemoryStream>(text), options);
    CHECK(Has(result.incomplete(), "people.csv:1: the record that begins here is longer than 200 bytes"));
  }
}

TEST_CASE("a row of a hundred thousand fields is refused") {
  CHECK(Has(Read("a,b\n" + std::string(100'000, ',') + "\n").incomplete(), "more than 65,536 fields"));
}

TEST_CASE("split makes several values of one field, and a column that it cannot find is an error") {
  Options options;
  options.split = {{"Skills", ";"}};
  CHECK(Read("id,skills\n1,a;;b; c\n2,;\n3,plain\n", options).records ==
        Lines{"2: id=[1] skills=[a] skills=[b] skills=[ c]", "3: id=[2]", "4: id=[3] skills=[plain]"});
  const std::string problem = Read("id,skill\n1,a\n", options).incomplete();
  CHECK(Has(problem, "no column \"Skills\""));
  CHECK(Has(problem, "nearest is \"skill\""));
}

TEST_CASE("only the attributes that somebody needs are kept, under the name they need") {
  AttributeTable attributes = AttributeTable::Selected();
  attributes.Need("Mail");
  const Result result = ReadStream(std::make_unique<MemoryStream>("id,mail\n1,\"a\"\"x\"\n"), {}, attributes);
  CHECK(result.records == Lines{"2: Mail=[a\"x]"});
  CHECK(result.snapshot.columns == Lines{"id", "mail"});
}

TEST_CASE("what the stream says against itself is why the snapshot is incomplete") {
  Problem failed;
  failed.at.file = "gpg";
  failed.what = "exit status 2";
  const auto stream = [&](const std::string& text) {
    return std::make_unique<MemoryStream>(text, std::vector<std::size_t>{}, failed);
  };
  CHECK(ReadStream(stream("id\n1\n"), {}).incomplete() == "gpg: exit status 2");
  CHECK(ReadStream(stream("id,\"n\n1"), {}).incomplete() == "gpg: exit status 2");
}

TEST_CASE("a sink that has enough makes the snapshot incomplete") {
  AttributeTable attributes = AttributeTable::Everything();
  CollectingSink sink(attributes, 1);
  const auto source = MakeCsvSource("hr", std::make_unique<MemoryStream>("id\n1\n2\n"), {});
  CHECK(Has(source->Read(attributes, sink).incomplete.value().ToString(), "stopped"));
  CHECK(sink.records.size() == 1);
}

}  // namespace ucaas_sync::csv
