// What somebody changes in the account by hand, from the change to its repair.
#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <variant>

#include "tests/commands/company.h"
#include "tests/support/service.h"

namespace ucaas_sync::testing {
namespace {

constexpr std::uint64_t kPeople = 15;

/// The run that looks, then the one that acts.
Output Refreshed(Cli& cli) {
  LetADayPass(cli);
  Output output = cli.Run({"sync"});
  CHECK(output.code == 0);
  return output;
}

void BreakFour(const Cli& cli) {
  InAccount(cli,
            "UPDATE users SET designation = 'Boss' WHERE email = 'person1@example.com';"
            "UPDATE users SET status = 'S' WHERE email = 'person2@example.com';"
            "DELETE FROM users WHERE email = 'person3@example.com';"
            "DELETE FROM memberships WHERE contact = (SELECT id FROM contacts WHERE email = 'person4@example.com')");
}

void Fault(Service& service, const std::string& rule) {
  const auto parsed = sandbox::ParseFault(rule);
  REQUIRE(std::holds_alternative<sandbox::FaultRule>(parsed));
  service.sandbox().SetFaults({.latency = {}, .rules = {std::get<sandbox::FaultRule>(parsed)}});
}

}  // namespace

TEST_CASE("what somebody changes in the account between the plan and its apply is left as it is, and told") {
  Company company(15);
  auto people = CompanyPeople(15);
  people[1].department = "Finance";
  people[2].department = "Finance";
  company.WritePeople(people);
  Expect(company.Run({"plan", "--out", "monday.plan"}), 0);
  InAccount(company, "UPDATE users SET department = 'Board' WHERE email = 'person2@example.com'");
  Expect(company.Run({"apply", "monday.plan"}), 4,
         {"3 operations done", "1 operation left undone",
          "the target shows another department than the plan does: left as it is"});
  Expect(company.Run({"plan", "--refresh"}), 0, {"Board → Finance"});
}

TEST_CASE("plan --refresh shows what was changed by hand and writes nothing, neither target nor state") {
  Company company(kPeople);
  BreakFour(company);
  const std::string before = company.Everything();
  Expect(company.Run({"plan"}), 0, {"Nothing to do"});
  Expect(company.Run({"plan", "--refresh"}), 0,
         {"4 changes to make", "designation is \"Boss\", was \"Engineer, grade 1\"", "suspended at the target by hand",
          "deleted at the target by hand", "changed at the target: groups are none"});
  Expect(company.Run({"plan", "--refresh", "--only", "E1"}), 0, {"1 change to make"});
  CHECK(company.Everything() == before);
  Expect(company.Run({"plan"}), 0, {"Nothing to do"});
}

TEST_CASE("a plan made with --refresh can be applied as it was reviewed") {
  Company company(kPeople);
  const std::string before = company.Account("SELECT first_name, designation, status, email FROM users ORDER BY email");
  BreakFour(company);
  Expect(company.Run({"plan", "--refresh", "--out", "today.plan"}), 0);
  Expect(company.Run({"apply", "today.plan"}), 0, {"4 operations done"});
  CHECK(company.Account("SELECT first_name, designation, status, email FROM users ORDER BY email") == before);
  Expect(company.Run({"plan", "--refresh"}), 0, {"Nothing to do"});
}

TEST_CASE("nothing is listed before schedule.refresh has passed, and everything is put back after it") {
  Cli cli;
  Service service(cli);
  cli.Write("config.yaml", CompanyConfig({}, service.Target()));
  cli.Write("people.csv", CompanyCsv(kPeople));
  Expect(cli.Run({"sync"}), 0);
  const std::string before = cli.Account("SELECT first_name, designation, status, email FROM users ORDER BY email");
  BreakFour(cli);
  const std::uint64_t requests = service.counters().requests;
  Expect(cli.Run({"sync"}), 0, {"nothing to do"});
  CHECK(service.counters().requests == requests);

  Expect(Refreshed(cli), 0, {"3 were changed there by somebody else, 1 is gone"});
  Expect(cli.Run({"sync"}), 0, {"4 operations done"});
  CHECK(cli.Account("SELECT first_name, designation, status, email FROM users ORDER BY email") == before);
  CHECK(cli.Account("SELECT count(*) FROM memberships") == "15\n");
  Expect(cli.Run({"sync"}), 0, {"nothing to do"});
  Expect(Refreshed(cli), 0, {"nothing was changed there"});
  const std::string day = AccountAt(cli.Path("state/state.db"), "SELECT due_at - finished_at FROM meta, refresh");
  CHECK_MESSAGE(day == "86400000\n", "a look that is done makes no run due but the next look");
  auto people = CompanyPeople(kPeople);
  for (std::size_t i = 0; i < 6; ++i) people[i].status = "terminated";
  cli.Write("people.csv", CsvOf(people));
  Expect(cli.Run({"sync"}), 3);
  CHECK_MESSAGE(AccountAt(cli.Path("state/state.db"), "SELECT due_at - finished_at FROM meta, refresh") == day,
                "what is held puts off no look");
}

TEST_CASE("a group that was deleted by hand comes back with its members") {
  Company company(kPeople);
  InAccount(company,
            "DELETE FROM memberships WHERE grp = (SELECT id FROM groups WHERE name = 'Sales');"
            "DELETE FROM groups WHERE name = 'Sales'");
  Refreshed(company);
  Expect(company.Run({"sync"}), 0, {"operations done"});
  CHECK(company.Account("SELECT count(*) FROM memberships") == "15\n");
  CHECK(company.Count("group") == 6);
  Expect(Refreshed(company), 0, {"nothing was changed there"});
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
}

TEST_CASE("more deletions by hand than the create guard allows wait for a person") {
  Company company(60);
  InAccount(company, "DELETE FROM users WHERE id IN (SELECT id FROM users LIMIT 13)");
  Refreshed(company);
  const std::string before = company.Everything();
  Expect(company.Run({"sync"}), 3, {"user.create"});
  CHECK(company.Everything() == before);
}

TEST_CASE("a run whose creates are held, and whose keys are refused then, takes note of its sources all the same") {
  Cli cli;
  Service service(cli);
  cli.Write("config.yaml", CompanyConfig({}, service.Target()));
  cli.Write("people.csv", CompanyCsv(15));
  Expect(cli.Run({"sync"}), 0);
  const auto absent = [&cli] {
    return AccountAt(cli.Path("state/state.db"), "SELECT count(*) FROM absence WHERE reads = 1");
  };
  auto people = CompanyPeople(15);
  people.erase(people.begin());
  cli.Write("people.csv", CsvOf(people));
  Expect(cli.Run({"sync"}), 0);
  REQUIRE(absent() != "0\n");
  cli.Write("people.csv", CompanyCsv(60));
  service.Fault("GET users: 403");
  Expect(cli.Run({"sync"}), 6, {"whether they are there already is not known", "held by", "ucaas-sync approve"});
  CHECK(absent() == "0\n");
}

TEST_CASE("a rule for another kind adopts whom the account has already, and creates nobody before it was listed") {
  Cli cli;
  Service service(cli);
  const std::string config = CompanyConfig({}, service.Target());
  cli.Write("config.yaml", config);
  cli.Write("people.csv", CompanyCsv(5));
  Expect(cli.Run({"sync"}), 0);
  std::filesystem::remove_all(cli.folder() / "state");
  cli.Write("config.yaml", config.substr(0, config.find("groups:\n")));
  Expect(cli.Run({"sync"}), 0);
  cli.Write("config.yaml", config);
  const std::uint64_t writes = service.counters().writes;
  service.Fault("GET contacts: 500");
  Expect(cli.Run({"sync"}), 0, {"whether they are there already is not known", "nothing to do"});
  Expect(cli.Run({"plan"}), 0, {"5 contacts not created yet", "5 groups not created yet"});
  CHECK(service.counters().writes == writes);
  // Whoever left does not wait for it.
  auto people = CompanyPeople(5);
  people[0].status = "terminated";
  cli.Write("people.csv", CsvOf(people));
  Expect(cli.Run({"sync"}), 0, {"1 operation done"});
  cli.Write("people.csv", CompanyCsv(5));
  Expect(cli.Run({"sync"}), 0, {"1 operation done"});
  // Keys that are refused end a run that has nothing to write, which takes note of its sources all the same.
  service.Fault("GET contacts: 403");
  people.erase(people.begin());
  people[0].status = "active";
  cli.Write("people.csv", CsvOf(people));
  Expect(cli.Run({"sync"}), 6, {"refused"});
  CHECK(AccountAt(cli.folder() / "state/state.db", "SELECT count(*) FROM absence") == "1\n");
  cli.Write("people.csv", CompanyCsv(5));
  Expect(cli.Run({"sync"}), 6, {"refused"});
  CHECK(AccountAt(cli.folder() / "state/state.db", "SELECT count(*) FROM absence") == "0\n");
  service.SlowDown(std::chrono::milliseconds(0));
  Expect(cli.Run({"plan"}), 0, {"contacts         0        5"});
  Expect(cli.Run({"sync"}), 0, {"a rule for another kind is new"});
  CHECK(cli.Count("contact") == 5);
  CHECK(AccountAt(cli.folder() / "state/state.db",
                  "SELECT kind, count(*) FROM entity WHERE ownership = 1 GROUP BY 1 ORDER BY 1") == "0|5\n1|5\n2|5\n");
  // Somebody more is none of a new kind.
  const std::uint64_t lists = service.counters().by_route.at("GET contacts");
  cli.Write("people.csv", CompanyCsv(6));
  Expect(cli.Run({"sync"}), 0, {"converged"});
  CHECK(service.counters().by_route.at("GET contacts") == lists);
}

TEST_CASE("drift: report leaves the account as it is and says so in plan and sync") {
  Company company(kPeople, "drift: report\n");
  BreakFour(company);
  const std::string before = company.Everything();
  Refreshed(company);
  Expect(company.Run({"sync"}), 0,
         {"nothing to do", "left so (drift: report): 3 users", "E1 (designation is \"Boss\""});
  Expect(company.Run({"plan"}), 0, {"left so (drift: report): 3 users", "Nothing to do now"});
  Expect(company.Run({"explain", "E1"}), 0,
         {"and left so (drift:", "designation is \"Boss\", was \"Engineer", ", changed there by somebody else",
          "designation differs: the account has \"Boss\", changed there by", "(it was \"Engineer, grade 1\")"});
  Expect(company.Run({"explain", "E1", "--format", "json"}), 0,
         {R"("stored":"Engineer, grade 1","found":"Boss","desired":"Engineer, grade 1","verdict":"different")",
          R"("drift":{"missing":false,"groups":null})"});
  Expect(company.Run({"explain", "E3"}), 0,
         {"until somebody removed it there", "the last look at the account did not find it there any more"});
  Expect(company.Run({"explain", "E4"}), 0, {"groups: the account has none, changed there by somebody else (it"});
  CHECK(company.Everything() == before);
  // A change of something else forgets nothing of it.
  auto people = CompanyPeople(kPeople);
  people[0].last_name = "Married";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0, {"2 operations done"});
  Expect(company.Run({"explain", "E1"}), 0, {"designation differs: the account has \"Boss\", changed there by"});
}

