// A state that is made anew beside one that can be believed: an account stays with whom it was, whatever became of
// e-mails and names in the sources or at the target.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/commands/company.h"

namespace ucaas_sync::testing {
namespace {

constexpr std::string_view kNobodyElse = "nobody we know (never touched): nobody";

/// Accounts by id with who is in them, as far as somebody may be taken for somebody else.
std::string Accounts(const Cli& cli) {
  return cli.Account("SELECT id, first_name, last_name FROM users ORDER BY id");
}

std::string IdOf(const Cli& cli, const std::string& email) {
  return cli.Account("SELECT id FROM users WHERE email = '" + email + "'");
}

std::vector<Person> WithoutE6(std::vector<Person> people) {
  people.erase(people.begin() + 5);
  return people;
}

Person NewcomerWith(const std::string& email) {
  return {.id = "N900",
          .first_name = "Other",
          .last_name = "Person",
          .email = email,
          .department = "Finance",
          .title = "Analyst"};
}

}  // namespace

TEST_CASE("a rebuild gives nobody's account to a newcomer who has their e-mail") {
  Company company(15);
  auto people = WithoutE6(CompanyPeople(15));
  people.push_back(NewcomerWith("person6@example.com"));
  company.WritePeople(people);
  const std::string before = company.Everything();
  Expect(company.Run({"state", "rebuild", "--yes"}), 0,
         {"Found again by e-mail or name: 14 users, 6 groups, 14 contacts",
          "Kept as the old state knew them: 1 user, 1 contact",
          "leads to another account than the old state says: 1 user, 1 contact", kNobodyElse,
          "In the sources, and not at the target: nobody"});
  Expect(company.Run({"sync"}), 4, {"new in quarantine"});
  CHECK(company.Everything() == before);
  Expect(company.Run({"quarantine", "list"}), 0, {"N900", "E6"});
}

TEST_CASE("a rebuild leaves a proposal to rekey to a person") {
  Company company(15);
  auto people = CompanyPeople(15);
  people[5].id = "N6";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 4, {"new in quarantine"});
  const std::string before = company.Everything();
  Expect(company.Run({"state", "rebuild", "--yes"}), 0, {kNobodyElse});
  Expect(company.Run({"plan"}), 0, {"release N6 --as E6"});
  Expect(company.Run({"quarantine", "release", "N6", "--as", "E6"}), 0);
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  CHECK(company.Everything() == before);
}

TEST_CASE("a rebuild exchanges no accounts when two people exchange their e-mails") {
  Company company(15);
  auto people = CompanyPeople(15);
  std::swap(people[4].email, people[5].email);
  company.WritePeople(people);
  const std::string before = company.Everything();
  Expect(company.Run({"state", "rebuild", "--yes"}), 0,
         {"leads to another account than the old state says: 2 users, 2 contacts", kNobodyElse});
  Expect(company.Run({"sync"}), 4, {"new in quarantine"});
  CHECK(company.Everything() == before);
}

TEST_CASE("a rebuild lets somebody keep their account when their old e-mail is handed on") {
  Company company(15);
  const std::string id = IdOf(company, "person5@example.com");
  auto people = CompanyPeople(15);
  people[4].email = "new5@example.com";
  people.push_back(NewcomerWith("person5@example.com"));
  company.WritePeople(people);
  Expect(company.Run({"state", "rebuild", "--yes"}), 0,
         {"leads to another account than the old state says: 1 user, 1 contact",
          "In the sources, and not at the target: nobody"});
  Expect(company.Run({"sync"}), 0, {"4 operations done"});
  CHECK(IdOf(company, "new5@example.com") == id);
  CHECK(company.Count("user") == 16);
}

TEST_CASE("a rebuild knows whoever has another e-mail at the target still, and the next run puts it back") {
  Company company(15);
  const std::string before = Accounts(company);
  InAccount(company,
            "UPDATE users SET email = 'changed5@example.com', natural = 'changed5@example.com' "
            "WHERE email = 'person5@example.com';"
            "UPDATE groups SET name = 'Sales EMEA', natural = 'sales emea' WHERE name = 'Sales'");
  Expect(company.Run({"state", "rebuild", "--yes"}), 0,
         {"Kept as the old state knew them: 1 user, 1 group", kNobodyElse,
          "In the sources, and not at the target: nobody"});
  Expect(company.Run({"plan"}), 0, {"changed at the target: email is \"changed5@example.com\"", "Sales EMEA"});
  Expect(company.Run({"sync"}), 0, {"2 operations done"});
  CHECK(Accounts(company) == before);
  CHECK(company.Account("SELECT count(*) FROM groups WHERE name = 'Sales'") == "1\n");
  CHECK(company.Account("SELECT count(*) FROM groups") == "6\n");
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
}

