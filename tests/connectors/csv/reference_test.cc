// The fast reader against a plain one that looks at one byte at a time, on random texts in random blocks.
#include <doctest/doctest.h>

#include <random>

#include "connectors/csv/csv_source.h"
#include "tests/connectors/bytes/memory_stream.h"
#include "tests/connectors/csv/collecting_sink.h"

namespace ucaas_sync::csv {
namespace {

using tests::CollectingSink;
using tests::MemoryStream;

struct Outcome {
  std::vector<std::string> records;
  std::vector<std::uint64_t> reject_lines;
  bool is_complete = true;
};

// As the manual says it, without a thought for speed. The heading is "a,b,c" in line 1.
class PlainReader {
 public:
  explicit PlainReader(const std::string& text) : text_(text) {}

  Outcome Read() {
    SkipLine();
    while (at_ < text_.size()) ReadRow();
    if (outcome_.records.empty() && outcome_.reject_lines.empty()) outcome_.is_complete = false;
    return outcome_;
  }

 private:
  bool AtEnd() const { return at_ == text_.size(); }
  bool AtLineEnd() const { return text_[at_] == '\n' || text_[at_] == '\r'; }
  bool AtFieldEnd() const { return AtEnd() || AtLineEnd() || text_[at_] == ','; }
  void TakeLineEnd() {
    if (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++at_;
    ++at_;
    ++line_;
  }
  void SkipLine() {
    while (!AtEnd() && !AtLineEnd()) ++at_;
    if (!AtEnd()) TakeLineEnd();
  }

  enum class FieldEnd { kFound, kMisplacedQuote, kNeverClosed };
  FieldEnd TakeQuoted(std::string& value) {
    ++at_;
    while (!AtEnd()) {
      if (text_[at_] == '"') {
        ++at_;
        if (AtEnd() || text_[at_] != '"') return AtFieldEnd() ? FieldEnd::kFound : FieldEnd::kMisplacedQuote;
      }
      const std::size_t from = at_;
      if (AtLineEnd()) {
        TakeLineEnd();
      } else {
        ++at_;
      }
      value += text_.substr(from, at_ - from);
    }
    return FieldEnd::kNeverClosed;
  }
  FieldEnd TakeField(std::string& value) {
    if (!AtEnd() && text_[at_] == '"') return TakeQuoted(value);
    for (; !AtFieldEnd(); ++at_) {
      if (text_[at_] == '"') return FieldEnd::kMisplacedQuote;
      value += text_[at_];
    }
    return FieldEnd::kFound;
  }

  void ReadRow() {
    if (AtLineEnd()) return TakeLineEnd();
    const std::uint64_t begin = line_;
    std::vector<std::string> values;
    while (true) {
      std::string value;
      const FieldEnd end = TakeField(value);
      if (end == FieldEnd::kMisplacedQuote) {
        outcome_.reject_lines.push_back(begin);
        return SkipLine();
      }
      if (end == FieldEnd::kNeverClosed) {
        outcome_.is_complete = false;
        return;
      }
      values.push_back(value);
      if (AtEnd() || AtLineEnd()) break;
      ++at_;
    }
    if (AtEnd() && values.size() < 3) {
      outcome_.is_complete = false;  // cut
      return;
    }
    if (!AtEnd()) TakeLineEnd();
    if (values.size() != 3) {
      outcome_.reject_lines.push_back(begin);
      return;
    }
    std::string record = std::to_string(begin) + ":";
    for (std::size_t i = 0; i < 3; ++i) {
      if (!values[i].empty()) record += std::string(" ") + "abc"[i] + "=[" + values[i] + "]";
    }
    outcome_.records.push_back(record);
  }

  const std::string& text_;
  std::size_t at_ = 0;
  std::uint64_t line_ = 1;
  Outcome outcome_;
};

// Of pieces that are likely to make rows, and to break them.
std::string RandomText(std::mt19937& random) {
  static const std::vector<std::string> pieces{",",
                                               ",",
                                               "\n",
                                               "\r\n",
                                               "\r",
                                               "\"",
                                               "\"\"",
                                               "\"x\"",
                                               "x",
                                               "\xC3\xBC",
                                               "some longer value of a field",
                                               "\"quoted, with\na line\"",
                                               "1,2,3\n",
                                               "\"p\",\"q\"\"\",r\r\n",
                                               "\n,,\"several\r\nlines \"\"and\"\"\rquotes\"\n"};
  std::string text = "a,b,c\n";
  const std::size_t count = std::uniform_int_distribution<std::size_t>(0, 60)(random);
  for (std::size_t i = 0; i < count; ++i) {
    text += pieces[std::uniform_int_distribution<std::size_t>(0, pieces.size() - 1)(random)];
  }
  return text;
}

}  // namespace

TEST_CASE("the fast reader and the plain one agree on twenty thousand random texts in random blocks") {
  for (unsigned int seed = 0; seed < 20'000; ++seed) {
    std::mt19937 random(seed);
    const std::string text = RandomText(random);
    std::vector<std::size_t> blocks(5);
    for (std::size_t& block : blocks) block = std::uniform_int_distribution<std::size_t>(1, 90)(random);
    Options options;
    options.delimiter = ',';
    options.final_newline_required = false;
    options.block_bytes = std::uniform_int_distribution<std::size_t>(64, 200)(random);

    AttributeTable attributes = AttributeTable::Everything();
    CollectingSink sink(attributes);
    const Snapshot snapshot =
        MakeCsvSource("hr", std::make_unique<MemoryStream>(text, blocks), options)->Read(attributes, sink);
    std::vector<std::uint64_t> reject_lines;
    for (const std::string& reject : sink.rejects) {
      reject_lines.push_back(std::stoull(reject.substr(reject.find(':') + 1)));
    }

    const Outcome plain = PlainReader(text).Read();
    INFO("seed " << seed << ", text " << text);
    REQUIRE(sink.records.size() == plain.records.size());
    for (std::size_t i = 0; i < sink.records.size(); ++i) REQUIRE(sink.records[i] == plain.records[i]);
    REQUIRE(reject_lines == plain.reject_lines);
    REQUIRE(snapshot.complete() == plain.is_complete);
  }
}

}  // namespace ucaas_sync::csv
