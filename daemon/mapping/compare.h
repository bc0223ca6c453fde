// How two values are compared: by text without case, as numbers, as letters and digits alone.
// Pure functions. Values may hold any bytes; those that are not UTF-8 are compared as they are.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ucaas_sync::mapping {

/// FoldCase for UTF-8, the bytes themselves otherwise.
std::string Folded(std::string_view text);

/// Numbers of any length: an optional sign, digits, and digits after a point. Nothing when either is no number.
std::optional<std::strong_ordering> CompareNumbers(std::string_view a, std::string_view b);

/// By folded text. `b_folded` is Folded(b); no allocation when both are ASCII.
std::strong_ordering CompareText(std::string_view a, std::string_view b_folded, bool b_is_ascii);
/// The same, for equality alone.
bool EqualText(std::string_view a, std::string_view b_folded, bool b_is_ascii);

/// Search in text whose upper case ASCII letters count as lower; `part` is folded.
bool StartsWithText(std::string_view text, std::string_view part);
bool EndsWithText(std::string_view text, std::string_view part);
std::size_t FindText(std::string_view text, std::string_view part);

/// The letters and digits of the folded text: "Müller-Lüdenscheidt, A." → "müllerlüdenscheidta".
std::string LettersAndDigits(std::string_view text);

/// A decimal integer as 64 bits (two's complement, as directories write flags); nothing when it is none or too large.
std::optional<std::uint64_t> FlagBits(std::string_view text);

}  // namespace ucaas_sync::mapping
