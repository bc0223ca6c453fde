#include "daemon/mapping/compare.h"

#include <algorithm>
#include <charconv>

#include "daemon/model/text.h"

namespace ucaas_sync::mapping {
namespace {

char LowerAscii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool SameLetter(char folded, char letter) {
  return folded == LowerAscii(letter);
}

struct Number {
  bool negative = false;
  std::string_view whole;     // without leading zeros
  std::string_view fraction;  // without trailing zeros
  bool is_zero() const { return whole.empty() && fraction.empty(); }
};

std::optional<Number> ReadNumber(std::string_view text) {
  Number number;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    number.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  const auto point = std::min(text.find('.'), text.size());
  number.whole = text.substr(0, point);
  if (point < text.size()) {
    number.fraction = text.substr(point + 1);
    if (number.fraction.empty()) return std::nullopt;
  }
  if (number.whole.empty()) return std::nullopt;
  if (!std::all_of(number.whole.begin(), number.whole.end(), IsDigit)) return std::nullopt;
  if (!std::all_of(number.fraction.begin(), number.fraction.end(), IsDigit)) return std::nullopt;
  while (!number.whole.empty() && number.whole.front() == '0') number.whole.remove_prefix(1);
  while (!number.fraction.empty() && number.fraction.back() == '0') number.fraction.remove_suffix(1);
  if (number.is_zero()) number.negative = false;
  return number;
}

std::strong_ordering CompareMagnitude(const Number& a, const Number& b) {
  if (const auto order = a.whole.size() <=> b.whole.size(); order != 0) return order;
  if (const auto order = a.whole <=> b.whole; order != 0) return order;
  return a.fraction <=> b.fraction;
}

}  // namespace

std::string Folded(std::string_view text) {
  if (IsAscii(text)) return AsciiLower(text);
  return IsUtf8(text) ? FoldCase(text) : std::string(text);
}

std::optional<std::strong_ordering> CompareNumbers(std::string_view a, std::string_view b) {
  const auto left = ReadNumber(a);
  if (!left) return std::nullopt;
  const auto right = ReadNumber(b);
  if (!right) return std::nullopt;
  if (left->negative != right->negative) {
    return left->negative ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  return left->negative ? CompareMagnitude(*right, *left) : CompareMagnitude(*left, *right);
}

std::strong_ordering CompareText(std::string_view a, std::string_view b_folded, bool b_is_ascii) {
  if (!b_is_ascii || !IsAscii(a)) return std::string_view(Folded(a)) <=> b_folded;
  return std::lexicographical_compare_three_way(
      a.begin(), a.end(), b_folded.begin(), b_folded.end(), [](char left, char right) {
        return static_cast<unsigned char>(LowerAscii(left)) <=> static_cast<unsigned char>(right);
      });
}

bool EqualText(std::string_view a, std::string_view b_folded, bool b_is_ascii) {
  if (b_is_ascii && IsAscii(a)) {
    if (a.size() != b_folded.size()) return false;
    return StartsWithText(a, b_folded);
  }
  return Folded(a) == b_folded;
}

bool StartsWithText(std::string_view text, std::string_view part) {
  return text.size() >= part.size() && std::equal(part.begin(), part.end(), text.begin(), SameLetter);
}

bool EndsWithText(std::string_view text, std::string_view part) {
  return text.size() >= part.size() && StartsWithText(text.substr(text.size() - part.size()), part);
}

std::size_t FindText(std::string_view text, std::string_view part) {
  const auto found = std::search(text.begin(), text.end(), part.begin(), part.end(),
                                 [](char letter, char folded) { return SameLetter(folded, letter); });
  if (found == text.end() && !part.empty()) return std::string_view::npos;
  return static_cast<std::size_t>(found - text.begin());
}

std::string LettersAndDigits(std::string_view text) {
  const std::string folded = Folded(text);
  std::string kept;
  for (const char c : folded) {
    const bool is_ascii = static_cast<unsigned char>(c) < 0x80;
    // What lies beyond ASCII is kept whole: a letter is far likelier there than punctuation.
    if (!is_ascii || IsDigit(c) || (c >= 'a' && c <= 'z')) kept += c;
  }
  return kept;
}

std::optional<std::uint64_t> FlagBits(std::string_view text) {
  const char* const end = text.data() + text.size();
  if (!text.empty() && text.front() == '-') {
    std::int64_t value = 0;
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return static_cast<std::uint64_t>(value);
  }
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

}  // namespace ucaas_sync::mapping
