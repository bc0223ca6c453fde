// What becomes of a run when the account refuses it, is away, or talks nonsense.
#include <SQLiteCpp/Database.h>
#include <doctest/doctest.h>

#include <csignal>
#include <string>
#include <variant>

#include "tests/support/cli.h"
#include "tests/support/scripted_server.h"
#include "tests/support/service.h"

namespace ucaas_sync::testing {
namespace {

/// Fifteen people behind a service, whose first sync is done.
struct Synced {
  Synced() {
    cli.Write("config.yaml", config);
    cli.Write("people.csv", CompanyCsv(15));
    Expect(cli.Run({"sync"}), 0);
  }
  /// Somebody gets another title.
  void Promote(const std::string& title) {
    auto people = CompanyPeople(15);
    people[3].title = title;
    cli.Write("people.csv", CsvOf(people));
  }

  Cli cli;
  Service service{cli};
  const std::string config = CompanyConfig({}, service.Target());
};

}  // namespace

TEST_CASE("a wrong key ends 6, says what to look at, and shows no key") {
  Cli cli;
  Service service(cli);
  cli.Write("config.yaml", CompanyConfig({}, service.Target()));
  cli.Write("people.csv", CompanyCsv(15));
  cli.Write("access-key", "not the right one\n");
  const Output output = cli.Run({"--log-level", "debug", "sync"});
  Expect(output, 6, {"refused"});
  CHECK_FALSE(output.Says("not the right one"));
  CHECK(service.counters().writes == 0);
  CHECK(service.counters().requests <= 10);
}

TEST_CASE("a target that asks to be left alone for an hour is left alone, by the runs to come as well") {
  Synced company;
  auto& [cli, service, config] = company;
  service.Fault("PATCH: 503 retry-after 3600");
  company.Promote("Director");
  Expect(cli.Run({"sync"}), 7, {"asks for a pause"});
  const std::uint64_t requests = service.counters().requests;
  service.sandbox().SetFaults({});
  Expect(cli.Run({"sync"}), 7,
         {"has asked an earlier run for a pause that lasts another", "longer than target.retry.give_up"});
  Expect(cli.Run({"plan", "--refresh"}), 7, {"asked an earlier run for a pause"});
  CHECK(service.counters().requests == requests);
  // The hour passes.
  SQLite::Database(cli.Path("state/state.db"), SQLite::OPEN_READWRITE, 5000)
      .exec("UPDATE target_pause SET until = until - 3601000");
  Expect(cli.Run({"sync"}), 0, {"converged"});
  CHECK(cli.Account("SELECT email FROM users WHERE designation = 'Director'") == "person4@example.com\n");
  // One that a clock noted which was ahead stops nothing.
  SQLite::Database(cli.Path("state/state.db"), SQLite::OPEN_READWRITE, 5000)
      .exec("UPDATE target_pause SET until = until + 31536000000");
  company.Promote("Chair");
  Expect(cli.Run({"sync"}), 0, {"converged"});
}

TEST_CASE("a run that is killed while it waits as it was asked to leaves the waiting to the next one") {
  Synced company;
  auto& [cli, service, config] = company;
  service.Fault("PATCH: 503 retry-after 300");
  company.Promote("Director");
  cli.Write("config.yaml", Replaced(config, "give_up: 1s", "give_up: 10m"));
  Child waiting = cli.Start({"--log-level", "debug", "sync"});
  waiting.WaitFor("again in 5 min");
  waiting.Signal(SIGKILL);
  CHECK(waiting.Wait().code == 128 + SIGKILL);
  service.sandbox().SetFaults({});
  const std::uint64_t requests = service.counters().requests;
  cli.Write("config.yaml", config);
  Expect(cli.Run({"sync"}), 7, {"asked an earlier run for a pause"});
  CHECK(service.counters().requests == requests);
}

TEST_CASE("keys that are refused are shown once in a run, also where an earlier one left something unanswered") {
  Synced company;
  auto& [cli, service, config] = company;
  service.Fault("*: close after");
  cli.Write("people.csv", CompanyCsv(16));
  Expect(cli.Run({"sync"}), 7);
  service.sandbox().SetFaults({});
  cli.Write("access-key", "not the right one\n");
  const std::uint64_t requests = service.counters().requests;
  Expect(cli.Run({"sync"}), 6, {"refused"});
  CHECK(service.counters().requests == requests + 1);
}

TEST_CASE("a first run that stopped because the account took nobody is no first run: mended, it does it all") {
  Cli cli;
  cli.Write("config.yaml", Replaced(CompanyConfig(), "user_type: moderator", "user_type: emperor"));
  cli.Write("people.csv", CompanyCsv(60));
  Expect(cli.Run({"sync"}), 4, {"all alike"});
  CHECK(cli.Count("user") == 0);
  cli.Write("config.yaml", CompanyConfig());
  Expect(cli.Run({"sync"}), 0, {"converged"});
  CHECK(cli.Count("user") == 60);
}

TEST_CASE("a login does the whole job, and neither token nor password is shown") {
  Cli cli;
  Service service(cli);
  cli.Write("config.yaml", CompanyConfig({}, service.LoginTarget()));
  cli.Write("people.csv", CompanyCsv(15));
  Expect(cli.Run({"check"}), 0);
  const Output output = cli.Run({"--log-level", "debug", "sync"});
  Expect(output, 0, {"converged"});
  CHECK(cli.Count("user") == 15);
  CHECK_FALSE(output.Says("let me in"));
  CHECK_FALSE(output.Says("Token "));
  // One for the list of who is there and for the writes.
  CHECK(service.counters().by_route.at("POST login") == 1);
  CHECK(service.counters().requests > 20);
  Expect(cli.Run({"sync"}), 0);
  CHECK(service.counters().by_route.at("POST login") == 1);
}

TEST_CASE("a wrong password ends 6, says what to look at, and is not shown") {
  Cli cli;
  Service service(cli);
  cli.Write("config.yaml", CompanyConfig({}, service.LoginTarget("not the right one")));
  cli.Write("people.csv", CompanyCsv(15));
  const Output output = cli.Run({"--log-level", "debug", "sync"});
  Expect(output, 6, {"target.login", "password"});
  CHECK_FALSE(output.Says("not the right one"));
  CHECK(service.counters().writes == 0);
  CHECK(service.counters().requests == 1);
}

TEST_CASE("a login goes where target.routes says") {
  Cli cli;
  const test::ScriptedServer server({test::Answer("401 Unauthorized", R"({"result":401})", "Connection: close\r\n")});
  cli.Write("password", "let me in\n");
  cli.Write("config.yaml", CompanyConfig({}, "target:\n  base_url: " + server.base_url() +
                                                 "\n  login: { api_id: APP-1, email: boss@example.com, password_file: "
                                                 "password }\n  routes: { login: sessions/new }\n"));
  cli.Write("people.csv", CompanyCsv(5));
  Expect(cli.Run({"sync"}), 6, {"target.login"});
  REQUIRE(server.requests().size() == 1);
  CHECK(server.requests()[0].starts_with("POST /v1/sessions/new HTTP/1.1\r\n"));
}

TEST_CASE("a login that a web page answers ends 7 and not 6: nobody has refused the password") {
  Cli cli;
  const test::ScriptedServer server({test::Answer("200 OK", "<html>One moment</html>", "Connection: close\r\n")});
  cli.Write("password", "let me in\n");
  cli.Write("config.yaml", CompanyConfig({}, "target:\n  base_url: " + server.base_url() +
                                                 "\n  login: { api_id: APP-1, email: boss@example.com, password_file: "
                                                 "password }\n  retry: { attempts: 2, first_delay: 1ms, max_delay: "
                                                 "10ms, give_up: 1s }\n"));
  cli.Write("people.csv", CompanyCsv(5));
  const Output output = cli.Run({"sync"});
  Expect(output, 7, {"the login got One moment", "nothing was written"});
  CHECK_FALSE(output.Says("let me in"));
}

TEST_CASE("a reply of 100 MB is an error of the account, and none of it is kept") {
  Cli cli;
  const test::ScriptedServer server(
      {{test::ReadRequest(), test::Send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"result\":1,\"x\":\""),
        test::Send(std::string(1'000'000, 'x'), 100), test::Send("\"}")}});
  cli.Write("access-key", "key\n");
  cli.Write("config.yaml", CompanyConfig({}, "target:\n  base_url: " + server.base_url() +
                                                 "\n  basic: { id: a, key_file: access-key }\n  retry: { attempts: "
                                                 "2, first_delay: 1ms, max_delay: 10ms, give_up: 1m }\n"));
  cli.Write("people.csv", CompanyCsv(5));
  Expect(cli.Run({"sync"}), 7, {"unavailable", "larger than is accepted", "nothing was written"});
}

