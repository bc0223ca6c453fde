// The state: lost, foreign, newer, locked. None of these may ever write to somebody who exists.
#include <SQLiteCpp/Database.h>
#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <variant>

#include "tests/commands/company.h"
#include "tests/support/service.h"

namespace ucaas_sync::testing {

TEST_CASE("a lost state adopts everybody and writes only what differs") {
  Company company(15);
  const std::string before = company.Everything();
  std::filesystem::remove_all(company.folder() / "state");
  Expect(company.Run({"plan"}), 0, {"users            0       15"});
  Expect(company.Run({"sync"}), 0, {"converged"});
  CHECK(company.Everything() == before);
  Expect(company.Run({"sync"}), 0, {"nothing to do"});

  std::filesystem::remove_all(company.folder() / "state");
  auto people = CompanyPeople(15);
  people[3].title = "Director";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0, {"converged"});
  CHECK(company.Account("SELECT email FROM users WHERE designation = 'Director'") == "person4@example.com\n");
  CHECK(company.Count("user") == 15);
  CHECK(company.Count("contact") == 15);
}

TEST_CASE("without a state, who is protected is known afterwards, and nothing is ever sent of them") {
  Cli cli;
  Service service(cli);
  cli.Write("people.csv", CompanyCsv(15));
  cli.Write("config.yaml", CompanyConfig({}, service.Target()));
  Expect(cli.Run({"sync"}), 0);
  std::filesystem::remove_all(cli.folder() / "state");
  auto people = CompanyPeople(15);
  people[3].title = "Director";
  people[3].department = "Gardening";
  cli.Write("people.csv", CsvOf(people));
  cli.Write("config.yaml", CompanyConfig("guards: { protect: \"(email=person4@example.com)\" }\n", service.Target()));
  Expect(cli.Run({"plan", "--all"}), 0, {"= adopt user E4", "guards.protect forbids"});
  const std::string before = cli.Account("SELECT * FROM users") + cli.Account("SELECT * FROM contacts");
  Expect(cli.Run({"sync"}), 0, {"guards.protect forbids to touch it"});
  Expect(cli.Run({"plan"}), 0, {"Nothing to do"});
  Expect(cli.Run({"sync"}), 0, {"nothing to do"});
  CHECK(cli.Account("SELECT * FROM users") + cli.Account("SELECT * FROM contacts") == before);
  Expect(cli.Run({"explain", "E4"}), 0, {"active at the target", "guards.protect forbids to touch it"});
}

TEST_CASE("who is there already and may not be adopted is set aside once, and no create is sent for them") {
  Cli cli;
  Service service(cli);
  cli.Write("people.csv", CompanyCsv(5));
  cli.Write("config.yaml", CompanyConfig({}, service.Target()));
  Expect(cli.Run({"sync"}), 0);
  std::filesystem::remove_all(cli.folder() / "state");
  cli.Write("config.yaml",
            Replaced(CompanyConfig({}, service.Target()), "users:\n", "users:\n  existing: quarantine\n"));
  Expect(cli.Run({"sync"}), 4, {"the target has this e-mail already", "new in quarantine: 5 entries"});
  const std::uint64_t writes = service.counters().writes;
  Expect(cli.Run({"sync"}), 0, {"nothing to do"});
  CHECK(service.counters().writes == writes);
  Expect(
      cli.Run({"quarantine", "list"}), 0,
      {"the rule says existing: quarantine", "once a day; to try on the next run: ucaas-sync quarantine release E1"});
  Expect(cli.Run({"explain", "E1"}), 0, {"in quarantine, not created", "so says the target"});
}