TEST_CASE("an attribute that the target keeps rewriting is put back twice, then left alone with a warning") {
  Company company(kPeople);
  const std::string rewrite = "UPDATE users SET designation = 'ENGINEER' WHERE email = 'person1@example.com'";
  for (int round = 0; round < 2; ++round) {
    InAccount(company, rewrite);
    Refreshed(company);
    Expect(company.Run({"sync"}), 0, {"1 operation done"});
  }
  InAccount(company, rewrite);
  Refreshed(company);
  Expect(company.Run({"sync"}), 0, {"nothing to do", "the target keeps writing designation of 1 user anew", "E1"});
  Expect(company.Run({"plan"}), 0, {"the target keeps writing designation of 1 user anew"});
  Expect(company.Run({"explain", "E1"}), 0,
         {"the target keeps writing designation anew", "left alone until the source",
          "designation differs: the account has \"ENGINEER\", changed there"});

  auto people = CompanyPeople(kPeople);
  people[0].title = "Director";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0, {"2 operations done"});
  CHECK(company.Account("SELECT designation FROM users WHERE email = 'person1@example.com'") == "Director\n");
}

TEST_CASE(
    "a target that rewrites an attribute of everybody is held by the rewrite guard until a person agrees, then left "
    "alone") {
  Company company(kPeople);
  const std::string rewrite = "UPDATE users SET designation = upper(designation)";
  const std::string account = "SELECT designation FROM users ORDER BY id";
  InAccount(company, rewrite);
  const std::string rewritten = company.Account(account);
  LetADayPass(company);
  Expect(company.Run({"sync"}), 0);
  Expect(company.Run({"sync"}), 3, {"rewrite", "designation"});
  CHECK(company.Account(account) == rewritten);
  Expect(company.Run({"approve", "last"}), 0);
  Expect(company.Run({"sync"}), 0, {"15 operations done"});
  CHECK(company.Account(account) != rewritten);

  InAccount(company, rewrite);
  Refreshed(company);
  Expect(company.Run({"sync"}), 0, {"15 operations done"});

  InAccount(company, rewrite);
  Refreshed(company);
  Expect(company.Run({"sync"}), 0, {"nothing to do", "the target keeps writing designation of 15 users anew"});
  CHECK(company.Account(account) == rewritten);
}

