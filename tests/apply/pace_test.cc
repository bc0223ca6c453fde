// The pace on a virtual clock against targets that limit in the ways that are in use.
#include "daemon/apply/pace.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <deque>

namespace ucaas_sync::apply {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Seconds = std::chrono::duration<double>;

constexpr Monotonic kStart{};

/// A target that takes so many requests a second and answers the rest with 429.
struct Limit {
  double rate = 20;
  double capacity = 20;            ///< What a token bucket saves up; 0: counts per whole second instead.
  milliseconds retry_after{1000};  ///< 0: none is given, and our own pause is a fraction of a second.
};

class Target {
 public:
  explicit Target(const Limit& limit) : limit_(limit), tokens_(limit.capacity) {}

  bool Takes(Monotonic now) {
    if (limit_.capacity == 0) {
      const auto second = std::chrono::floor<seconds>(now);
      if (second != window_) in_window_ = 0;
      window_ = second;
      return ++in_window_ <= limit_.rate;
    }
    tokens_ = std::min(limit_.capacity, tokens_ + limit_.rate * Seconds(now - filled_).count());
    filled_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }
  void SetRate(double rate) { limit_.rate = rate; }
  const Limit& limit() const { return limit_; }

 private:
  Limit limit_;
  double tokens_;
  Monotonic filled_{};
  std::chrono::time_point<std::chrono::steady_clock, seconds> window_{};
  double in_window_ = 0;
};

struct Throughput {
  std::uint64_t taken = 0;
  std::uint64_t refused = 0;
  double per_second = 0;
  milliseconds longest{0};  ///< That a reply took.
};

class Run {
 public:
  Run(double ceiling, const Limit& limit, std::size_t concurrency = 32)
      : pace_(ceiling, kStart), target_(limit), concurrency_(concurrency) {}

  /// Goes on for `length`, sending whatever may be sent.
  Throughput For(seconds length) {
    Throughput result;
    const Monotonic end = now_ + length;
    while (now_ < end) {
      Monotonic next = end;
      while (flying_.size() < concurrency_ && now_ >= not_before_) {
        const Monotonic at = pace_.SendAt(now_);
        if (at > now_) {
          next = std::min(next, at);
          break;
        }
        pace_.OnSent();
        served_ = std::max(served_, now_) + each_;
        flying_.push_back({.at = served_ + latency_, .sent = now_, .taken = target_.Takes(now_)});
      }
      if (now_ < not_before_) next = std::min(next, not_before_);
      if (!flying_.empty()) next = std::min(next, flying_.front().at);
      now_ = std::max(next, now_ + microseconds(1));
      while (!flying_.empty() && flying_.front().at <= now_) {
        const Flight flight = flying_.front();
        flying_.pop_front();
        result.longest = std::max(result.longest, std::chrono::duration_cast<milliseconds>(now_ - flight.sent));
        if (flight.taken) {
          pace_.OnAnswered(now_, std::chrono::duration_cast<microseconds>(now_ - flight.sent));
          ++result.taken;
          continue;
        }
        ++result.refused;
        const milliseconds own{50 + (result.refused * 97) % 450};
        const milliseconds given = target_.limit().retry_after;
        not_before_ = std::max(not_before_, now_ + (given.count() > 0 ? given : own));
        pace_.OnPaced(now_, not_before_);
      }
    }
    result.per_second = static_cast<double>(result.taken) / Seconds(length).count();
    return result;
  }
  Pace& pace() { return pace_; }
  Target& target() { return target_; }
  void SetLatency(microseconds latency) { latency_ = latency; }
  /// The target works at one request after the other, each for so long.
  void SetWork(microseconds each) { each_ = each; }

