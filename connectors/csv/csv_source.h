// CSV files (RFC 4180) as a source. Rows go to the sink one by one, in blocks of input, whatever the size of the file.
//
// Strict: what the file says is never repaired. A row of the wrong width, with text after a closing quote or with a
// quote inside an unquoted field is a reject with its line. A bad heading, a NUL byte, bytes that are not in the
// encoding, a record beyond `max_record_bytes`, a quote that is never closed, an empty file, a heading alone, an end
// inside a row and a missing final newline end in Snapshot::incomplete, with the line and what to do. Lenient where
// RFC 4180's own users are: CR, LF and CRLF end rows, blank lines are skipped, a byte-order mark and spaces around a
// heading are dropped, and the delimiter is found by itself in the heading.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/model/source.h"

namespace ucaas_sync::csv {

struct Options {
  std::optional<char> delimiter;  ///< Nothing: whichever of , ; tab | the heading has most of.
  std::string encoding;           ///< See bytes::DecodingStream.
  /// Column → separator: one field becomes several values. A column that the heading lacks refuses the file.
  std::vector<std::pair<std::string, std::string>> split;
  bool final_newline_required = true;
  bool read_ahead = false;  ///< A thread of its own reads and hashes when there is much; see bytes::ReadAheadStream.
  std::size_t max_record_bytes = std::size_t{16} << 20U;  ///< What one record may cost in memory.
  std::size_t block_bytes = std::size_t{1} << 20U;        ///< How much is read at once; at least 64.
};

/// A source over `stream` (the raw bytes). Fields that are empty are left out of the record; other values are as in
/// the file, untrimmed. A reject carries the values of its row, and, where quotes or line ends in it make the
/// boundaries doubtful, also every piece between delimiters, quotes and line ends.
std::unique_ptr<Source> MakeCsvSource(std::string name, std::unique_ptr<ByteStream> stream, Options options);

}  // namespace ucaas_sync::csv