TEST_CASE("codes prints the whole table, what has no code too, and what the configuration changed") {
  Cli cli;
  Expect(cli.Run({"codes"}), 0,
         {"\n1504                duplicate  duplicate  duplicate data", "\n500                 unknown    retry      ",
          "\nRATE_LIMITED        retry      retry      ", "\ntimeout             unknown    retry      ",
          "\ntls                 denied     denied     "});
  cli.Write("config.yaml",
            CompanyConfig({}, "target: { sandbox: account.db, result_codes: { 1504: invalid, 1777: missing } }\n"));
  Expect(cli.Run({"codes"}), 0,
         {"\n1504                invalid    invalid    duplicate data: the e-mail is registered already (set in "
          "target.result_codes)\n",
          "\n1777                missing    missing    set in target.result_codes\n"});
}

TEST_CASE("an account that is away ends 7, and the next run takes up the rest") {
  Cli cli;
  Service service(cli);
  cli.Write("config.yaml", CompanyConfig({}, service.Target()));
  cli.Write("people.csv", CompanyCsv(15));
  Expect(cli.Run({"sync"}), 0);
  auto people = CompanyPeople(15);
  people[3].title = "Director";
  cli.Write("people.csv", CsvOf(people));
  const std::string before = cli.Everything();
  service.Stop();
  Expect(cli.Run({"sync"}), 7, {"unavailable"});
  CHECK(cli.Everything() == before);
  service.Start();
  Expect(cli.Run({"sync"}), 0, {"converged"});
  CHECK(service.counters().writes == 2);
  CHECK(cli.Account("SELECT email FROM users WHERE designation = 'Director'") == "person4@example.com\n");
}

