// Finds where fields and rows of CSV end, 64 bytes at a time: the byte-wise part of reading, kept apart from what rows
// mean. It owns its findings and never the text. Single-threaded; a misplaced quote is a finding, not an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ucaas_sync::csv {

/// Positions are byte offsets into the text that Scan was given. A field ends at its delimiter or at its row's end; a
/// row ends at an LF or CR outside quotes. The LF of a CRLF ends nothing: a row after a CR may begin with one, which is
/// not part of it.
///
/// Quotes are strict: one may only open a field, close it, or stand doubled inside. The first byte that breaks this (a
/// quote inside an unquoted field, the byte after a closing quote) stops the scan until Restart.
class Scanner {
 public:
  explicit Scanner(char delimiter) : delimiter_(delimiter) {}

  /// Looks at text[position(), end), as far as quotes are right. Needs end < 4 GiB.
  void Scan(const char* text, std::size_t end);
  /// Forgets all findings and goes on at `position`, where a row begins, behind a CR or not.
  void Restart(std::size_t position, bool after_cr);
  /// Forgets the first `rows` rows with all that was found in them, and counts positions from `shift` on.
  void Drop(std::size_t rows, std::size_t shift);

  std::size_t position() const { return position_; }
  /// Whether the text so far ends inside a quoted field.
  bool in_quotes() const { return in_quotes_ != 0; }
  /// Whether the scan stopped at a misplaced quote; position() is then that of the offending byte.
  bool is_stopped() const { return is_stopped_; }

  /// Ends of fields, rows run together; behind the last row end, those of the row that is not complete.
  std::span<const std::uint32_t> field_ends() const { return {field_ends_.data(), field_count_}; }
  /// For each complete row the number of field ends up to its own end.
  std::span<const std::uint32_t> row_ends() const { return row_ends_; }
  /// Line ends inside quotes: an LF, or a CR with or without its LF.
  std::span<const std::uint32_t> quoted_newlines() const { return quoted_newlines_; }

 private:
  void AddQuotedNewlines(std::uint64_t newlines);
  void AddFieldEnds(std::uint64_t ends, std::uint64_t row_ends);

  // Constant after construction.
  char delimiter_;

  // What the bytes before position_ mean for the next one.
  std::size_t position_ = 0;
  std::uint64_t in_quotes_ = 0;  // all ones inside quotes
  std::uint64_t field_start_ = 1;
  std::uint64_t after_closing_ = 0;
  std::uint64_t after_cr_ = 0;
  bool is_stopped_ = false;

  std::vector<std::uint32_t> field_ends_;  // the first field_count_ of them
  std::size_t field_count_ = 0;
  std::vector<std::uint32_t> row_ends_;
  std::vector<std::uint32_t> quoted_newlines_;
};

}  // namespace ucaas_sync::csv
