// The service while something fails: what it says, what it tries again and when, and that it ends in time all the same.
#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

#include "tests/commands/running.h"
#include "tests/support/cli.h"
#include "tests/support/page.h"
#include "tests/support/service.h"

namespace ucaas_sync::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A company of twelve whose service has found the target down at its start, and serves its pages.
struct Failing {
  Failing() { service.WaitFor("what stays the same is not said again"); }
  Child Begin() {
    cli.Write("config.yaml", CompanyConfig(std::string(kRarely) + "listen: \"unix:http\"\n", target.Target()));
    cli.Write("people.csv", CompanyCsv(12));
    target.Stop();
    return cli.Start({"run"});
  }

  Cli cli;
  Service target{cli};
  Child service = Begin();
};

}  // namespace

TEST_CASE("a target that is down does not end the service, asked again it goes on") {
  Cli cli;
  Service target(cli);
  cli.Write("config.yaml", CompanyConfig(kRarely, target.Target()));
  cli.Write("people.csv", CompanyCsv(12));
  target.Stop();
  Child service = cli.Start({"run"});
  service.WaitFor("unavailable: ");
  service.WaitFor("what stays the same is not said again");
  service.Signal(SIGUSR1);
  std::this_thread::sleep_for(milliseconds(1'500));
  target.Start();
  service.Signal(SIGUSR1);
  service.WaitFor("well again after unavailable");
  service.WaitFor("converged");
  CHECK(cli.Count("user") == 12);
  const Output output = Stopped(service);
  CHECK(output.code == 0);
  CAPTURE(output.err);
  // The second failure was the same as the first.
  CHECK(Count(output.err, "error   unavailable: ") == 1);
}

TEST_CASE("what was mended and synced by hand is not told as failing, and the service goes on soon") {
  Failing company;
  Cli& cli = company.cli;
  CHECK(Get(cli, "/readyz").status == 503);
  company.target.Start();
  Expect(cli.Run({"sync"}), 0, {"converged"});
  for (int i = 0; i < 500 && Get(cli, "/readyz").status != 200; ++i) std::this_thread::sleep_for(milliseconds(10));
  CHECK(Get(cli, "/readyz").status == 200);
  CHECK(Get(cli, "/metrics").body.find("ucaas_sync_entities{kind=\"user\",state=\"active\"} 12") != std::string::npos);
  // Its own rest would last a minute.
  company.service.WaitFor("well again after unavailable", seconds(20));
  CHECK(Stopped(company.service).code == 0);
}

TEST_CASE("one person who was synced by hand makes the service call nobody else up to date") {
  Failing company;
  Cli& cli = company.cli;
  company.target.Start();
  Expect(cli.Run({"sync", "--only", "E1"}), 0, {"converged"});
  for (int i = 0; i < 100; ++i) {
    REQUIRE(Get(cli, "/readyz").status == 503);
    std::this_thread::sleep_for(milliseconds(10));
  }
  const std::string page = Get(cli, "/").body;
  CHECK(page.find("Not up to date") != std::string::npos);
  CHECK(Stopped(company.service).code == 0);
}

TEST_CASE("a state directory that cannot even be looked at ends no service") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig(kRarely));
  cli.Write("people.csv", CompanyCsv(12));
  Child service = cli.Start({"run"});
  service.WaitFor("operations done");
  std::filesystem::rename(cli.Path("state"), cli.Path("aside"));
  std::filesystem::create_symlink("state", cli.Path("state"));
  service.Signal(SIGUSR1);
  service.WaitFor("error: ");
  std::filesystem::remove(cli.Path("state"));
  std::filesystem::rename(cli.Path("aside"), cli.Path("state"));
  service.Signal(SIGUSR1);
  service.WaitFor("well again after error");
  CHECK(Stopped(service).code == 0);
}

TEST_CASE("a run that is held is told as settled once an approved file did it") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig(std::string(kRarely) + "listen: \"unix:http\"\n"));
  cli.Write("people.csv", CompanyCsv(15));
  Expect(cli.Run({"sync"}), 0);
  auto people = CompanyPeople(15);
  for (std::size_t i = 0; i < 4; ++i) people[i].status = "terminated";
  cli.Write("people.csv", CsvOf(people));
  Child service = cli.Start({"run"});
  service.WaitFor("ucaas-sync approve");
  CHECK(Get(cli, "/readyz").body.find("held") != std::string::npos);
  // One person's run ends well and settles nothing.
  Expect(cli.Run({"sync", "--only", "E9"}), 0);
  std::this_thread::sleep_for(milliseconds(500));
  CHECK(Get(cli, "/readyz").status == 503);
  Expect(cli.Run({"plan", "--out", "monday.plan"}), 3);
  Expect(cli.Run({"approve", "monday.plan"}), 0);
  // On a slow machine the service may be quicker.
  CHECK(cli.Run({"apply", "monday.plan"}).code != 3);
  for (int i = 0; i < 500 && Get(cli, "/readyz").status != 200; ++i) std::this_thread::sleep_for(milliseconds(10));
  CHECK(Get(cli, "/readyz").status == 200);
  CHECK(Get(cli, "/metrics").body.find("ucaas_sync_held 0") != std::string::npos);
  CHECK(Stopped(service).code == 0);
}

