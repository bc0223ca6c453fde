// What a finished libcurl transfer means: how far the exchange came, and a sentence for people.
// Pure functions over values; libcurl's own types stay in the .cc files, a CURLcode is passed as its number.
#pragma once

#include <string>
#include <string_view>

#include "daemon/model/transport.h"

namespace ucaas_sync::ucaas {

struct TransferEnd {
  int curl_code = 0;          ///< A CURLcode.
  std::string_view detail;    ///< libcurl's error buffer; may be empty.
  bool resolved = false;      ///< The name was looked up.
  bool request_sent = false;  ///< At least begun: the target may have it.
  bool reply_begun = false;   ///< A status line arrived.
  bool too_large = false;     ///< We stopped it at the size limit.
  int socket_error = 0;       ///< The errno of a socket that could not be opened.
};

TransportOutcome OutcomeOf(const TransferEnd& end);

/// "api.enablex.io: the certificate has expired …": what happened, what it means, what to do. `host` is the target's
/// (or the proxy's) name. The same trouble reads the same, however long it took.
std::string ExplanationOf(const TransferEnd& end, std::string_view host);

}  // namespace ucaas_sync::ucaas
