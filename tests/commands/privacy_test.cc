// Persons: forgotten on request, and named in the log as log.people says.
#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <variant>

#include "tests/commands/company.h"
#include "tests/support/bytes.h"
#include "tests/support/page.h"
#include "tests/support/scripted_server.h"
#include "tests/support/service.h"

namespace ucaas_sync::testing {

TEST_CASE("who left is forgotten: no byte of the state names them, and revert says so") {
  Company company(15);
  auto people = CompanyPeople(15);
  people[4].status = "terminated";
  company.WritePeople(people);
  Expect(company.Run({"forget", "person5@example.com", "--yes"}), 64, {"active in the account"});
  Expect(company.Run({"sync"}), 0);
  const std::string run = [&] {
    const std::string json = company.Run({"status", "--format", "json"}).out;
    return json.substr(json.find("\"id\":\"") + 6, 20);
  }();
  REQUIRE(FilesSay(company.folder() / "state", "person5@example.com"));
  Expect(company.Run({"forget", "Person5@example.com"}), 64, {"Erase everything that is kept of E5", "--yes"});
  const std::string before = company.Everything();
  Expect(company.Run({"forget", "Person5@example.com", "--yes"}), 0,
         {"E5 is forgotten", "is still in the account, suspended", "Backups"});
  CHECK_FALSE(FilesSay(company.folder() / "state", "person5@example.com"));
  CHECK_FALSE(FilesSay(company.folder() / "state", "Person5"));
  Expect(company.Run({"forget", "E5", "--yes"}), 0, {"Nothing is kept of E5"});
  Expect(company.Run({"revert", run, "--yes"}), 0, {"people who were forgotten", "is left to revert"});
  Expect(company.Run({"explain", "E5"}), 0, {"forgotten on request on"});
  Expect(company.Run({"explain", "E5", "--run", run}), 0, {"forgotten on request on"});
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  CHECK(company.Everything() == before);
  Expect(company.Run({"state", "check"}), 0, {"forgotten: 1", "Sound"});
}

TEST_CASE("whom a source still names is not forgotten") {
  Company company(15);
  auto people = CompanyPeople(15);
  people[4].status = "terminated";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0);
  people[4].status = "active";
  company.WritePeople(people);
  Expect(company.Run({"forget", "E5", "--yes"}), 64, {"line 6 of source hr", "nothing was erased"});
  company.Write("people.csv", "");
  Expect(company.Run({"forget", "E5", "--yes"}), 5, {"people.csv"});
  Expect(company.Run({"forget", "E99"}), 0, {"Nothing is kept of E99"});
}

TEST_CASE("log.people decides whether the log quotes the target, and names a key or a digest") {
  Cli cli;
  Service service(cli);
  cli.Write("people.csv", CompanyCsv(5));
  cli.Write("config.yaml", CompanyConfig({}, service.Target()));
  Expect(cli.Run({"sync"}), 0);
  // printf E2 | sha256sum | cut -c1-12
  constexpr const char* kDigest = "713a5bb2d170";
  auto people = CompanyPeople(5);
  for (const std::string word : {"full", "key", "hash"}) {
    CAPTURE(word);
    people[1].first_name = "Refused-" + word;
    cli.Write("people.csv", CsvOf(people));
    cli.Write("config.yaml", CompanyConfig("log: { people: " + word + " }\n", service.Target()));
    sandbox::Faults faults;
    faults.rules.push_back(std::get<sandbox::FaultRule>(sandbox::ParseFault("* users/{id}: 422")));
    service.sandbox().SetFaults(faults);
    const Output output = cli.Run({"sync"});
    service.sandbox().SetFaults({});
    INFO(output.err);
    CHECK((output.err.find("update user E2") != std::string::npos) == (word != "hash"));
    CHECK((output.err.find(std::string("update user ") + kDigest) != std::string::npos) == (word == "hash"));
    CHECK((output.err.find("invalid, HTTP status 422") != std::string::npos) == (word != "full"));
    CHECK(output.err.find("Refused") == std::string::npos);
  }
}

TEST_CASE("the reason of a run that was stopped quotes the target only with log.people: full") {
  Cli cli;
  Service service(cli);
  cli.Write("people.csv", CompanyCsv(15));
  sandbox::Faults faults;
  for (const std::string rule : {"POST groups: 422", "POST users: 422"}) {
    faults.rules.push_back(std::get<sandbox::FaultRule>(sandbox::ParseFault(rule)));
  }
  for (const std::string word : {"full", "key", "hash"}) {
    CAPTURE(word);
    std::filesystem::remove_all(cli.folder() / "state");
    cli.Write("config.yaml", CompanyConfig("log: { people: " + word + " }\n", service.Target()));
    service.sandbox().SetFaults(faults);
    const Output output = cli.Run({"sync"});
    service.sandbox().SetFaults({});
    INFO(output.err, output.out);
    const Output runs = cli.Run({"runs"});
    for (const Output& said : {output, runs}) CHECK(said.Says("all failed alike: invalid, HTTP status 422"));
    CHECK(output.Says("“Fault: ") == (word == "full"));
    CHECK((runs.out.find("“Fault: ") == std::string::npos || word == "full"));
  }
}