TEST_CASE("an account that fails on some objects for good is not away: the rest is done, and the run ends 4") {
  Cli cli;
  Service service(cli);
  cli.Write("config.yaml", CompanyConfig({}, Replaced(service.Target(), "give_up: 1s", "give_up: 1m") +
                                                 "guards: { failures: 60% }\n"));
  auto people = CompanyPeople(40);
  cli.Write("people.csv", CsvOf(people));
  Expect(cli.Run({"sync"}), 0);
  for (std::size_t i = 0; i < 6; ++i) people[i].title = "Director";
  cli.Write("people.csv", CsvOf(people));
  service.sandbox().SetFaults(
      {.latency = {}, .rules = {std::get<sandbox::FaultRule>(sandbox::ParseFault("PATCH users/{id}: 503"))}});
  Expect(cli.Run({"sync"}), 4, {"partial", "6 failed"});
  CHECK(cli.Account("SELECT count(*) FROM contacts WHERE designation = 'Director'") == "6\n");
  service.sandbox().SetFaults({});
  Expect(cli.Run({"sync"}), 0, {"converged"});
  CHECK(cli.Account("SELECT count(*) FROM users WHERE designation = 'Director'") == "6\n");
}

TEST_CASE("an account behind a wrong route, where everything is not found, loses and doubles nobody") {
  Cli cli;
  Service service(cli);
  cli.Write("config.yaml", CompanyConfig({}, service.Target()));
  auto people = CompanyPeople(40);
  cli.Write("people.csv", CsvOf(people));
  Expect(cli.Run({"sync"}), 0);
  people[3].status = "terminated";
  people[4].title = "Director";
  people[5].email = "married@example.com";
  cli.Write("people.csv", CsvOf(people));
  const std::string before = cli.Everything();
  service.sandbox().SetFaults({.latency = {}, .rules = {std::get<sandbox::FaultRule>(sandbox::ParseFault("*: 404"))}});
  CHECK(cli.Run({"sync"}).code != 0);
  CHECK(cli.Everything() == before);
  service.sandbox().SetFaults({});
  Expect(cli.Run({"sync"}), 0, {"converged"});
  CHECK(cli.Account("SELECT count(*), count(DISTINCT email), sum(status = 'S') FROM users") == "40|40|1\n");
  CHECK(cli.Account("SELECT count(*) FROM users WHERE email = 'married@example.com'") == "1\n");
}

