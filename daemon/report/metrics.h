// What Prometheus scrapes: counters and gauges of the service, by the Prometheus naming rules, prefix ucaas_sync_.
// Labels have few values: kinds, actions, routes, status and result codes, names of sources. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "daemon/model/exit_code.h"
#include "daemon/model/observer.h"
#include "daemon/model/time.h"

namespace ucaas_sync::report {

/// What the state says, taken anew after each run.
struct Inventory {
  std::map<std::pair<std::string, std::string>, std::uint64_t> entities;  ///< (kind, "active" …) → how many
  std::map<std::string, std::uint64_t> quarantined;                       ///< kind → how many
  bool held = false;
};

class Metrics final : public Observer {
 public:
  explicit Metrics(const std::string& version);
  ~Metrics() override;

  void OnEvent(const Event& /*event*/) override {}
  void OnSnapshot(const Snapshot& snapshot) override;
  void OnRequest(std::string_view method, std::string_view route, int status, std::string_view result,
                 std::chrono::microseconds latency) override;
  void OnOutcome(const Operation& operation, std::string_view verdict, bool done) override;
  void OnRetry(std::string_view reason) override;

  void RunEnded(ExitCode outcome, std::chrono::microseconds duration);
  void SetLastSuccess(Instant at);
  void SetInventory(const Inventory& inventory);
  /// When the newest file of the source was last written to.
  void SetSourceTime(const std::string& source, Instant written);
  /// From now on there are these sources and no others: what was known of another one is shown no more.
  void KeepSources(const std::set<std::string>& sources);

  /// The text format, version 0.0.4; ages are those at `now`.
  std::string Text(Instant now) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ucaas_sync::report
