// One HTTP exchange, and many of them at once. The implementation over sockets is connectors/ucaas; tests and
// simulations bring their own. Single-threaded: Wait is where time passes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/model/clock.h"

namespace ucaas_sync {

using ExchangeId = std::uint64_t;

struct HttpRequest {
  std::string method;  ///< "GET", "POST", "PATCH", "DELETE"
  std::string path;    ///< Relative to the base URL, already percent-encoded, with the query.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

/// How far an exchange came. Whether it is worth a repeat is not decided here.
enum class TransportOutcome : std::uint8_t {
  kReply,         ///< Status line, headers and whole body arrived.
  kNotResolved,   ///< The host name could not be resolved.
  kNotConnected,  ///< Refused, unreachable or connect timeout: nothing was sent.
  kTls,           ///< Certificate, host name or handshake.
  kTimeout,       ///< Sent (perhaps), no reply in time.
  kReset,         ///< Sent (perhaps), the connection broke.
  kTruncated,     ///< The reply broke off or is not HTTP.
  kTooLarge,      ///< The reply is beyond the size limit.
  kAbandoned,     ///< We gave it up (shutdown).
  kNotLoggedIn,   ///< The target refuses our login: nothing was sent.
};

struct HttpReply {
  ExchangeId id = 0;
  TransportOutcome outcome = TransportOutcome::kReply;
  int status = 0;
  std::string body;
  std::optional<std::string> retry_after;  ///< The header as it came.
  std::optional<std::string> date;         ///< The header as it came.
  std::string error;                       ///< For people, when outcome is not kReply.
  std::chrono::microseconds latency{0};
  std::vector<std::string> secrets{};  ///< Words that may stand in the body, and must not be told.
  /// The reply before this one, when the request was sent twice because its login was not taken any more.
  std::shared_ptr<const HttpReply> refused{};
};

class Transport {
 public:
  virtual ~Transport() = default;
  /// Begins an exchange; never blocks. Authorization and content type are the transport's business.
  virtual ExchangeId Start(HttpRequest request) = 0;
  /// Exchanges that ended, waiting until `until` for the first of them. May return none (time is up, or Wake was
  /// called).
  virtual std::vector<HttpReply> Wait(Monotonic until) = 0;
  virtual std::size_t InFlight() const = 0;
};

}  // namespace ucaas_sync
