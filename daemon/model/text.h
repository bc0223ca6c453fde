// Small pure functions on text: trimming, case, UTF-8, numbers with separators, and "did you mean".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ucaas_sync {

/// Without leading and trailing white space (ASCII space, tab, CR, LF, VT, FF and U+00A0, U+FEFF).
std::string_view Trim(std::string_view text);
/// ASCII letters to lower case; other bytes stay.
std::string AsciiLower(std::string_view text);
bool EqualsIgnoreAsciiCase(std::string_view a, std::string_view b);

bool IsAscii(std::string_view text);
/// Byte offset of the first byte that is not valid UTF-8 (RFC 3629: no overlongs, no surrogates), or npos.
std::size_t FindInvalidUtf8(std::string_view text);
inline bool IsUtf8(std::string_view text) {
  return FindInvalidUtf8(text) == std::string_view::npos;
}
/// Columns that `text` (UTF-8) takes on a terminal; control characters count as 1.
std::size_t DisplayWidth(std::string_view text);

/// Unicode NFC; `text` must be UTF-8. ASCII is returned as it is.
std::string Nfc(std::string_view text);
/// True if `text` is already NFC without doing the work (ASCII); false means "not known".
inline bool IsPlainlyNfc(std::string_view text) {
  return IsAscii(text);
}
/// For comparing without case: ASCII lower, otherwise NFKC_Casefold.
std::string FoldCase(std::string_view text);
std::string Upper(std::string_view text);
std::string Lower(std::string_view text);
/// First letter of each word upper, the rest lower.
std::string Title(std::string_view text);

/// Paragraphs as one: each end of a line becomes "; ".
std::string OneLine(std::string_view text);
/// For a log line or a terminal: control characters (also C1 and bidirectional controls) and bytes that are not UTF-8
/// as \n \t \xNN \u{NN}, so that one event stays one line and no text can steer a terminal.
std::string Printable(std::string_view text);
/// Printable(text), cut to `limit` columns with "…".
std::string Shorten(std::string_view text, std::size_t limit);

/// "1,234,567"
std::string WithThousands(std::uint64_t number);
/// "1 user", "3 users"
std::string Counted(std::uint64_t number, std::string_view singular, std::string_view plural = {});

/// The candidate nearest to `word` by edit distance, if it is near enough to be meant.
std::optional<std::string_view> Nearest(std::string_view word, std::span<const std::string_view> candidates);

/// `word` as a shell takes it for one word: in quotes where it must be.
std::string ShellWord(std::string_view word);

std::optional<std::uint64_t> ParseUnsigned(std::string_view text);

}  // namespace ucaas_sync
