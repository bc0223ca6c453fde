// Names, titles, departments and keys that break programs: from the source through the plan and HTTP into the account
// unchanged, and back without a difference; what cannot be taken is set aside with its line.
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "daemon/model/base64.h"
#include "daemon/model/text.h"
#include "tests/commands/naughty.h"
#include "tests/support/cli.h"
#include "tests/support/service.h"

namespace ucaas_sync::testing {
namespace {

Person PersonWith(const std::string& text, std::size_t number) {
  return {.id = "E" + std::to_string(number),
          .first_name = text,
          .last_name = "L" + std::to_string(number),
          .email = "p" + std::to_string(number) + "@example.com",
          .department = "D" + std::to_string(number % 5),
          .title = text};
}

std::vector<Person> NaughtyPeople(std::size_t shift = 0) {
  const auto names = NaughtyNames();
  std::vector<Person> people;
  for (std::size_t i = 0; i < names.size(); ++i) people.push_back(PersonWith(names[(i + shift) % names.size()], i));
  return people;
}

/// The rows of `sql`, by the first column.
std::map<std::string, std::vector<std::string>> Rows(const Cli& cli, const std::string& sql) {
  SQLite::Database database(cli.Path("account.db"));
  SQLite::Statement query(database, sql);
  std::map<std::string, std::vector<std::string>> rows;
  while (query.executeStep()) {
    std::vector<std::string>& row = rows[query.getColumn(0).getString()];
    for (int i = 1; i < query.getColumnCount(); ++i) row.push_back(query.getColumn(i).getString());
  }
  return rows;
}

void CheckArrived(const Cli& cli, const std::vector<Person>& people) {
  const auto users = Rows(cli, "SELECT email, first_name, designation FROM users");
  const auto contacts = Rows(cli, "SELECT email, name, designation FROM contacts");
  CHECK(users.size() == people.size());
  CHECK(contacts.size() == people.size());
  for (const Person& person : people) {
    CAPTURE(Printable(person.first_name));
    const std::string kept = AsKept(person.first_name);
    CHECK(users.at(person.email) == std::vector<std::string>{kept, kept});
    CHECK(contacts.at(person.email) == std::vector<std::string>{AsKept(kept + ' ' + person.last_name), kept});
  }
}

// A second run, a look at everything, and a lost state: what came back is what was sent.
void CheckNothingDiffers(Cli& cli, const Service& service) {
  const std::string before = cli.Everything();
  const std::uint64_t writes = service.counters().writes;
  Expect(cli.Run({"sync"}), 0, {"nothing to do"});
  Expect(cli.Run({"plan", "--refresh", "--detailed-exitcode"}), 0);
  std::filesystem::remove_all(cli.folder() / "state");
  Expect(cli.Run({"sync"}), 0, {"converged"});
  CHECK(service.counters().writes == writes);
  CHECK(service.counters().internal_errors == 0);
  CHECK(cli.Everything() == before);
}

std::string Base64Line(std::string_view name, std::string_view value) {
  return std::string(name) + ":: " + EncodeBase64(value) + '\n';
}

}  // namespace

TEST_CASE(
    "names from every script, with controls, quotes, markup, paths and escapes arrive unchanged, and come back so") {
  Cli cli;
  const Service service(cli);
  const auto people = NaughtyPeople();
  REQUIRE(people.size() > 700);
  cli.Write("config.yaml", CompanyConfig({}, service.Target()));
  cli.Write("people.csv", QuotedCsvOf(people));
  Expect(cli.Run({"sync"}), 0, {"converged"});
  CheckArrived(cli, people);
  CheckNothingDiffers(cli, service);
}

TEST_CASE("the same names arrive unchanged from LDIF") {
  Cli cli;
  const Service service(cli);
  const auto people = NaughtyPeople();
  std::string ldif = "version: 1\n\n";
  for (const Person& person : people) {
    ldif += "dn: uid=" + person.id + ",dc=example,dc=com\nemployee_id: " + person.id + '\n';
    ldif += Base64Line("first_name", person.first_name) + "last_name: " + person.last_name + "\nemail: " + person.email;
    ldif += "\ndepartment: " + person.department + '\n' + Base64Line("title", person.title) + "status: active\n\n";
  }
  cli.Write("config.yaml", Replaced(CompanyConfig({}, service.Target()), "csv: people.csv", "ldif: people.ldif"));
  cli.Write("people.ldif", ldif);
  Expect(cli.Run({"sync"}), 0, {"converged"});
  CheckArrived(cli, people);
  CheckNothingDiffers(cli, service);
}

TEST_CASE("a plan file carries the same names, and apply writes just what it says") {
  Cli cli;
  const Service service(cli);
  cli.Write("config.yaml",
            CompanyConfig("guards: { user: { update: 100% }, contact: { update: 100% }, rewrite: 100% }\n",
                          service.Target()));
  cli.Write("people.csv", QuotedCsvOf(NaughtyPeople()));
  Expect(cli.Run({"sync"}), 0);
  const auto people = NaughtyPeople(1);
  cli.Write("people.csv", QuotedCsvOf(people));
  Expect(cli.Run({"plan", "--out", "next.plan"}), 0);
  CHECK(IsJson(cli.Read("next.plan")));
  Expect(cli.Run({"apply", "next.plan"}), 0, {"converged"});
  CheckArrived(cli, people);
  CheckNothingDiffers(cli, service);
}

TEST_CASE("keys and departments of the same kind are looked up, sent and removed as what they are") {
  Cli cli;
  const Service service(cli);
  cli.Write("config.yaml", CompanyConfig({}, service.Target()));
  const auto keys = NaughtyKeys();
  std::vector<Person> people;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    Person person = PersonWith("Ada", i);
    person.id = keys[i];
    person.department = keys[i];
    people.push_back(person);
  }
  cli.Write("people.csv", QuotedCsvOf(people));
  Expect(cli.Run({"sync"}), 0, {"converged"});
  const auto members = Rows(cli,
                            "SELECT c.email, g.name FROM contacts c JOIN memberships m ON m.contact = c.id "
                            "JOIN groups g ON g.id = m.grp");
  CHECK(cli.Count("group") == keys.size());
  for (const Person& person : people) {
    CAPTURE(Printable(person.id));
    CHECK(members.at(person.email) == std::vector<std::string>{AsKept(person.department)});
  }
  Expect(cli.Run({"sync"}), 0, {"nothing to do"});
  constexpr std::size_t kEvery = 25;  // fewer than the guards mind
  std::size_t left = 0;
  for (std::size_t i = 0; i < people.size(); i += kEvery, ++left) people[i].status = "terminated";
  cli.Write("people.csv", QuotedCsvOf(people));
  Expect(cli.Run({"sync"}), 0, {"converged"});
  CHECK(cli.Count("contact") == people.size() - left);
  CHECK(Rows(cli, "SELECT email FROM users WHERE status = 'A'").size() == people.size() - left);
}

