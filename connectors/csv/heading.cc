#include "connectors/csv/heading.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "connectors/bytes/source_problem.h"
#include "connectors/csv/field.h"
#include "daemon/model/text.h"

namespace ucaas_sync::csv {
namespace {

constexpr std::string_view kDelimiters = ",;\t|";

[[noreturn]] void Refuse(const std::string& location, const Row& row, std::string what, std::string remedy) {
  throw SourceFailure(bytes::ProblemAt(location, row.line, 0, std::move(what), std::move(remedy)));
}

}  // namespace

char FindDelimiter(BlockBuffer& buffer, const std::string& location, std::size_t max_record_bytes) {
  std::array<std::size_t, kDelimiters.size()> counts{};
  bool in_quotes = false;
  std::size_t length = 0;  // of the heading so far; empty lines before it are not part of it
  for (std::size_t at = buffer.begin();; ++at) {
    bool has_more = true;
    // More than once: a block may bring no more than the first bytes of a character.
    while (at == buffer.end() && has_more) {
      at -= buffer.begin();
      has_more = buffer.Fill();
    }
    if (at == buffer.end()) break;
    const char c = buffer.data()[at];
    if (c == '"') in_quotes = !in_quotes;
    const bool ends_line = !in_quotes && (c == '\r' || c == '\n');
    if (ends_line && length == 0) continue;
    if (ends_line) break;
    if (++length > max_record_bytes) return ',';  // RowReader says so
    if (in_quotes) continue;
    const std::size_t kind = kDelimiters.find(c);
    if (kind != std::string_view::npos) ++counts[kind];
  }

  const auto most = std::max_element(counts.begin(), counts.end());
  if (*most == 0) return ',';
  const auto rival = std::find(most + 1, counts.end(), *most);
  if (rival != counts.end()) {
    const auto name = [&](const auto* count) {
      return NameOfDelimiter(kDelimiters[static_cast<std::size_t>(count - counts.data())]);
    };
    throw SourceFailure(bytes::ProblemAt(location, 1, 0,
                                         "the heading has as many of " + name(&*most) + " as of " + name(&*rival) +
                                             ": which one separates the columns cannot be told",
                                         "write \"delimiter:\" for this source"));
  }
  return kDelimiters[static_cast<std::size_t>(most - counts.begin())];
}

std::vector<std::string> ParseHeading(const BlockBuffer& buffer, const Row& row, const std::string& location) {
  if (row.misplaced_quote) {
    Refuse(location, row, "the heading cannot be read: " + MisplacedQuote(buffer, row),
           "correct the heading, or \"delimiter:\" of this source");
  }
  std::vector<std::string> names;
  std::unordered_map<std::string, std::size_t> column_of;  // by lower-case name
  std::string scratch;
  for (std::size_t i = 0; i < row.field_ends.size(); ++i) {
    const std::string_view raw = RawField(buffer, row, i);
    const std::string_view name = Trim(Unquoted(raw, scratch));
    const std::string column = std::to_string(i + 1);
    if (name.empty()) {
      Refuse(location, row, "column " + column + " has no heading", "give every column a name of its own");
    }
    const auto [other, is_new] = column_of.try_emplace(AsciiLower(name), i);
    if (!is_new) {
      Refuse(location, row,
             "the heading \"" + Printable(name) + "\" is there twice, as columns " + std::to_string(other->second + 1) +
                 " and " + column,
             "rename one of them in the export");
    }
    names.emplace_back(name);
  }
  return names;
}

std::string NameOfDelimiter(char delimiter) {
  switch (delimiter) {
    case ',':
      return "comma";
    case ';':
      return "semicolon";
    case '\t':
      return "tab";
    default:
      return std::string("\"") + delimiter + "\"";
  }
}

}  // namespace ucaas_sync::csv
