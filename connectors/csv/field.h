// One field of a row: its bytes in the file, and its value. Pure; views point into what was given.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/csv/block_buffer.h"
#include "connectors/csv/row_reader.h"

namespace ucaas_sync::csv {

/// Field `index` as it stands in the file, with its quotes.
inline std::string_view RawField(const BlockBuffer& buffer, const Row& row, std::size_t index) {
  const std::size_t begin = index == 0 ? row.begin : row.field_ends[index - 1] + 1;
  return buffer.Text(begin, row.field_ends[index]);
}

/// Copies `raw` without its quotes to `to`, which has room for it, and returns the value's length. They may be the same
/// place: a value never gets longer.
std::size_t UnquoteTo(std::string_view raw, char* to);

/// The value of `raw`: a view into it, or into `scratch` if quotes were doubled.
std::string_view Unquoted(std::string_view raw, std::string& scratch);

/// What is wrong with the quote in a row with misplaced_quote, and at which column.
std::string MisplacedQuote(const BlockBuffer& buffer, const Row& row);

/// Everything that somebody's key in a rejected row may be: the values of its fields and, where quotes or line ends
/// make the boundaries doubtful, also every piece between delimiters, quotes and line ends. Without empty ones.
std::vector<std::string> PossibleValues(const BlockBuffer& buffer, const Row& row, char delimiter);

}  // namespace ucaas_sync::csv
