// The first row of a CSV file: its delimiter and the names of its columns. Pure but for FindDelimiter's reading.
// A heading that cannot be used throws SourceFailure with its place.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "connectors/csv/block_buffer.h"
#include "connectors/csv/row_reader.h"

namespace ucaas_sync::csv {

/// The delimiter of which the heading has most: , ; tab or |, outside quotes; a comma when it has none. As many of two
/// kinds cannot be told apart and is refused. Reads until the heading is in `buffer` and uses nothing up.
char FindDelimiter(BlockBuffer& buffer, const std::string& location, std::size_t max_record_bytes);

/// The names in `row`, unquoted, without surrounding spaces. An empty name and one that repeats (ASCII case ignored)
/// are refused.
std::vector<std::string> ParseHeading(const BlockBuffer& buffer, const Row& row, const std::string& location);

/// "tab", "comma", "semicolon" or the character in quotes: for messages.
std::string NameOfDelimiter(char delimiter);

}  // namespace ucaas_sync::csv
