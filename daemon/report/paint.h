// Colour as a decision that was made elsewhere: the same words with or without it.
#pragma once

#include <string>
#include <string_view>

namespace ucaas_sync::report {

enum class Ink { kPlain, kBold, kGood, kCareful, kBad, kFaint };

/// `text` in the ink, or as it is without colour.
std::string Paint(std::string_view text, Ink ink, bool colour);

}  // namespace ucaas_sync::report
