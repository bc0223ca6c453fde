// Who goes, when and why: filters that are made narrower, dates, scope, and the way back.
#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "daemon/model/time.h"
#include "tests/commands/acceptance.h"

namespace ucaas_sync::testing {
namespace {

constexpr std::string_view kDates = R"yaml(state_dir: state
target: { sandbox: account.db }
timezone: UTC
sources:
  hr: { csv: people.csv, key: id }
users:
  from: hr
  filter: "(start<=today+7d)"
  left: "(end<today)"
  fields: { user_type: moderator, first_name: "{first}", last_name: "{last}", email: "{id|lower}@example.com" }
)yaml";

/// The civil date so many days from now, in UTC.
std::string Day(int days) {
  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  return FormatDate(today + std::chrono::days(days));
}

std::string WithFilter(std::string_view filter) {
  return Replaced(CompanyConfig(), "users:\n  from: hr\n",
                  "users:\n  from: hr\n  filter: \"" + std::string(filter) + "\"\n");
}

}  // namespace

TEST_CASE("a filter that was made narrower is said with its line and the number of people, before anybody goes") {
  SettledCompany company(CompanyPeople(30), CompanyConfig());
  company.Write("config.yaml", WithFilter("(!(department=Legal))"));
  const std::string before = company.Everything();
  const std::string said = "5 known users do not match the filter of users from hr (" + company.Path("config.yaml:");
  Expect(company.Run({"plan"}), 0, {"5 known users do not match the filter of users from hr", "config.yaml:9"});
  Expect(company.Run({"sync"}), 0, {said, "nothing to do"});
  Expect(company.Run({"status"}), 0, {"Coming removals", "does not match the filter of users from hr"});
  CHECK(company.Everything() == before);
  company.PassHours(25);
  Expect(company.Run({"sync"}), 3, {"HELD by user.suspend: 5, limit 3"});
  CHECK(company.Everything() == before);
  company.Write("config.yaml", CompanyConfig());
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
}

TEST_CASE("a source's filter that was made narrower is said too, for each kind that it takes from") {
  SettledCompany company(CompanyPeople(30), CompanyConfig());
  company.Write("config.yaml",
                Replaced(CompanyConfig(), "key: employee_id }", "key: employee_id, filter: \"(!(employee_id=E7))\" }"));
  Expect(company.Run({"sync"}), 0,
         {"1 known user does not match the filter of source hr (" + company.Path("config.yaml:"), "): E7;",
          "1 known contact does not match the filter of source hr", "nothing to do"});
}

TEST_CASE("who starts later is made in time, and whose end has passed is suspended on that day") {
  Cli cli;
  cli.Write("config.yaml", std::string(kDates));
  const auto csv = [](const std::string& start, const std::string& end) {
    return "id,first,last,start,end\r\nA,Ada,One,2020-01-01,\r\nB,Bo,Two," + start + ",\r\nC,Cy,Three,2020-01-01," +
           end + "\r\n";
  };
  cli.Write("people.csv", csv(Day(8), Day(0)));
  Expect(cli.Run({"sync"}), 0, {"2 operations done"});
  CHECK(cli.Account("SELECT email FROM users ORDER BY email") == "a@example.com\nc@example.com\n");
  cli.Write("people.csv", csv(Day(7), Day(0)));
  Expect(cli.Run({"sync"}), 0, {"1 operation done"});
  CHECK(cli.Count("user") == 3);
  cli.Write("people.csv", csv(Day(7), Day(-1)));
  Expect(cli.Run({"sync"}), 0, {"1 operation done"});
  CHECK(cli.Account("SELECT email FROM users WHERE status = 'S'") == "c@example.com\n");
  Expect(cli.Run({"sync"}), 0, {"nothing to do"});
}

TEST_CASE("who left is suspended, deleted after delete_after, and made anew when the key comes back") {
  const std::string config =
      Replaced(CompanyConfig(), "users:\n  from: hr\n", "users:\n  from: hr\n  delete_after: 30d\n");
  SettledCompany company(CompanyPeople(15), config);
  auto people = company.people();
  people[3].status = "terminated";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0, {"2 operations done"});
  Expect(company.Run({"status"}), 0, {"delete user E4"});
  company.PassHours(29 * 24);
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  company.PassHours(2 * 24);
  Expect(company.Run({"sync"}), 0, {"1 operation done"});
  CHECK(company.Count("user") == 14);
  company.WritePeople(company.people());
  Expect(company.Run({"sync"}), 0, {"2 operations done"});
  CHECK(company.Count("user") == 15);
  CHECK(company.Account("SELECT status FROM users WHERE email = 'person4@example.com'") == "A\n");
}

TEST_CASE("--only acts on one absence whose time has come, and neither begins nor ends that of others") {
  SettledCompany company(CompanyPeople(15), CompanyConfig());
  auto people = company.people();
  people.resize(13);
  company.WritePeople(people);
  Expect(company.Run({"sync", "--only", "E15"}), 0, {"nothing to do"});
  company.PassHours(25);
  // Nothing was noted by a run for one person: this is the first read that counts.
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  company.PassHours(25);
  Expect(company.Run({"sync", "--only", "E15"}), 0, {"2 operations done"});
  CHECK(company.Account("SELECT email FROM users WHERE status = 'S'") == "person15@example.com\n");
  Expect(company.Run({"sync"}), 0, {"2 operations done"});
  CHECK(company.Account("SELECT count(*) FROM users WHERE status = 'S'") == "2\n");
}

TEST_CASE("outside the scope nobody is made, changed or removed, not even by evidence") {
  const std::string config = Replaced(CompanyConfig(), "users:\n  from: hr\n",
                                      "users:\n  from: hr\n  scope: \"(department=Sales)\"\n  absent_after: 0s\n");
  SettledCompany company(CompanyPeople(15), CompanyConfig());
  company.Write("config.yaml", config);
  auto people = company.people();
  people[1].title = "Director";     // Research
  people[2].status = "terminated";  // Support
  people[5].title = "Director";     // Sales
  people.push_back({.id = "N1",
                    .first_name = "New",
                    .last_name = "Joiner",
                    .email = "new@example.com",
                    .department = "Legal",
                    .title = "Analyst"});
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0, {"converged"});
  CHECK(company.Account("SELECT email FROM users WHERE designation = 'Director'") == "person6@example.com\n");
  CHECK(company.Account("SELECT count(*) FROM users WHERE status = 'S'") == "0\n");
  CHECK(company.Count("user") == 15);
}

}  // namespace ucaas_sync::testing
