#include "connectors/csv/row_reader.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "connectors/bytes/source_problem.h"
#include "connectors/bytes/text_check.h"
#include "daemon/model/text.h"

namespace ucaas_sync::csv {
namespace {

// Scanned at once: the findings of one slice stay in the processor's near cache until its rows are used.
constexpr std::size_t kSlice = std::size_t{64} << 10U;

}  // namespace

bool RowReader::Next(Row& row) {
  while (true) {
    if (rows_taken_ < scanner_.row_ends().size()) {
      if (TakeRow(row)) return true;
    } else if (scanner_.is_stopped()) {
      TakeDamagedRow(row);
      return true;
    } else if (!ScanMore()) {
      return TakeLastRow(row);
    }
  }
}

// The row's first byte: the LF of a CRLF is still in front of it.
std::size_t RowReader::RowBegin() const {
  const std::size_t begin = buffer_.begin();
  return after_cr_ && begin < buffer_.end() && buffer_.data()[begin] == '\n' ? begin + 1 : begin;
}

// False if it is an empty line.
bool RowReader::TakeRow(Row& row) {
  const std::size_t first = rows_taken_ == 0 ? 0 : scanner_.row_ends()[rows_taken_ - 1];
  const std::size_t last = scanner_.row_ends()[rows_taken_];
  const auto fields = scanner_.field_ends().subspan(first, last - first);
  const std::size_t begin = RowBegin();
  const std::size_t end = fields.back();
  const std::uint64_t line = line_;

  const auto newlines = scanner_.quoted_newlines();
  const std::size_t newlines_before = newlines_taken_;
  while (newlines_taken_ < newlines.size() && newlines[newlines_taken_] < end) ++newlines_taken_;
  line_ += 1 + (newlines_taken_ - newlines_before);
  ++rows_taken_;
  after_cr_ = buffer_.data()[end] == '\r';
  buffer_.Consume(end + 1);
  if (begin == end) return false;

  CheckSize(line, end - begin, fields.size());
  row = {.line = line,
         .begin = begin,
         .end = end,
         .field_ends = fields,
         .spans_lines = newlines_taken_ > newlines_before,
         .misplaced_quote = {}};
  return true;
}

void RowReader::TakeDamagedRow(Row& row) {
  std::size_t searched = scanner_.position();
  const char* newline = nullptr;
  while (true) {
    const std::string_view text = buffer_.Text(searched, buffer_.end());
    const std::size_t found = text.find_first_of("\r\n");
    if (found != std::string_view::npos) {
      newline = text.data() + found;
      break;
    }
    CheckSize(line_, buffer_.end() - RowBegin(), 0);
    searched = buffer_.end() - buffer_.begin();
    if (!Fill()) break;
  }
  if (newline == nullptr && buffer_.state() == BlockBuffer::State::kNotText) ThrowNotText();

  const std::size_t first = rows_taken_ == 0 ? 0 : scanner_.row_ends()[rows_taken_ - 1];
  const auto fields = scanner_.field_ends().subspan(first);
  last_field_ends_.assign(fields.begin(), fields.end());
  const std::size_t begin = RowBegin();
  const std::size_t end = newline == nullptr ? buffer_.end() : static_cast<std::size_t>(newline - buffer_.data());
  CheckSize(line_, end - begin, last_field_ends_.size());
  const std::uint64_t inner_lines = bytes::CountLines(buffer_.Text(begin, end));
  row = {.line = line_,
         .begin = begin,
         .end = end,
         .field_ends = last_field_ends_,
         .is_last_without_newline = newline == nullptr,
         .spans_lines = inner_lines > 0,
         .misplaced_quote = scanner_.position()};

  line_ += 1 + inner_lines;
  after_cr_ = newline != nullptr && *newline == '\r';
  buffer_.Consume(newline == nullptr ? end : end + 1);
  scanner_.Restart(buffer_.begin(), after_cr_);
  rows_taken_ = 0;
  newlines_taken_ = 0;
}

// What stands behind the last line end, if anything.
bool RowReader::TakeLastRow(Row& row) {
  if (buffer_.state() == BlockBuffer::State::kNotText) ThrowNotText();
  const std::size_t begin = RowBegin();
  const std::size_t end = buffer_.end();
  if (begin == end) return false;
  if (scanner_.in_quotes()) ThrowUnclosedQuote();

  const auto fields = scanner_.field_ends();
  last_field_ends_.assign(fields.begin(), fields.end());
  last_field_ends_.push_back(static_cast<std::uint32_t>(end));
  CheckSize(line_, end - begin, last_field_ends_.size());
  row = {.line = line_,
         .begin = begin,
         .end = end,
         .field_ends = last_field_ends_,
         .is_last_without_newline = true,
         .spans_lines = !scanner_.quoted_newlines().empty(),
         .misplaced_quote = {}};
  buffer_.Consume(end);
  return true;
}

// All complete rows are used: looks at more of the text. False at its end.
bool RowReader::ScanMore() {
  scanner_.Drop(rows_taken_, 0);
  rows_taken_ = 0;
  newlines_taken_ = 0;
  if (scanner_.position() == buffer_.end()) {
    CheckSize(line_, buffer_.end() - RowBegin(), scanner_.field_ends().size());
    if (!Fill()) return false;
  }
  scanner_.Scan(buffer_.data(), std::min(buffer_.end(), scanner_.position() + kSlice));
  return true;
}

bool RowReader::Fill() {
  const std::size_t shift = buffer_.begin();
  const bool is_longer = buffer_.Fill();
  scanner_.Drop(rows_taken_, shift);
  rows_taken_ = 0;
  newlines_taken_ = 0;
  return is_longer;
}

void RowReader::CheckSize(std::uint64_t line, std::size_t bytes, std::size_t fields) const {
  if (bytes <= max_record_bytes_ && fields <= kMaxFields) return;
  Problem problem = bytes::ProblemAt(location_, line, 0, {}, {});
  if (fields > kMaxFields) {
    problem.what = "the record that begins here has more than " + WithThousands(kMaxFields) + " fields";
    problem.remedy = "check that this is the right file, and its delimiter";
  } else {
    problem.what = "the record that begins here is longer than " + WithThousands(max_record_bytes_) + " bytes";
    problem.remedy = "look for a quote in this line that is never closed";
  }
  throw SourceFailure(std::move(problem));
}

void RowReader::ThrowNotText() const {
  const std::string_view before = buffer_.Text(RowBegin(), buffer_.end());
  Problem problem =
      bytes::ProblemAt(location_, line_ + bytes::CountLines(before), bytes::CharactersInLastLine(before) + 1, {}, {});
  if (buffer_.bad_byte() == '\0') {
    problem.what = "there is a NUL byte here, which no text has";
    problem.remedy =
        "the file is damaged, or it is UTF-16 without a byte-order mark: then write \"encoding: utf-16le\"";
  } else if (buffer_.is_cut_character()) {
    problem.what = "the file ends inside a character (UTF-8)";
    problem.remedy = "the file was cut: fetch it again";
  } else {
    problem.what = "byte " + bytes::HexByte(buffer_.bad_byte()) + " is not UTF-8";
    problem.remedy =
        "let the export write UTF-8, or name the encoding it has (from Windows, most likely \"encoding: "
        "windows-1252\")";
  }
  throw SourceFailure(std::move(problem));
}

void RowReader::ThrowUnclosedQuote() const {
  const std::size_t begin = RowBegin();
  const std::size_t field = scanner_.field_ends().empty() ? begin : scanner_.field_ends().back() + 1;
  throw SourceFailure(bytes::ProblemAt(location_, line_ + bytes::CountLines(buffer_.Text(begin, field)), 0,
                                       "the quote that opens field " +
                                           std::to_string(scanner_.field_ends().size() + 1) +
                                           " in this line is never closed",
                                       "the file is cut, or a quote inside the field is not doubled"));
}

}  // namespace ucaas_sync::csv
