// The target's address, checked once: all requests go to this host and no other.
#pragma once

#include <string>

namespace ucaas_sync::ucaas {

struct BaseUrl {
  std::string url;   ///< With a final slash, so that what is appended cannot change the host.
  std::string host;  ///< "api.enablex.io", "127.0.0.1", "[::1]"

  /// Throws Failure (exit 78) for what is no http or https URL, or has credentials, a query or a fragment in it.
  static BaseUrl Parse(const std::string& text);
  /// The host is this machine itself.
  bool IsLoopback() const;
};

}  // namespace ucaas_sync::ucaas
