// The sandbox's HTTP side: libmicrohttpd with one epoll thread, and a second one that wakes delayed requests, so that a
// delay holds up nobody else. Calls its hooks on the server thread only. The destructor cuts off what is under way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "connectors/ucaas/sandbox/reply.h"
#include "connectors/ucaas/sandbox/request.h"
#include "connectors/ucaas/sandbox/strikes.h"

namespace ucaas_sync::sandbox {

struct ServerHooks {
  std::function<Strike(const Request&)> arrive;  ///< Once for each whole request, before its effect.
  std::function<Reply(const Request&)> handle;   ///< The effect and the true reply. Must not throw.
};

class Server {
 public:
  /// Listens at once. Failure: kConfig for an address that is none or not allowed, kUnavailable for a port that is
  /// taken.
  Server(const std::string& address, bool allow_remote, std::uint16_t port, std::size_t max_body, ServerHooks hooks);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  /// "127.0.0.1:8080", "[::1]:8080"
  std::string authority() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ucaas_sync::sandbox
