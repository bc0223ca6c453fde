#include "connectors/sources.h"

#include <doctest/doctest.h>

#include <chrono>

#include "daemon/model/sha256.h"
#include "tests/connectors/csv/collecting_sink.h"
#include "tests/support/temporary_folder.h"

namespace ucaas_sync {
namespace {

using testing::TemporaryFolder;
using tests::CollectingSink;
using Lines = std::vector<std::string>;

Instant Now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

config::Text Text(std::string value) {
  return {.value = std::move(value), .at = {}};
}

config::SourceConfig CsvAt(const std::string& path) {
  config::SourceConfig config;
  config.name = Text("hr");
  config.path = Text(path);
  return config;
}

struct Result {
  Snapshot snapshot;
  Lines records;
  std::string incomplete() const { return snapshot.incomplete ? snapshot.incomplete->ToString() : ""; }
};

Result Read(const config::SourceConfig& config) {
  AttributeTable attributes = AttributeTable::Everything();
  CollectingSink sink(attributes);
  Snapshot snapshot = MakeSource(config, Now())->Read(attributes, sink);
  return {.snapshot = std::move(snapshot), .records = sink.records};
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a CSV file is read with its identity, so that the next poll need not open it") {
  const TemporaryFolder folder;
  const config::SourceConfig config = CsvAt(folder.Write("people.csv", "id,name\n1,Anna\n"));
  const Result result = Read(config);
  CHECK(result.incomplete().empty());
  CHECK(result.records == Lines{"2: id=[1] name=[Anna]"});
  CHECK(result.snapshot.hash == Sha256Hex("id,name\n1,Anna\n"));
  CHECK(result.snapshot.files == LookForFiles(config).files);
  folder.Append("people.csv", "2,Bo\n");
  CHECK(result.snapshot.files != LookForFiles(config).files);
}

TEST_CASE("a file that is not there is a snapshot that says so, and a pattern without pick says what to write") {
  const TemporaryFolder folder;
  CHECK(Has(Read(CsvAt(folder.Path("people.csv"))).incomplete(), "people.csv: there is no such file"));
  CHECK(Has(Read(CsvAt(folder.Path("people-*.csv"))).incomplete(), "pick: newest"));
  CHECK(LookForFiles(CsvAt(folder.Path("people.csv"))).problem.has_value());
}

TEST_CASE("an LDIF file is read by the LDIF reader, also in UTF-16 as ldifde -u writes it") {
  const TemporaryFolder folder;
  const std::string ldif = "dn: cn=a\ncn: a\n\n";
  std::string wide = "\xFF\xFE";
  for (const char c : ldif) {
    wide += c;
    wide += '\0';
  }
  for (const std::string& text : {ldif, wide}) {
    config::SourceConfig config = CsvAt(folder.Write("people.ldif", text));
    config.format = config::Format::kLdif;
    const Result result = Read(config);
    CHECK(result.incomplete().empty());
    CHECK(result.records == Lines{"1: cn=[a]"});
    CHECK(result.snapshot.files.size() == 1);
  }
}

TEST_CASE("of a pattern the newest file is read, or all of them as one source") {
  const TemporaryFolder folder;
  folder.Write("people-1.csv", "id,name\n1,Anna\n");
  folder.Write("people-2.csv", "name,ID\nBo,2\n");
  folder.SetAge("people-1.csv", std::chrono::hours(1));
  folder.SetAge("people-2.csv", std::chrono::hours(2));
  config::SourceConfig config = CsvAt(folder.Path("people-*.csv"));

  config.pick = config::Pick::kNewest;
  CHECK(Read(config).records == Lines{"2: id=[1] name=[Anna]"});

  config.pick = config::Pick::kAll;
  const Result all = Read(config);
  CHECK(all.incomplete().empty());
  CHECK(all.records == Lines{"2: id=[1] name=[Anna]", "2: name=[Bo] id=[2]"});
  CHECK(all.snapshot.records == 2);
  CHECK(all.snapshot.files.size() == 2);
  CHECK(all.snapshot.location == folder.Path("people-*.csv"));

  SUBCASE("files whose headings differ are not one source") {
    folder.Write("people-3.csv", "id,mail\n3,c@x\n");
    CHECK(Has(Read(config).incomplete(), "people-3.csv:1: the heading names other columns than that of"));
  }
  SUBCASE("each file needs its own final newline") {
    folder.Write("people-1.csv", "id,name\n1,Anna");
    CHECK(Has(Read(config).incomplete(), "people-1.csv:2: the file has no newline at its end"));
  }
  SUBCASE("the hash tells a change in any of them") {
    folder.Write("people-2.csv", "name,ID\nBob,2\n");
    CHECK(Read(config).snapshot.hash != all.snapshot.hash);
  }
}

TEST_CASE("a command reads the file, and its failure makes the snapshot incomplete") {
  const TemporaryFolder folder;
  config::SourceConfig config = CsvAt(folder.Write("people.csv.x", "id\n1\n"));
  config.command = {Text("cat"), Text("{file}")};
  const Result good = Read(config);
  CHECK(good.incomplete().empty());
  CHECK(good.records == Lines{"2: id=[1]"});
  CHECK(good.snapshot.files.size() == 1);
  CHECK(good.snapshot.location == "cat {file}");

  config.command = {Text("sh"), Text("-c"), Text("cat {file}; echo no key >&2; exit 2")};
  CHECK(Has(Read(config).incomplete(), "exit status 2; it wrote: no key"));

  config.command = {Text("sh"), Text("-c"), Text("cat {file}; echo 2 >> {file}")};
  CHECK(Has(Read(config).incomplete(), "grew while it was read"));

  config.command = {Text("printf"), Text("id\\n7\\n")};
  config.path = Text(folder.Path("not there, and not asked for"));
  const Result alone = Read(config);
  CHECK(alone.records == Lines{"2: id=[7]"});
  CHECK(alone.snapshot.files.empty());
}

TEST_CASE("a file that is too old or has too few records is incomplete, and the key is named") {
  const TemporaryFolder folder;
  config::SourceConfig config = CsvAt(folder.Write("people.csv", "id,n\n1,a\nbroken\n"));
  folder.SetAge("people.csv", std::chrono::hours(50));
  config.max_age = std::chrono::hours(48);
  CHECK(Has(Read(config).incomplete(), "people.csv: the file was written"));
  CHECK(Has(Read(config).incomplete(), "\"max_age:\""));
  config.max_age = std::chrono::hours(51);
  CHECK(Read(config).incomplete().empty());

  config.min_records = 2;  // a rejected record is one too
  CHECK(Read(config).incomplete().empty());
  config.min_records = 3;
  CHECK(Has(Read(config).incomplete(), "there are 2 records, and \"min_records:\" asks for 3"));
}

TEST_CASE("an encoding that nobody knows is a snapshot that says so") {
  const TemporaryFolder folder;
  config::SourceConfig config = CsvAt(folder.Write("people.csv", "id\n1\n"));
  config.encoding = Text("windows-1525");
  CHECK(Has(Read(config).incomplete(), "\"windows-1525\" is not known"));
}

}  // namespace ucaas_sync
