// CSV: what a file says does not depend on the blocks in which it comes, and no record is invented or lost.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/csv/csv_source.h"
#include "daemon/model/text.h"
#include "tests/connectors/bytes/memory_stream.h"
#include "tests/connectors/csv/collecting_sink.h"
#include "tests/fuzz/fuzz.h"

namespace {

using ucaas_sync::fuzz::Choices;
using ucaas_sync::fuzz::Require;

struct Outcome {
  std::vector<std::string> records;
  std::vector<std::string> rejects;
  std::vector<std::vector<std::string>> rejected_values;
  std::string incomplete;
  std::vector<std::string> columns;
  std::string hash;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome ReadIn(const Choices& input, std::size_t block, std::vector<std::size_t> pieces) {
  ucaas_sync::csv::Options options;
  options.final_newline_required = input[0];
  if (input[1]) options.delimiter = ';';
  if (input[2]) options.encoding = "iso-8859-15";
  if (input[3]) options.split = {{"b", "|"}};
  options.max_record_bytes = input[4] ? 200 : 100'000;
  options.block_bytes = block;
  auto table = ucaas_sync::AttributeTable::Everything();
  ucaas_sync::tests::CollectingSink sink(table);
  const auto source = ucaas_sync::csv::MakeCsvSource(
      "hr", std::make_unique<ucaas_sync::tests::MemoryStream>(input.text, std::move(pieces)), options);
  const auto snapshot = source->Read(table, sink);
  Require(snapshot.records == sink.records.size(), "the snapshot counts the records that came");
  Require(snapshot.rejected == sink.rejects.size(), "the snapshot counts the rejects that came");
  Require(!snapshot.complete() || snapshot.records + snapshot.rejected > 0, "a complete file has a row");
  return {.records = sink.records,
          .rejects = sink.rejects,
          .rejected_values = sink.rejected_values,
          .incomplete = snapshot.incomplete ? snapshot.incomplete->ToString() : "",
          .columns = snapshot.columns,
          .hash = snapshot.hash};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Choices input(data, size);
  const Outcome whole = ReadIn(input, std::size_t{1} << 16U, {});
  const Outcome small = ReadIn(input, 64, {1, 7, 64, 3});
  const Outcome odd = ReadIn(input, 97, {61});
  Require(whole == small, "blocks of 64 bytes say what one block says", whole.incomplete + '\n' + small.incomplete);
  Require(whole == odd, "blocks of 97 bytes say what one block says", whole.incomplete + '\n' + odd.incomplete);
  for (const std::string& record : whole.records) {
    Require(ucaas_sync::IsUtf8(record), "a record is UTF-8", record);
    Require(record.find('\0') == std::string::npos, "a record has no NUL byte");
  }
  return 0;
}
