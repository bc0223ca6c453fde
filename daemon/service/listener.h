// A listening socket for an address of the configuration: TCP, or a Unix socket that replaces one left behind.
#pragma once

#include <string>

#include "connectors/bytes/unique_fd.h"

namespace ucaas_sync::service {

/// Throws Failure (kConfig) with the reason and what to do. A Unix socket is for its owner and group (0660); its file
/// is the caller's to remove.
bytes::UniqueFd ListenOn(const std::string& listen);

/// The path of "unix:/path", or empty.
std::string UnixPathOf(const std::string& listen);

}  // namespace ucaas_sync::service
