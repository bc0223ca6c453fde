#include "connectors/csv/scanner.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace ucaas_sync::csv {
namespace {

constexpr std::size_t kStep = 64;

// One bit for each of kStep bytes, the first byte in the lowest.
struct Signs {
  std::uint64_t quote = 0;
  std::uint64_t delimiter = 0;
  std::uint64_t cr = 0;
  std::uint64_t lf = 0;
};

#ifdef __SSE2__
Signs Classify(const char* bytes, char delimiter) {
  const __m128i quotes = _mm_set1_epi8('"');
  const __m128i delimiters = _mm_set1_epi8(delimiter);
  const __m128i crs = _mm_set1_epi8('\r');
  const __m128i lfs = _mm_set1_epi8('\n');
  Signs signs;
  for (unsigned int lane = 0; lane < 4; ++lane) {
    __m128i sixteen;
    std::memcpy(&sixteen, bytes + std::size_t{lane} * 16, sizeof sixteen);
    const auto bits = [&](__m128i wanted) {
      const int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(sixteen, wanted));
      return std::uint64_t{static_cast<std::uint32_t>(mask)} << (lane * 16U);
    };
    signs.quote |= bits(quotes);
    signs.delimiter |= bits(delimiters);
    signs.cr |= bits(crs);
    signs.lf |= bits(lfs);
  }
  return signs;
}
#else
Signs Classify(const char* bytes, char delimiter) {
  Signs signs;
  for (unsigned int i = 0; i < kStep; ++i) {
    const char c = bytes[i];
    signs.quote |= std::uint64_t{c == '"'} << i;
    signs.delimiter |= std::uint64_t{c == delimiter} << i;
    signs.cr |= std::uint64_t{c == '\r'} << i;
    signs.lf |= std::uint64_t{c == '\n'} << i;
  }
  return signs;
}
#endif

// Bit i of the result is the parity of bits 0 to i: from quotes to what lies between them.
std::uint64_t PrefixXor(std::uint64_t bits) {
  for (unsigned int shift = 1; shift < kStep; shift *= 2) bits ^= bits << shift;
  return bits;
}

std::uint64_t LastOf(std::uint64_t bits, std::size_t count) {
  return (bits >> (count - 1)) & 1U;
}

}  // namespace

void Scanner::Scan(const char* text, std::size_t end) {
  // Room for every byte to end a field, so that AddFieldEnds need not ask.
  if (!is_stopped_ && position_ < end) {
    const std::size_t needed = field_count_ + (end - position_) + kStep;
    if (field_ends_.size() < needed) field_ends_.resize(needed);
  }
  while (!is_stopped_ && position_ < end) {
    const std::size_t count = std::min(kStep, end - position_);
    Signs signs;
    if (count == kStep) [[likely]] {
      signs = Classify(text + position_, delimiter_);
    } else {
      std::array<char, kStep> padded{};  // zeros are no signs: a delimiter is never NUL
      std::memcpy(padded.data(), text + position_, count);
      signs = Classify(padded.data(), delimiter_);
    }

    const std::uint64_t newlines = signs.cr | signs.lf;
    const std::uint64_t lf_of_crlf = signs.lf & (signs.cr << 1U | after_cr_);
    std::uint64_t terminators = signs.delimiter | newlines;
    std::uint64_t closing = 0;
    if ((signs.quote | in_quotes_ | after_closing_) != 0) {
      const std::uint64_t quoted = PrefixXor(signs.quote) ^ in_quotes_;  // with the opening, without the closing quote
      const std::uint64_t opening = signs.quote & quoted;
      closing = signs.quote & ~quoted;
      terminators &= ~quoted;
      const std::uint64_t behind_closing = closing << 1U | after_closing_;
      const std::uint64_t may_open = terminators << 1U | field_start_ | behind_closing;
      const std::uint64_t valid = ~std::uint64_t{0} >> (kStep - count);
      const std::uint64_t misplaced = ((opening & ~may_open) | (behind_closing & ~(terminators | opening))) & valid;
      const std::uint64_t inside = newlines & quoted & ~lf_of_crlf;
      if (misplaced != 0) [[unlikely]] {
        const auto first = static_cast<unsigned int>(std::countr_zero(misplaced));
        const std::uint64_t before = (std::uint64_t{1} << first) - 1;
        const std::uint64_t ends = terminators & ~lf_of_crlf & before;
        AddQuotedNewlines(inside & before);
        AddFieldEnds(ends, ends & newlines);
        position_ += first;
        is_stopped_ = true;
        return;
      }
      AddQuotedNewlines(inside);
      in_quotes_ = std::uint64_t{0} - (quoted >> (kStep - 1));
    }
    const std::uint64_t ends = terminators & ~lf_of_crlf;
    AddFieldEnds(ends, ends & newlines);
    field_start_ = LastOf(terminators, count);
    after_closing_ = LastOf(closing, count);
    after_cr_ = LastOf(signs.cr, count);
    position_ += count;
  }
}

void Scanner::AddQuotedNewlines(std::uint64_t newlines) {
  for (; newlines != 0; newlines &= newlines - 1) {
    quoted_newlines_.push_back(
        static_cast<std::uint32_t>(position_ + static_cast<unsigned int>(std::countr_zero(newlines))));
  }
}

void Scanner::AddFieldEnds(std::uint64_t ends, std::uint64_t row_ends) {
  const auto base = static_cast<std::uint32_t>(position_);
  for (; row_ends != 0; row_ends &= row_ends - 1) {
    const std::uint64_t up_to = row_ends ^ (row_ends - 1);
    row_ends_.push_back(
        static_cast<std::uint32_t>(field_count_ + static_cast<unsigned int>(std::popcount(ends & up_to))));
  }
  std::uint32_t* next = field_ends_.data() + field_count_;
  for (; ends != 0; ends &= ends - 1) *next++ = base + static_cast<std::uint32_t>(std::countr_zero(ends));
  field_count_ = static_cast<std::size_t>(next - field_ends_.data());
}

void Scanner::Restart(std::size_t position, bool after_cr) {
  position_ = position;
  in_quotes_ = 0;
  field_start_ = 1;
  after_closing_ = 0;
  after_cr_ = after_cr ? 1 : 0;
  is_stopped_ = false;
  field_count_ = 0;
  row_ends_.clear();
  quoted_newlines_.clear();
}

void Scanner::Drop(std::size_t rows, std::size_t shift) {
  if (rows == 0 && shift == 0) return;
  const std::size_t fields = rows == 0 ? 0 : row_ends_[rows - 1];
  const std::uint32_t used_to = fields == 0 ? 0 : field_ends_[fields - 1];
  const auto newlines = std::lower_bound(quoted_newlines_.begin(), quoted_newlines_.end(), used_to);
  for (std::size_t i = fields; i < field_count_; ++i) {
    field_ends_[i - fields] = field_ends_[i] - static_cast<std::uint32_t>(shift);
  }
  field_count_ -= fields;
  row_ends_.erase(row_ends_.begin(), row_ends_.begin() + static_cast<std::ptrdiff_t>(rows));
  for (std::uint32_t& end : row_ends_) end -= static_cast<std::uint32_t>(fields);
  quoted_newlines_.erase(quoted_newlines_.begin(), newlines);
  for (std::uint32_t& newline : quoted_newlines_) newline -= static_cast<std::uint32_t>(shift);
  position_ -= shift;
}

}  // namespace ucaas_sync::csv
