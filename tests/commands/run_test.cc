// The service as systemd would run it: a process that is left alone, told things by signals, and ended.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "tests/commands/running.h"
#include "tests/support/cli.h"
#include "tests/support/service.h"

namespace ucaas_sync::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kAnything = "guards: { rewrite: 100%, user: { update: 100% }, contact: { update: 100% } }\n";

/// The socket of a service manager.
class NotifySocket {
 public:
  explicit NotifySocket(const std::filesystem::path& path) : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(&address.sun_path[0], sizeof(address.sun_path) - 1);
    const timeval patience{.tv_sec = 30, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the socket API's own way
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      throw std::runtime_error("no socket");
    }
  }
  ~NotifySocket() { close(fd_); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  /// Reads messages up to the first that has `text`, and answers with that one.
  std::string WaitFor(std::string_view text) {
    for (;;) {
      std::array<char, 4096> buffer{};
      const ssize_t count = recv(fd_, buffer.data(), buffer.size(), 0);
      if (count <= 0) throw std::runtime_error("the service manager was not told " + std::string(text));
      const std::string message(buffer.data(), static_cast<std::size_t>(count));
      if (message.find(text) != std::string::npos) return message;
    }
  }

 private:
  int fd_;
};

}  // namespace

TEST_CASE("the service syncs at its start, and again when the file changes") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig(kRarely));
  cli.Write("people.csv", CompanyCsv(12));
  Child service = cli.Start({"run"});
  service.WaitFor("converged, 30 operations done");
  CHECK(cli.Count("user") == 12);
  SUBCASE("written in place") {
    cli.Write("people.csv", CompanyCsv(13));
  }
  SUBCASE("moved into place") {
    cli.Write("incoming/people.csv", CompanyCsv(13));
    std::filesystem::rename(cli.folder() / "incoming/people.csv", cli.folder() / "people.csv");
  }
  service.WaitFor("converged, 2 operations done");
  CHECK(cli.Count("user") == 13);
  const Output output = Stopped(service);
  CHECK(output.code == 0);
  CHECK(output.Says("stopped; the next start goes on where this one ends"));
  Expect(cli.Run({"runs"}), 0, {"start", "change"});
}

TEST_CASE("a command that a source waits for holds up no stop of the service, and does not outlive it") {
  Cli cli;
  cli.Write("config.yaml",
            Replaced(CompanyConfig(kRarely), "key: employee_id }",
                     "key: employee_id, command: [/bin/sh, -c, \"echo $$ > alive; exec sleep 1000\"] }"));
  Child service = cli.Start({"run"});
  pid_t running = 0;
  for (int i = 0; i < 3000 && !(std::ifstream(cli.folder() / "alive") >> running); ++i)
    std::this_thread::sleep_for(milliseconds(10));
  REQUIRE(running > 0);
  const auto before = std::chrono::steady_clock::now();
  const Output output = Stopped(service);
  CHECK(std::chrono::steady_clock::now() - before < seconds(8));
  CHECK(output.code == 0);
  CHECK(output.Says("stopped; the next start goes on where this one ends"));
  CHECK(kill(running, 0) != 0);
  Expect(cli.Run({"runs"}), 0, {"unavailable", "stopped by a signal while"});
}

TEST_CASE("a first start, before there is a state, warns of nothing") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig(kRarely));
  cli.Write("people.csv", CompanyCsv(12));
  Child service = cli.Start({"run"});
  service.WaitFor("converged, 30 operations done");
  Expect(cli.Run({"hold", "E1"}), 0);
  service.WaitFor("converged, 0 operations done");
  const Output output = Stopped(service);
  CHECK(output.code == 0);
  CHECK_FALSE(output.Says("warning"));
}

TEST_CASE("where changes are not watched, the service finds them by looking") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig("schedule: { every: 1s, watch: false }\n"));
  cli.Write("people.csv", CompanyCsv(12));
  Child service = cli.Start({"run"});
  service.WaitFor("converged, 30 operations done");
  cli.Write("people.csv", CompanyCsv(13));
  service.WaitFor("converged, 2 operations done");
  CHECK(Stopped(service).code == 0);
}

