// One request and its reply, as the journal keeps them.
#pragma once

#include <chrono>
#include <string>

#include "daemon/model/time.h"

namespace ucaas_sync {

/// One request of an operation and its reply.
struct Attempt {
  Instant at;              ///< When it was sent.
  std::string call;        ///< "create", "update", "find", …
  std::string verdict;     ///< As in the table of codes.
  std::string request_id;  ///< As the target names it; empty when it does not.
  int http_status = 0;
  std::string result;
  std::string message;  ///< For people; no secrets.
  std::chrono::microseconds latency{0};
  friend bool operator==(const Attempt&, const Attempt&) = default;
};

}  // namespace ucaas_sync
