// The way to a strict target, as bad as a seed makes it: refused connections, resets and stalls before or after the
// effect, 429 and 5xx, truncated, empty and foreign bodies, slow replies, lists that break off, clamp or repeat
// themselves, outages of minutes, routes that lead elsewhere. Waiting moves the virtual clock. Also watches the pace:
// what is sent while the target asked for a pause, or beyond the configured ceilings, is complained of. Borrows the
// clock, the target and the fuse. Single-threaded.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/model/transport.h"
#include "tests/sim/installation.h"
#include "tests/sim/random.h"
#include "tests/sim/strict_target.h"

namespace ucaas_sync::sim {

/// Of one run.
struct Weather {
  unsigned faults = 0;           ///< Percent of the exchanges.
  std::size_t limit = 0;         ///< Requests a second that the target takes; 0: any number.
  std::size_t outage_after = 0;  ///< Requests until everything fails; 0: never.
  Duration outage{0};
  bool is_misrouted = false;  ///< Whoever is asked in the outage is not the API, and says "not found" of everything.
  std::uint32_t page_length = 0;  ///< The target shows no more at once; 0: what is asked for.
  bool is_fine() const { return faults == 0 && limit == 0 && outage_after == 0; }
};

class Network final : public Transport {
 public:
  Network(testing::FakeClock& clock, testing::FakeTarget& target, Fuse& fuse, Random random)
      : clock_(clock), fuse_(fuse), strict_(target), random_(random) {}

  /// A new process with new connections.
  void BeginRun(const Weather& weather);
  /// It is gone: by itself, or by a crash.
  void EndRun(bool crashed);

  StrictTarget& strict() { return strict_; }
  /// Whether anything went wrong in this run.
  bool had_trouble() const { return had_trouble_; }
  std::size_t requests() const { return requests_; }
  /// "12.300 POST users → 200", every request of every run.
  std::vector<std::string> trace;
  /// Requests of this run that change something: "PATCH users/70001".
  std::vector<std::string> writes;

  ExchangeId Start(HttpRequest request) override;
  std::vector<HttpReply> Wait(Monotonic until) override;
  std::size_t InFlight() const override { return flying_.size(); }

 private:
  struct Flight {
    HttpRequest request;
    HttpReply reply;
    bool is_answer = false;  ///< The program can believe it.
    Duration pause{0};       ///< Retry-After
  };
  void WatchPace();
  bool IsOut();
  Flight Take(HttpRequest request, Duration& latency);
  HttpReply Misrouted();
  Flight Spoil(Flight flight, Duration& latency);
  void Do(Flight& flight);
  void NotePause(Duration pause);

  testing::FakeClock& clock_;
  Fuse& fuse_;
  StrictTarget strict_;
  Random random_;
  Weather weather_;
  std::multimap<Monotonic, Flight> flying_;
  std::deque<Monotonic> sent_;  // in the last second
  // What Retry-After asked for, in this run or before.
  Monotonic not_before_;
  Instant rests_until_;
  Instant asked_before_;  // the same, before it was asked for the last time
  std::optional<Monotonic> asked_at_;
  std::optional<Monotonic> out_until_;
  ExchangeId last_ = 0;
  std::size_t requests_ = 0;
  bool had_trouble_ = false;
};

}  // namespace ucaas_sync::sim
