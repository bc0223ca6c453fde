// The Transport over sockets: libcurl's multi interface with kept connections and reused handles.
// It owns its connections and sends credentials to the configured target alone: redirects are replies, certificates are
// always verified, and a request leaves this machine once (a create is never silently sent again on a new connection).
// Single-threaded but for Wake. What goes wrong with one exchange is its reply's outcome; the constructor throws
// Failure (exit 78) for a base URL that cannot be used. The program must ignore SIGPIPE.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "daemon/model/time.h"
#include "daemon/model/transport.h"

namespace ucaas_sync::ucaas {

struct CurlOptions {
  std::string base_url;                            ///< http or https; a final slash is added when it lacks one.
  config::Secret authorization;                    ///< The Authorization header's value; empty: none is sent.
  std::string user_agent = "ucaas-sync";           ///< "ucaas-sync/1.2.3"
  Duration timeout{30'000};                        ///< For the whole exchange, name look-up included.
  Duration connect_timeout{10'000};                ///< For name look-up, TCP and TLS.
  std::uint32_t connections = 8;                   ///< Idle ones that are kept.
  std::size_t max_reply_bytes = 64 * 1024 * 1024;  ///< Of the body, after decompression.
  std::string ca_file;                             ///< PEM; empty: the system's authorities.
  std::string proxy;                               ///< Empty: as the environment says, but none for loopback.
};

/// `target` as the configuration has it; `version` goes into the User-Agent. The base URL is taken as it is: with a
/// sandbox, put its address in afterwards.
CurlOptions OptionsFrom(const config::TargetConfig& target, std::string_view version);

/// "Basic …" (RFC 7617).
config::Secret BasicAuthorization(std::string_view id, const config::Secret& key);

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(const CurlOptions& options);
  ~CurlTransport() override;
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;

  /// A method other than the four, or a path or header with bytes that could end a line, is a programmer's error
  /// (std::invalid_argument).
  ExchangeId Start(HttpRequest request) override;
  /// Sleeps in poll(2), also when nothing is in flight; with something finished it returns at once.
  std::vector<HttpReply> Wait(Monotonic until) override;
  std::size_t InFlight() const override;

  /// Makes the current or the next Wait return at once. From any thread, and from a signal handler.
  void Wake() noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ucaas_sync::ucaas
