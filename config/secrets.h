// Credentials from the three places where they may stand: a file of their own, the environment, or a configuration that
// others cannot read. No message here ever has a credential's text in it. Single-threaded.
#pragma once

#include <string_view>

#include "config/config.h"
#include "config/section.h"

namespace ucaas_sync::config {

/// The secret that `section` gives as `key` or as `key`_file; both, neither, an empty one or a file with open
/// permissions are reported. Empty when there was a problem.
Secret ReadSecret(Section& section, std::string_view key);

/// Whether a secret that stands in the configuration as `node` may do so; if not, that is reported.
bool CheckLiteralSecret(Section& section, std::string_view key, const Node& node);

/// ReadSecret for what is no secret but may lie beside one (`id`, `email`): a literal may stand in any configuration.
Text ReadCredentialText(Section& section, std::string_view key);

}  // namespace ucaas_sync::config
