// The reader against a plain one that has the whole text at hand, and against itself with the text cut elsewhere.
#include <doctest/doctest.h>

#include <random>

#include "connectors/ldif/names.h"
#include "daemon/model/base64.h"
#include "daemon/model/dn.h"
#include "daemon/model/text.h"
#include "tests/connectors/ldif/memory_stream.h"

namespace ucaas_sync::ldif {
namespace {

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  std::size_t Below(std::size_t limit) { return engine_() % limit; }
  bool OneIn(std::size_t count) { return Below(count) == 0; }
  template <typename T, std::size_t N>
  const T& Pick(const T (&items)[N]) {
    return items[Below(N)];
  }

 private:
  std::mt19937 engine_;
};

/// A line of the document, folded at random places.
std::string Folded(const std::string& line, const std::string& newline, Dice& dice) {
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (i != 0 && dice.OneIn(12)) out += newline + ' ';
    out += line[i];
  }
  return out + newline;
}

std::string RandomLine(Dice& dice) {
  static constexpr const char* kNames[] = {"cn",         "sn",      "mail", "objectClass",
                                           "cn;lang-de", "2.5.4.3", "MAIL", "my_name"};
  static constexpr const char* kValues[] = {
      "", "a", "Ann Lee ", "x: y", "some longer text of a person", "M\xC3\xBCller"};
  if (dice.OneIn(40)) return "no colon here";
  if (dice.OneIn(60)) return "b@d: x";
  if (dice.OneIn(60)) return "cn:: not base64";
  if (dice.OneIn(60)) return "cn: M\xFCller";
  if (dice.OneIn(15)) return "# comment: of no worth";
  std::string value = dice.Pick(kValues);
  const std::string name = dice.Pick(kNames);
  if (dice.OneIn(4)) return name + ":: " + EncodeBase64(value + std::string(dice.Below(3), '\xFF'));
  return name + ": " + value;
}

std::string RandomDocument(Dice& dice) {
  const std::string newline = dice.OneIn(3) ? "\r\n" : "\n";
  std::string text;
  if (dice.OneIn(3)) text += "version: 1" + newline + newline;
  const std::size_t count = 1 + dice.Below(12);
  for (std::size_t i = 0; i < count; ++i) {
    if (dice.OneIn(5)) text += Folded("# entry: of a person", newline, dice);
    text += Folded(dice.OneIn(20) ? "cn: without DN" : dice.OneIn(20) ? "dn: no DN" : "dn: cn=a,dc=b", newline, dice);
    for (std::size_t lines = dice.Below(9); lines != 0; --lines) text += Folded(RandomLine(dice), newline, dice);
    for (std::size_t empty = dice.OneIn(30) ? 0 : 1 + dice.Below(2); empty != 0; --empty) text += newline;
  }
  return text;
}

struct Logical {
  std::uint64_t line;
  std::string text;
};

/// One record from its lines, the obvious way.
void JudgeBlock(const std::vector<Logical>& block, ReadResult& out) {
  if (block.empty()) return;
  ReadRecord record{.line = block[0].line, .dn = {}, .values = {}};
  ReadReject reject{.line = block[0].line, .reason = {}, .values = {}};
  bool is_bad = false;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const std::string& text = block[i].text;
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos) {
      is_bad = true;
      reject.values.push_back(text);
      continue;
    }
    const std::string name = text.substr(0, colon);
    std::string value = text.substr(colon + 1);
    const bool is_base64 = value.starts_with(':');
    if (is_base64) value.erase(0, 1);
    value.erase(0, std::min(value.find_first_not_of(' '), value.size()));
    if (is_base64) {
      const auto decoded = DecodeBase64(value);
      is_bad = is_bad || !decoded;
      if (decoded) value = *decoded;
    } else {
      is_bad = is_bad || !IsUtf8(value);
    }
    reject.values.push_back(value);
    is_bad = is_bad || !IsLegalName(name) || (i == 0) != (name == "dn");
    if (i == 0) {
      record.dn = value;
      is_bad = is_bad || !IsDn(value);
    } else {
      record.values.emplace_back(name, value);
    }
  }
  if (is_bad) {
    out.rejects.push_back(reject);
  } else {
    out.records.push_back(record);
  }
}

