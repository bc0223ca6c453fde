#include "connectors/csv/csv_source.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "connectors/bytes/decoding_stream.h"
#include "connectors/bytes/hashing_stream.h"
#include "connectors/bytes/source_problem.h"
#include "connectors/csv/block_buffer.h"
#include "connectors/csv/field.h"
#include "connectors/csv/heading.h"
#include "connectors/csv/row_reader.h"
#include "daemon/model/text.h"

namespace ucaas_sync::csv {
namespace {

constexpr std::size_t kLeastBlock = 64;
constexpr std::size_t kMostRecord = std::size_t{1} << 30U;  // positions are 32 bits

class CsvSource : public Source {
 public:
  CsvSource(std::string name, std::unique_ptr<ByteStream> stream, Options options)
      : name_(std::move(name)), stream_(std::move(stream)), options_(std::move(options)) {
    options_.block_bytes = std::clamp(options_.block_bytes, kLeastBlock, kMostRecord);
    options_.max_record_bytes = std::min(options_.max_record_bytes, kMostRecord);
  }

  const std::string& name() const override { return name_; }
  Snapshot Read(AttributeTable& attributes, RecordSink& sink) override;

 private:
  // A column whose values are kept.
  struct Kept {
    std::size_t column = 0;
    Slot slot = kNoSlot;
    std::string_view separator;  // empty: the field is one value
  };

  std::vector<Kept> KeptColumns(const std::vector<std::string>& columns, AttributeTable& attributes, const Row& heading,
                                const std::string& location) const;
  void ReadRows(BlockBuffer& buffer, const std::string& location, AttributeTable& attributes, RecordSink& sink,
                Snapshot& snapshot) const;
  static void SendReject(const BlockBuffer& buffer, const Row& row, char delimiter, std::size_t width,
                         const std::string& location, RecordSink& sink);
  static void FillRecord(BlockBuffer& buffer, const Row& row, const std::vector<Kept>& kept, Record& record);

