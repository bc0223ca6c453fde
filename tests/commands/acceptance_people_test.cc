// Acceptance: what happens to people, one by one and all at once.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/commands/acceptance.h"

namespace ucaas_sync::testing {
namespace {

/// Of `size` people `percent`, at least one.
std::uint64_t Share(std::uint64_t size, std::uint64_t percent) {
  return std::max<std::uint64_t>(1, size * percent / 100);
}

std::uint64_t CountIn(const std::vector<Person>& people, const std::string& department) {
  return static_cast<std::uint64_t>(std::count_if(
      people.begin(), people.end(), [&](const Person& person) { return person.department == department; }));
}

void MoveSome(std::vector<Person>& people, std::uint64_t count, const std::string& from, const std::string& to) {
  for (Person& person : people) {
    if (count > 0 && person.department == from) {
      person.department = to;
      --count;
    }
  }
}

/// "00001" and so on: keys that a spreadsheet takes for numbers.
std::vector<Person> NumberedPeople(std::uint64_t count) {
  auto people = CompanyPeople(count);
  for (Person& person : people) {
    person.id.erase(0, 1);
    person.id.insert(0, 5 - person.id.size(), '0');
  }
  return people;
}

/// The leavers of the tenth day where one percent leaves a day.
std::uint64_t LastDayOf(std::uint64_t size) {
  return size * 10 / 100 - size * 9 / 100;
}

void Lose(std::vector<Person>& people, std::uint64_t count) {
  people.resize(people.size() - count);
}

void Leave(std::vector<Person>& people, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) people[i].status = "terminated";
}

}  // namespace

TEST_CASE("acceptance: one person's change is one person's update, whatever it is") {
  const std::vector<AcceptanceCase> cases{
      {.name = "e-mail and surname changed",
       .given = People([](auto& people) {
         people[1].last_name = "Lovelace";
         people[1].email = "ada.lovelace@example.com";
       }),
       .expected = Always(0, 2, {"2 operations done"})},
      {.name = "an e-mail in other letters is the same",
       .given = People([](auto& people) { people[1].email = "PERSON2@Example.COM"; }),
       .expected = Always(0, 0, {"nothing to do"})},
      {.name = "an e-mail twice, in other case",
       .given = People([](auto& people) { people[1].email = "PERSON1@Example.com"; }),
       .expected = Always(4, 0, {"user E1", "user E2", "E1 (line 2 of hr) and E2 (line 3 of hr)"})},
      {.name = "a key twice",
       .given = People([](auto& people) { people[1].id = "E1"; }),
       .expected = Always(4, 0, {"the same key with different content: lines 2 and 3 of hr"})},
      {.name = "a key twice in other case",
       .given = People([](auto& people) {
         Person twin = people[1];
         twin.id = "e2";
         twin.email = "twin@example.com";
         people.push_back(twin);
       }),
       .expected = Always(4, 0, {"keys that differ only in case"})},
      {.name = "one joiner",
       .given = People([](auto& people) {
         people.push_back({.id = "N1",
                           .first_name = "New",
                           .last_name = "Joiner",
                           .email = "new@example.com",
                           .department = "Sales",
                           .title = "Analyst"});
       }),
       // Sales has members at every size but 5 (E6 would be the first).
       .expected =
           [](const SettledCompany& company) {
             const bool is_new_group = CountIn(company.people(), "Sales") == 0;
             return Expected{.code = 0,
                             .written = is_new_group ? 3U : 2U,
                             .says = {is_new_group ? "3 operations done" : "2 operations done"}};
           }},
  };
  PlayAtEverySize(cases);
}

TEST_CASE("acceptance: keys that lost their leading zeros are proposals to rekey, and nobody is written") {
  const std::vector<AcceptanceCase> cases{
      {.name = "leading zeros lost",
       .given = People([](auto& people) {
         for (Person& person : people) person.id.erase(0, person.id.find_first_not_of('0'));
       }),
       .expected = Always(4, 0, {"00001", "appeared with the same e-mail"})},
  };
  for (const std::uint64_t size : {5U, 15U, 30U, 400U}) {
    SettledCompany company(NumberedPeople(size), CompanyConfig());
    Play(company, cases);
  }
}

