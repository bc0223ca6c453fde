#include "daemon/apply/gate.h"

#include <doctest/doctest.h>

#include <string>

namespace ucaas_sync::apply {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Monotonic kStart{};

GatePolicy Policy(double rate = 1000) {
  return {.concurrency = 8, .rate = rate, .retry = {}, .seed = 7};
}

bool Sends(Gate& gate, Monotonic now, std::size_t in_flight = 0) {
  return gate.Ask(now, in_flight).answer == GateAnswer::kSend;
}

bool Probes(Gate& gate, Monotonic now, std::size_t in_flight = 0) {
  return gate.Ask(now, in_flight).answer == GateAnswer::kProbe;
}

TEST_CASE("never more requests are in flight than concurrency says") {
  Gate gate(Policy(), kStart);
  CHECK(Sends(gate, kStart, 7));
  CHECK_FALSE(Sends(gate, kStart, 8));
}

TEST_CASE("the rate is kept within one request, and used to 95 per cent") {
  Gate gate(Policy(20), kStart);
  int sent = 0;
  Monotonic now = kStart;
  while (now < kStart + seconds(10)) {
    const GateDecision decision = gate.Ask(now, 0);
    if (decision.answer == GateAnswer::kSend) {
      gate.OnSent(false);
      gate.OnAnswered(kStart, milliseconds(20));
      ++sent;
    } else {
      REQUIRE(decision.answer == GateAnswer::kWait);
      REQUIRE(decision.until > now);
      now = decision.until;
    }
  }
  CHECK(sent <= 202);  // ten seconds' worth and one burst
  CHECK(sent >= 190);
}

TEST_CASE("a long pause does not save up a burst") {
  Gate gate(Policy(20), kStart);
  int sent = 0;
  const Monotonic later = kStart + minutes(5);
  while (Sends(gate, later)) {
    gate.OnSent(false);
    ++sent;
  }
  CHECK(sent == 2);
}

TEST_CASE("a repeat waits anything up to a ceiling that doubles, and no longer than max_delay") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    GatePolicy policy = Policy();
    policy.seed = seed;
    policy.retry.attempts = 100;
    policy.retry.max_delay = Duration(3'000);
    for (std::uint32_t attempt = 1; attempt <= 6; ++attempt) {
      Gate gate(policy, kStart);
      const auto again = gate.OnTransient(kStart, attempt, std::nullopt);
      REQUIRE(again.has_value());
      CHECK(*again >= kStart);
      CHECK(*again <= kStart + std::min<Duration>(Duration(500) * (1 << (attempt - 1)), Duration(3'000)));
    }
  }
}

TEST_CASE("the jitter is full: repeats spread over the whole of the delay") {
  int early = 0;
  int late = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    GatePolicy policy = Policy();
    policy.seed = seed;
    Gate gate(policy, kStart);
    const auto again = *gate.OnTransient(kStart, 3, std::nullopt);
    if (again < kStart + milliseconds(500)) ++early;
    if (again > kStart + milliseconds(1500)) ++late;
  }
  CHECK(early > 50);
  CHECK(late > 50);
}

TEST_CASE("a request is not sent more often than attempts says") {
  Gate gate(Policy(), kStart);
  CHECK(gate.OnTransient(kStart, 5, std::nullopt).has_value());
  CHECK_FALSE(gate.OnTransient(kStart, 6, std::nullopt).has_value());
}

TEST_CASE("the budget for repeats is a tenth of the requests, and at least ten") {
  for (const auto& [requests, budget] : {std::pair{20, 10}, std::pair{1000, 100}}) {
    const auto& this_requests = requests;
    CAPTURE(this_requests);
    Gate gate(Policy(), kStart);
    for (int i = 0; i < requests; ++i) gate.OnSent(false);
    int repeats = 0;
    while (repeats < 10'000 && gate.RetryAt(kStart) == kStart) {
      gate.OnSent(true);
      gate.OnAnswered(kStart, milliseconds(20));
      ++repeats;
    }
    CHECK(repeats >= budget);
    CHECK(repeats <= budget + budget / 9 + 1);  // repeats are requests too
  }
}

TEST_CASE("with the budget spent and nothing succeeding, nothing new is sent until the breaker probes") {
  Gate gate(Policy(), kStart);
  for (int i = 0; i < 10; ++i) gate.OnSent(true);
  for (int i = 0; i < 4; ++i) CHECK_FALSE(gate.OnTransient(kStart, 1, std::nullopt).has_value());
  const auto again = gate.OnTransient(kStart, 1, std::nullopt);
  CHECK(again == kStart + seconds(2));
  CHECK_FALSE(Sends(gate, kStart + milliseconds(1999)));
  CHECK(gate.RetryAt(kStart + seconds(1)) == kStart + seconds(2));
  CHECK(gate.RetryAt(kStart + seconds(2)) == kStart + seconds(2));
  CHECK(Probes(gate, kStart + seconds(2)));
  CHECK(gate.Ask(kStart + seconds(2), 1).answer == GateAnswer::kWait);  // one probe at a time
}

TEST_CASE("with the budget spent, a repeat is refused once others succeed") {
  Gate gate(Policy(), kStart);
  for (int i = 0; i < 10; ++i) gate.OnSent(true);
  gate.OnTransient(kStart, 1, std::nullopt);
  gate.OnAnswered(kStart, milliseconds(20));
  CHECK_FALSE(gate.RetryAt(kStart + seconds(2)).has_value());
}

TEST_CASE("who waited for the end of an outage is let through once, whatever the budget says") {
  Gate gate(Policy(), kStart);
  for (int i = 0; i < 10; ++i) gate.OnSent(true);
  for (int i = 0; i < 8; ++i) gate.OnTransient(kStart, 1, std::nullopt);
  gate.OnAnswered(kStart, milliseconds(20));
  int repeats = 0;
  for (; gate.RetryAt(kStart + seconds(2)).has_value() && repeats < 100; ++repeats) gate.OnSent(true);
  CHECK(repeats == 8);
}

TEST_CASE("Retry-After is never undercut, by the request that got it or by any other") {
  Gate gate(Policy(), kStart);
  const Monotonic again = gate.OnPaced(kStart, Duration(3'000));
  CHECK(again == kStart + seconds(3));
  gate.OnAnswered(kStart, milliseconds(20));  // of a request that was in flight
  CHECK(gate.OnPaced(kStart + milliseconds(10), Duration(500)) == kStart + seconds(3));
  const GateDecision decision = gate.Ask(kStart + milliseconds(2999), 0);
  CHECK(decision.answer == GateAnswer::kWait);
  CHECK(decision.until == kStart + seconds(3));
  CHECK(Sends(gate, kStart + seconds(3)));
}

TEST_CASE("a failure that names its pause is pacing too, whatever number its attempt has") {
  Gate gate(Policy(), kStart);
  CHECK(gate.OnTransient(kStart, 6, Duration(2'000)) == kStart + seconds(2));
  CHECK_FALSE(Sends(gate, kStart + milliseconds(1999)));
  CHECK(Sends(gate, kStart + seconds(2), 3));
}

TEST_CASE("pacing counts for no attempt, no budget and no breaker") {
  Gate gate(Policy(), kStart);
  for (int i = 0; i < 100; ++i) gate.OnPaced(kStart + milliseconds(100 * i), std::nullopt);
  const Monotonic now = kStart + seconds(20);
  CHECK(gate.RetryAt(now) == now);
  CHECK(Sends(gate, now, 3));  // an open breaker would send nothing but a probe
}

TEST_CASE("told to slow down without for how long, the pauses grow until an answer comes") {
  GatePolicy policy = Policy();
  policy.retry.max_delay = Duration(4'000);
  Monotonic now = kStart;
  Gate gate(policy, kStart);
  std::chrono::microseconds early{0};
  std::chrono::microseconds late{0};
  constexpr int kRounds = 200;
  for (int round = 0; round < kRounds; ++round) {
    for (int pause = 0; pause < 8; ++pause) {
      const Monotonic again = gate.OnPaced(now, std::nullopt);
      CHECK(again - now <= std::min<Duration>(Duration(500) * (1 << pause), Duration(4'000)));
      CHECK(gate.OnPaced(now, std::nullopt) <= std::max(again, now + Duration(4'000)));  // was under way
      (pause == 0 ? early : late) += again - now;
      now = std::max(again, gate.Ask(now, 0).until);
    }
    gate.OnAnswered(now, milliseconds(20));
  }
  CHECK(early < kRounds * milliseconds(300));
  CHECK(late > kRounds * seconds(7));
}

TEST_CASE("the first 429 halves the pace, and those that were under way say nothing more") {
  Gate gate(Policy(100), kStart);
  gate.OnPaced(kStart, Duration(0));
  gate.OnPaced(kStart + milliseconds(1), Duration(0));
  int sent = 0;
  for (Monotonic now = kStart + milliseconds(2); now < kStart + milliseconds(502); now += milliseconds(1)) {
    while (Sends(gate, now)) {
      gate.OnSent(false);
      ++sent;
    }
  }
  CHECK(sent >= 24);
  CHECK(sent <= 50);  // and growing back by then
}

TEST_CASE("failures that fill two seconds open the breaker, then one probe at a time asks") {
  Gate gate(Policy(), kStart);
  gate.OnTransient(kStart, 1, std::nullopt);
  CHECK(Sends(gate, kStart + milliseconds(1900), 5));
  gate.OnTransient(kStart + seconds(2), 2, std::nullopt);
  CHECK_FALSE(Sends(gate, kStart + seconds(2), 5));
  Monotonic now = kStart + seconds(3);
  REQUIRE(Probes(gate, now));
  gate.OnSent(false);
  CHECK(gate.Ask(now, 1).answer == GateAnswer::kWait);
  SUBCASE("a probe that fails is followed by a pause") {
    gate.OnTransient(now, 1, std::nullopt);
    CHECK(gate.Ask(now, 0).answer == GateAnswer::kWait);
    CHECK(Probes(gate, now + seconds(60)));
  }
  SUBCASE("a probe that is answered lets everybody through again") {
    gate.OnAnswered(kStart, milliseconds(20));
    CHECK(Sends(gate, now, 5));
  }
}

TEST_CASE("probes are no faster than the rate allows") {
  Gate gate(Policy(0.1), kStart);
  REQUIRE(Sends(gate, kStart));
  gate.OnSent(false);
  gate.OnTransient(kStart, 1, std::nullopt);
  gate.OnTransient(kStart + seconds(2), 2, std::nullopt);
  Monotonic now = kStart;
  for (int probe = 0; probe < 5; ++probe) {
    const Monotonic before = now;
    while (!Probes(gate, now)) now = std::max(gate.Ask(now, 0).until, now + milliseconds(1));
    CHECK(now - before >= milliseconds(9'900));
    gate.OnSent(false);
    gate.OnTransient(now, 1, std::nullopt);
  }
}

TEST_CASE("once a probe is answered, who has used up its attempts has failed") {
  Gate gate(Policy(), kStart);
  for (int i = 0; i < 8; ++i) gate.OnTransient(kStart, 1, std::nullopt);
  CHECK(gate.OnTransient(kStart + seconds(2), 9, std::nullopt).has_value());  // an outage counts no attempts
  const Monotonic now = kStart + seconds(3);
  REQUIRE(Probes(gate, now));
  gate.OnSent(false);
  gate.OnAnswered(now, milliseconds(20));
  CHECK_FALSE(gate.OnTransient(now, 10, std::nullopt).has_value());
}

TEST_CASE("where only probes are answered, each round is begun later than the one before") {
  Gate gate(Policy(), kStart);
  Monotonic now = kStart;
  Duration early{0};
  Duration late{0};
  for (int round = 0; round < 12; ++round) {
    for (int i = 0; i < 8; ++i) gate.OnTransient(now, 1, std::nullopt);
    now += seconds(2);
    const Monotonic opened = now;
    while (gate.Ask(now, 0).answer == GateAnswer::kWait) now = gate.Ask(now, 0).until;
    (round < 6 ? early : late) += std::chrono::duration_cast<Duration>(now - opened);
    gate.OnSent(false);
    gate.OnAnswered(now, milliseconds(20));
  }
  CHECK(early < seconds(30));
  CHECK(late > seconds(60));
}

TEST_CASE("a success between failures keeps the breaker closed") {
  Gate gate(Policy(), kStart);
  for (int i = 0; i < 50; ++i) {
    const Monotonic now = kStart + milliseconds(200) * i;
    gate.OnTransient(now, 1, std::nullopt);
    gate.OnAnswered(kStart, milliseconds(20));
    CHECK(Sends(gate, now, 5));
  }
}

TEST_CASE("without a usable answer for give_up, the gate says stop, because") {
  Gate gate(Policy(), kStart);
  gate.OnTransient(kStart, 1, std::nullopt);
  CHECK(gate.Ask(kStart + minutes(9), 0).answer != GateAnswer::kStop);
  const GateDecision decision = gate.Ask(kStart + minutes(10), 0);
  CHECK(decision.answer == GateAnswer::kStop);
  CHECK(decision.because == "the target has not given a usable answer for 10 min");
}

TEST_CASE("time in which nothing was wanted of the target counts neither for give_up nor for the breaker") {
  Gate gate(Policy(), kStart);
  for (int i = 0; i < 5; ++i) gate.OnTransient(kStart, 1, std::nullopt);
  gate.OnIdle(kStart + seconds(1), kStart + minutes(20));
  CHECK(Sends(gate, kStart + minutes(20)));
  CHECK(Probes(gate, kStart + minutes(20) + seconds(1)));
  CHECK(gate.GivesUp(kStart + minutes(30) - seconds(2)) == std::nullopt);
  CHECK(gate.GivesUp(kStart + minutes(30) - seconds(1)));
}

TEST_CASE("who may be given up earlier is, and never later than the policy says") {
  for (const auto& [limit, expected] : {std::pair(seconds(10), seconds(10)), std::pair(seconds(3600), seconds(600))}) {
    Gate gate(Policy(), kStart);
    gate.GiveUpWithin(limit);
    gate.OnTransient(kStart, 1, std::nullopt);
    CHECK(gate.GivesUp(kStart + expected - milliseconds(1)) == std::nullopt);
    CHECK(gate.GivesUp(kStart + expected));
  }
}

TEST_CASE("pacing alone is ended by give_up too") {
  Gate gate(Policy(), kStart);
  for (int minute = 0; minute < 10; ++minute) gate.OnPaced(kStart + minutes(minute), Duration(60'000));
  CHECK(gate.Ask(kStart + minutes(10), 0).answer == GateAnswer::kStop);
}

TEST_CASE("a pause longer than give_up is not waited for") {
  Gate gate(Policy(), kStart);
  gate.OnPaced(kStart, Duration(std::chrono::hours(1)));
  const GateDecision decision = gate.Ask(kStart, 0);
  CHECK(decision.answer == GateAnswer::kStop);
  CHECK(decision.because.find("target.retry.give_up") != std::string::npos);
}

}  // namespace
TEST_CASE("a pause that an earlier run was asked for is waited for, or ends the run when it is too long") {
  Gate gate({.concurrency = 8, .rate = 20, .retry = {}, .seed = 1}, Monotonic{});
  gate.RestUntil(Monotonic{}, Monotonic{} + std::chrono::seconds(30));
  const GateDecision wait = gate.Ask(Monotonic{}, 0);
  CHECK(wait.answer == GateAnswer::kWait);
  CHECK(wait.until == Monotonic{} + std::chrono::seconds(30));
  CHECK(gate.Ask(wait.until, 0).answer == GateAnswer::kSend);
  gate.RestUntil(Monotonic{}, Monotonic{} + std::chrono::hours(1));
  const GateDecision stop = gate.Ask(Monotonic{}, 0);
  CHECK(stop.answer == GateAnswer::kStop);
  CHECK(stop.because ==
        "the target has asked an earlier run for a pause that lasts another 1 h, longer than target.retry.give_up "
        "allows");
}

}  // namespace ucaas_sync::apply
