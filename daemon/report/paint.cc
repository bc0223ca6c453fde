#include "daemon/report/paint.h"

namespace ucaas_sync::report {

std::string Paint(std::string_view text, Ink ink, bool colour) {
  if (!colour || ink == Ink::kPlain) return std::string(text);
  const char* code = "0";
  switch (ink) {
    case Ink::kBold:
      code = "1";
      break;
    case Ink::kGood:
      code = "32";
      break;
    case Ink::kCareful:
      code = "33";
      break;
    case Ink::kBad:
      code = "31";
      break;
    case Ink::kFaint:
      code = "2";
      break;
    case Ink::kPlain:
      break;
  }
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace ucaas_sync::report
