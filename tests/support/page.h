// The service's pages over the unix socket `http` in a Cli's folder, as a browser gets them.
#pragma once

#include <string>

#include "tests/support/cli.h"

namespace ucaas_sync::testing {

struct Reply {
  int status = 0;
  std::string head;
  std::string body;
};

/// A socket that is connected to `socket_path`; throws when nobody listens.
int Connected(const std::string& socket_path);
/// Sends `request` and reads until the other side closes.
Reply Ask(int fd, const std::string& request);
Reply Get(const Cli& cli, const std::string& path, const std::string& method = "GET");

}  // namespace ucaas_sync::testing
