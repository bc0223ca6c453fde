// Finds what may not be in a text: NUL bytes and bytes that are not UTF-8. Pure; ASCII at memory speed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ucaas_sync::bytes {

/// Byte offset of the first NUL byte or first byte that is not UTF-8 (RFC 3629), or npos. A sequence that `text` cuts
/// off at its end is reported; see CutCharacter.
std::size_t FindNotText(std::string_view text);

/// How many bytes at the end of `text` begin a UTF-8 character that they do not finish, 0 to 3: more input decides.
std::size_t CutCharacter(std::string_view text);

/// Characters (UTF-8) in `text` behind its last line end: with one more, the column of what follows.
std::uint64_t CharactersInLastLine(std::string_view text);

/// "0x9F", for messages.
std::string HexByte(char byte);

/// Lines ended in `text` by LF, CR or CRLF. A CR at its very end counts: `text` must not end between CR and LF.
std::uint64_t CountLines(std::string_view text);

}  // namespace ucaas_sync::bytes
