#include "daemon/report/metrics.h"

#include <doctest/doctest.h>

namespace ucaas_sync::report {
namespace {

bool Says(const Metrics& metrics, const std::string& line, Instant now = {}) {
  const std::string text = metrics.Text(now);
  INFO(text);
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("every outcome has its series from the start, so that the first of its kind is seen") {
  Metrics metrics("1.2.3");
  CHECK(Says(metrics, R"(ucaas_sync_runs_total{outcome="refused"} 0)"));
  CHECK(Says(metrics, R"(ucaas_sync_build_info{version="1.2.3"} 1)"));
  metrics.RunEnded(ExitCode::kRefused, std::chrono::milliseconds(1'500));
  CHECK(Says(metrics, R"(ucaas_sync_runs_total{outcome="refused"} 1)"));
  CHECK(Says(metrics, R"(ucaas_sync_run_duration_seconds_bucket{le="1"} 0)"));
  CHECK(Says(metrics, R"(ucaas_sync_run_duration_seconds_bucket{le="5"} 1)"));
}

TEST_CASE("requests are counted by what they were and what came back") {
  Metrics metrics("1");
  metrics.OnRequest("PATCH", "users/{id}", 200, "1", std::chrono::milliseconds(20));
  metrics.OnRequest("PATCH", "users/{id}", 200, "1", std::chrono::milliseconds(20));
  metrics.OnRequest("PATCH", "users/{id}", 0, "", std::chrono::seconds(30));
  CHECK(Says(metrics, R"(ucaas_sync_api_requests_total{method="PATCH",result="1",route="users/{id}",status="200"} 2)"));
  CHECK(Says(metrics, R"(ucaas_sync_api_requests_total{method="PATCH",result="",route="users/{id}",status="0"} 1)"));
  metrics.OnRetry("paced");
  CHECK(Says(metrics, R"(ucaas_sync_api_retries_total{reason="paced"} 1)"));
}

TEST_CASE("what the target writes cannot make series without end") {
  Metrics metrics("1");
  for (int i = 0; i < 100; ++i) {
    metrics.OnRequest("POST", "users", 500, "error-" + std::to_string(i), std::chrono::milliseconds(1));
  }
  CHECK(Says(metrics, R"(ucaas_sync_api_requests_total{method="POST",result="other",route="users",status="500"} 100)"));
}

TEST_CASE("a source's age is that of the moment of asking") {
  Metrics metrics("1");
  metrics.SetSourceTime("hr", *ParseInstant("2026-11-24T09:00:00Z"));
  CHECK(Says(metrics, R"(ucaas_sync_source_age_seconds{source="hr"} 60)", *ParseInstant("2026-11-24T09:01:00Z")));
  CHECK(Says(metrics, R"(ucaas_sync_source_age_seconds{source="hr"} 90)", *ParseInstant("2026-11-24T09:01:30Z")));
}

TEST_CASE("a source that a new configuration no longer has leaves no age that rises for ever") {
  Metrics metrics("1");
  const Instant now = *ParseInstant("2026-11-23T09:00:00Z");
  Snapshot snapshot;
  for (const char* name : {"hr", "old"}) {
    snapshot.source = name;
    metrics.OnSnapshot(snapshot);
    metrics.SetSourceTime(name, now);
  }
  CHECK(metrics.Text(now).find("source=\"old\"") != std::string::npos);
  metrics.KeepSources({"hr", "new"});
  const std::string text = metrics.Text(now);
  CHECK(text.find("source=\"old\"") == std::string::npos);
  CHECK(text.find("ucaas_sync_source_age_seconds{source=\"hr\"}") != std::string::npos);
  CHECK(text.find("source=\"new\"") == std::string::npos);
}

TEST_CASE("an incomplete read does not count as the source's size") {
  Metrics metrics("1");
  Snapshot snapshot;
  snapshot.source = "hr";
  snapshot.records = 1'200;
  metrics.OnSnapshot(snapshot);
  snapshot.records = 600;
  snapshot.incomplete = Problem{.at = {}, .what = "cut", .remedy = {}};
  metrics.OnSnapshot(snapshot);
  CHECK(Says(metrics, R"(ucaas_sync_source_records{source="hr"} 1200)"));
}

TEST_CASE("the inventory and the outcomes of operations are shown by kind") {
  Metrics metrics("1");
  metrics.SetInventory({.entities = {{{"user", "active"}, 30}}, .quarantined = {{"record", 2}}, .held = true});
  CHECK(Says(metrics, R"(ucaas_sync_entities{kind="user",state="active"} 30)"));
  CHECK(Says(metrics, R"(ucaas_sync_quarantined{kind="record"} 2)"));
  CHECK(Says(metrics, "ucaas_sync_held 1"));
  Operation operation;
  operation.action = Action::kSuspend;
  metrics.OnOutcome(operation, "ok", true);
  metrics.OnOutcome(operation, "invalid", false);
  CHECK(Says(metrics, R"(ucaas_sync_operations_total{action="suspend",kind="user",outcome="ok"} 1)"));
  CHECK(Says(metrics, R"(ucaas_sync_operations_total{action="suspend",kind="user",outcome="invalid"} 1)"));
}

}  // namespace ucaas_sync::report
