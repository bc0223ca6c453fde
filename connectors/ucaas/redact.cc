#include "connectors/ucaas/redact.h"

namespace ucaas_sync::ucaas {

std::string Redacted(std::string text, std::string_view secret) {
  constexpr std::string_view kMark = "[secret]";
  if (secret.empty()) return text;
  for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos;) {
    text.replace(at, secret.size(), kMark);
    // Beyond the mark, which may contain the secret.
    at += kMark.size();
  }
  return text;
}

}  // namespace ucaas_sync::ucaas
