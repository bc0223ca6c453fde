// A person's consent to what guards hold: what was held, as hashes, and who agreed to it until when. Plain values that
// plan makes and judges, and state keeps. A held plan may have a million operations: 16 bytes each, no copies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/model/hash.h"
#include "daemon/model/time.h"

namespace ucaas_sync {

/// How long an approval serves.
inline constexpr Duration kApprovalLasts = std::chrono::hours(24);

/// A guard that held a plan, with the operations that stood under it.
struct ConsentGuard {
  std::string name;
  std::string subject;
  std::uint64_t limit = 0;
  std::uint64_t actual = 0;
  bool holds_everything = true;
  std::string covers;                 ///< "suspend 61 users"; empty where no operation stands under it (a source).
  std::vector<std::string> examples;  ///< As in the verdict; no line breaks in them.
  std::vector<Hash128> operations;    ///< Sorted, without repeats.
  friend bool operator==(const ConsentGuard&, const ConsentGuard&) = default;
};

/// What one word of a person would let pass.
struct ConsentScope {
  std::vector<ConsentGuard> guards;
  bool empty() const { return guards.empty(); }
  friend bool operator==(const ConsentScope&, const ConsentScope&) = default;
};

struct Approval {
  std::string subject;  ///< The run, or "plan ID" for a plan from a file.
  std::string who;
  std::string reason;
  Instant at;
  Instant until;
  ConsentScope scope;
};

}  // namespace ucaas_sync
