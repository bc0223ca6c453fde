// A plan is what would happen and nothing else; apply does that plan and nothing else, once.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "tests/commands/company.h"

namespace ucaas_sync::testing {
namespace {

/// Every file below the folder with its bytes. SQLite's -shm is left out: readers note their locks in it.
std::map<std::string, std::string> Files(const Cli& cli) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(cli.folder())) {
    if (!entry.is_regular_file() || entry.path().string().ends_with("-shm")) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    files[entry.path().string()] = {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  return files;
}

std::vector<Person> WithOneChange() {
  auto people = CompanyPeople(15);
  people[2].last_name = "Changed";
  return people;
}

}  // namespace

TEST_CASE("a first plan makes neither a state nor an account") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig());
  cli.Write("people.csv", CompanyCsv(15));
  Expect(cli.Run({"plan"}), 0, {"users           15", "36 changes to make"});
  Expect(cli.Run({"plan", "--offline"}), 0, {"--offline"});
  CHECK(Files(cli).size() == 2);
}

TEST_CASE("a later plan leaves every byte of state and account as it was") {
  Company company(15);
  company.WritePeople(WithOneChange());
  const auto before = Files(company);
  for (const char* format : {"text", "json", "html"}) {
    Expect(company.Run({"plan", "--format", format}), 0, {"Changed"});
  }
  CHECK(Files(company) == before);
  const std::string account = company.Everything();
  Expect(company.Run({"plan", "--refresh"}), 0, {"2 changes to make"});
  CHECK(company.Everything() == account);
}

TEST_CASE("a plan says each change as attribute, before, after, why and the line") {
  Company company(15);
  company.WritePeople(WithOneChange());
  Expect(company.Run({"plan"}), 0,
         {"update user E3", "(hr line 4)", "Person3 \xE2\x86\x92 Changed", "last_name changed", "2 changes to make"});
}

TEST_CASE("--detailed-exitcode ends 2 when there is something to do, and 0 when there is not") {
  Company company(15);
  Expect(company.Run({"plan", "--detailed-exitcode"}), 0, {"Nothing to do"});
  company.WritePeople(WithOneChange());
  Expect(company.Run({"plan", "--detailed-exitcode"}), 2);
  Expect(company.Run({"plan"}), 0);
}

TEST_CASE("a held plan ends 3 with the guard, the numbers and the people") {
  Company company(15);
  auto people = CompanyPeople(15);
  for (std::size_t i = 0; i < 4; ++i) people[i].status = "terminated";
  company.WritePeople(people);
  Expect(company.Run({"plan"}), 3,
         {"HELD by user.suspend: 4, limit 3", "E1 Bj\xC3\xB6rn Person1 <person1@example.com>", "This plan is held"});
  company.ExpectNoWrite(3, {"HELD by user.suspend: 4, limit 3", "held"});
  Expect(company.Run({"status"}), 0, {"Waiting for a person", "user.suspend"});
  Expect(company.Run({"plan", "--out", "held.plan"}), 3);
  const std::string before = company.Everything();
  Expect(company.Run({"apply", "held.plan"}), 3, {"nothing was written"});
  CHECK(company.Everything() == before);
}

TEST_CASE("--source reads another file for a source") {
  Company company(15);
  company.Write("tomorrow.csv", CsvOf(WithOneChange()));
  Expect(company.Run({"plan", "--source", "hr=tomorrow.csv"}), 0, {"2 changes to make"});
  Expect(company.Run({"plan"}), 0, {"Nothing to do"});
  Expect(company.Run({"plan", "--source", "hr"}), 64, {"NAME=PATH"});
  Expect(company.Run({"plan", "--source", "payroll=tomorrow.csv"}), 64, {"no source of that name"});
  Expect(company.Run({"plan", "--source", "hr=absent.csv"}), 5, {company.Path("absent.csv")});

  const auto with_command = [&company](std::string_view command) {
    company.Write("config.yaml", Replaced(CompanyConfig(), "key: employee_id }",
                                          "key: employee_id, command: " + std::string(command) + " }"));
  };
  with_command("[/bin/cat, \"{file}\"]");
  Expect(company.Run({"plan", "--source", "hr=tomorrow.csv"}), 0, {"2 changes to make"});
  with_command("[/bin/cat, people.csv]");
  Expect(company.Run({"plan"}), 0, {"Nothing to do"});
  Expect(company.Run({"plan", "--source", "hr=tomorrow.csv"}), 64, {"the \"command:\" of hr names no file", "{file}"});
}

TEST_CASE("apply does the plan in the file and not what the source says by now, and only once") {
  Company company(15);
  company.WritePeople(WithOneChange());
  Expect(company.Run({"plan", "--out", "monday.plan", "--format", "json"}), 0, {R"("plan_version":1)"});
  auto people = WithOneChange();
  people[4].last_name = "Later";
  company.WritePeople(people);
  Expect(company.Run({"apply", "monday.plan"}), 0, {"2 operations done"});
  CHECK(company.Account("SELECT email FROM users WHERE last_name = 'Changed'") == "person3@example.com\n");
  CHECK(company.Account("SELECT count(*) FROM users WHERE last_name = 'Later'") == "0\n");
  const std::string before = company.Everything();
  Expect(company.Run({"apply", "monday.plan"}), 9, {"applied before", "nothing was written"});
  CHECK(company.Everything() == before);
}

TEST_CASE("a plan file that was altered is refused") {
  Company company(15);
  company.WritePeople(WithOneChange());
  Expect(company.Run({"plan", "--out", "monday.plan"}), 0);
  const std::string before = company.Everything();
  const std::string plan = company.Read("monday.plan");
  company.Write("monday.plan", Replaced(plan, "Changed", "Charmed"));
  Expect(company.Run({"apply", "monday.plan"}), 9, {"altered", "nothing was written"});
  company.Write("monday.plan", plan.substr(0, plan.size() / 2));
  Expect(company.Run({"apply", "monday.plan"}), 9, {"monday.plan"});
  company.Write("monday.plan", "");
  Expect(company.Run({"apply", "monday.plan"}), 9, {"monday.plan"});
  Expect(company.Run({"apply", "tuesday.plan"}), 9, {"tuesday.plan: cannot be opened"});
  CHECK(company.Everything() == before);
}

TEST_CASE("a plan of another configuration, or of people who changed since, is refused") {
  Company company(15);
  company.WritePeople(WithOneChange());
  Expect(company.Run({"plan", "--out", "monday.plan"}), 0);
  company.Write("config.yaml", Replaced(CompanyConfig(), "default:Staff", "default:Crew"));
  Expect(company.Run({"apply", "monday.plan"}), 9, {"another configuration", "make a new plan"});
  company.Write("config.yaml", CompanyConfig());
  auto people = WithOneChange();
  people[2].title = "Director";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0, {"2 operations done"});
  const std::string before = company.Everything();
  Expect(company.Run({"apply", "monday.plan"}), 9, {"E3", "since the plan was made"});
  CHECK(company.Everything() == before);
}

TEST_CASE("a first plan can be applied to an account that was never seen") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig());
  cli.Write("people.csv", CompanyCsv(5));
  Expect(cli.Run({"plan", "--out", "first.plan"}), 0);
  Expect(cli.Run({"apply", "first.plan"}), 0, {"15 operations done"});
  CHECK(cli.Count("user") == 5);
  Expect(cli.Run({"sync"}), 0, {"nothing to do"});
}

}  // namespace ucaas_sync::testing