TEST_CASE("acceptance: who leaves by evidence goes at once, within the limits") {
  const std::vector<AcceptanceCase> cases{
      {.name = "6 % terminated",
       .given = People([](auto& people) { Leave(people, Share(people.size(), 6)); }),
       .expected =
           [](const SettledCompany& company) {
             const std::uint64_t leavers = Share(company.size(), 6);
             if (company.size() < 400) return Expected{.code = 0, .written = 2 * leavers, .says = {"converged"}};
             return Expected{.code = 3, .written = 0, .says = {"HELD by user.suspend: 24, limit 20"}};
           }},
      {.name = "two leavers",
       .given = People([](auto& people) { Leave(people, 2); }),
       .expected =
           [](const SettledCompany& company) {
             if (company.size() < 10)
               return Expected{.code = 3, .written = 0, .says = {"HELD by user.suspend: 2, limit 1"}};
             return Expected{.code = 0, .written = 4, .says = {"4 operations done"}};
           }},
      {.name = "1 % a day for ten days",
       .given =
           [](SettledCompany& company) {
             auto people = company.people();
             for (std::uint64_t day = 1; day <= 10; ++day) {
               if (day > 1) company.PassHours(24);
               Leave(people, company.size() * day / 100);
               company.WritePeople(people);
               if (day < 10) Expect(company.Run({"sync"}), 0);
             }
           },
       .expected =
           [](const SettledCompany& company) {
             return Expected{.code = 0,
                             .written = 2 * (company.size() / 10),
                             .says = {LastDayOf(company.size()) == 0
                                          ? "nothing to do"
                                          : std::to_string(2 * LastDayOf(company.size())) + " operations done"}};
           }},
  };
  PlayAtEverySize(cases);
}

TEST_CASE("acceptance: who is only missing waits a day and a second read, and then goes within the limits") {
  const auto missing = People([](auto& people) { Lose(people, Share(people.size(), 6)); });
  const std::vector<AcceptanceCase> cases{
      {.name = "6 % gone", .given = missing, .expected = Always(0, 0, {"nothing to do"})},
      {.name = "6 % gone, an hour later",
       .given =
           [&](SettledCompany& company) {
             missing(company);
             Expect(company.Run({"sync"}), 0, {"nothing to do"});
             company.PassHours(1);
           },
       .expected = Always(0, 0, {"nothing to do"})},
      {.name = "6 % gone, a day later",
       .given =
           [&](SettledCompany& company) {
             missing(company);
             Expect(company.Run({"sync"}), 0, {"nothing to do"});
             company.PassHours(25);
           },
       .expected =
           [](const SettledCompany& company) {
             const std::uint64_t leavers = Share(company.size(), 6);
             // At 5 people whoever goes was a department, whose group is missing too.
             const std::uint64_t groups = company.size() == 5 ? 1 : 0;
             if (company.size() < 400) {
               return Expected{.code = 0, .written = 2 * leavers + groups, .says = {"converged"}};
             }
             return Expected{.code = 3, .written = 0, .says = {"HELD by user.suspend: 24, limit 20"}};
           }},
      {.name = "6 % gone, the first read of them a day late",
       .given =
           [&](SettledCompany& company) {
             company.PassHours(50);
             missing(company);
           },
       .expected = Always(0, 0, {"nothing to do"})},
      {.name = "gone while a rejected row may hide them",
       .given =
           [&](SettledCompany& company) {
             missing(company);
             Expect(company.Run({"sync"}), 0, {"nothing to do"});
             company.PassHours(25);
             company.Write("people.csv", company.Read("people.csv") + "?,?\r\n");
           },
       .expected = Always(4, 0, {"2 fields, the heading has 7"})},
  };
  PlayAtEverySize(cases);
}

TEST_CASE("acceptance: departments that are renamed, rewritten or emptied") {
  const auto renamed = People([](auto& people) { MoveSome(people, people.size(), "Research", "Science"); });
  const std::vector<AcceptanceCase> cases{
      {.name = "one department of six renamed",
       .given = renamed,
       .expected =
           [](const SettledCompany& company) {
             // A user and a contact each, and the new group; the old one waits as everybody who is missing.
             return Expected{
                 .code = 0, .written = 2 * CountIn(company.people(), "Research") + 1, .says = {"converged"}};
           }},
      {.name = "one department of six renamed, two days on",
       .given =
           [&](SettledCompany& company) {
             renamed(company);
             Expect(company.Run({"sync"}), 0);
             company.PassHours(25);
           },
       .expected =
           [](const SettledCompany& company) {
             return Expected{
                 .code = 0, .written = 2 * CountIn(company.people(), "Research") + 2, .says = {"1 operation done"}};
           }},
      {.name = "everybody's department rewritten",
       .given = People([](auto& people) {
         for (Person& person : people) person.department.insert(0, "Dept. ");
       }),
       .expected = Always(3, 0, {"HELD by rewrite (user.department)", "→ Dept. ", "Nothing will be written"})},
      {.name = "a group that lost more than half its members",
       .given =
           People([](auto& people) { MoveSome(people, CountIn(people, "Research") / 2 + 1, "Research", "Finance"); }),
       .expected =
           [](const SettledCompany& company) {
             // At 5 people Research is one person, whose group is then missing and waits.
             if (company.size() == 5) return Expected{.code = 0, .written = 2, .says = {"2 operations done"}};
             return Expected{
                 .code = 3, .written = 0, .says = {"HELD by members_lost (Research)", "The group has ", "would lose "}};
           }},
  };
  PlayAtEverySize(cases);
}

}  // namespace ucaas_sync::testing
