// What lasts is said once in the log, and again when it changes; a plan says it every time.
#include <doctest/doctest.h>

#include <string>

#include "tests/commands/company.h"

namespace ucaas_sync::testing {
namespace {

/// People of the company whose contacts name a group that no rule makes, each of `names` by one more person.
void NameGroups(Company& company, const std::string& prefix, std::size_t count) {
  auto people = CompanyPeople(15);
  for (std::size_t i = 0; i < count; ++i) people[i].title = prefix + std::to_string(i);
  company.WritePeople(people);
}

}  // namespace

TEST_CASE("contacts in groups that nobody makes are warned of once, and again when they are others") {
  Company company(15);
  const std::string config = Replaced(CompanyConfig("guards: { contact: { update: 100% }, user: { update: 100% }, "
                                                    "rewrite: 100%, members_lost: 100% }\n"),
                                      "groups: \"{department}\"", "groups: \"{title}\"");
  company.Write("config.yaml", config);
  const std::string warning = "that no groups rule makes";
  CHECK(company.Run({"sync"}).err.find(warning) != std::string::npos);
  const Output again = company.Run({"sync"});
  CHECK(again.code == 0);
  CHECK(again.err.find(warning) == std::string::npos);
  Expect(company.Run({"plan"}), 0, {warning});

  NameGroups(company, "Nowhere", 1);
  const Output changed = company.Run({"sync"});
  INFO(changed.err);
  CHECK(changed.err.find(warning) != std::string::npos);
  CHECK(company.Run({"sync"}).err.find(warning) == std::string::npos);
}

}  // namespace ucaas_sync::testing
