// The service's pages over the unix socket `http` in a Cli's folder, as a browser gets them.
#pragma once

#include <cstdint>
#include <string>

#include "tests/support/cli.h"

namespace ucaas_sync::testing {

struct Reply {
  int status = 0;
  std::string head;
  std::string body;
};

/// A socket that is connected to `socket_path`, or to a port of loopback; throws when nobody listens.
int Connected(const std::string& socket_path);
int Connected(std::uint16_t port);
/// Sends `request` and reads until the other side closes.
Reply Ask(int fd, const std::string& request);
Reply Get(const Cli& cli, const std::string& path, const std::string& method = "GET");
Reply Get(std::uint16_t port, const std::string& path);

}  // namespace ucaas_sync::testing
