// Whether the target can be reached at all, step by step: name, connection, TLS. Nothing is asked of the API and no
// credential is sent. Blocks for connect_timeout at most. Throws Failure (exit 78) for a base URL that cannot be used.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/ucaas/curl_transport.h"
#include "daemon/model/time.h"
#include "daemon/model/transport.h"

namespace ucaas_sync::ucaas {

struct Certificate {
  std::string subject = {};
  std::optional<Instant> expires = {};
};

struct Reach {
  TransportOutcome outcome = TransportOutcome::kReply;  ///< kReply: connected, with TLS where the URL says so.
  std::string error = {};                               ///< For people; empty when it was reached.
  std::string host = {};
  std::string address = {};  ///< What the connection went to: the proxy's, if there is one.
  bool is_tls = false;
  std::string proxy = {};               ///< Without its password; empty: none, or the environment's.
  std::vector<Certificate> chain = {};  ///< The target's own first.
};

Reach TryToReach(const CurlOptions& options);

/// "Nov  5 12:00:00 2027 GMT", as OpenSSL prints the end of a certificate.
std::optional<Instant> ParseCertificateTime(std::string_view text);

}  // namespace ucaas_sync::ucaas
