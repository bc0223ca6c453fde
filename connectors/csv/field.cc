#include "connectors/csv/field.h"

#include <algorithm>
#include <cstring>

#include "connectors/bytes/text_check.h"
#include "daemon/model/text.h"

namespace ucaas_sync::csv {
namespace {

bool IsQuoted(std::string_view raw) {
  return !raw.empty() && raw.front() == '"';
}

}  // namespace

std::size_t UnquoteTo(std::string_view raw, char* to) {
  const std::string_view inner = IsQuoted(raw) ? raw.substr(1, raw.size() - 2) : raw;
  std::size_t length = 0;
  for (std::size_t at = 0; at < inner.size();) {
    // Up to and with the next quote; its twin is left out.
    const std::size_t quote = std::min(inner.find('"', at), inner.size() - 1);
    const std::size_t count = quote + 1 - at;
    std::memmove(to + length, inner.data() + at, count);
    length += count;
    at = quote + 1;
    if (inner[quote] == '"') ++at;
  }
  return length;
}

std::string_view Unquoted(std::string_view raw, std::string& scratch) {
  if (!IsQuoted(raw)) return raw;
  const std::string_view inner = raw.substr(1, raw.size() - 2);
  if (inner.find('"') == std::string_view::npos) return inner;
  scratch.resize(raw.size());
  scratch.resize(UnquoteTo(raw, scratch.data()));
  return scratch;
}

std::string MisplacedQuote(const BlockBuffer& buffer, const Row& row) {
  const std::size_t at = *row.misplaced_quote;
  const std::string column = std::to_string(bytes::CharactersInLastLine(buffer.Text(row.begin, at)) + 1);
  if (buffer.Text(at, at + 1) == "\"") {
    return "a quote inside a field that does not begin with one, in column " + column +
           " of the line (the whole field belongs in quotes, and quotes in it are doubled)";
  }
  return "text after a closing quote, in column " + column + " of the line (quotes inside a field are doubled)";
}

std::vector<std::string> PossibleValues(const BlockBuffer& buffer, const Row& row, char delimiter) {
  std::vector<std::string> values;
  std::string scratch;
  for (std::size_t i = 0; i < row.field_ends.size(); ++i) {
    const std::string_view value = Unquoted(RawField(buffer, row, i), scratch);
    if (!value.empty()) values.emplace_back(value);
  }
  if (!row.misplaced_quote && !row.spans_lines) return values;

  const std::string separators{delimiter, '"', '\r', '\n'};
  const std::string_view text = buffer.Text(row.begin, row.end);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
    const std::string_view piece = Trim(text.substr(at, end - at));
    if (!piece.empty()) values.emplace_back(piece);
    at = end + 1;
  }
  return values;
}

}  // namespace ucaas_sync::csv
