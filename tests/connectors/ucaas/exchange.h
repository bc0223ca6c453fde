// Small helpers for tests that talk over real sockets.
#pragma once

#include <chrono>
#include <stdexcept>

#include "daemon/model/transport.h"

namespace ucaas_sync::ucaas {

/// A moment `milliseconds` from now.
inline Monotonic In(int milliseconds) {
  return std::chrono::time_point_cast<Monotonic::duration>(std::chrono::steady_clock::now()) +
         std::chrono::milliseconds(milliseconds);
}

/// Starts one exchange and waits for its end.
inline HttpReply Exchange(Transport& transport, HttpRequest request) {
  const ExchangeId id = transport.Start(std::move(request));
  const Monotonic until = In(20'000);
  while (In(0) < until) {
    for (HttpReply& reply : transport.Wait(until)) {
      if (reply.id == id) return std::move(reply);
    }
  }
  throw std::runtime_error("the exchange has not ended in time");
}

}  // namespace ucaas_sync::ucaas
