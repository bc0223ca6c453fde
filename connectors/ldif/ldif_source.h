// Reads LDIF content (RFC 2849) as a Source: streaming, strict, without an allocation per attribute.
// The source owns its streams. Single-threaded. It never throws for what its input says.
//
// What it reads: folded lines, base64, comments (folded ones too), attribute options, `version: 1`, LF and CRLF, a
// UTF-8 byte-order mark, names with underscores, `changetype: add` (that is how ldifde exports), slapcat's operational
// attributes, and all that ldapsearch prints around entries.
//
// One record is rejected, with all its values so that its person can be frozen, and reading goes on after the next
// empty line: a line without colon, an illegal name, bad base64, text that is not UTF-8 though not base64, a record
// without `dn:`, with two of them (an empty line is missing) or with one that is no DN, a value over
// Options::max_value.
//
// The whole file is refused, with its line (Snapshot::incomplete): a `:<` URL and `include:` (never followed), a
// `changetype:` other than add, a `control:`, a `version:` other than 1, a NUL byte, a record over Options::max_record.
//
// Incomplete is also: a file without a record, without a final newline (unless optional), the output of ldapsearch that
// lacks its trailer, ends with a result other than 0 or counts other entries than there are, and whatever the stream
// says against itself when it ends. A record that the end of the file may have cut is not given to the sink.
//
// Ranges (Active Directory): in an AttributeTable::Selected, values of `member;range=0-1499` are values of `member`, if
// that is needed. When the ranges of a record do not reach from 0 to `*` without a gap, the record also gets one empty
// value for the attribute `member;range`, if that is needed: what needs `member` needs that too, and then takes the
// members for unknown. An AttributeTable::Everything keeps the name as spelled.
//
// Values are bytes, and text only if they are UTF-8: base64 may hold anything.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "daemon/model/source.h"

namespace ucaas_sync::ldif {

struct Options {
  /// False: a file may end without a newline, and its last line counts (`final_newline: optional`).
  bool final_newline_required = true;
  /// False: a file that is LDIF but has no record is complete (for looking at a file without any configuration). One
  /// without a single byte never is.
  bool record_required = true;
  /// What Snapshot::location says; empty: the first stream's location.
  std::string location = {};
  /// True: a thread of its own reads and hashes ahead when there is much; see bytes::ReadAheadStream.
  bool read_ahead = false;
  /// Bytes asked from the stream at once.
  std::size_t block_size = std::size_t{1} << 20;
  /// Bytes of one value, as written, and of one record.
  std::size_t max_value = std::size_t{16} << 20;
  std::size_t max_record = std::size_t{64} << 20;
  /// What is looked at for one record: with the empty line behind it, which shows where it ends.
  std::size_t most_of_window() const { return max_record + 2; }
};

/// A source named `name` over `stream`. Snapshot::files stays empty: whoever opened the stream knows what it is.
/// Snapshot::hash is that of the bytes which the stream gave; empty when reading ended before they did.
std::unique_ptr<Source> MakeLdifSource(std::string name, std::unique_ptr<ByteStream> stream, Options options = {});

/// The same over several files, one after the other; each is a whole LDIF file of its own.
std::unique_ptr<Source> MakeLdifSource(std::string name, std::vector<std::unique_ptr<ByteStream>> streams,
                                       Options options = {});

}  // namespace ucaas_sync::ldif
