// Whether the next request may go out: one answer from pace, retry, budget and breaker, so that an outage is not
// hammered and a limit is not overrun. The gate knows nothing of the API: it is told what an attempt came to.
// Single-threaded; time and randomness come in with each call, so tests need no waiting.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "config/config.h"
#include "daemon/apply/pace.h"
#include "daemon/model/clock.h"
#include "daemon/model/time.h"

namespace ucaas_sync::apply {

struct GatePolicy {
  std::uint32_t concurrency = 8;  ///< Requests in flight, at most.
  double rate = 20;               ///< Requests a second, at most.
  config::RetryConfig retry;
  std::uint64_t seed = 0;  ///< Of the jitter.

  static GatePolicy From(const config::TargetConfig& target, std::uint64_t seed);
};

/// kProbe: instead of what waits, ask the target something that changes nothing, once. Whether it is there at all shows
/// then, and what fails for reasons of its own is told from an outage.
enum class GateAnswer : std::uint8_t { kSend, kProbe, kWait, kStop };

struct GateDecision {
  GateAnswer answer = GateAnswer::kSend;
  Monotonic until;      ///< kWait: ask again then (or when a reply arrived).
  std::string because;  ///< kStop: for people.
};

class Gate {
 public:
  Gate(const GatePolicy& policy, Monotonic now);

  /// An earlier run was asked to leave the target alone until then.
  void RestUntil(Monotonic now, Monotonic until);
  /// Nobody wanted anything of the target from `since` to `now`: such time is no outage.
  void OnIdle(Monotonic since, Monotonic now);
  /// From now on it is given up within `limit` without a usable answer, if that is less than the policy says.
  void GiveUpWithin(Duration limit);
  /// May one more request go out now, with `in_flight` under way? A probe is told of like any other (OnSent, then what
  /// it came to); until it is answered, nothing else may go out.
  GateDecision Ask(Monotonic now, std::size_t in_flight);
  /// Why waiting any longer is no use: `give_up` has passed without a usable answer, or the target asks for a pause
  /// that is longer. Nothing while there is hope.
  std::optional<std::string> GivesUp(Monotonic now) const;
  /// A request went out.
  void OnSent(bool is_retry);
  /// A reply that shows a working target, whatever it says of our values.
  void OnAnswered(Monotonic now, std::chrono::microseconds latency);
  /// Attempt number `attempt` (from 1) of a request failed for the moment. Returns when it may be sent again, or
  /// nothing when its attempts or the run's budget for repeats are used up (in an outage neither counts: the breaker
  /// limits then). Ask RetryAt when that moment has come.
  std::optional<Monotonic> OnTransient(Monotonic now, std::uint32_t attempt, std::optional<Duration> retry_after);
  /// When a repeat that is due may be sent: `now`, or later, or never, when the run's budget for repeats (a tenth of
  /// the requests, at least 10) has been used up meanwhile.
  std::optional<Monotonic> RetryAt(Monotonic now);
  /// 429, or any reply with Retry-After: pacing. Slows everything down, and counts for no attempt, budget or breaker.
  /// Without a Retry-After the pauses grow, with jitter, until an answer comes. Returns when the request may be sent
  /// again.
  Monotonic OnPaced(Monotonic now, std::optional<Duration> retry_after);

 private:
  enum class Breaker : std::uint8_t { kClosed, kOpen, kProbing };

  bool BudgetIsSpent() const;
  /// Several requests failed and nothing succeeded since: it is not about one of them.
  bool IsOutage() const;
  void OpenIfDue(Monotonic now);
  /// The longest wait after `doublings` failures.
  Duration Ceiling(std::uint32_t doublings) const;
  Duration Jittered(Duration ceiling);

  GatePolicy policy_;
  std::mt19937_64 random_;
  Pace pace_;
  Monotonic not_before_;                       // what Retry-After asked for
  bool rests_ = false;                         // for what an earlier run was told
  std::optional<Monotonic> unanswered_since_;  // for give_up: failures and pacing
  std::optional<Monotonic> failing_since_;     // for the breaker: failures alone
  std::uint32_t fresh_failures_ = 0;           // since then, of requests that were sent for the first time
  Breaker breaker_ = Breaker::kClosed;
  Monotonic probe_at_;
  std::uint32_t probes_ = 0;  // since anything else succeeded
  std::uint32_t pauses_ = 0;  // asked for since the last answer, one after the other
  std::uint64_t requests_ = 0;
  std::uint64_t retries_ = 0;
  std::uint64_t forgiven_ = 0;  // repeats beyond the budget: of requests that an outage hit
};

}  // namespace ucaas_sync::apply
