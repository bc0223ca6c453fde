#include "daemon/mapping/email.h"

#include <array>
#include <cstddef>

namespace ucaas_sync::mapping {
namespace {

// RFC 5321 section 4.5.3.1.
constexpr std::size_t kMaxAddress = 254;
constexpr std::size_t kMaxLocal = 64;
constexpr std::size_t kMaxLabel = 63;

/// By byte: what no address has outside quotes, space included.
constexpr std::array<bool, 256> MakeForbidden() {
  std::array<bool, 256> forbidden{};
  for (std::size_t byte = 0; byte <= 0x20; ++byte) forbidden[byte] = true;
  forbidden[0x7F] = true;
  for (const char c : std::string_view("()<>[]\\,;:\"")) forbidden[static_cast<unsigned char>(c)] = true;
  return forbidden;
}
constexpr std::array<bool, 256> kForbidden = MakeForbidden();

std::string_view WhyNoDomain(std::string_view domain) {
  while (true) {
    const auto dot = domain.find('.');
    const std::string_view label = domain.substr(0, dot);
    if (label.empty()) return "an empty part between dots after the @";
    if (label.size() > kMaxLabel) return "a part of more than 63 characters after the @";
    if (label.front() == '-' || label.back() == '-') return "a hyphen at the edge of a part after the @";
    for (const char c : label) {
      const bool is_ascii = static_cast<unsigned char>(c) < 0x80;
      const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
      if (is_ascii && !is_word) return "a character after the @ that no domain has";
    }
    if (dot == std::string_view::npos) return {};
    domain.remove_prefix(dot + 1);
  }
}

}  // namespace

std::string_view WhyNoEmail(std::string_view address) {
  if (address.size() > kMaxAddress) return "more than 254 characters";
  for (const char c : address) {
    if (!kForbidden[static_cast<unsigned char>(c)]) continue;
    return c == ' ' ? "a space in it" : "a character in it that no address has";
  }
  const auto at = address.find('@');
  if (at == std::string_view::npos) return "no @ in it";
  if (address.find('@', at + 1) != std::string_view::npos) return "more than one @";
  const std::string_view local = address.substr(0, at);
  const std::string_view domain = address.substr(at + 1);
  if (local.empty()) return "nothing before the @";
  if (local.size() > kMaxLocal) return "more than 64 characters before the @";
  if (local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos) {
    return "a stray dot before the @";
  }
  if (domain.empty()) return "nothing after the @";
  if (domain.find('.') == std::string_view::npos) return "no dot after the @";
  return WhyNoDomain(domain);
}

}  // namespace ucaas_sync::mapping
