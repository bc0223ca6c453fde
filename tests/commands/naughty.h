// Texts that break programs, for whoever lets them through the whole of this one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ucaas_sync::testing {

/// The collections in tests/data/strings, and of our own: each control character, line breaks with a header behind
/// them, quotes, markup, paths, marks without end. UTF-8, without NUL. As they stand in a source.
std::vector<std::string> NaughtyStrings();

/// What is to arrive of `text`: trimmed and NFC, as every value.
std::string AsKept(std::string_view text);

/// As they are kept, those that can be a name: not empty, not beyond the 255 characters that the account takes.
std::vector<std::string> NaughtyNames();
/// Of those the ones that are one another's equal by no comparison that ignores case.
std::vector<std::string> NaughtyKeys();

/// `text` in quotes, for a CSV file.
std::string Quoted(std::string_view text);
/// people.csv as CompanyConfig wants it.
std::string QuotedCsvOf(const std::vector<struct Person>& people);

/// `text` is one JSON document, valid to the last escape.
bool IsJson(std::string_view text);
/// Valid UTF-8 without any character that could steer a terminal; line feeds are allowed.
bool IsHarmless(std::string_view text);

}  // namespace ucaas_sync::testing
