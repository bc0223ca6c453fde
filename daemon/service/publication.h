// How the service stands, for others to see: the metrics, the view, and the endpoints that show them. The loop writes;
// the endpoints' thread reads. Used by the loop's thread, but for what its parts allow.
#pragma once

#include <optional>

#include "config/config.h"
#include "daemon/model/clock.h"
#include "daemon/report/metrics.h"
#include "daemon/service/endpoints.h"
#include "daemon/service/pages.h"
#include "daemon/service/run_report.h"
#include "daemon/service/sight.h"
#include "daemon/service/view.h"

namespace ucaas_sync::service {

class Publication {
 public:
  /// `clock` must outlive it.
  explicit Publication(const Clock& clock);

  /// Listens as `config` says, and no more as the one before said. Throws Failure (kConfig): then there are no pages.
  void Open(const config::Config& config);
  bool is_open() const { return endpoints_.has_value(); }

  report::Metrics& metrics() { return metrics_; }
  void Show(const View& view) { view_.Set(view); }
  void ShowSources(const config::Config& config, const Sight& sight);
  void ShowRun(const RunReport& report, const View& view, std::chrono::microseconds took);
  /// The loop turns.
  void Beat() { heartbeat_.Beat(clock_.Ticks()); }

 private:
  const Clock& clock_;
  report::Metrics metrics_;
  SharedView view_;
  Heartbeat heartbeat_;
  std::optional<Pages> pages_;
  std::optional<Endpoints> endpoints_;  // last: its thread uses all of them
};

}  // namespace ucaas_sync::service
