// The main job, over real HTTP, with every request counted by the account itself.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/support/cli.h"
#include "tests/support/service.h"

namespace ucaas_sync::testing {
namespace {

/// What the second day brings, and how many writes it must take.
struct DayTwo {
  std::vector<Person> people;
  std::uint64_t writes = 0;
};

DayTwo NextDay(std::uint64_t count) {
  DayTwo day{.people = CompanyPeople(count)};
  day.people.push_back({.id = "N1",
                        .first_name = "New",
                        .last_name = "Joiner",
                        .email = "new.joiner@example.com",
                        .department = "Finance",
                        .title = "Analyst"});
  day.people[0].status = "terminated";
  day.people[1].last_name = "Lovelace-Byron";
  day.writes = 2 + 2 + 2;  // each a user and a contact
  if (count < 300) return day;
  for (const std::size_t i : {20U, 21U, 22U}) day.people[i].department = "Finance";
  day.people[30].department = "Space";
  day.people[40].title = "Emperor";
  day.people[50].email = "PERSON51@EXAMPLE.COM";  // the same address: no write
  day.writes += 3 * 2 + (1 + 2) + 2;              // the space department needs a group, too
  return day;
}

}  // namespace

TEST_CASE("companies of 5, 15 and 300: created at first, then nothing, then exactly what changed") {
  for (const std::uint64_t count : {5U, 15U, 300U}) {
    CAPTURE(count);
    Cli cli;
    Service service(cli);
    cli.Write("config.yaml", CompanyConfig({}, service.Target()));
    cli.Write("people.csv", CompanyCsv(count));
    const std::uint64_t groups = count == 5 ? 5 : 6;

    Expect(cli.Run({"sync"}), 0, {"converged"});
    CHECK(cli.Count("user") == count);
    CHECK(cli.Count("contact") == count);
    CHECK(cli.Count("group") == groups);
    CHECK(cli.Account("SELECT count(*) FROM memberships") == std::to_string(count) + '\n');
    CHECK(service.counters().writes == 2 * count + groups);

    const std::string before = cli.Everything();
    const std::uint64_t requests = service.counters().requests;
    Expect(cli.Run({"sync"}), 0, {"nothing to do"});
    CHECK(service.counters().requests <= requests + 1);
    CHECK(cli.Everything() == before);

    const DayTwo day = NextDay(count);
    cli.Write("people.csv", CsvOf(day.people));
    const std::uint64_t writes = service.counters().writes;
    Expect(cli.Run({"sync"}), 0, {"converged"});
    CHECK(service.counters().writes - writes == day.writes);
    CHECK(cli.Account("SELECT status FROM users WHERE email = 'person1@example.com'") == "S\n");
    CHECK(cli.Account("SELECT count(*) FROM contacts WHERE email = 'person1@example.com'") == "0\n");
    CHECK(cli.Account("SELECT last_name FROM users WHERE email = 'person2@example.com'") == "Lovelace-Byron\n");
    CHECK(cli.Account("SELECT c.name, g.name FROM contacts c JOIN memberships m ON m.contact = c.id JOIN groups g ON "
                      "g.id = m.grp WHERE c.email = 'new.joiner@example.com'") == "New Joiner|Finance\n");

    const std::string after = cli.Everything();
    Expect(cli.Run({"sync"}), 0, {"nothing to do"});
    CHECK(cli.Everything() == after);
    CHECK(service.counters().internal_errors == 0);
  }
}

TEST_CASE("somebody who comes back gets the same account again") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig());
  auto people = CompanyPeople(15);
  cli.Write("people.csv", CsvOf(people));
  Expect(cli.Run({"sync"}), 0);
  const std::string id = cli.Account("SELECT id FROM users WHERE email = 'person4@example.com'");
  people[3].status = "terminated";
  cli.Write("people.csv", CsvOf(people));
  Expect(cli.Run({"sync"}), 0, {"2 operations done"});
  CHECK(cli.Account("SELECT status FROM users WHERE email = 'person4@example.com'") == "S\n");
  people[3].status = "active";
  people[3].title = "Director";
  cli.Write("people.csv", CsvOf(people));
  Expect(cli.Run({"sync"}), 0, {"2 operations done"});
  CHECK(cli.Account("SELECT id, status, designation FROM users WHERE email = 'person4@example.com'") ==
        id.substr(0, id.size() - 1) + "|A|Director\n");
  CHECK(cli.Count("user") == 15);
  CHECK(cli.Count("contact") == 15);
}