TEST_CASE("somebody made by hand whom a create meets is adopted as they are, and the next run is due at once") {
  Company company(kPeople);
  InAccount(company,
            "INSERT INTO users SELECT 999999, owner, 'person16@example.com', created_at, updated_at, user_type, "
            "'Wrong', middle_name, last_name, 'person16@example.com', department, designation, status, salt, password "
            "FROM users LIMIT 1");
  company.WritePeople(CompanyPeople(kPeople + 1));
  const std::string is_due = "SELECT count(*) FROM meta WHERE due_at <= 1000 * (1 + unixepoch())";
  const auto state = [&] { return AccountAt(company.Path("state/state.db"), is_due); };
  CHECK(state() == "0\n");
  Expect(company.Run({"sync"}), 0);
  CHECK(company.Count("user") == kPeople + 1);
  CHECK(state() == "1\n");
  Expect(company.Run({"sync"}), 0, {"1 operation done"});
  CHECK(company.Account("SELECT count(*) FROM users WHERE first_name = 'Wrong'") == "0\n");
  CHECK(state() == "0\n");
}

TEST_CASE("who is there already is matched by each plan until one has been through, however often one is held") {
  Company company(8);
  std::filesystem::remove_all(company.Path("state"));
  Expect(company.Run({"sync", "--only", "E1"}), 0);
  auto people = CompanyPeople(8);
  for (Person& person : people) person.department = "Board";
  company.WritePeople(people);
  const std::string before = company.Everything();
  for (int i = 0; i < 2; ++i) {
    Expect(company.Run({"sync"}), 3, {"user.update"});
    CHECK(company.Everything() == before);
    Expect(company.Run({"plan"}), 3, {"in the account already"});
  }
}

