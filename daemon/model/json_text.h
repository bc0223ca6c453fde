// A text as a JSON string, for what is written as a stream. (What is read goes through a checked accessor of its room.)
#pragma once

#include <string>
#include <string_view>

namespace ucaas_sync {

/// Appends `utf8` in quotes, escaped per RFC 8259; also <, > and & as \u00XX, so that the text can stand in a page.
/// Bytes that are not UTF-8 become U+FFFD.
void AppendJsonString(std::string& out, std::string_view utf8);

}  // namespace ucaas_sync
