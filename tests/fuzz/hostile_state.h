// A state as somebody might leave it who means us harm: the input says how it differs from a good one.
//
// The first byte of the input chooses the form of the rest:
//   F  the bytes of the file, as they are
//   P  patches of the file; L patches of its write-ahead log; each three bytes of offset (high byte first, modulo the
//      size), one of length, and that many bytes; a length of 0 cuts there
//   S  SQL that is run on the file with all protection off: rows and tables that the program would never write
// Any other first byte is a P.
#pragma once

#include <string_view>

#include "tests/fuzz/good_state.h"

namespace ucaas_sync::fuzz {

StateBytes MakeHostile(const StateBytes& good, std::string_view input, const std::filesystem::path& scratch);

}  // namespace ucaas_sync::fuzz