TEST_CASE("pages with people: key and notices name nobody whom the target names, though the log may") {
  const test::ScriptedServer target(test::Responder([](const std::string&) {
    return test::Script{
        test::Send(test::Reply("403 Forbidden", R"({"result":403,"msg":"Ada Lovelace <ada@example.com> is locked"})"))};
  }));
  const std::uint16_t port = test::FreePort();
  Cli cli;
  cli.Write("access-key", "correct horse battery staple\n");
  cli.Write("people.csv", CompanyCsv(15));
  cli.Write("config.yaml",
            CompanyConfig(
                "listen: 127.0.0.1:" + std::to_string(port) +
                    "\npages: { people: key }\nlog: { people: full }\nschedule: { every: 1h }\n"
                    "notify: { command: [/bin/sh, -c, \"cat > " +
                    cli.Path("coming") + "; mv " + cli.Path("coming") + ' ' + cli.Path("mail") + "\"] }\n",
                "target:\n  base_url: " + target.base_url() + "\n  basic: { id: hr-sync, key_file: access-key }\n"));
  Child service = cli.Start({"run"});
  service.WaitFor("Ada Lovelace");
  while (!std::filesystem::exists(cli.Path("mail"))) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const std::string status = Get(port, "/api/status").body;
  const std::size_t at = status.find("\"id\":\"") + 6;
  const std::string run_page = Get(port, "/runs/" + status.substr(at, status.find('"', at) - at)).body;
  for (const std::string& shown : {status, run_page, Get(port, "/").body, cli.Read("mail")}) {
    INFO(shown);
    CHECK(shown.find("HTTP status 403") != std::string::npos);
    CHECK(shown.find("Ada") == std::string::npos);
    CHECK(shown.find("example.com") == std::string::npos);
  }
  CHECK(Get(port, "/readyz").body.find("Ada") == std::string::npos);
  CHECK(Get(port, "/metrics").body.find("Ada") == std::string::npos);
  service.Signal(SIGTERM);
  CHECK(service.Wait().code == 0);
}

TEST_CASE("what a plan warns of names people in the log as log.people says, and in full in the plan itself") {
  Company company(15);
  // printf E2 | sha256sum | cut -c1-12
  constexpr const char* kDigest = "713a5bb2d170";
  for (const std::string word : {"full", "key", "hash"}) {
    CAPTURE(word);
    company.Write("config.yaml", Replaced(CompanyConfig("log: { people: " + word + " }\n"),
                                          "  left:", "  filter: \"(!(employee_id=E2))\"\n  left:"));
    const Output output = company.Run({"sync"});
    INFO(output.err);
    CHECK(output.code == 0);
    CHECK(output.err.find("1 known user does not match the filter") != std::string::npos);
    CHECK((output.err.find(": E2") != std::string::npos) == (word != "hash"));
    CHECK((output.err.find(kDigest) != std::string::npos) == (word == "hash"));
    Expect(company.Run({"plan"}), 0, {"E2; absent by that"});
  }
}

TEST_CASE("what a sync writes where nobody looks on names people only with log.people: full") {
  for (const std::string word : {"full", "key"}) {
    CAPTURE(word);
    Company company(15, "log: { people: " + word + " }\n");
    auto people = CompanyPeople(15);
    people[0].email = "no address";
    company.WritePeople(people);
    const Output partial = company.Run({"sync"});
    INFO(partial.out);
    CHECK(partial.code == 4);
    CHECK((partial.out.find("user E1") != std::string::npos) == (word == "full"));
    CHECK((partial.out.find("ucaas-sync quarantine list") != std::string::npos) == (word == "key"));
    for (std::size_t i = 1; i < 8; ++i) people[i].status = "terminated";
    company.WritePeople(people);
    const Output held = company.Run({"sync"});
    INFO(held.out);
    CHECK(held.code == 3);
    CHECK((held.out.find("person3@example.com") != std::string::npos) == (word == "full"));
    CHECK(held.out.find("user.suspend: 7, limit 3") != std::string::npos);
    CHECK(held.out.find("ucaas-sync approve ") != std::string::npos);
  }
}

}  // namespace ucaas_sync::testing
