// Between a run and the log: calls of two threads one after another, a sign of life for the watchdog, and silence about
// what the run before has said already when that one failed too. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "daemon/model/clock.h"
#include "daemon/model/observer.h"

namespace ucaas_sync::service {

class RunVoice final : public Observer {
 public:
  /// All must outlive it. `metrics` hears everything, repeated or not.
  RunVoice(Observer& log, Observer& metrics, const Clock& clock);

  /// A run begins. `again`: the one before failed, so what it said is not news.
  void BeginRun(bool again);

  void OnEvent(const Event& event) override;
  /// As OnEvent, but figures alone make it no news: how long an outage has lasted by now, how many requests it hit.
  void OnOutage(const Event& event);
  /// Of the service itself: said however often it comes.
  void Announce(const Event& event);
  void OnProgress(std::string_view phase, std::uint64_t done, std::uint64_t of) override;
  void OnSnapshot(const Snapshot& snapshot) override;
  void OnPlan(const Plan& plan) override;
  void OnRequest(std::string_view method, std::string_view route, int status, std::string_view result,
                 std::chrono::microseconds latency) override;
  void OnOutcome(const Operation& operation, std::string_view verdict, bool done) override;
  void OnRetry(std::string_view reason) override;

  /// The run does something.
  void Live() { alive_ = clock_.Ticks().time_since_epoch().count(); }
  Monotonic last_sign() const { return Monotonic(std::chrono::microseconds(alive_.load())); }

  struct Progress {
    std::string phase;  ///< "read hr", "apply"; empty before the first.
    std::uint64_t done = 0;
    std::uint64_t of = 0;  ///< 0: not known.
  };
  Progress progress() const;

  /// When the target last replied, and when it last did not or told of a failure of its own.
  struct TargetSigns {
    std::optional<Instant> answered_at;
    std::optional<Instant> failed_at;
  };
  TargetSigns target_signs() const;

 private:
  void SayIfNews(const Event& event, std::string text);
  /// Whether `text` is to be said; remembers it.
  bool IsNews(std::string text);

  Observer& log_;
  Observer& metrics_;
  const Clock& clock_;
  std::atomic<std::int64_t> alive_{0};  // microseconds
  mutable std::mutex mutex_;
  Progress progress_;
  TargetSigns target_signs_;
  bool again_ = false;
  std::set<std::string> said_;         // by this run
  std::set<std::string> said_before_;  // by the run before, when that one failed
};

}  // namespace ucaas_sync::service
