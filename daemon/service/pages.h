// What each path answers: /metrics, /healthz, /readyz, /, /runs/ID, /api/status, /style.css. Everything is read from
// the state at the moment of asking, from the shared view and from the metrics; nothing is written. Thread-safe.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/model/clock.h"
#include "daemon/report/metrics.h"
#include "daemon/service/endpoints.h"
#include "daemon/service/view.h"

namespace ucaas_sync::service {

/// The loop's sign of life.
class Heartbeat {
 public:
  void Beat(Monotonic now) { at_ = now.time_since_epoch().count(); }
  Monotonic last() const { return Monotonic(std::chrono::microseconds(at_.load())); }

 private:
  std::atomic<std::int64_t> at_{0};
};

class Pages {
 public:
  struct Site {
    std::filesystem::path state_dir;
    std::vector<config::SourceConfig> sources;
    std::string target;                            ///< Its base URL; empty for the sandbox.
    config::People people = config::People::kKey;  ///< In force: full on a Unix socket.
  };
  /// All must outlive the pages.
  Pages(Site site, const Clock& clock, const SharedView& view, const report::Metrics& metrics,
        const Heartbeat& heartbeat);

  PageReply Answer(const PageRequest& request) const;

 private:
  PageReply Health() const;
  PageReply Readiness() const;
  PageReply Overview(const PageRequest& request) const;
  PageReply Run(const std::string& id, const PageRequest& request) const;
  PageReply StatusJson() const;

  Site site_;
  const Clock& clock_;
  const SharedView& view_;
  const report::Metrics& metrics_;
  const Heartbeat& heartbeat_;
};

}  // namespace ucaas_sync::service