TEST_CASE("a run that stops since too many changes fail is not up to date, says so, and is followed by the next") {
  Cli cli;
  Service target(cli);
  const std::string notify = "notify: { command: [/bin/sh, -c, \"cat >> " + cli.Path("mail") + "\"] }\n";
  cli.Write("config.yaml", CompanyConfig(kRarely + notify + "listen: \"unix:http\"\n", target.Target()));
  cli.Write("people.csv", CompanyCsv(60));
  target.Fault("POST users: 406 #1-6");
  Child service = cli.Start({"run"});
  service.WaitFor("left for the next run");
  CHECK(Get(cli, "/").body.find("<h1>Not up to date: the last run stopped, and left") != std::string::npos);
  CHECK(Get(cli, "/readyz").status == 200);
  CHECK(Get(cli, "/metrics").body.find("\nucaas_sync_last_success_timestamp_seconds") == std::string::npos);
  Expect(cli.Run({"status"}), 0, {"Not up to date: ", "left to the next run", "Next run: due now"});
  while (cli.Read("mail").find("pauses") == std::string::npos) std::this_thread::sleep_for(milliseconds(10));
  CHECK(cli.Read("mail").find("not up to date: too many changes failed") != std::string::npos);
  CHECK(cli.Read("mail").find("Everybody else is up to date") == std::string::npos);
  // Whom the target refused is set aside: the next run gets as far as the others.
  service.WaitFor("converged");
  CHECK(cli.Count("user") == 54);
  CHECK(cli.Count("contact") == 60);
  CHECK(Get(cli, "/").body.find("Not up to date") == std::string::npos);
  CHECK(Get(cli, "/metrics").body.find("\nucaas_sync_last_success_timestamp_seconds") != std::string::npos);
  CHECK(Stopped(service).code == 0);
}

TEST_CASE("who fails for the moment is tried again soon, not when the next day comes") {
  Cli cli;
  Service target(cli);
  cli.Write("config.yaml", CompanyConfig(kRarely, target.Target()));
  auto people = CompanyPeople(12);
  cli.Write("people.csv", CsvOf(people));
  Child service = cli.Start({"run"});
  service.WaitFor("converged");
  target.Fault("POST users: 500");
  people[0].status = "terminated";
  people.push_back(CompanyPeople(13).back());
  cli.Write("people.csv", CsvOf(people));
  service.WaitFor("partial");
  Expect(cli.Run({"status"}), 0, {"Next run: due now"});
  target.SlowDown(milliseconds(0));
  service.WaitFor("converged");
  CHECK(cli.Account("SELECT count(*) FROM users WHERE status = 'A'") == "12\n");
  CHECK(Stopped(service).code == 0);
}

TEST_CASE("new credentials are tried when SIGHUP says so, and nobody waits for the pause of those before") {
  Cli cli;
  Service target(cli);
  cli.Write("config.yaml", CompanyConfig(kRarely, target.Target()));
  cli.Write("people.csv", CompanyCsv(12));
  const std::string key = cli.Read("access-key");
  cli.Write("access-key", "wrong\n");
  Child service = cli.Start({"run"});
  service.WaitFor("refused: ");
  service.WaitFor("what stays the same is not said again");
  Expect(cli.Run({"status"}), 0, {"Next run: when the service tries again"});
  cli.Write("access-key", key);
  service.Signal(SIGHUP);
  service.WaitFor("is in force");
  service.WaitFor("well again after refused");
  service.WaitFor("converged");
  CHECK(Stopped(service).code == 0);
}

TEST_CASE("a program that hangs with a notice does not delay the end") {
  Cli cli;
  const std::string notify = "notify: { command: [/bin/sh, -c, \"cat > " + cli.Path("mail") + "; sleep 60\"] }\n";
  cli.Write("config.yaml", CompanyConfig(kRarely + notify));
  Child service = cli.Start({"run"});
  // There is no file yet.
  service.WaitFor("what stays the same is not said again");
  while (!std::filesystem::exists(cli.Path("mail"))) std::this_thread::sleep_for(milliseconds(10));
  const auto began = std::chrono::steady_clock::now();
  const Output output = Stopped(service);
  CHECK(output.code == 0);
  CHECK(std::chrono::steady_clock::now() - began < seconds(5));
  CHECK(output.Says("it was ended, since the service stops"));
}

}  // namespace ucaas_sync::testing
