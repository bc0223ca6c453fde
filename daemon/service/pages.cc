#include "daemon/service/pages.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <sstream>
#include <utility>

#include "daemon/report/overview.h"
#include "daemon/run/standing.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::service {
namespace {

constexpr std::string_view kRuns = "/runs/";

/// Of a query's number; `otherwise` for none, and for what is none.
std::size_t NumberOf(const PageRequest& request, const std::string& name, std::size_t otherwise) {
  const auto found = request.query.find(name);
  if (found == request.query.end()) return otherwise;
  const std::string& text = found->second;
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : otherwise;
}

PageReply NotFound() {
  return {.status = 404, .body = "there is /, /runs/ID, /api/status, /metrics, /healthz and /readyz\n"};
}

PageReply Html(std::string body) {
  return {.status = 200, .content_type = "text/html; charset=utf-8", .body = std::move(body)};
}

std::unique_ptr<state::SqliteStore> OpenToRead(const std::filesystem::path& state_dir) {
  return state::OpenStore(state_dir, state::OpenMode::kReadOnly, {.program_version = UCAAS_SYNC_VERSION});
}

}  // namespace

Pages::Pages(Site site, const Clock& clock, const SharedView& view, const report::Metrics& metrics,
             const Heartbeat& heartbeat)
    : site_(std::move(site)), clock_(clock), view_(view), metrics_(metrics), heartbeat_(heartbeat) {}

PageReply Pages::Answer(const PageRequest& request) const {
  if (request.path == "/") return Overview(request);
  if (request.path == "/metrics") {
    return {
        .status = 200, .content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_.Text(clock_.Now())};
  }
  if (request.path == "/healthz") return Health();
  if (request.path == "/readyz") return Readiness();
  if (request.path == "/api/status") return StatusJson();
  if (request.path == "/style.css") {
    return {.status = 200, .content_type = "text/css; charset=utf-8", .body = std::string(report::PageStyle())};
  }
  if (request.path.starts_with(kRuns)) return Run(request.path.substr(kRuns.size()), request);
  return NotFound();
}

PageReply Pages::Health() const {
  // The loop never sleeps longer than half a minute while there are endpoints.
  constexpr Duration kLongest = std::chrono::minutes(2);
  const auto since = clock_.Ticks() - heartbeat_.last();
  if (since < kLongest) return {.status = 200, .body = "ok\n"};
  return {.status = 503, .body = "the loop does not turn\n"};
}

PageReply Pages::Readiness() const {
  const View view = view_.Get();
  std::string word = view.outcome ? std::string(Word(*view.outcome)) : "no run has ended yet";
  if (!view.message.empty() && !view.is_ready() && site_.people == config::People::kFull) word += ": " + view.message;
  return {.status = view.is_ready() ? 200 : 503, .body = word + '\n'};
}

PageReply Pages::Overview(const PageRequest& request) const {
  constexpr std::size_t kRunsShown = 100;
  const Instant now = clock_.Now();
  const View view = view_.Get();
  const auto store = OpenToRead(site_.state_dir);
  report::Overview overview;
  overview.status = run::StandingOf(*store, site_.sources, kRunsShown, now);
  overview.last_success = view.last_success;
  overview.target = {.name = site_.target, .answered_at = view.target_answered, .failed_at = view.target_failed};
  overview.running = view.running;
  overview.activity = view.running ? Describe(view) : std::string();
  overview.next_look = view.next_look;
  overview.is_resting = view.is_resting();
  overview.people = site_.people;
  return Html(report::OverviewPage(std::move(overview), now, NumberOf(request, "page", 1)));
}

PageReply Pages::Run(const std::string& id, const PageRequest& request) const {
  constexpr std::size_t kOperationsShown = 200;
  const auto store = OpenToRead(site_.state_dir);
  const auto record = run::RunOf(*store, id, clock_.Now());
  if (!record) return {.status = 404, .body = "there is no such run, or it has left the journal\n"};
  const std::size_t first = NumberOf(request, "from", 0);
  std::vector<report::RunOperation> shown;
  std::size_t index = 0;
  store->ForEachOperation(id, [&](const Operation& operation, const OperationOutcome* outcome) {
    if (index >= first && shown.size() < kOperationsShown) {
      shown.push_back({.operation = operation, .outcome = outcome ? std::optional(*outcome) : std::nullopt});
    }
    ++index;
  });
  const bool more = index > first + shown.size();
  return Html(report::RunPage(*record, shown, first, more, site_.people));
}

PageReply Pages::StatusJson() const {
  constexpr std::size_t kRunsShown = 20;
  const auto store = OpenToRead(site_.state_dir);
  report::Status status = run::StandingOf(*store, site_.sources, kRunsShown, clock_.Now());
  status.next_run = view_.Get().next_look;
  report::Conceal(status, site_.people);
  std::ostringstream out;
  report::WriteStatusJson(status, clock_.Now(), out);
  return {.status = 200, .content_type = "application/json; charset=utf-8", .body = out.str()};
}

}  // namespace ucaas_sync::service
