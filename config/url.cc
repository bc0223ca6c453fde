#include "config/url.h"

#include <arpa/inet.h>

#include <algorithm>

#include "config/units.h"
#include "daemon/model/text.h"

namespace ucaas_sync::config {
namespace {

constexpr std::string_view kHostCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-._";
constexpr std::string_view kSchemeCharacters = "abcdefghijklmnopqrstuvwxyz0123456789+-.";

bool IsPort(std::string_view text) {
  const auto port = ParseInteger(text);
  return port && *port >= 1 && *port <= 65535;
}

/// host, host:port, [v6] or [v6]:port; nothing else.
std::optional<Url> ParseAuthority(std::string_view text) {
  Url url;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    url.host = AsciiLower(text.substr(1, close - 1));
    in6_addr address{};
    if (inet_pton(AF_INET6, url.host.c_str(), &address) != 1) return std::nullopt;
    text.remove_prefix(close + 1);
  } else {
    const std::size_t colon = text.find(':');
    url.host = AsciiLower(text.substr(0, colon));
    if (url.host.empty() || url.host.find_first_not_of(kHostCharacters) != std::string::npos) return std::nullopt;
    text.remove_prefix(std::min(colon, text.size()));
  }
  if (!text.empty()) {
    if (text.front() != ':' || !IsPort(text.substr(1))) return std::nullopt;
    url.port = std::string(text.substr(1));
  }
  return url;
}

}  // namespace

std::optional<Url> ParseUrl(std::string_view text) {
  const std::size_t mark = text.find("://");
  if (mark == 0 || mark == std::string_view::npos) return std::nullopt;
  const bool blank = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) == 0x7F;
  });
  if (blank) return std::nullopt;
  const std::string scheme = AsciiLower(text.substr(0, mark));
  if (scheme.find_first_not_of(kSchemeCharacters) != std::string::npos) return std::nullopt;

  const std::string_view rest = text.substr(mark + 3);
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) authority.remove_prefix(at + 1);
  std::optional<Url> url = ParseAuthority(authority);
  if (!url) return std::nullopt;
  url->scheme = scheme;
  url->has_user = at != std::string_view::npos;
  url->has_query = rest.find_first_of("?#") != std::string_view::npos;
  return url;
}

bool IsLoopback(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  in_addr address{};
  // The name 127.example.com is not on this machine: only a whole address counts.
  return inet_pton(AF_INET, std::string(host).c_str(), &address) == 1 && host.starts_with("127.");
}

bool IsHostAndPort(std::string_view text) {
  const std::optional<Url> url = ParseAuthority(text);
  return url && !url->port.empty();
}

}  // namespace ucaas_sync::config
