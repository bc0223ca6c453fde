// The rows of the fault matrix: everything that can go wrong with one request, as bytes on a socket.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "daemon/model/transport.h"
#include "tests/support/scripted_server.h"

namespace ucaas_sync::apply {

struct Fault {
  enum class Way : std::uint8_t {
    kAnswer,     ///< The target is reached, and does what `script` says.
    kRefused,    ///< Nobody listens.
    kNoName,     ///< The host's name does not resolve.
    kWrongName,  ///< The certificate is another host's.
    kExpired,    ///< The certificate has expired.
  };
  std::string name;  ///< As the matrix has it.
  Way way = Way::kAnswer;
  /// The target carries the request out, all the same.
  bool is_done = false;
  /// It is our own time limit that ends the exchange.
  bool runs_out_of_time = false;
  /// Under login authentication: the request bears a token.
  bool with_token = false;
  /// What is answered; `real` is the target's own reply, with `is_done`.
  std::function<test::Script(const HttpReply& real)> script = {};
};

/// `elsewhere` is the address that redirects point to; `now` is the target's clock.
std::vector<Fault> AllFaults(const std::string& elsewhere, Instant now);

}  // namespace ucaas_sync::apply
