// Persons: forgotten on request, and named in the log as log.people says.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <variant>

#include "tests/commands/company.h"
#include "tests/support/bytes.h"
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
    CHECK(output.Says("all failed alike: "));
    CHECK(output.Says("all failed alike: invalid, HTTP status 422") == (word != "full"));
    const Output runs = cli.Run({"runs"});
    CHECK(runs.Says("all failed alike: invalid, HTTP status 422") == (word != "full"));
  }
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