TEST_CASE("a scope that is made wider adopts whom the account has, though they are more than may be created") {
  Company company(60);
  const std::string before = company.Everything();
  std::filesystem::remove_all(company.folder() / "state");
  std::string narrow = CompanyConfig();
  for (const char* rule : {"users:\n", "groups:\n", "contacts:\n"}) {
    narrow = Replaced(narrow, rule, rule + std::string("  scope: \"(department=Research)\"\n"));
  }
  company.Write("config.yaml", narrow);
  Expect(company.Run({"sync"}), 0, {"21 operations done"});
  company.Write("config.yaml", CompanyConfig());
  Expect(company.Run({"plan"}), 3, {"HELD by user.create: 50, limit 10", "ucaas-sync plan --refresh"});
  Expect(company.Run({"plan", "--refresh"}), 0, {"users            0       50"});
  Expect(company.Run({"sync"}), 0, {"the target is listed", "105 operations done"});
  CHECK(company.Everything() == before);
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
}

TEST_CASE("newcomers beyond the guard are held also after the account was asked, or could not be") {
  Cli cli;
  Service service(cli);
  cli.Write("people.csv", CompanyCsv(15));
  cli.Write("config.yaml", CompanyConfig({}, service.Target()));
  Expect(cli.Run({"sync"}), 0);
  cli.Write("people.csv", CompanyCsv(40));
  Expect(cli.Run({"sync"}), 3, {"HELD by user.create: 25, limit 10"});
  CHECK(cli.Count("user") == 15);
  sandbox::Faults faults;
  faults.rules.push_back(std::get<sandbox::FaultRule>(sandbox::ParseFault("GET users: 404")));
  service.sandbox().SetFaults(faults);
  Expect(cli.Run({"sync"}), 3, {"HELD by user.create: 25, limit 10"});
  CHECK(cli.Count("user") == 15);
}

TEST_CASE("an adopted contact whose person left is kept, and listed by status until it is gone") {
  Company company(15);
  std::filesystem::remove_all(company.folder() / "state");
  Expect(company.Run({"sync"}), 0, {"36 operations done"});
  auto people = CompanyPeople(15);
  people[0].status = "terminated";
  people.pop_back();
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0, {"1 operation done", "2 adopted contacts and groups are kept"});
  CHECK(company.Count("contact") == 15);
  Expect(company.Run({"status"}), 0,
         {"kept because it was adopted: 2", "contact E1, since 2", "contact E15, since 2", "delete_adopted: true"});
  Expect(company.Run({"status", "--format", "json"}), 0, {R"("kept":[{"kind":"contact","key":"E1","since":"2)"});
  Expect(company.Run({"explain", "E1"}), 0, {"it was adopted, and delete_adopted is", "contact E1 kept: gone"});
  people[0].status = "active";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0);
  Expect(company.Run({"status"}), 0, {"kept because it was adopted: 1", "contact E15"});
  CHECK_FALSE(company.Run({"status"}).Says("contact E1,"));
}

TEST_CASE("a state of another account is refused and nothing is written") {
  Company company(15);
  Service service(company);
  const std::string before = company.Everything();
  company.Write("config.yaml", CompanyConfig({}, service.Target()));
  for (const char* command : {"plan", "sync"}) {
    Expect(company.Run({command}), 78, {"belongs to the account at sandbox:", service.sandbox().base_url()});
  }
  CHECK(company.Everything() == before);
  CHECK(service.counters().requests == 0);
}

TEST_CASE("a state of a newer program is refused") {
  Company company(15);
  for (const auto& entry : std::filesystem::directory_iterator(company.folder() / "state")) {
    if (entry.path().extension() != ".db") continue;
    SQLite::Database(entry.path().string(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 9999");
  }
  company.ExpectNoWrite(78, {"newer"});
}

TEST_CASE("a second run beside the first is refused, but a plan is not") {
  Cli cli;
  Service service(cli);
  cli.Write("config.yaml", CompanyConfig({}, service.Target()));
  cli.Write("people.csv", CompanyCsv(15));
  service.SlowDown(std::chrono::seconds(1));
  Child first = cli.Start({"sync"});
  while (service.counters().writes == 0) std::this_thread::yield();
  Expect(cli.Run({"sync"}), 8, {"busy"});
  Expect(cli.Run({"status"}), 0);
  service.SlowDown(std::chrono::milliseconds(0));
  Expect(first.Wait(), 0, {"converged"});
  CHECK(cli.Count("user") == 15);
}

}  // namespace ucaas_sync::testing