TEST_CASE("a rebuild puts back no e-mail at the target where drift is only to be reported") {
  Company company(15, "drift: report\n");
  InAccount(company,
            "UPDATE users SET email = 'changed5@example.com', natural = 'changed5@example.com' "
            "WHERE email = 'person5@example.com'");
  const std::string before = company.Everything();
  Expect(company.Run({"state", "rebuild", "--yes"}), 0, {kNobodyElse});
  Expect(company.Run({"plan"}), 0, {"left so (drift: report)", "changed5@example.com"});
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  CHECK(company.Everything() == before);
}

TEST_CASE("a rebuild forgets no leaver whose e-mail was changed at the target") {
  Company company(15);
  InAccount(company,
            "UPDATE users SET email = 'changed6@example.com', natural = 'changed6@example.com' "
            "WHERE email = 'person6@example.com'");
  company.WritePeople(WithoutE6(CompanyPeople(15)));
  Expect(company.Run({"state", "rebuild", "--yes"}), 0,
         {"Kept as the old state knew them: 1 user, 1 contact", kNobodyElse});
  Expect(company.Run({"sync"}), 0);
  Expect(company.Run({"status"}), 0, {"E6"});
  auto people = CompanyPeople(15);
  people[5].status = "terminated";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0);
  CHECK(company.Account("SELECT status FROM users WHERE email = 'changed6@example.com'") == "S\n");
}

TEST_CASE("a rebuild forgets of nobody that their record was outside the scope when it was last seen") {
  Company company(15);
  company.Write("config.yaml", Replaced(CompanyConfig(), "users:\n  from: hr\n",
                                        "users:\n  from: hr\n  scope: \"(department=Sales)\"\n  absent_after: 0s\n"));
  company.ExpectNoWrite(0, {"nothing to do"});
  Expect(company.Run({"state", "rebuild", "--yes"}), 0, {kNobodyElse});
  auto people = CompanyPeople(15);
  people.erase(people.begin() + 1);  // of Research
  company.WritePeople(people);
  company.ExpectNoWrite(0, {"1 entity is not in the source any more and, when last seen, outside the rule's scope"});
  CHECK(company.Account("SELECT count(*) FROM users WHERE status = 'S'") == "0\n");
}

TEST_CASE("after a rebuild a run is due, whatever the sources do") {
  Company company(15);
  Expect(company.Run({"state", "rebuild", "--yes"}), 0);
  Expect(company.Run({"status"}), 0, {"Next run: due now"});
}

TEST_CASE("a rebuild forgets of no source how much was in it, so that one that lost half of it is held") {
  Company company(15);
  Expect(company.Run({"state", "rebuild", "--yes"}), 0);
  company.Write("people.csv", CompanyCsv(7));
  Expect(company.Run({"sync"}), 3, {"source_drop"});
}

TEST_CASE("a rebuild takes nobody for another where the account gave its ids anew, and names whom it lost") {
  Company company(15);
  // As after a restore in another order: the first and the last exchange ids; the 5th's belongs to a stranger.
  InAccount(company,
            "UPDATE users SET id = -1 WHERE email = 'person1@example.com';"
            "UPDATE users SET id = (SELECT id FROM users WHERE email = 'person15@example.com') + 1000 "
            "WHERE email = 'person15@example.com';"
            "UPDATE users SET id = (SELECT id FROM users WHERE email = 'person15@example.com') - 1000 WHERE id = -1;"
            "UPDATE users SET first_name = 'A', last_name = 'Stranger', email = 'stranger@example.com', "
            "natural = 'stranger@example.com' WHERE email = 'person5@example.com'");
  const std::string before = company.Everything();
  Expect(
      company.Run({"state", "rebuild", "--yes"}), 0,
      {"Found again by e-mail or name: 14 users", "Warning: not kept", "1 object", "  - user E5\n",
       "At the target, and nobody we know (never touched): 1 user", "In the sources, and not at the target: 1 user"});
  CHECK(company.Everything() == before);
  Expect(company.Run({"plan"}), 0, {"create user E5"});
  CHECK_FALSE(company.Run({"plan"}).Says("stranger"));
}

}  // namespace ucaas_sync::testing
