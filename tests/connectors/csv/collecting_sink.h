// Keeps what a source sends, as text that a test can compare.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/source.h"

namespace ucaas_sync::tests {

class CollectingSink : public RecordSink {
 public:
  explicit CollectingSink(const AttributeTable& attributes, std::size_t stop_after = static_cast<std::size_t>(-1))
      : attributes_(attributes), stop_after_(stop_after) {}

  bool OnRecord(const Record& record) override {
    std::string text = std::to_string(record.line) + ":";
    for (const Record::Cell& cell : record.cells()) {
      text += " " + std::string(attributes_.NameOf(cell.slot)) + "=[" + std::string(cell.value) + "]";
    }
    records.push_back(text);
    return records.size() < stop_after_;
  }
  void OnReject(const Reject& reject) override {
    rejects.push_back(std::string(reject.file) + ":" + std::to_string(reject.line) + ": " + std::string(reject.reason));
    rejected_values.emplace_back(reject.values.begin(), reject.values.end());
  }

  std::vector<std::string> records;
  std::vector<std::string> rejects;
  std::vector<std::vector<std::string>> rejected_values;

 private:
  const AttributeTable& attributes_;
  std::size_t stop_after_;
};

}  // namespace ucaas_sync::tests
