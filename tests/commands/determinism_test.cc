// The same inputs give the same plan, to the byte, whatever the machine speaks and wherever it stands.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "tests/commands/company.h"

namespace ucaas_sync::testing {
namespace {

/// Without the two members that are new in every plan.
std::string WithoutIdentity(std::string json) {
  for (const std::string_view name : {"\"id\":\"", "\"created_at\":\""}) {
    const std::size_t begin = json.find(name);
    REQUIRE(begin != std::string::npos);
    json.erase(begin, json.find('"', begin + name.size()) + 1 - begin);
  }
  return json;
}

/// Without what the order of the rows may change: lines, and the hashes of the file and of the plan.
std::string WithoutPlaces(std::string json) {
  for (const std::string_view name : {"\"line\":", "\"hash\":\""}) {
    for (std::size_t at = json.find(name); at != std::string::npos; at = json.find(name, at + 1)) {
      const std::size_t value = at + name.size();
      json.erase(value, json.find_first_of(",}\"", value) - value);
    }
  }
  return json;
}

std::vector<Person> DayTwo() {
  auto people = CompanyPeople(60);
  people[0].status = "terminated";
  people[7].last_name = "\xC4\xB0stanbul I\xC4\xB1";
  people[9].email = "IRIS.I@EXAMPLE.COM";
  people[11].department = "Finance";
  people[12].email = "nobody";
  people.push_back({.id = "N1",
                    .first_name = "\xC3\x84nne",
                    .last_name = "Zed",
                    .email = "n1@example.com",
                    .department = "\xC3\x96konomie",
                    .title = "x"});
  return people;
}

}  // namespace

TEST_CASE("a plan has the same bytes in every locale and time zone") {
  Company company(60, "timezone: UTC\n");
  company.WritePeople(DayTwo());
  // Debian has no locale but C unless somebody made one; localedef makes them here, so that setting them has an effect.
  const std::string make = "for l in de_DE tr_TR; do localedef -i $l -f UTF-8 ./locales/$l.UTF-8 || exit 1; done";
  std::filesystem::create_directory(company.folder() / "locales");
  const bool has_locales = std::filesystem::exists("/usr/share/i18n/locales/tr_TR");
  if (has_locales) {
    Expect(Child(company.folder(), {"/bin/sh", "-c", make}, {"PATH=/usr/bin:/bin"}).Wait(), 0);
    company.SetEnvironment("LOCPATH", company.Path("locales"));
    // With LOCPATH glibc's newlocale leaks 51 bytes, once, and p11-kit calls it while it is loaded.
    company.SetEnvironment("ASAN_OPTIONS", "detect_leaks=0");
  }
  const Output first = company.Run({"plan", "--format", "json"});
  Expect(first, 0, {"\"operations\":[", "N1"});
  for (const char* locale : {"C", "de_DE.UTF-8", "tr_TR.UTF-8"}) {
    for (const char* zone : {"UTC", "Pacific/Auckland", "America/Los_Angeles"}) {
      CAPTURE(locale);
      CAPTURE(zone);
      company.SetEnvironment("LC_ALL", locale);
      company.SetEnvironment("TZ", zone);
      CHECK(WithoutIdentity(company.Run({"plan", "--format", "json"}).out) == WithoutIdentity(first.out));
    }
  }
}

TEST_CASE("rows in another order give the same operations in the same order") {
  Company company(60);
  auto people = DayTwo();
  company.WritePeople(people);
  const std::string first = WithoutPlaces(WithoutIdentity(company.Run({"plan", "--format", "json"}).out));
  std::reverse(people.begin(), people.end());
  company.WritePeople(people);
  CHECK(WithoutPlaces(WithoutIdentity(company.Run({"plan", "--format", "json"}).out)) == first);
  std::rotate(people.begin(), people.begin() + 17, people.end());
  company.WritePeople(people);
  CHECK(WithoutPlaces(WithoutIdentity(company.Run({"plan", "--format", "json"}).out)) == first);
}

TEST_CASE("a first plan is the same in another order of rows, too") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig());
  auto people = CompanyPeople(60);
  cli.Write("people.csv", CsvOf(people));
  const std::string first = WithoutPlaces(WithoutIdentity(cli.Run({"plan", "--format", "json"}).out));
  std::reverse(people.begin(), people.end());
  cli.Write("people.csv", CsvOf(people));
  CHECK(WithoutPlaces(WithoutIdentity(cli.Run({"plan", "--format", "json"}).out)) == first);
}

}  // namespace ucaas_sync::testing
