// The state: lost, foreign, newer, locked. None of these may ever write to somebody who exists.
#include <SQLiteCpp/Database.h>
#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <thread>

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
  service.SlowDown(std::chrono::milliseconds(100));
  Child first = cli.Start({"sync"});
  while (service.counters().writes == 0) std::this_thread::yield();
  Expect(cli.Run({"sync"}), 8, {"busy"});
  Expect(cli.Run({"status"}), 0);
  service.SlowDown(std::chrono::milliseconds(0));
  Expect(first.Wait(), 0, {"converged"});
  CHECK(cli.Count("user") == 15);
}

}  // namespace ucaas_sync::testing