TEST_CASE("a look at what has not changed makes no run and asks the target nothing") {
  Cli cli;
  Service target(cli);
  cli.Write("config.yaml", CompanyConfig("schedule: { every: 1s }\n", target.Target()));
  cli.Write("people.csv", CompanyCsv(12));
  Child service = cli.Start({"run"});
  service.WaitFor("converged");
  const std::uint64_t requests = target.counters().requests;
  // A dozen folders' worth of other files stirs nothing either.
  for (int i = 0; i < 12; ++i) cli.Write("other-" + std::to_string(i), "x");
  std::this_thread::sleep_for(milliseconds(3'500));
  CHECK(target.counters().requests == requests);
  const Output output = Stopped(service);
  CHECK(output.code == 0);
  CHECK(Count(output.err, "source hr:") == 1);
}

TEST_CASE("half a file is refused, said once, and the whole one is taken when it comes") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig(kRarely));
  cli.Write("people.csv", CompanyCsv(30));
  Child service = cli.Start({"run"});
  service.WaitFor("converged");
  const std::string whole = CompanyCsv(30);
  cli.Write("people.csv", whole.substr(0, whole.size() / 2));
  service.WaitFor("INCOMPLETE");
  service.WaitFor("what stays the same is not said again");
  cli.Write("people.csv", CompanyCsv(31));
  service.WaitFor("well again after source");
  service.WaitFor("converged, 2 operations done");
  CHECK(cli.Account("SELECT count(*) FROM users WHERE status = 'A'") == "31\n");
  CHECK(Stopped(service).code == 0);
}

TEST_CASE("SIGHUP takes a new configuration, and keeps the old one when the new one is not valid") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig(kRarely));
  cli.Write("people.csv", CompanyCsv(12));
  Child service = cli.Start({"run"});
  service.WaitFor("converged, 30 operations done");
  cli.Write("config.yaml", CompanyConfig("shcedule: { every: 1h }\n"));
  service.Signal(SIGHUP);
  service.WaitFor("the configuration of before stays in force");
  service.WaitFor("shcedule");
  cli.Write("people.csv", CompanyCsv(13));
  service.WaitFor("converged, 2 operations done");
  cli.Write("config.yaml", Replaced(CompanyConfig(std::string(kRarely) + kAnything), "designation: \"{title}\"",
                                    "designation: Colleague"));
  service.Signal(SIGHUP);
  service.WaitFor("is in force");
  service.WaitFor("operations done");
  CHECK(cli.Account("SELECT count(*) FROM contacts WHERE designation = 'Colleague'") == "13\n");
  CHECK(Stopped(service).code == 0);
}

TEST_CASE("what a guard holds waits, the approval is taken up by the service, without a restart") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig(kRarely));
  cli.Write("people.csv", CompanyCsv(40));
  Child service = cli.Start({"run"});
  service.WaitFor("converged");
  auto people = CompanyPeople(40);
  for (std::size_t i = 0; i < 12; ++i) people[i].status = "terminated";
  cli.Write("people.csv", CsvOf(people));
  service.WaitFor("if it is right: ucaas-sync approve");
  Expect(cli.Run({"approve", "last", "--reason", "a site closes"}), 0);
  service.WaitFor("converged");
  CHECK(cli.Account("SELECT count(*) FROM users WHERE status = 'A'") == "28\n");
  CHECK(Stopped(service).code == 0);
}

TEST_CASE("SIGTERM in the middle of a run ends it in time, and the next start finishes the work") {
  Cli cli;
  Service target(cli);
  cli.Write("config.yaml", CompanyConfig(kRarely, target.Target()));
  cli.Write("people.csv", CompanyCsv(60));
  target.SlowDown(milliseconds(100));
  Child service = cli.Start({"run"});
  while (target.counters().writes < 5) std::this_thread::sleep_for(milliseconds(5));
  const auto began = std::chrono::steady_clock::now();
  CHECK(Stopped(service).code == 0);
  CHECK(std::chrono::steady_clock::now() - began < seconds(10));
  CHECK(cli.Count("contact") < 60);
  target.SlowDown(milliseconds(0));
  Child again = cli.Start({"run"});
  again.WaitFor("converged");
  CHECK(cli.Count("user") == 60);
  CHECK(cli.Count("contact") == 60);
  CHECK(Stopped(again).code == 0);
}

TEST_CASE("a reply that never comes does not delay the end beyond 10 s") {
  Cli cli;
  Service target(cli);
  cli.Write("config.yaml", CompanyConfig(kRarely, target.Target()));
  cli.Write("people.csv", CompanyCsv(12));
  target.SlowDown(seconds(20));
  Child service = cli.Start({"run"});
  service.WaitFor("serving");
  std::this_thread::sleep_for(milliseconds(500));
  const auto began = std::chrono::steady_clock::now();
  CHECK(Stopped(service).code == 0);
  CHECK(std::chrono::steady_clock::now() - began < seconds(10));
}