 private:
  struct Flight {
    Monotonic at;
    Monotonic sent;
    bool taken;
  };
  Pace pace_;
  Target target_;
  std::size_t concurrency_;
  microseconds latency_{20'000};
  microseconds each_{0};
  Monotonic served_ = kStart;
  Monotonic now_ = kStart;
  Monotonic not_before_ = kStart;
  std::deque<Flight> flying_;
};

double Share(double rate, double times, double capacity, milliseconds retry_after) {
  Run run(rate * times, {.rate = rate, .capacity = capacity, .retry_after = retry_after});
  run.For(seconds(10));
  return run.For(seconds(300)).per_second / rate;
}

TEST_CASE("95 per cent of a limit that nobody told us are used, of a second's worth saved up") {
  for (const double rate : {2.0, 5.0, 20.0, 100.0}) {
    for (const double times : {1.2, 2.0, 10.0, 50.0}) {
      for (const milliseconds retry_after : {milliseconds(0), milliseconds(1000)}) {
        CAPTURE(rate);
        CAPTURE(times);
        CAPTURE(retry_after.count());
        CHECK(Share(rate, times, rate, retry_after) >= 0.95);
      }
      CHECK(Share(rate, times, 0, milliseconds(0)) >= 0.95);
    }
  }
}

TEST_CASE("a limit is found within seconds however high the ceiling was set and however little is saved up") {
  for (const double rate : {20.0, 200.0}) {
    for (const double capacity : {rate, 10.0, 2.0, 0.0}) {
      for (const milliseconds retry_after : {milliseconds(0), milliseconds(1000)}) {
        CAPTURE(rate);
        CAPTURE(capacity);
        CAPTURE(retry_after.count());
        Run run(1e6, {.rate = rate, .capacity = capacity, .retry_after = retry_after}, 8);
        run.For(seconds(10));
        CHECK(run.For(seconds(10)).per_second / rate >= 0.6);
        CHECK(run.For(seconds(300)).per_second / rate >= 0.94);
      }
    }
  }
}

TEST_CASE("95 per cent of a limit are used behind the search for it, though a tenth of a second is saved up at most") {
  for (const double rate : {20.0, 100.0, 200.0}) {
    for (const double times : {2.0, 50.0, 5000.0}) {
      for (const milliseconds latency : {milliseconds(2), milliseconds(20)}) {
        CAPTURE(rate);
        CAPTURE(times);
        CAPTURE(latency.count());
        Run run(rate * times, {.rate = rate, .capacity = rate / 10, .retry_after = milliseconds(1000)}, 8);
        run.SetLatency(latency);
        run.For(seconds(20));
        CHECK(run.For(seconds(220)).per_second / rate >= 0.95);
      }
    }
  }
}

TEST_CASE("a limit is found within a minute though each reply takes most of a second") {
  for (const milliseconds retry_after : {milliseconds(1000), milliseconds(5000)}) {
    CAPTURE(retry_after.count());
    Run run(1000, {.rate = 20, .capacity = 2, .retry_after = retry_after});
    run.SetLatency(milliseconds(700));
    run.For(seconds(60));
    CHECK(run.For(seconds(60)).per_second / 20 >= 0.75);
  }
}

TEST_CASE("a pause saves up one request: those behind it come no closer to each other than before") {
  Pace pace(1000, kStart);
  const Monotonic refused = kStart + seconds(1);
  CHECK(pace.SendAt(refused) == refused);
  const Monotonic resumed = refused + seconds(3);
  pace.OnPaced(refused, resumed);
  CHECK(pace.SendAt(resumed) == resumed);
  pace.OnSent();
  const Monotonic next = pace.SendAt(resumed);
  CHECK(Seconds(next - resumed).count() * pace.rate() == doctest::Approx(1).epsilon(0.01));
}

TEST_CASE("a limit that forgives nothing and asks for a whole second each time is used to 90 per cent") {
  for (const double rate : {5.0, 20.0, 100.0}) {
    for (const double times : {1.2, 2.0, 10.0, 50.0}) {
      CAPTURE(rate);
      CAPTURE(times);
      CHECK(Share(rate, times, 0, milliseconds(1000)) >= 0.90);
      CHECK(Share(rate, times, 2, milliseconds(1000)) >= 0.90);
    }
  }
}

TEST_CASE("within ten seconds most of the limit is used, though the ceiling is fifty times as high") {
  Run run(1000, {.rate = 20, .capacity = 20, .retry_after = milliseconds(1000)});
  CHECK(run.For(seconds(10)).per_second >= 17);
}

TEST_CASE("refusals become rare once the limit is known") {
  Run run(1000, {.rate = 20, .capacity = 20, .retry_after = milliseconds(1000)});
  run.For(seconds(60));
  CHECK(run.For(seconds(300)).refused <= 30);
}

TEST_CASE("without a limit the ceiling is the rate") {
  Run run(50, {.rate = 1e6, .capacity = 1e6, .retry_after = milliseconds(0)});
  CHECK(run.For(seconds(60)).per_second >= 49.9);
  CHECK(run.pace().rate() == 50);
}

TEST_CASE("a limit that is lifted is found out within minutes") {
  Run run(200, {.rate = 20, .capacity = 20, .retry_after = milliseconds(1000)});
  run.For(seconds(120));
  run.target().SetRate(200);
  run.For(seconds(240));
  CHECK(run.For(seconds(60)).per_second >= 100);
}

TEST_CASE("replies that take far longer than they used to lower the rate, and it comes back with them") {
  Run run(100, {.rate = 1e6, .capacity = 1e6, .retry_after = milliseconds(0)}, 1000);
  run.For(seconds(10));
  run.SetLatency(seconds(2));
  run.For(seconds(10));
  CHECK(run.pace().rate() < 80);
  CHECK(run.pace().rate() > 10);
  run.SetLatency(milliseconds(20));
  run.For(seconds(60));
  CHECK(run.pace().rate() >= 95);
}

TEST_CASE("changes that take far longer than the looks before them, however slowly they are sent, slow no run down") {
  struct Times {
    milliseconds look;
    milliseconds change;
  };
  for (const Times& times : {Times{milliseconds(5), milliseconds(150)}, Times{milliseconds(20), milliseconds(300)},
                             Times{milliseconds(10), milliseconds(390)}, Times{milliseconds(50), milliseconds(200)}}) {
    CAPTURE(times.look.count());
    CAPTURE(times.change.count());
    Run run(20, {.rate = 1e6, .capacity = 1e6, .retry_after = milliseconds(0)}, 8);
    run.SetLatency(times.look);
    run.For(seconds(20));
    run.SetLatency(times.change);
    CHECK(run.For(seconds(60)).per_second >= 12);
    CHECK(run.For(seconds(60)).per_second >= 19.9);
  }
}

TEST_CASE("a limit that is met while replies are slower than before is used all the same") {
  Run run(200, {.rate = 20, .capacity = 20, .retry_after = milliseconds(1000)}, 8);
  run.SetLatency(milliseconds(20));
  run.For(seconds(20));
  run.SetLatency(milliseconds(150));
  run.For(seconds(40));
  CHECK(run.For(seconds(120)).per_second >= 18);
}

TEST_CASE("a target that our requests alone make slow gets no more than it can do") {
  // 50 a second, and nobody bounds how many wait there.
  Run run(100, {.rate = 1e6, .capacity = 1e6, .retry_after = milliseconds(0)}, 100'000);
  run.For(seconds(10));
  run.SetWork(milliseconds(20));
  const Throughput first = run.For(seconds(120));
  const Throughput later = run.For(seconds(600));
  CHECK(first.longest < seconds(15));
  CHECK(later.longest < seconds(15));
  CHECK(later.per_second >= 25);
}

}  // namespace
}  // namespace ucaas_sync::apply