TEST_CASE("an account that was never there ends 7 before anything is written") {
  Cli cli;
  cli.Write("access-key", "key\n");
  cli.Write("config.yaml",
            CompanyConfig({}, "target:\n  base_url: http://127.0.0.1:" + std::to_string(test::RefusingPort()) +
                                  "/v1/\n  basic: { id: a, key_file: access-key }\n  retry: { attempts: 2, "
                                  "first_delay: 1ms, max_delay: 10ms, give_up: 1s }\n"));
  cli.Write("people.csv", CompanyCsv(5));
  Expect(cli.Run({"sync"}), 7, {"unavailable", "127.0.0.1"});
}

TEST_CASE("a reply of 10,000 levels of JSON is an error of the account and not of the program") {
  for (const std::string& body :
       {std::string(10'000, '['), std::string(10'000, '[') + std::string(10'000, ']'),
        "{\"result\":1,\"users\":" + std::string(10'000, '[') + std::string(10'000, ']') + "}"}) {
    Cli cli;
    const test::ScriptedServer server({test::Answer("200 OK", body, "Connection: close\r\n")});
    cli.Write("access-key", "key\n");
    cli.Write("config.yaml", CompanyConfig({}, "target:\n  base_url: " + server.base_url() +
                                                   "\n  basic: { id: a, key_file: access-key }\n  retry: { attempts: "
                                                   "2, first_delay: 1ms, max_delay: 10ms, give_up: 1s }\n"));
    cli.Write("people.csv", CompanyCsv(5));
    Expect(cli.Run({"sync"}), 7, {"unavailable", "nothing was written"});
    for (const std::string& request : server.requests()) CHECK(request.starts_with("GET "));
  }
}

TEST_CASE("an account that fails now and then still gets everybody, once") {
  Cli cli;
  Service service(cli);
  cli.Write("config.yaml", Replaced(CompanyConfig({}, service.Target()), "attempts: 2", "attempts: 6"));
  cli.Write("people.csv", CompanyCsv(60));
  sandbox::Faults faults;
  for (const char* rule : {"POST: 503 3%", "POST: close after 3%"}) {
    const auto parsed = sandbox::ParseFault(rule);
    REQUIRE(std::holds_alternative<sandbox::FaultRule>(parsed));
    faults.rules.push_back(std::get<sandbox::FaultRule>(parsed));
  }
  service.sandbox().SetFaults(faults);
  for (int run = 0; run < 5 && cli.Run({"sync"}).code != 0; ++run) {
  }
  service.sandbox().SetFaults({});
  Expect(cli.Run({"sync"}), 0);
  CHECK(cli.Count("user") == 60);
  CHECK(cli.Count("contact") == 60);
  CHECK(cli.Count("group") == 6);
  CHECK(service.counters().faults > 0);
}

}  // namespace ucaas_sync::testing
