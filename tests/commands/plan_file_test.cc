// A plan from a file is judged again when it is applied: by what has happened since it was made.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include "daemon/plan/plan_json.h"
#include "tests/commands/company.h"

namespace ucaas_sync::testing {
namespace {

std::vector<Person> WithLeavers(std::initializer_list<std::size_t> leavers) {
  auto people = CompanyPeople(15);
  for (const std::size_t i : leavers) people[i].status = "terminated";
  return people;
}

/// What somebody can do who knows how a plan file is sealed.
void Forge(Cli& cli, const std::string& name, const std::function<void(Plan&)>& change) {
  std::istringstream in(cli.Read(name));
  Plan plan = plan::ReadPlan(in, name);
  change(plan);
  plan.hash = plan::HashOfPlan(plan);
  std::ostringstream out;
  plan::WritePlan(plan, out);
  cli.Write(name, out.str());
}

void ExpectRefused(Company& company, int code, std::initializer_list<std::string_view> says) {
  const std::string before = company.Everything();
  Expect(company.Run({"apply", "monday.plan"}), code, says);
  CHECK(company.Everything() == before);
}

}  // namespace

TEST_CASE("a plan of another mapping version is refused, and told apart from another configuration") {
  Company company(15);
  company.WritePeople(WithLeavers({1}));
  Expect(company.Run({"plan", "--out", "monday.plan"}), 0);
  Forge(company, "monday.plan", [](Plan& plan) { plan.config_hash += '0'; });
  ExpectRefused(company, 9, {"another version of this program", "nothing was written"});
}

TEST_CASE("a copy of a plan file that was used is refused") {
  Company company(15);
  company.WritePeople(WithLeavers({1}));
  Expect(company.Run({"plan", "--out", "monday.plan"}), 0);
  std::filesystem::copy_file(company.Path("monday.plan"), company.Path("copy.plan"));
  Expect(company.Run({"apply", "copy.plan"}), 0);
  ExpectRefused(company, 9, {"applied before"});
}

TEST_CASE("two plans that are harmless alone are held together") {
  Company company(15);
  company.WritePeople(WithLeavers({1, 2, 3}));
  Expect(company.Run({"plan", "--out", "monday.plan"}), 0);
  company.WritePeople(WithLeavers({4, 5}));
  Expect(company.Run({"sync"}), 0);
  ExpectRefused(company, 3, {"user.suspend: 5, limit 3", "nothing was written"});
}

TEST_CASE("a plan that lets a whole department be called otherwise is applied, as it was planned") {
  Company company(30);
  auto people = CompanyPeople(30);
  std::size_t moved = 0;
  for (Person& person : people) {
    if (person.department != "Sales") continue;
    person.department = "Field Sales";
    ++moved;
  }
  REQUIRE(moved > 3);
  company.Write("config.yaml",
                CompanyConfig("guards: { user: { update: 100% }, contact: { update: 100% }, rewrite: 100% }\n"));
  company.WritePeople(people);
  Expect(company.Run({"plan", "--out", "monday.plan"}), 0, {"Field Sales"});
  Expect(company.Run({"apply", "monday.plan"}), 0, {"converged"});
  Expect(company.Run({"sync"}), 0, {"converged"});
}

TEST_CASE("a plan file that calls itself approved is judged by the approvals there are") {
  Company company(15);
  company.WritePeople(WithLeavers({1, 2, 3, 4}));
  Expect(company.Run({"plan", "--out", "monday.plan"}), 3);
  Forge(company, "monday.plan", [](Plan& plan) {
    plan.held = false;
    for (GuardVerdict& guard : plan.guards) {
      if (guard.held) guard.approved_by = "nobody until 2099-01-01T00:00:00Z";
      guard.held = false;
    }
  });
  ExpectRefused(company, 3, {"user.suspend: 4, limit 3"});
}

TEST_CASE("who was put on hold since a plan was made stops it") {
  Company company(15);
  company.WritePeople(WithLeavers({1}));
  Expect(company.Run({"plan", "--out", "monday.plan"}), 0);
  Expect(company.Run({"hold", "E2"}), 0);
  ExpectRefused(company, 9, {"user E2 was put on hold since the plan was made"});
  Expect(company.Run({"quarantine", "release", "E2"}), 0);
  Expect(company.Run({"apply", "monday.plan"}), 0, {"converged"});
}

TEST_CASE("a person who got another key since a plan was made stops it") {
  Company company(15);
  company.WritePeople(WithLeavers({1}));
  Expect(company.Run({"plan", "--out", "monday.plan"}), 0);
  Expect(company.Run({"quarantine", "release", "N2", "--as", "E2"}), 0);
  ExpectRefused(company, 9, {"E2 is not in the state any more"});
}

}  // namespace ucaas_sync::testing
