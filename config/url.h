// As much of a web address (RFC 3986) as a configuration needs to be judged by. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ucaas_sync::config {

struct Url {
  std::string scheme;  ///< Lower case.
  std::string host;    ///< Lower case, an IPv6 address without its brackets; never empty.
  std::string port;    ///< Digits, or empty.
  bool has_user = false;
  bool has_query = false;  ///< Or a fragment.
};

/// Nothing when `text` is not scheme://host…, or has blanks or control characters in it.
std::optional<Url> ParseUrl(std::string_view text);

/// localhost, 127.0.0.0/8 or ::1.
bool IsLoopback(std::string_view host);

/// "host:port" or "[v6]:port" with a port from 1 to 65535.
bool IsHostAndPort(std::string_view text);

}  // namespace ucaas_sync::config
