// Where each call goes. One table, so that a path that the vendor spells otherwise is one line of configuration.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/diagnostics.h"
#include "daemon/model/kind.h"

namespace ucaas_sync::ucaas {

class Routes {
 public:
  /// The built-in table (login, users, groups, contacts), changed by `target.routes`; unknown names and paths that are
  /// absolute, empty or leave the base URL are reported at their place.
  static Routes From(const config::TargetConfig& target, config::Diagnostics& diagnostics);
  static Routes BuiltIn();

  /// "users"
  const std::string& Collection(Kind kind) const;
  /// "users/70012", the id percent-encoded.
  std::string Object(Kind kind, std::string_view remote_id) const;
  const std::string& Login() const;

 private:
  std::map<std::string, std::string, std::less<>> paths_;
};

/// RFC 3986: everything but unreserved characters as %XX.
std::string PercentEncode(std::string_view text);

}  // namespace ucaas_sync::ucaas
