#include "daemon/report/naming.h"

#include <algorithm>

#include "connectors/ucaas/said.h"
#include "daemon/model/sha256.h"

namespace ucaas_sync::report {
namespace {

bool EndsWord(char c) {
  constexpr std::string_view kEnds = " \t\r\n\"'`<>()[]{},;:=|";
  return kEnds.find(c) != std::string_view::npos;
}

}  // namespace

std::string DigestOf(std::string_view key) {
  constexpr std::size_t kDigits = 12;
  return Sha256Hex(key).substr(0, kDigits);
}

std::string NameOf(std::string_view key, config::People people) {
  return people == config::People::kHash ? DigestOf(key) : std::string(key);
}

std::string Discreet(std::string_view text, config::People people) {
  if (people == config::People::kFull) return std::string(text);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto* const end = std::find_if(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), &EndsWord);
    const std::string_view word = text.substr(at, static_cast<std::size_t>(end - text.begin()) - at);
    const std::size_t sign = word.find('@');
    const bool is_address = sign != std::string_view::npos && sign > 0 && sign + 1 < word.size();
    out += is_address ? std::string_view("(an e-mail)") : word;
    at += word.size();
    if (at < text.size()) out += text[at++];
  }
  return out;
}

std::string DiscreetMessage(std::string_view message, config::People people) {
  if (people == config::People::kFull) return std::string(message);
  return Discreet(ucaas::WithoutQuotations(message.substr(0, message.find(kReasonFollows))), people);
}

}  // namespace ucaas_sync::report
