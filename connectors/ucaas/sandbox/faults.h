// Faults on request: what the sandbox does wrong, how often, and for which requests. Plain values, copied freely.
// The same seed and the same order of requests give the same faults: each rule draws from its own counter, so one rule
// does not shift another.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/model/problem.h"

namespace ucaas_sync::sandbox {

enum class FaultWhat : std::uint8_t {
  kStatus,    ///< Another HTTP status, with a body as FaultBody says.
  kClose,     ///< The connection is closed without a reply.
  kTruncate,  ///< The true reply, cut in the middle of its body (the effect is always done).
  kDelay,     ///< The true reply, later.
};

enum class FaultBody : std::uint8_t { kEnvelope, kHtml, kEmpty };

/// Whether the request has had its effect when the fault strikes.
enum class FaultMoment : std::uint8_t { kBeforeEffect, kAfterEffect };

struct FaultRule {
  std::string method;  ///< "POST"; empty: all.
  std::string route;   ///< "users", "users/{id}", "login"; empty: all.
  FaultWhat what = FaultWhat::kStatus;
  FaultMoment moment = FaultMoment::kBeforeEffect;
  int status = 500;  ///< For kStatus: 200 to 599.
  FaultBody body = FaultBody::kEnvelope;
  std::chrono::milliseconds delay{0};  ///< For kDelay.
  std::string retry_after;             ///< Header of that name, as it is sent; empty: none.

  double probability = 1;           ///< 0 to 1, of those between `first` and `last`.
  std::uint64_t first = 1;          ///< The first matching request that it may strike, counted from 1 …
  std::uint64_t last = UINT64_MAX;  ///< … and the last.

  friend bool operator==(const FaultRule&, const FaultRule&) = default;
};

struct Faults {
  std::chrono::milliseconds latency{0};  ///< Added to every request before its effect; other requests are not held up.
  std::vector<FaultRule> rules;          ///< The first that strikes decides; delays add up.

  friend bool operator==(const Faults&, const Faults&) = default;
};

/// Reads "[METHOD|*] [ROUTE|*]: WHAT [after] [WHEN]", as on the command line.
///   WHAT  STATUS [html|empty] [retry-after SECONDS|DATE-IN-QUOTES] · close · truncate · delay 50ms
///   WHEN  5% · #3 (only the third matching request) · #3-7 · #3- ; default: every one
/// "POST users: 500 5%", "PATCH users/{id}: close after #2", "*: 429 retry-after 2 #1-10". Never throws; the problem's
/// column is that of the word that is not understood.
std::variant<FaultRule, Problem> ParseFault(std::string_view text);

}  // namespace ucaas_sync::sandbox