TEST_CASE("a name without end and no name at all are set aside with their lines, and the rest goes on") {
  Cli cli;
  const Service service(cli);
  cli.Write("config.yaml", CompanyConfig({}, service.Target()));
  std::vector<Person> people;
  for (std::size_t i = 0; i < 12; ++i) people.push_back(PersonWith("Ada", i));
  people[4].title = "e";
  for (int i = 0; i < 10'000; ++i) people[4].title += i % 2 == 0 ? "\u0301" : "\u0323";
  people[5].first_name = "\uFEFF \u00A0";
  cli.Write("people.csv", QuotedCsvOf(people));
  const Output output = cli.Run({"sync"});
  Expect(output, 4, {"partial", "people.csv:7"});
  CHECK(IsHarmless(output.err));
  const Output set_aside = cli.Run({"quarantine", "list"});
  Expect(set_aside, 0, {"user E4", "contact E4", "longer than 255", "hr line 6", "user E5", "hr line 7"});
  CHECK(IsHarmless(set_aside.out));
  CHECK(cli.Count("user") == people.size() - 2);
  const std::string before = cli.Everything();
  Expect(cli.Run({"sync"}), 0);
  CHECK(cli.Everything() == before);
}

TEST_CASE("halves of pairs and cut characters refuse the file with line and column, and nobody is touched") {
  for (const char* half : {"Half\xED\xA0\x80", "\xED\xB0\x80low", "cut\xF0\x9F\x98"}) {
    CAPTURE(Printable(half));
    Cli cli;
    const Service service(cli);
    cli.Write("config.yaml", CompanyConfig({}, service.Target()));
    std::vector<Person> people;
    for (std::size_t i = 0; i < 12; ++i) people.push_back(PersonWith("Ada", i));
    people[3].title = half;
    cli.Write("people.csv", QuotedCsvOf(people));
    const Output output = cli.Run({"sync"});
    Expect(output, 5, {"people.csv:5:", "is not UTF-8"});
    CHECK(IsHarmless(output.err));
    CHECK(service.counters().writes == 0);
  }
}

TEST_CASE("a NUL in a name refuses the file with its line, and nobody is touched") {
  Cli cli;
  const Service service(cli);
  cli.Write("config.yaml", CompanyConfig({}, service.Target()));
  auto people = NaughtyPeople();
  people[7].title = std::string("Di\0rector", 9);
  cli.Write("people.csv", QuotedCsvOf(people));
  const std::string csv = QuotedCsvOf(people);
  const auto line = 1 + std::count(csv.begin(), csv.begin() + static_cast<std::ptrdiff_t>(csv.find('\0')), '\n');
  Expect(cli.Run({"sync"}), 5, {"people.csv:" + std::to_string(line), "NUL"});
  CHECK(service.counters().writes == 0);
}

}  // namespace ucaas_sync::testing
