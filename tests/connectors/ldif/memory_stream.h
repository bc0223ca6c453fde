// What the LDIF tests share: a stream over text that comes in blocks of chosen sizes, and a sink that remembers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "connectors/ldif/ldif_source.h"
#include "daemon/model/record.h"
#include "daemon/model/source.h"

namespace ucaas_sync::ldif {

class MemoryStream final : public ByteStream {
 public:
  /// Gives `sizes` bytes at a time, the sizes in turn; no sizes: as much as fits.
  explicit MemoryStream(std::string text, std::vector<std::size_t> sizes = {}, std::optional<Problem> finish = {})
      : text_(std::move(text)), sizes_(std::move(sizes)), finish_(std::move(finish)) {}

  std::size_t Read(std::span<char> buffer) override {
    std::size_t count = std::min(buffer.size(), text_.size() - at_);
    if (!sizes_.empty()) count = std::min(count, sizes_[turn_++ % sizes_.size()]);
    std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(at_), count, buffer.begin());
    at_ += count;
    return count;
  }
  std::optional<Problem> Finish() override { return finish_; }
  const std::string& location() const override { return location_; }

 private:
  std::string text_;
  std::vector<std::size_t> sizes_;
  std::optional<Problem> finish_;
  std::string location_ = "people.ldif";
  std::size_t at_ = 0;
  std::size_t turn_ = 0;
};

struct ReadRecord {
  std::uint64_t line = 0;
  std::string dn;
  std::vector<std::pair<std::string, std::string>> values;  // name, value, in the order of the file
  friend bool operator==(const ReadRecord&, const ReadRecord&) = default;
};

struct ReadReject {
  std::uint64_t line = 0;
  std::string reason;
  std::vector<std::string> values;
  friend bool operator==(const ReadReject&, const ReadReject&) = default;
};

struct ReadResult final : RecordSink {
  explicit ReadResult(AttributeTable attributes) : table(std::move(attributes)) {}

  bool OnRecord(const Record& record) override {
    ReadRecord copy{.line = record.line, .dn = std::string(record.dn), .values = {}};
    for (const Record::Cell& cell : record.cells()) copy.values.emplace_back(table.NameOf(cell.slot), cell.value);
    records.push_back(std::move(copy));
    return records.size() != stop_after;
  }
  void OnReject(const Reject& reject) override {
    rejects.push_back({reject.line, std::string(reject.reason), {reject.values.begin(), reject.values.end()}});
  }
  /// "FILE:LINE: …", or nothing when the snapshot is complete.
  std::string incomplete() const { return snapshot.incomplete ? snapshot.incomplete->ToString() : std::string(); }

  AttributeTable table;
  std::vector<ReadRecord> records;
  std::vector<ReadReject> rejects;
  Snapshot snapshot;
  std::size_t stop_after = 0;
};

inline ReadResult ReadLdif(std::unique_ptr<ByteStream> stream, Options options = {},
                           AttributeTable table = AttributeTable::Everything(), std::size_t stop_after = 0) {
  ReadResult result(std::move(table));
  result.stop_after = stop_after;
  const auto source = MakeLdifSource("directory", std::move(stream), std::move(options));
  result.snapshot = source->Read(result.table, result);
  return result;
}

inline ReadResult ReadText(std::string text, Options options = {},
                           AttributeTable table = AttributeTable::Everything()) {
  return ReadLdif(std::make_unique<MemoryStream>(std::move(text)), std::move(options), std::move(table));
}

}  // namespace ucaas_sync::ldif
