#include "daemon/model/text.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <numeric>
#include <vector>

namespace ucaas_sync {
namespace {

bool IsAsciiSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

char LowerByte(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr std::string_view kNoBreakSpace = "\xC2\xA0";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

struct Decoded {
  utf8proc_int32_t code_point = -1;  // negative: not UTF-8
  std::size_t length = 1;
};

Decoded DecodeAt(std::string_view text, std::size_t at) {
  utf8proc_int32_t code_point = 0;
  const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                                       static_cast<utf8proc_ssize_t>(text.size() - at), &code_point);
  if (length <= 0) return {};
  return {.code_point = code_point, .length = static_cast<std::size_t>(length)};
}

void AppendUtf8(std::string& out, utf8proc_int32_t code_point) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto length = utf8proc_encode_char(code_point, bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(length));
}

std::uint16_t CombiningClass(utf8proc_int32_t code_point) {
  return static_cast<std::uint16_t>(utf8proc_get_property(code_point)->combining_class);
}

// Unicode's canonical order. utf8proc_map does the same by exchanging neighbours, which takes days over a field that
// somebody filled with marks.
void SortMarks(std::vector<utf8proc_int32_t>& text) {
  const auto is_mark = [](utf8proc_int32_t code_point) { return CombiningClass(code_point) != 0; };
  for (auto at = text.begin(); at != text.end();) {
    const auto first = std::find_if(at, text.end(), is_mark);
    at = std::find_if_not(first, text.end(), is_mark);
    std::stable_sort(first, at,
                     [](utf8proc_int32_t a, utf8proc_int32_t b) { return CombiningClass(a) < CombiningClass(b); });
  }
}

// Decomposes, orders and composes; what is not UTF-8 comes back as it was.
std::string Mapped(std::string_view text, utf8proc_option_t options) {
  constexpr std::size_t kMostOfOne = 32;  // the longest decomposition has 18
  std::vector<utf8proc_int32_t> mapped;
  mapped.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Decoded decoded = DecodeAt(text, at);
    if (decoded.code_point < 0) return std::string(text);
    std::array<utf8proc_int32_t, kMostOfOne> parts{};
    const auto count = utf8proc_decompose_char(decoded.code_point, parts.data(),
                                               static_cast<utf8proc_ssize_t>(parts.size()), options, nullptr);
    if (count < 0 || count > static_cast<utf8proc_ssize_t>(parts.size())) return std::string(text);
    mapped.insert(mapped.end(), parts.begin(), parts.begin() + count);
    at += decoded.length;
  }
  SortMarks(mapped);
  const auto length = utf8proc_normalize_utf32(mapped.data(), static_cast<utf8proc_ssize_t>(mapped.size()), options);
  if (length < 0) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (utf8proc_ssize_t i = 0; i < length; ++i) AppendUtf8(out, mapped[static_cast<std::size_t>(i)]);
  return out;
}

template <typename MapCodePoint>
std::string MapEach(std::string_view text, MapCodePoint&& map) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Decoded decoded = DecodeAt(text, at);
    if (decoded.code_point < 0) {
      out += text[at];
    } else {
      AppendUtf8(out, map(decoded.code_point));
    }
    at += decoded.length;
  }
  return out;
}

bool IsWordCharacter(utf8proc_int32_t code_point) {
  switch (utf8proc_category(code_point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
      return true;
    default:
      return false;
  }
}

// Text of these could steer a terminal, hide itself, or turn the reading direction of what follows.
bool IsUnsafe(utf8proc_int32_t code_point) {
  if (code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0)) return true;
  return code_point == 0x2028 || code_point == 0x2029 || code_point == 0x061C || code_point == 0x200E ||
         code_point == 0x200F || (code_point >= 0x202A && code_point <= 0x202E) ||
         (code_point >= 0x2066 && code_point <= 0x2069) || code_point == 0xFEFF;
}

std::string Hexadecimal(std::uint32_t number, std::size_t least_digits) {
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
  std::string text(digits.data(), end);
  if (text.size() < least_digits) text.insert(0, least_digits - text.size(), '0');
  return text;
}

void AppendEscaped(std::string& out, utf8proc_int32_t code_point) {
  switch (code_point) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (code_point < 0x80) {
    out += "\\x" + Hexadecimal(static_cast<std::uint32_t>(code_point), 2);
  } else {
    out += "\\u{" + Hexadecimal(static_cast<std::uint32_t>(code_point), 2) + "}";
  }
}

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (LowerByte(a[i - 1]) == LowerByte(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view Trim(std::string_view text) {
  for (;;) {
    if (!text.empty() && IsAsciiSpace(text.front())) {
      text.remove_prefix(1);
    } else if (text.starts_with(kNoBreakSpace)) {
      text.remove_prefix(kNoBreakSpace.size());
    } else if (text.starts_with(kByteOrderMark)) {
      text.remove_prefix(kByteOrderMark.size());
    } else {
      break;
    }
  }
  for (;;) {
    if (!text.empty() && IsAsciiSpace(text.back())) {
      text.remove_suffix(1);
    } else if (text.ends_with(kNoBreakSpace)) {
      text.remove_suffix(kNoBreakSpace.size());
    } else if (text.ends_with(kByteOrderMark)) {
      text.remove_suffix(kByteOrderMark.size());
    } else {
      break;
    }
  }
  return text;
}

std::string AsciiLower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), LowerByte);
  return out;
}

bool EqualsIgnoreAsciiCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return LowerByte(x) == LowerByte(y); });
}

bool IsAscii(std::string_view text) {
  // Long texts go 64 bytes at a time: the compiler makes few wide instructions of the inner loop.
  constexpr std::uint64_t kHighBits = 0x8080808080808080ULL;
  constexpr std::size_t kWords = 8;
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= kWords * sizeof(std::uint64_t); at += kWords * sizeof(std::uint64_t)) {
    std::array<std::uint64_t, kWords> words;
    std::memcpy(words.data(), at, sizeof(words));
    std::uint64_t any = 0;
    for (const std::uint64_t word : words) any |= word;
    if ((any & kHighBits) != 0) return false;
    left -= sizeof(words);
  }
  for (; left >= sizeof(std::uint64_t); at += sizeof(std::uint64_t), left -= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    if ((word & kHighBits) != 0) return false;
  }
  for (; left > 0; ++at, --left) {
    if (static_cast<unsigned char>(*at) >= 0x80) return false;
  }
  return true;
}

std::size_t FindInvalidUtf8(std::string_view text) {
  constexpr std::size_t kStep = 64;
  for (std::size_t at = 0; at < text.size();) {
    if (text.size() - at >= kStep && IsAscii(text.substr(at, kStep))) {
      at += kStep;
      continue;
    }
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    const Decoded decoded = DecodeAt(text, at);
    if (decoded.code_point < 0) return at;
    at += decoded.length;
  }
  return std::string_view::npos;
}

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Decoded decoded = DecodeAt(text, at);
    if (decoded.code_point < 0x20) {
      ++width;
    } else {
      width += static_cast<std::size_t>(std::max(0, utf8proc_charwidth(decoded.code_point)));
    }
    at += decoded.length;
  }
  return width;
}

std::string Nfc(std::string_view text) {
  if (IsAscii(text)) return std::string(text);
  return Mapped(text, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
}

std::string FoldCase(std::string_view text) {
  if (IsAscii(text)) return AsciiLower(text);
  return Mapped(text, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                                                     UTF8PROC_CASEFOLD | UTF8PROC_IGNORE));
}

std::string Upper(std::string_view text) {
  return MapEach(text, &utf8proc_toupper);
}

std::string Lower(std::string_view text) {
  if (IsAscii(text)) return AsciiLower(text);
  return MapEach(text, &utf8proc_tolower);
}

std::string Title(std::string_view text) {
  bool in_word = false;
  return MapEach(text, [&in_word](utf8proc_int32_t code_point) {
    const bool was_in_word = in_word;
    in_word = IsWordCharacter(code_point) || (was_in_word && code_point == '\'');
    return was_in_word ? utf8proc_tolower(code_point) : utf8proc_totitle(code_point);
  });
}

std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Decoded decoded = DecodeAt(text, at);
    if (decoded.code_point < 0) {
      out += "\\x" + Hexadecimal(static_cast<unsigned char>(text[at]), 2);
    } else if (IsUnsafe(decoded.code_point)) {
      AppendEscaped(out, decoded.code_point);
    } else {
      out.append(text.substr(at, decoded.length));
    }
    at += decoded.length;
  }
  return out;
}

std::string OneLine(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n') {
      line += "; ";
    } else {
      line += c;
    }
  }
  return line;
}

std::string Shorten(std::string_view text, std::size_t limit) {
  if (limit == 0) return {};
  // A cell is at most 4 bytes and may carry marks; what lies far beyond the limit need not be looked at.
  constexpr std::size_t kMostBytesAColumn = 32;
  const bool is_cut = text.size() / kMostBytesAColumn > limit;
  if (is_cut) {
    std::size_t end = (limit + 1) * kMostBytesAColumn - 1;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;  // not inside a letter
    text = text.substr(0, end);
  }
  std::string printable = Printable(text);
  if (!is_cut && DisplayWidth(printable) <= limit) return printable;
  std::size_t width = 0;
  std::size_t at = 0;
  while (at < printable.size()) {
    const Decoded decoded = DecodeAt(printable, at);
    const auto columns = static_cast<std::size_t>(std::max(0, utf8proc_charwidth(decoded.code_point)));
    if (width + columns + 1 > limit) break;
    width += columns;
    at += decoded.length;
  }
  printable.resize(at);
  return printable + "…";
}

std::string WithThousands(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string Counted(std::uint64_t number, std::string_view singular, std::string_view plural) {
  std::string text = WithThousands(number) + ' ';
  if (number == 1) return text.append(singular);
  return plural.empty() ? text.append(singular).append("s") : text.append(plural);
}

std::optional<std::string_view> Nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = EditDistance(word, candidate);
    // Something that shares no letter with the word was not meant, however short it is.
    if (distance < best_distance && distance < std::max(word.size(), candidate.size())) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string ShellWord(std::string_view word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + '\'';
}

std::optional<std::uint64_t> ParseUnsigned(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

}  // namespace ucaas_sync
