// The service's endpoints as a probe, Prometheus and a browser meet them.
#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "tests/support/cli.h"
#include "tests/support/page.h"

namespace ucaas_sync::testing {
namespace {

std::string Config(std::string_view more = {}) {
  return CompanyConfig("listen: \"unix:http\"\nschedule: { every: 1h }\n" + std::string(more));
}

bool Has(const Reply& reply, std::string_view text) {
  INFO(reply.head << "\n\n" << reply.body);
  return reply.body.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("probes, metrics and the page say how things stand, before and after the first run and when it is held") {
  Cli cli;
  cli.Write("config.yaml", Config());
  Child service = cli.Start({"run"});
  // There is no file yet.
  service.WaitFor("what stays the same is not said again");
  CHECK(Get(cli, "/healthz").status == 200);
  CHECK(Get(cli, "/readyz").status == 503);
  CHECK(Has(Get(cli, "/readyz"), "source"));
  CHECK(Has(Get(cli, "/"), "a source cannot be used"));
  CHECK(Has(Get(cli, "/metrics"), "ucaas_sync_runs_total{outcome=\"source\"} 1"));
  cli.Write("people.csv", CompanyCsv(40));
  service.WaitFor("converged");
  CHECK(Get(cli, "/readyz").status == 200);
  CHECK(Has(Get(cli, "/"), "The cloud is up to date"));
  const Reply metrics = Get(cli, "/metrics");
  CHECK(metrics.head.find("text/plain; version=0.0.4") != std::string::npos);
  CHECK(Has(metrics, "ucaas_sync_entities{kind=\"user\",state=\"active\"} 40"));
  CHECK(Has(metrics, "ucaas_sync_operations_total{action=\"create\",kind=\"contact\",outcome=\"ok\"} 40"));
  CHECK(Has(metrics, "ucaas_sync_source_records{source=\"hr\"} 40"));
  auto people = CompanyPeople(40);
  for (std::size_t i = 0; i < 12; ++i) people[i].status = "terminated";
  cli.Write("people.csv", CsvOf(people));
  service.WaitFor("ucaas-sync approve");
  CHECK(Has(Get(cli, "/readyz"), "held"));
  CHECK(Has(Get(cli, "/"), "A person must decide"));
  CHECK(Has(Get(cli, "/metrics"), "ucaas_sync_held 1"));
  const Reply status = Get(cli, "/api/status");
  CHECK(Has(status, "\"outcome\":\"held\""));
  CHECK(Has(status, "\"next_run\":\"2"));
  service.Signal(SIGTERM);
  CHECK(service.Wait().code == 0);
  CHECK_FALSE(std::filesystem::exists(cli.Path("http")));
}

TEST_CASE("the endpoints are read-only, and forbid a browser everything that the page does not need") {
  Cli cli;
  cli.Write("config.yaml", Config());
  cli.Write("people.csv", CompanyCsv(12));
  Child service = cli.Start({"run"});
  service.WaitFor("converged");
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS"}) CHECK(Get(cli, "/", method).status == 405);
  const Reply head = Get(cli, "/", "HEAD");
  CHECK(head.status == 200);
  CHECK(head.body.empty());
  CHECK(head.head.find("Content-Security-Policy: default-src 'none'; style-src 'self'") != std::string::npos);
  CHECK(head.head.find("X-Content-Type-Options: nosniff") != std::string::npos);
  CHECK(Get(cli, "/style.css").head.find("text/css") != std::string::npos);
  for (const char* path : {"/nothing", "/runs/none", "/runs/..%2f..%2fetc", "/%2e%2e/", "/metrics/"}) {
    CAPTURE(path);
    const Reply reply = Get(cli, path);
    CHECK(reply.status == 404);
    CHECK(reply.head.find("text/plain") != std::string::npos);
  }
  service.Signal(SIGTERM);
  CHECK(service.Wait().code == 0);
}

TEST_CASE("each run has its page, on a unix socket it names people and values") {
  Cli cli;
  cli.Write("config.yaml", Config());
  cli.Write("people.csv", CompanyCsv(12));
  Child service = cli.Start({"run"});
  service.WaitFor("converged");
  const std::string status = Get(cli, "/api/status").body;
  const std::size_t at = status.find("\"id\":\"") + 6;
  const Reply page = Get(cli, "/runs/" + status.substr(at, status.find('"', at) - at));
  CHECK(page.status == 200);
  CHECK(Has(page, "create user"));
  CHECK(Has(page, CompanyPeople(1)[0].last_name));
  service.Signal(SIGTERM);
  CHECK(service.Wait().code == 0);
}

TEST_CASE("an address that cannot be listened on ends the start, and costs a reload only the pages") {
  Cli cli;
  cli.Write("people.csv", CompanyCsv(12));
  cli.Write("http", "a file");
  cli.Write("config.yaml", Config());
  Expect(cli.Run({"run"}), 78, {"listen: cannot listen on unix:", "which is no socket"});
  cli.Write("config.yaml", CompanyConfig("schedule: { every: 1h }\n"));
  Child service = cli.Start({"run"});
  service.WaitFor("converged");
  cli.Write("config.yaml", Config());
  service.Signal(SIGHUP);
  service.WaitFor("there are no pages and metrics");
  // Once it is free, the next look takes it.
  std::filesystem::remove(cli.Path("http"));
  cli.Write("people.csv", CompanyCsv(13));
  service.WaitFor("pages and metrics are on");
  CHECK(Get(cli, "/healthz").status == 200);
  std::filesystem::remove(cli.Path("http"));
  service.Signal(SIGHUP);
  service.WaitFor("pages and metrics are on");
  CHECK(Get(cli, "/healthz").status == 200);
  service.Signal(SIGKILL);
  service.Wait();
  // A socket that nobody answers any more does not keep the next one from starting.
  Child again = cli.Start({"run"});
  again.WaitFor("pages and metrics are on");
  CHECK(Get(cli, "/healthz").status == 200);
  again.Signal(SIGTERM);
  CHECK(again.Wait().code == 0);
}

}  // namespace ucaas_sync::testing