  std::string name_;
  std::unique_ptr<ByteStream> stream_;
  Options options_;
};

// Ends the reading with a reason that is not a failure of the input's bytes.
Problem Incomplete(const std::string& location, std::uint64_t line, std::string what, std::string remedy) {
  return bytes::ProblemAt(location, line, 0, std::move(what), std::move(remedy));
}

Snapshot CsvSource::Read(AttributeTable& attributes, RecordSink& sink) {
  if (stream_ == nullptr) throw std::logic_error("a CSV source is read once");
  const std::string location = stream_->location();
  Snapshot snapshot{.source = name_, .location = location, .incomplete = {}, .hash = {}, .files = {}, .columns = {}};
  Sha256 hash;
  try {
    bytes::DecodingStream decoding(bytes::Hashed(std::move(stream_), hash, options_.read_ahead), options_.encoding);
    BlockBuffer buffer(decoding, options_.block_bytes);
    try {
      ReadRows(buffer, location, attributes, sink, snapshot);
    } catch (const SourceFailure& failure) {
      snapshot.incomplete = failure.problem();
    }
    if (buffer.has_read_all()) {
      // A command that failed, or a file that changed, explains whatever else is wrong.
      if (auto problem = decoding.Finish()) snapshot.incomplete = std::move(problem);
      if (snapshot.complete()) snapshot.hash = hash.Hex();
    }
  } catch (const SourceFailure& failure) {
    snapshot.incomplete = failure.problem();
  }
  return snapshot;
}

void CsvSource::ReadRows(BlockBuffer& buffer, const std::string& location, AttributeTable& attributes, RecordSink& sink,
                         Snapshot& snapshot) const {
  const char delimiter =
      options_.delimiter ? *options_.delimiter : FindDelimiter(buffer, location, options_.max_record_bytes);
  RowReader rows(buffer, location, delimiter, options_.max_record_bytes);
  Row row;
  if (!rows.Next(row)) {
    throw SourceFailure(Incomplete(location, 1,
                                   rows.line() == 1 ? "the file is empty" : "the file has only empty lines",
                                   "check whether the export has run"));
  }
  snapshot.columns = ParseHeading(buffer, row, location);
  const std::size_t width = snapshot.columns.size();
  const std::vector<Kept> kept = KeptColumns(snapshot.columns, attributes, row, location);
  const std::uint64_t heading_line = row.line;

  Record record;
  while (rows.Next(row)) {
    if (row.is_last_without_newline && !row.misplaced_quote && row.field_ends.size() < width) {
      throw SourceFailure(Incomplete(location, row.line,
                                     "the file ends inside this row, after " + Counted(row.field_ends.size(), "field") +
                                         " of " + std::to_string(width),
                                     "the file was cut: fetch it again"));
    }
    if (row.misplaced_quote || row.field_ends.size() != width) [[unlikely]] {
      SendReject(buffer, row, delimiter, width, location, sink);
      ++snapshot.rejected;
    } else {
      FillRecord(buffer, row, kept, record);
      ++snapshot.records;
      if (!sink.OnRecord(record)) {
        throw SourceFailure(Incomplete(location, row.line, "reading was stopped after this record", {}));
      }
    }
    if (row.is_last_without_newline && options_.final_newline_required) {
      throw SourceFailure(Incomplete(location, row.line,
                                     "the file has no newline at its end, so this last row may be cut",
                                     "fetch the file again; if this export never ends with one, write "
                                     "\"final_newline: optional\" for this source"));
    }
  }
  if (snapshot.records == 0 && snapshot.rejected == 0) {
    throw SourceFailure(Incomplete(location, heading_line, "the file has a heading and not a single row",
                                   "check whether the export has run to its end"));
  }
}

std::vector<CsvSource::Kept> CsvSource::KeptColumns(const std::vector<std::string>& columns, AttributeTable& attributes,
                                                    const Row& heading, const std::string& location) const {
  std::vector<Kept> kept;
  for (std::size_t column = 0; column < columns.size(); ++column) {
    const Slot slot = attributes.Find(columns[column]);
    if (slot != kNoSlot) kept.push_back({.column = column, .slot = slot, .separator = {}});
  }
  for (const auto& [name, separator] : options_.split) {
    const auto column = std::find_if(columns.begin(), columns.end(), [&name = name](const std::string& other) {
      return EqualsIgnoreAsciiCase(name, other);
    });
    if (column == columns.end()) {
      const std::vector<std::string_view> candidates(columns.begin(), columns.end());
      const auto nearest = Nearest(name, candidates);
      throw SourceFailure(
          Incomplete(location, heading.line, "there is no column \"" + Printable(name) + "\", which \"split:\" names",
                     nearest ? "the nearest is \"" + Printable(*nearest) + "\"" : "correct \"split:\" of this source"));
    }
    const auto index = static_cast<std::size_t>(column - columns.begin());
    for (Kept& one : kept) {
      if (one.column == index) one.separator = separator;
    }
  }
  return kept;
}

// The hot path: no allocation, and no look at a column that nobody needs.
void CsvSource::FillRecord(BlockBuffer& buffer, const Row& row, const std::vector<Kept>& kept, Record& record) {
  record.Clear();
  record.line = row.line;
  char* const data = buffer.data();
  for (const Kept& one : kept) {
    std::size_t begin = one.column == 0 ? row.begin : std::size_t{row.field_ends[one.column - 1]} + 1;
    std::size_t length = row.field_ends[one.column] - begin;
    if (length == 0) continue;
    if (data[begin] == '"') {
      ++begin;
      length -= 2;
      // The row is used once, so doubled quotes can be undone where they stand.
      if (std::memchr(data + begin, '"', length) != nullptr) {
        length = UnquoteTo({data + begin - 1, length + 2}, data + begin);
      }
      if (length == 0) continue;
    }
    std::string_view value(data + begin, length);
    if (one.separator.empty()) [[likely]] {
      record.Add(one.slot, value);
      continue;
    }
    for (std::size_t end = value.find(one.separator); end != std::string_view::npos; end = value.find(one.separator)) {
      if (end > 0) record.Add(one.slot, value.substr(0, end));
      value.remove_prefix(end + one.separator.size());
    }
    if (!value.empty()) record.Add(one.slot, value);
  }
}

void CsvSource::SendReject(const BlockBuffer& buffer, const Row& row, char delimiter, std::size_t width,
                           const std::string& location, RecordSink& sink) {
  const std::vector<std::string> values = PossibleValues(buffer, row, delimiter);
  const std::vector<std::string_view> views(values.begin(), values.end());
  const std::string reason =
      row.misplaced_quote ? MisplacedQuote(buffer, row)
                          : Counted(row.field_ends.size(), "field") + ", the heading has " + WithThousands(width);
  sink.OnReject({.file = location, .line = row.line, .reason = reason, .values = views});
}

}  // namespace

std::unique_ptr<Source> MakeCsvSource(std::string name, std::unique_ptr<ByteStream> stream, Options options) {
  return std::make_unique<CsvSource>(std::move(name), std::move(stream), std::move(options));
}

}  // namespace ucaas_sync::csv