TEST_CASE("whoever is merely missing waits a day, and status says until when") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig());
  auto people = CompanyPeople(15);
  cli.Write("people.csv", CsvOf(people));
  Expect(cli.Run({"sync"}), 0);
  const std::string before = cli.Everything();
  people.pop_back();
  cli.Write("people.csv", CsvOf(people));
  for (int read = 0; read < 3; ++read) Expect(cli.Run({"sync"}), 0, {"nothing to do"});
  CHECK(cli.Everything() == before);
  Expect(cli.Run({"status"}), 0, {"Coming removals", "suspend user E15", "delete contact E15"});
  Expect(cli.Run({"status", "--format", "json"}), 0,
         {R"("due":[{"kind":"user","action":"suspend","key":"E15","at":")"});
}

TEST_CASE("absent_after: 0s acts on the first complete read that lacks somebody") {
  Cli cli;
  std::string config = Replaced(CompanyConfig(), "users:\n  from: hr\n", "users:\n  from: hr\n  absent_after: 0s\n");
  config = Replaced(config, "contacts:\n  from: hr\n", "contacts:\n  from: hr\n  absent_after: 0s\n");
  cli.Write("config.yaml", config);
  auto people = CompanyPeople(15);
  cli.Write("people.csv", CsvOf(people));
  Expect(cli.Run({"sync"}), 0);
  people.pop_back();
  cli.Write("people.csv", CsvOf(people));
  Expect(cli.Run({"sync"}), 0, {"2 operations done"});
  CHECK(cli.Account("SELECT status FROM users WHERE email = 'person15@example.com'") == "S\n");
  CHECK(cli.Count("contact") == 14);
}

TEST_CASE("a new row in quarantine ends 4 once, and 0 from then on") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig());
  auto people = CompanyPeople(15);
  people[6].email = "nobody";
  cli.Write("people.csv", CsvOf(people));
  Expect(cli.Run({"plan"}), 0, {"In quarantine", "user E7", "(new)"});
  Expect(cli.Run({"sync"}), 4, {"partial", "user E7", cli.Path("people.csv:8")});
  CHECK(cli.Count("user") == 14);
  Expect(cli.Run({"sync"}), 0, {"nothing to do"});
  Expect(cli.Run({"status"}), 0, {"In quarantine: 2", "user E7", "contact E7"});
  people[6].email = "somebody@example.com";
  cli.Write("people.csv", CsvOf(people));
  Expect(cli.Run({"sync"}), 0, {"2 operations done"});
  Expect(cli.Run({"status", "--format", "json"}), 0, {R"("quarantine":[])"});
}

TEST_CASE("--only changes one person, by key or e-mail, and nobody else") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig());
  auto people = CompanyPeople(15);
  cli.Write("people.csv", CsvOf(people));
  Expect(cli.Run({"sync"}), 0);
  people[3].last_name = "Changed";
  people[4].last_name = "Changed";
  cli.Write("people.csv", CsvOf(people));
  Expect(cli.Run({"plan", "--only", "E4"}), 0, {"2 changes to make"});
  Expect(cli.Run({"sync", "--only", "Person5@example.com"}), 0, {"2 operations done"});
  CHECK(cli.Account("SELECT email FROM users WHERE last_name = 'Changed'") == "person5@example.com\n");
  CHECK(cli.Account("SELECT email FROM contacts WHERE name LIKE '%Changed'") == "person5@example.com\n");
  Expect(cli.Run({"sync"}), 0, {"2 operations done"});
}

}  // namespace ucaas_sync::testing