TEST_CASE("the service manager is told each step, in order") {
  Cli cli;
  NotifySocket socket(cli.folder() / "notify");
  cli.SetEnvironment("NOTIFY_SOCKET", cli.Path("notify"));
  cli.SetEnvironment("WATCHDOG_USEC", "400000");
  cli.Write("config.yaml", CompanyConfig(kRarely));
  cli.Write("people.csv", CompanyCsv(12));
  Child service = cli.Start({"run"});
  CHECK(socket.WaitFor("READY=1").find("STATUS=no run has ended yet") != std::string::npos);
  socket.WaitFor("STATUS=running");
  CHECK(socket.WaitFor("STATUS=converged").find("next look") != std::string::npos);
  socket.WaitFor("WATCHDOG=1");
  socket.WaitFor("WATCHDOG=1");
  service.Signal(SIGHUP);
  CHECK(socket.WaitFor("RELOADING=1").find("MONOTONIC_USEC=") != std::string::npos);
  socket.WaitFor("READY=1");
  service.Signal(SIGTERM);
  socket.WaitFor("STOPPING=1");
  CHECK(service.Wait().code == 0);
}

TEST_CASE("a service that cannot begin says why and ends: a bad configuration, a state of another account") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig("shcedule: {}\n"));
  cli.Write("people.csv", CompanyCsv(12));
  Expect(cli.Run({"run"}), 78, {"shcedule"});
  cli.Write("config.yaml", CompanyConfig(""));
  Expect(cli.Run({"sync"}), 0);
  cli.Write("config.yaml", CompanyConfig("", "target: { sandbox: another.db }\n"));
  Expect(cli.Run({"run"}), 78, {"belongs to"});
}

TEST_CASE("the service does not begin on a damaged state, says the way out, and leaves the file as it is") {
  Cli cli;
  Service target(cli);
  cli.Write("config.yaml", CompanyConfig("", target.Target()));
  cli.Write("people.csv", CompanyCsv(12));
  Expect(cli.Run({"sync"}), 0);
  const std::string whole = cli.Read("state/state.db");
  for (const char* part : {"-wal", "-shm"}) std::filesystem::remove(cli.Path("state/state.db") + part);
  const std::string cut = whole.substr(0, whole.size() / 2);
  cli.Write("state/state.db", cut);
  const std::uint64_t requests = target.counters().requests;
  Expect(cli.Run({"run"}), 1, {"is damaged", "state rebuild", "nothing"});
  CHECK(cli.Read("state/state.db") == cut);
  CHECK(target.counters().requests == requests);
}

TEST_CASE("a second service on the same state waits for its turn") {
  Cli cli;
  Service target(cli);
  cli.Write("config.yaml", CompanyConfig(kRarely, target.Target()));
  cli.Write("people.csv", CompanyCsv(30));
  target.SlowDown(milliseconds(300));
  Child first = cli.Start({"run"});
  while (target.counters().writes < 1) std::this_thread::sleep_for(milliseconds(5));
  Child second = cli.Start({"run"});
  second.WaitFor("busy: ");
  first.WaitFor("converged");
  second.WaitFor("well again after busy");
  CHECK(cli.Count("user") == 30);
  CHECK(Stopped(first).code == 0);
  CHECK(Stopped(second).code == 0);
}

TEST_CASE("people are told when it is held and when it is settled, a listener that is gone hurts no run") {
  Cli cli;
  const std::string notify = "notify:\n  webhook: http://127.0.0.1:1/secret-token\n  command: [/bin/sh, -c, \"cat >> " +
                             cli.Path("mail") + "\"]\n";
  cli.Write("config.yaml", CompanyConfig(kRarely + notify));
  cli.Write("people.csv", CompanyCsv(40));
  Child service = cli.Start({"run"});
  service.WaitFor("converged");
  auto people = CompanyPeople(40);
  for (std::size_t i = 0; i < 12; ++i) people[i].status = "terminated";
  cli.Write("people.csv", CsvOf(people));
  service.WaitFor("ucaas-sync approve");
  // After its attempts at the webhook.
  service.WaitFor("notify.webhook: a notice could not be sent");
  Expect(cli.Run({"approve", "last"}), 0);
  service.WaitFor("converged");
  service.WaitFor("notify.webhook: a notice could not be sent");
  while (cli.Read("mail").find("up to date again") == std::string::npos) std::this_thread::sleep_for(milliseconds(10));
  const Output output = Stopped(service);
  CHECK(output.code == 0);
  CHECK_FALSE(output.Says("secret-token"));
  CHECK(Count(cli.Read("mail"), "Subject: ") == 2);
  CHECK(cli.Read("mail").find("a guard holds the changes") != std::string::npos);
}

TEST_CASE("the service logs as its configuration says") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig("log: { format: json, level: warning }\nschedule: { every: 1h }\n"));
  const std::string whole = CompanyCsv(30);
  cli.Write("people.csv", whole.substr(0, whole.size() / 2));
  Child service = cli.Start({"run"});
  service.WaitFor(R"("level":"error","event":"run_failed","text":"source: source hr: )");
  const Output output = Stopped(service);
  CHECK(output.err.find(R"("level":"info")") == std::string::npos);
}

}  // namespace ucaas_sync::testing
