// `revert RUN` on the real account: what was done is undone, and the next run leaves it so.
#include <doctest/doctest.h>

#include "tests/commands/company.h"

namespace ucaas_sync::testing {
namespace {

/// The id of the newest run.
std::string LastRun(Cli& cli) {
  const std::string json = cli.Run({"status", "--format", "json"}).out;
  const std::size_t at = json.find("\"id\":\"") + 6;
  return json.substr(at, json.find('"', at) - at);
}

/// Everything but ids and times.
std::string People(const Cli& cli) {
  return cli.Account("SELECT email, first_name, last_name, department, designation, status FROM users ORDER BY email") +
         cli.Account("SELECT email, name, designation FROM contacts ORDER BY email") +
         cli.Account("SELECT name FROM groups ORDER BY name");
}

}  // namespace

TEST_CASE("a bad day is reverted, stays reverted, and a new fact from HR still counts") {
  Company company(15);
  const std::string before = People(company);
  auto people = CompanyPeople(15);
  people[0].last_name = "Married";
  people[0].email = "married@example.com";
  people[1].status = "terminated";
  people[2].department = "Gardening";
  people.push_back({.id = "N1",
                    .first_name = "New",
                    .last_name = "Comer",
                    .email = "new@example.com",
                    .department = "Sales",
                    .title = "Staff"});
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0, {"converged"});
  REQUIRE(People(company) != before);
  const std::string run = LastRun(company);

  const std::string as_it_was = company.Everything();
  Expect(company.Run({"revert", run, "--plan"}), 0,
         {"What cannot be undone", "1 user whom that run created: suspended, not deleted", "Married → ",
          "reactivate user E2", "undoes the suspend", "suspend user N1", "delete group Gardening"});
  Expect(company.Run({"revert", run}), 64, {"--yes", "nothing was done"});
  CHECK(company.Everything() == as_it_was);

  Expect(company.Run({"revert", run, "--yes"}), 0, {"held afterwards", "converged"});
  const std::string reverted = People(company);
  CHECK(company.Account("SELECT email || status FROM users WHERE email IN ('person1@example.com', "
                        "'person2@example.com', 'new@example.com') ORDER BY email") ==
        "new@example.comS\nperson1@example.comA\nperson2@example.comA\n");
  CHECK(company.Account("SELECT count(*) FROM contacts WHERE email = 'person2@example.com'") == "1\n");
  CHECK(company.Account("SELECT count(*) FROM contacts WHERE email = 'new@example.com'") == "0\n");
  CHECK(company.Account("SELECT count(*) FROM groups WHERE name = 'Gardening'") == "0\n");

  const std::string settled = company.Everything();
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  CHECK(company.Everything() == settled);
  Expect(company.Run({"revert", run, "--yes"}), 0, {"is left to revert"});
  CHECK(company.Everything() == settled);

  people[0].last_name = "Widowed";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0, {"2 operations done"});
  CHECK(company.Account("SELECT email FROM users WHERE last_name = 'Widowed'") == "married@example.com\n");
  CHECK(company.Account("SELECT status FROM users WHERE email = 'new@example.com'") == "S\n");
  Expect(company.Run({"state", "check"}), 0, {"Sound"});
}

TEST_CASE("a revert leaves what somebody has changed at the target since, found by a look or not") {
  for (const bool is_found : {false, true}) {
    CAPTURE(is_found);
    Company company(15, "drift: report\n");
    auto people = CompanyPeople(15);
    people[0].department = "Gardening";
    people[1].department = "Gardening";
    company.WritePeople(people);
    Expect(company.Run({"sync"}), 0);
    const std::string run = LastRun(company);
    InAccount(company, "UPDATE users SET department = 'Handmade' WHERE email = 'person1@example.com'");
    if (is_found) {
      LetADayPass(company);
      Expect(company.Run({"sync"}), 0);
      Expect(company.Run({"plan"}), 0, {"left so (drift: report)"});
    }
    Expect(company.Run({"revert", run, "--yes"}), 4, {"left undone"});
    CHECK(company.Account("SELECT count(*) FROM users WHERE department = 'Handmade'") == "1\n");
    CHECK(company.Account("SELECT count(*) FROM users WHERE department = 'Gardening'") == "0\n");
  }
}

TEST_CASE("a revert with a source that cannot be read holds all the same") {
  Company company(15);
  auto people = CompanyPeople(15);
  people[0].last_name = "Changed";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0);
  const std::string run = LastRun(company);
  company.Write("people.csv", "employee_id,first_");
  Expect(company.Run({"revert", run, "--yes"}), 0, {"the sources cannot be read"});
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  people[0].title = "Director";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0, {"2 operations done"});
}

TEST_CASE("a guard holds a revert that does too much, and a run that is not known is named") {
  Company company(15);
  auto people = CompanyPeople(15);
  for (std::size_t i = 0; i < 3; ++i) people[i].status = "terminated";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0);
  const std::string run = LastRun(company);
  company.Write("config.yaml", CompanyConfig("guards: { contact: { create: { percent: 5%, at_least: 1 } } }\n"));
  const std::string before = company.Everything();
  Expect(company.Run({"revert", run, "--plan"}), 3, {"HELD by contact.create"});
  Expect(company.Run({"revert", run, "--yes"}), 3, {"HELD by contact.create"});
  CHECK(company.Everything() == before);
  Expect(company.Run({"approve", "last"}), 0, {"revert again, which does it: ucaas-sync revert " + run});
  Expect(company.Run({"revert", run, "--yes"}), 0, {"approved by"});
  CHECK(company.Account("SELECT count(*) FROM users WHERE status = 'S'") == "0\n");
  Expect(company.Run({"revert", "20200101T000000-beef", "--yes"}), 64, {"no run 20200101T000000-beef"});
}

TEST_CASE("of a run that was held there is nothing to revert, and its age is not blamed") {
  Company company(30);
  auto people = CompanyPeople(30);
  for (std::size_t i = 0; i < 10; ++i) people[i].status = "terminated";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 3, {"held"});
  const Output output = company.Run({"revert", LastRun(company), "--plan"});
  Expect(output, 0, {"Nothing of run"});
  CHECK_FALSE(output.Says("journal.keep"));
}

}  // namespace ucaas_sync::testing