TEST_CASE("somebody who is nobody of ours is never touched by a refresh") {
  Company company(kPeople);
  InAccount(
      company,
      "INSERT INTO users SELECT 999999, owner, 'foreign@example.com', created_at, updated_at, user_type, "
      "first_name, middle_name, last_name, 'foreign@example.com', department, designation, status, salt, password "
      "FROM users LIMIT 1");
  const std::string before = company.Everything();
  Refreshed(company);
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  CHECK(company.Everything() == before);
}

TEST_CASE("a list that cannot be believed proves nobody gone, whatever is wrong with it") {
  for (const char* rule : {"GET users: 404 #2-", "GET groups: 404", "GET contacts: 404 #2-"}) {
    CAPTURE(rule);
    Cli cli;
    Service service(cli);
    cli.Write("config.yaml", CompanyConfig({}, Replaced(service.Target(), "  rate:", "  page_length: 10\n  rate:")));
    cli.Write("people.csv", CompanyCsv(kPeople));
    Expect(cli.Run({"sync"}), 0);
    InAccount(cli, "UPDATE users SET designation = 'Boss' WHERE email = 'person1@example.com'");
    Fault(service, rule);
    Expect(Refreshed(cli), 0, {"lists cannot be believed"});
    Expect(cli.Run({"plan", "--refresh"}), 0, {"nobody is known to be gone", "1 change to make"});
    Expect(cli.Run({"sync"}), 0, {"1 operation done"});
    CHECK(cli.Count("user") == kPeople);
  }
}