ReadResult PlainRead(const std::string& text) {
  ReadResult out(AttributeTable::Everything());
  std::vector<Logical> block;
  bool in_comment = false;
  std::uint64_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t newline = text.find('\n', at);
    std::string line = text.substr(at, newline - at);
    at = newline + 1;
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) {
      JudgeBlock(block, out);
      block.clear();
      in_comment = false;
    } else if (line[0] == '#') {
      in_comment = true;
    } else if (line[0] == ' ' && in_comment) {
      continue;
    } else if (line[0] == ' ' && !block.empty()) {
      block.back().text += line.substr(1);
    } else if (!block.empty() || line != "version: 1") {
      in_comment = false;
      block.push_back({number, line});
    }
  }
  JudgeBlock(block, out);
  return out;
}

std::vector<std::size_t> RandomSizes(Dice& dice) {
  std::vector<std::size_t> sizes(1 + dice.Below(4));
  for (std::size_t& size : sizes) size = 1 + dice.Below(dice.OneIn(2) ? 8 : 200);
  return sizes;
}

/// Leaves out what the plain reader does not say: reasons, and a table's choice among the spellings of a name.
void MakeComparable(ReadResult& read) {
  for (ReadReject& reject : read.rejects) reject.reason.clear();
  for (ReadRecord& record : read.records) {
    for (auto& [name, value] : record.values) name = AsciiLower(name);
  }
}

}  // namespace

TEST_CASE("whatever the document and wherever it is cut into blocks, the reader finds what a plain one finds") {
  std::size_t records = 0;
  std::size_t rejects = 0;
  for (unsigned seed = 0; seed < 3000; ++seed) {
    CAPTURE(seed);
    Dice dice(seed);
    const std::string text = RandomDocument(dice);
    CAPTURE(text);
    ReadResult expected = PlainRead(text);
    ReadResult read = ReadLdif(std::make_unique<MemoryStream>(text, RandomSizes(dice)),
                               {.record_required = false, .block_size = 1 + dice.Below(300)});
    MakeComparable(expected);
    MakeComparable(read);
    REQUIRE(read.incomplete() == "");
    REQUIRE(read.records == expected.records);
    REQUIRE(read.rejects == expected.rejects);
    records += read.records.size();
    rejects += read.rejects.size();
  }
  // The documents are worth reading: plenty of both.
  CHECK(records > 8000);
  CHECK(rejects > 2000);
}

TEST_CASE("a damaged document is read alike however it is cut into blocks") {
  std::size_t refused = 0;
  for (unsigned seed = 0; seed < 3000; ++seed) {
    CAPTURE(seed);
    Dice dice(seed);
    static constexpr char kDamage[] = {'\0', '\n', ' ', ':', '<', '#', '\r', '\xFC', 'x', '='};
    std::string text =
        "# extended LDIF\n\n" + RandomDocument(dice) + "\nsearch: 2\nresult: 0 Success\n# numEntries: 3\n";
    for (std::size_t hits = 1 + dice.Below(4); hits != 0; --hits) text[dice.Below(text.size())] = dice.Pick(kDamage);
    text.resize(text.size() - dice.Below(4));
    CAPTURE(text);
    const ReadResult whole = ReadText(text);
    const ReadResult cut = ReadLdif(std::make_unique<MemoryStream>(text, RandomSizes(dice)), {.block_size = 64});
    REQUIRE(cut.incomplete() == whole.incomplete());
    REQUIRE(cut.records == whole.records);
    REQUIRE(cut.rejects == whole.rejects);
    REQUIRE(cut.snapshot.hash == whole.snapshot.hash);
    if (!whole.snapshot.complete()) ++refused;
  }
  CHECK(refused > 1000);
}

}  // namespace ucaas_sync::ldif
