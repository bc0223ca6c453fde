#include "daemon/report/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <mutex>

#include "daemon/model/kind.h"
#include "daemon/model/operation.h"

namespace ucaas_sync::report {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

// From a poll that found little to do to the first load of a large company.
const Histogram::BucketBoundaries& RunSeconds() {
  static const Histogram::BucketBoundaries kBounds{0.1, 0.5, 1, 5, 15, 60, 300, 900, 3'600, 14'400, 43'200};
  return kBounds;
}

// From loopback to a request that runs into its time limit.
const Histogram::BucketBoundaries& RequestSeconds() {
  static const Histogram::BucketBoundaries kBounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
  return kBounds;
}

constexpr double kMicro = 1e-6;

double Seconds(std::chrono::microseconds duration) {
  return static_cast<double>(duration.count()) * kMicro;
}

double Seconds(Instant instant) {
  return static_cast<double>(instant.time_since_epoch().count()) / 1'000;
}

// The target writes it: a code is a few digits, and whatever else comes must not make a series of its own.
std::string ResultLabel(std::string_view result) {
  constexpr std::size_t kMostDigits = 5;
  const bool is_code = result.size() <= kMostDigits &&
                       std::all_of(result.begin(), result.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_code ? std::string(result) : "other";
}

constexpr std::array kOutcomes{ExitCode::kConverged, ExitCode::kError,   ExitCode::kHeld,        ExitCode::kPartial,
                               ExitCode::kSource,    ExitCode::kRefused, ExitCode::kUnavailable, ExitCode::kBusy};

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  Family<Counter>& runs =
      BuildCounter().Name("ucaas_sync_runs_total").Help("Runs that ended, by how").Register(registry);
  Histogram& run_duration = BuildHistogram()
                                .Name("ucaas_sync_run_duration_seconds")
                                .Help("How long runs took")
                                .Register(registry)
                                .Add({}, RunSeconds());
  Family<Gauge>& last_success = BuildGauge()
                                    .Name("ucaas_sync_last_success_timestamp_seconds")
                                    .Help("When a run last ended converged or partial and left nothing to the next")
                                    .Register(registry);
  Family<Counter>& operations = BuildCounter()
                                    .Name("ucaas_sync_operations_total")
                                    .Help("Operations that ended, by what they were and how they ended")
                                    .Register(registry);
  Family<Counter>& requests = BuildCounter()
                                  .Name("ucaas_sync_api_requests_total")
                                  .Help("Requests to the target; status 0 is none that came back")
                                  .Register(registry);
  Family<Histogram>& request_duration = BuildHistogram()
                                            .Name("ucaas_sync_api_request_duration_seconds")
                                            .Help("How long the target took to answer")
                                            .Register(registry);
  Family<Counter>& retries = BuildCounter()
                                 .Name("ucaas_sync_api_retries_total")
                                 .Help("Requests that were sent again, or later than they could")
                                 .Register(registry);
  Family<Gauge>& source_records =
      BuildGauge().Name("ucaas_sync_source_records").Help("Records of the last complete read").Register(registry);
  Family<Gauge>& source_age = BuildGauge()
                                  .Name("ucaas_sync_source_age_seconds")
                                  .Help("How long ago the source's newest file was written")
                                  .Register(registry);
  Family<Gauge>& entities = BuildGauge()
                                .Name("ucaas_sync_entities")
                                .Help("Users, groups and contacts that are kept in step, by state")
                                .Register(registry);
  Family<Gauge>& quarantined =
      BuildGauge().Name("ucaas_sync_quarantined").Help("Set aside, by kind").Register(registry);
  Gauge& held = BuildGauge()
                    .Name("ucaas_sync_held")
                    .Help("1 while a guard holds a plan and waits for a person")
                    .Register(registry)
                    .Add({});
  mutable std::mutex mutex;
  std::map<std::string, Instant> written;  // guarded by mutex, as the next
  std::set<std::string> measured;          // sources that have a series
};

Metrics::Metrics(const std::string& version) : impl_(std::make_unique<Impl>()) {
  BuildGauge()
      .Name("ucaas_sync_build_info")
      .Help("1, with the version")
      .Register(impl_->registry)
      .Add({{"version", version}})
      .Set(1);
  // A series that begins with its first event hides that event from rate().
  for (const ExitCode code : kOutcomes) impl_->runs.Add({{"outcome", std::string(Word(code))}});
}

Metrics::~Metrics() = default;

void Metrics::OnSnapshot(const Snapshot& snapshot) {
  if (!snapshot.complete()) return;
  const std::lock_guard lock(impl_->mutex);
  impl_->measured.insert(snapshot.source);
  impl_->source_records.Add({{"source", snapshot.source}}).Set(static_cast<double>(snapshot.records));
}

void Metrics::OnRequest(std::string_view method, std::string_view route, int status, std::string_view result,
                        std::chrono::microseconds latency) {
  impl_->requests
      .Add({{"method", std::string(method)},
            {"route", std::string(route)},
            {"status", std::to_string(status)},
            {"result", ResultLabel(result)}})
      .Increment();
  impl_->request_duration.Add({{"method", std::string(method)}, {"route", std::string(route)}}, RequestSeconds())
      .Observe(Seconds(latency));
}

void Metrics::OnOutcome(const Operation& operation, std::string_view verdict, bool done) {
  impl_->operations
      .Add({{"kind", std::string(Name(operation.kind))},
            {"action", std::string(Name(operation.action))},
            {"outcome", done ? "ok" : std::string(verdict)}})
      .Increment();
}

void Metrics::OnRetry(std::string_view reason) {
  impl_->retries.Add({{"reason", std::string(reason)}}).Increment();
}

void Metrics::RunEnded(ExitCode outcome, std::chrono::microseconds duration) {
  impl_->runs.Add({{"outcome", std::string(Word(outcome))}}).Increment();
  impl_->run_duration.Observe(Seconds(duration));
}

void Metrics::SetLastSuccess(Instant at) {
  impl_->last_success.Add({}).Set(Seconds(at));
}

void Metrics::SetInventory(const Inventory& inventory) {
  for (const auto& [of, count] : inventory.entities) {
    impl_->entities.Add({{"kind", of.first}, {"state", of.second}}).Set(static_cast<double>(count));
  }
  for (const auto& [kind, count] : inventory.quarantined) {
    impl_->quarantined.Add({{"kind", kind}}).Set(static_cast<double>(count));
  }
  impl_->held.Set(inventory.held ? 1 : 0);
}

void Metrics::SetSourceTime(const std::string& source, Instant written) {
  const std::lock_guard lock(impl_->mutex);
  impl_->written[source] = written;
  impl_->measured.insert(source);
}

void Metrics::KeepSources(const std::set<std::string>& sources) {
  const std::lock_guard lock(impl_->mutex);
  for (auto at = impl_->measured.begin(); at != impl_->measured.end();) {
    if (sources.contains(*at)) {
      ++at;
      continue;
    }
    const prometheus::Labels labels{{"source", *at}};
    impl_->source_records.Remove(&impl_->source_records.Add(labels));
    impl_->source_age.Remove(&impl_->source_age.Add(labels));
    impl_->written.erase(*at);
    at = impl_->measured.erase(at);
  }
}

std::string Metrics::Text(Instant now) const {
  {
    const std::lock_guard lock(impl_->mutex);
    for (const auto& [source, written] : impl_->written) {
      impl_->source_age.Add({{"source", source}}).Set(Seconds(now) - Seconds(written));
    }
  }
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace ucaas_sync::report