TEST_CASE("a refresh that is killed in the middle goes on where it was") {
  Cli cli;
  Service service(cli);
  cli.Write("config.yaml", CompanyConfig({}, Replaced(service.Target(), "  rate:", "  page_length: 1\n  rate:")));
  cli.Write("people.csv", CompanyCsv(kPeople));
  Expect(cli.Run({"sync"}), 0);
  InAccount(cli, "DELETE FROM users WHERE email = 'person3@example.com'");
  LetADayPass(cli);
  const std::uint64_t before = service.counters().requests;
  service.SlowDown(std::chrono::milliseconds(20));
  Child sync = cli.Start({"sync"});
  while (service.counters().requests < before + 20) std::this_thread::yield();
  sync.Signal(SIGKILL);
  sync.Wait();
  service.SlowDown(std::chrono::milliseconds(0));
  Expect(cli.Run({"sync"}), 0, {"1 is gone"});
  // 14 + 6 + 15 pages and three empty ones, and the two questions after who is gone; at most a commit's worth twice.
  CHECK(service.counters().requests - before <= 40 + 9);
  Expect(cli.Run({"sync"}), 0, {"1 operation done"});
  CHECK(cli.Count("user") == kPeople);
}

TEST_CASE("status lists what is left alone because the target keeps rewriting it, and what ends that") {
  Company company(kPeople);
  const std::string rewrite = "UPDATE users SET designation = 'ENGINEER' WHERE email = 'person1@example.com'";
  for (int round = 0; round < 2; ++round) {
    InAccount(company, rewrite);
    Refreshed(company);
    CHECK_FALSE(company.Run({"status"}).Says("Left alone"));
    Expect(company.Run({"sync"}), 0, {"1 operation done"});
  }
  InAccount(company, rewrite);
  Refreshed(company);
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  Expect(company.Run({"status"}), 0,
         {"Left alone, because the target keeps rewriting it: 1",
          "user E1: designation is \"ENGINEER\" there, wanted \"Engineer, grade 1\", since 20",
          "It ends when the source says another value"});
  Expect(
      company.Run({"status", "--format", "json"}), 0,
      {"\"left_alone\":[{\"kind\":\"user\",\"key\":\"E1\",\"attribute\":\"designation\",\"wanted\":\"Engineer, grade "
       "1\",\"shown\":\"ENGINEER\",\"since\":\"20"});

  InAccount(company, "UPDATE users SET designation = 'Engineer, grade 1' WHERE email = 'person1@example.com'");
  Refreshed(company);
  CHECK_FALSE(company.Run({"status"}).Says("Left alone"));
}

}  // namespace ucaas_sync::testing
