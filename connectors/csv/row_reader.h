// Rows of a CSV text, one after another, with their lines. Borrows the buffer; a row's positions are valid until the
// next call. Single-threaded. What ends the reading (no text, a record that is too long, a quote that is never closed)
// throws SourceFailure with its line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "connectors/csv/block_buffer.h"
#include "connectors/csv/scanner.h"

namespace ucaas_sync::csv {

/// More fields than any row has; bounds what a damaged one costs.
inline constexpr std::size_t kMaxFields = 65'536;

struct Row {
  std::uint64_t line = 0;  ///< Where it begins, from 1.
  std::size_t begin = 0;
  std::size_t end = 0;
  /// Where each field ends; the first begins at `begin`, each other one behind the delimiter.
  std::span<const std::uint32_t> field_ends;
  bool is_last_without_newline = false;
  bool spans_lines = false;
  /// A quote is misplaced here; field_ends are those before it, and the row ends at the next line end.
  std::optional<std::size_t> misplaced_quote;
};

class RowReader {
 public:
  RowReader(BlockBuffer& buffer, std::string location, char delimiter, std::size_t max_record_bytes)
      : buffer_(buffer), location_(std::move(location)), scanner_(delimiter), max_record_bytes_(max_record_bytes) {}

  /// The next row that is not an empty line; false at the end of the text.
  bool Next(Row& row);
  /// The line behind the last row, or behind the empty lines there.
  std::uint64_t line() const { return line_; }

 private:
  bool TakeRow(Row& row);
  void TakeDamagedRow(Row& row);
  bool TakeLastRow(Row& row);
  bool ScanMore();
  bool Fill();
  std::size_t RowBegin() const;
  void CheckSize(std::uint64_t line, std::size_t bytes, std::size_t fields) const;
  [[noreturn]] void ThrowNotText() const;
  [[noreturn]] void ThrowUnclosedQuote() const;

  // Constant after construction.
  BlockBuffer& buffer_;
  std::string location_;

  Scanner scanner_;
  std::size_t max_record_bytes_;
  std::uint64_t line_ = 1;                      // of the row that begins at buffer_.begin()
  bool after_cr_ = false;                       // an LF at buffer_.begin() belongs to the row before
  std::size_t rows_taken_ = 0;                  // of the scanner's rows
  std::size_t newlines_taken_ = 0;              // of the scanner's quoted newlines
  std::vector<std::uint32_t> last_field_ends_;  // of a row that the text ends in
};

}  // namespace ucaas_sync::csv
