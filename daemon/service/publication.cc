#include "daemon/service/publication.h"

#include <set>
#include <string>

#include "daemon/service/listener.h"

namespace ucaas_sync::service {

Publication::Publication(const Clock& clock) : clock_(clock), metrics_(UCAAS_SYNC_VERSION) {
  Beat();
}

void Publication::Open(const config::Config& config) {
  // Who listened before goes first: it may be the same address.
  endpoints_.reset();
  std::set<std::string> sources;
  for (const config::SourceConfig& source : config.sources) sources.insert(source.name.value);
  metrics_.KeepSources(sources);
  // Whoever may open a Unix socket was let in by its folder's mode.
  const bool is_private = !UnixPathOf(config.listen.value).empty();
  pages_.emplace(Pages::Site{.state_dir = config.state_dir,
                             .sources = config.sources,
                             .target = config.target.base_url.value,
                             .people = is_private ? config::People::kFull : config.pages.people},
                 clock_, view_, metrics_, heartbeat_);
  if (config.listen.empty()) return;
  endpoints_.emplace(config.listen.value, [this](const PageRequest& request) { return pages_->Answer(request); });
}

void Publication::ShowSources(const config::Config& config, const Sight& sight) {
  for (std::size_t i = 0; i < sight.sources.size(); ++i) {
    const auto written = sight.sources[i].written_at;
    if (written) metrics_.SetSourceTime(config.sources[i].name.value, *written);
  }
}

void Publication::ShowRun(const RunReport& report, const View& view, std::chrono::microseconds took) {
  metrics_.RunEnded(report.code, took);
  if (report.inventory) metrics_.SetInventory(*report.inventory);
  if (view.last_success) metrics_.SetLastSuccess(*view.last_success);
}

}  // namespace ucaas_sync::service
