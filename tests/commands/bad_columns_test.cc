// What a file with wrong columns or wrong people gets: a clear error, the right exit code, and no write.
#include <doctest/doctest.h>

#include <string>

#include "tests/commands/company.h"

namespace ucaas_sync::testing {

TEST_CASE("a key that occurs twice sets both rows aside, with both lines") {
  Company company(15);
  auto people = CompanyPeople(15);
  people[3].id = "E3";
  company.WritePeople(people);
  company.ExpectNoWrite(4, {"E3", "lines 4 and 5", company.Path("people.csv:4")});
}

TEST_CASE("one e-mail for two keys sets both aside, also in other case") {
  Company company(15);
  auto people = CompanyPeople(15);
  people[3].email = "PERSON3@Example.com";
  company.WritePeople(people);
  company.ExpectNoWrite(
      4, {"user E3", "user E4", "E3 (line 4 of hr) and E4 (line 5 of hr)", company.Path("people.csv:4")});
}

TEST_CASE("a missing column is refused by name, with the columns that are there") {
  Company company(15);
  std::string csv = "employee_id,first_name,last_name,email,title,status\r\n";
  for (const Person& person : CompanyPeople(15)) {
    csv += person.id + ',' + person.first_name + ',' + person.last_name + ',' + person.email + ",\"" + person.title +
           "\"," + person.status + "\r\n";
  }
  company.ExpectRefused(csv,
                        {company.Path("people.csv:1"), "no column \"department\"", "its columns are", "config.yaml:"});
}

TEST_CASE("a renamed column is refused, naming the one it may be now") {
  Company company(15);
  company.ExpectRefused(Replaced(CompanyCsv(15), ",email,", ",e_mail,"),
                        {company.Path("people.csv:1"), "no column \"email\"", "did you mean \"e_mail\"?"});
}

TEST_CASE("a renamed status column is refused, so that leavers cannot stay unseen") {
  Company company(15);
  company.ExpectRefused(Replaced(CompanyCsv(15), ",status\r\n", ",state\r\n"),
                        {company.Path("people.csv:1"), "no column \"status\""});
}

TEST_CASE("headings of first name and e-mail swapped: nobody is rewritten") {
  Company company(15);
  company.Write("people.csv", Replaced(CompanyCsv(15), "first_name,last_name,email", "email,last_name,first_name"));
  company.ExpectNoWrite(4, {"user E1", "e-mail", company.Path("people.csv:2")});
}

TEST_CASE("headings of first and last name swapped: the rewrite guard holds and shows it") {
  Company company(15);
  company.Write("people.csv", Replaced(CompanyCsv(15), "first_name,last_name", "last_name,first_name"));
  company.ExpectNoWrite(3, {"HELD by rewrite (user.first_name): 15, limit 4", "swapped",
                            "E10: Ada \xE2\x86\x92 Person10", "Nothing will be written"});
}

TEST_CASE("a blank key column is refused") {
  Company company(15);
  auto people = CompanyPeople(15);
  for (Person& person : people) person.id = " ";
  company.ExpectRefused(CsvOf(people), {company.Path("people.csv:1"), "no value in column \"employee_id\"", "key"});
}

TEST_CASE("a column that nobody fills any more is refused") {
  Company company(15);
  auto people = CompanyPeople(15);
  for (Person& person : people) person.department.clear();
  company.ExpectRefused(CsvOf(people), {company.Path("people.csv:1"), "\"department\""});
}

TEST_CASE("two headings of one name are refused") {
  Company company(15);
  company.ExpectRefused(Replaced(CompanyCsv(15), "title,status", "status,status"),
                        {company.Path("people.csv:1"), "\"status\"", "twice"});
}

TEST_CASE("an export that lost a third of its people is held") {
  Company company(15);
  company.Write("people.csv", CompanyCsv(10));
  company.ExpectNoWrite(3, {"HELD by source_drop", "15", "10"});
}

}  // namespace ucaas_sync::testing
