// A plan from a file is judged again when it is applied: by what has happened since it was made.
#include <SQLiteCpp/Database.h>
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include "daemon/plan/plan_json.h"
#include "tests/commands/company.h"
#include "tests/support/file_size_limit.h"

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

TEST_CASE("a plan is written to a file alone: no pipe or device is replaced, and a link leads to its file") {
  Company company(12);
  REQUIRE(::mkfifo(company.Path("pipe").c_str(), 0600) == 0);
  Expect(company.Run({"plan", "--out", "pipe"}), 64, {"no regular file"});
  CHECK(std::filesystem::is_fifo(company.Path("pipe")));
  company.Write("monday.plan", "");
  std::filesystem::create_symlink("monday.plan", company.Path("link.plan"));
  Expect(company.Run({"plan", "--out", "link.plan"}), 0);
  CHECK(std::filesystem::is_symlink(company.Path("link.plan")));
  Expect(company.Run({"apply", "monday.plan"}), 0);
}

TEST_CASE("a plan file that cannot be written whole leaves the one that was there, and nothing beside it") {
  Company company(15);
  company.Write("monday.plan", "the one before");
  company.WritePeople(CompanyPeople(400));
  {
    const FileSizeLimit limit(rlim_t{64} << 10U);
    // The plan is shown first: only its file is not there.
    Expect(company.Run({"plan", "--out", "monday.plan"}), 1,
           {"385", "monday.plan: cannot be written: File too large; the plan was not written"});
  }
  CHECK(company.Read("monday.plan") == "the one before");
  CHECK_FALSE(std::filesystem::exists(company.Path("monday.plan.partial")));
  Expect(company.Run({"plan", "--out", "nowhere/monday.plan"}), 1,
         {"385", "cannot be made: No such file", "not written"});
  company.WritePeople(CompanyPeople(1));
  Expect(company.Run({"plan", "--out", "monday.plan", "--source", "hr=absent.csv"}), 5, {"absent.csv"});
  CHECK(company.Read("monday.plan") == "the one before");
  CHECK_FALSE(std::filesystem::exists(company.Path("monday.plan.partial")));
}

TEST_CASE("a plan file has the bytes of the plan that is shown, and takes the place of a longer one") {
  Company company(15);
  company.Write("monday.plan", std::string(100'000, ' '));
  company.WritePeople(WithLeavers({1}));
  const Output shown = company.Run({"plan", "--format", "json", "--out", "monday.plan"});
  Expect(shown, 0);
  CHECK(company.Read("monday.plan") == shown.out);
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

TEST_CASE("a plan that adopts what somebody else has got meanwhile is refused") {
  Company company(15);
  // The last one is in the account, and nobody's by the state.
  std::filesystem::remove_all(company.folder() / "state");
  auto people = CompanyPeople(15);
  Person nell = people.back();
  people.pop_back();
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0);
  nell.id = "X1";
  people.push_back(nell);
  company.WritePeople(people);
  Expect(company.Run({"plan", "--refresh", "--out", "monday.plan"}), 0, {"= adopt user X1"});
  people.back().id = "X2";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0, {"adopted unchanged"});
  ExpectRefused(company, 9, {"X1 is to adopt what is by now the object of X2", "nothing was written"});
  Expect(company.Run({"explain", "X1"}), 0, {"Nobody has this key"});
  Expect(company.Run({"state", "check"}), 0, {"Sound"});
}

TEST_CASE("a plan that creates somebody with an address that another has got meanwhile is refused") {
  Company company(15);
  auto people = CompanyPeople(16);
  people.back().id = "X1";
  company.WritePeople(people);
  Expect(company.Run({"plan", "--out", "monday.plan"}), 0, {"+ create user X1"});
  people.back().id = "X2";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0);
  ExpectRefused(company, 9, {"X1 is to get an address that X2 has got since the plan was made"});
}

TEST_CASE("a plan that moves an address from one to the other is applied, as it was planned") {
  Company company(15);
  auto people = CompanyPeople(15);
  people[1].email = people[0].email;
  people[0].email = "somewhere.else@example.com";
  company.WritePeople(people);
  Expect(company.Run({"plan", "--out", "monday.plan"}), 0);
  Expect(company.Run({"apply", "monday.plan"}), 0, {"converged"});
  CHECK(company.Account("SELECT count(*) FROM users WHERE email = 'person1@example.com'") == "1\n");
}

TEST_CASE("a plan from before the state was made anew is refused for whom it touches") {
  Company company(15);
  company.WritePeople(WithLeavers({1}));
  Expect(company.Run({"plan", "--out", "monday.plan"}), 0);
  const char* why = "has changed since the plan was made";
  SUBCASE("from a readable state") {
    Expect(company.Run({"state", "rebuild", "--yes"}), 0);
  }
  SUBCASE("from one that is not sound") {
    SQLite::Database(company.Path("state/state.db"), SQLite::OPEN_READWRITE)
        .exec("UPDATE known SET flags = flags + 16 WHERE id = 3");
    Expect(company.Run({"state", "rebuild", "--yes"}), 0, {"the old state is damaged"});
    why = "is not in the state any more";
  }
  ExpectRefused(company, 9, {why, "nothing was written"});
  Expect(company.Run({"plan", "--out", "tuesday.plan"}), 0);
  Expect(company.Run({"apply", "tuesday.plan"}), 0);
}

TEST_CASE("a plan from a state that was put back by an older copy is refused") {
  Company company(15);
  Expect(company.Run({"state", "backup", "copy.db"}), 0);
  company.WritePeople(WithLeavers({2}));
  Expect(company.Run({"sync"}), 0);
  company.WritePeople(WithLeavers({1, 2}));
  Expect(company.Run({"plan", "--out", "monday.plan"}), 0);
  for (const char* part : {"", "-wal", "-shm"}) std::filesystem::remove(company.Path("state/state.db") + part);
  std::filesystem::copy(company.folder() / "copy.db", company.folder() / "state" / "state.db");
  ExpectRefused(company, 9, {"made from a state newer than this one"});
}

}  // namespace ucaas_sync::testing
