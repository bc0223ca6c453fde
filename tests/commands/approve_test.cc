// What a guard holds waits for a person: approve, by run or by file, for 24 hours, and not more than was held.
#include <SQLiteCpp/Database.h>
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/commands/company.h"

namespace ucaas_sync::testing {
namespace {

std::vector<Person> WithLeavers(std::uint64_t people, std::uint64_t leavers) {
  auto all = CompanyPeople(people);
  for (std::uint64_t i = 0; i < leavers; ++i) all[i].status = "terminated";
  return all;
}

Person Joiner(int number) {
  const std::string id = "N" + std::to_string(number);
  return {.id = id,
          .first_name = "New",
          .last_name = "Joiner" + std::to_string(number),
          .email = "joiner" + std::to_string(number) + "@example.com",
          .department = "Sales",
          .title = "Analyst"};
}

/// The last run by its id, as status gives it.
std::string LastRun(Cli& cli) {
  const std::string json = cli.Run({"status", "--format", "json"}).out;
  const std::size_t at = json.find("\"id\":\"") + 6;
  return json.substr(at, json.find('"', at) - at);
}

/// Time goes on for what was approved.
void Pass(const Cli& cli, const std::string& duration_ms) {
  SQLite::Database((cli.folder() / "state/state.db").string(), SQLite::OPEN_READWRITE)
      .exec("UPDATE approval SET at = at - " + duration_ms + ", until = until - " + duration_ms +
            "; UPDATE held_now SET since = since - " + duration_ms);
}

std::string Suspended(const Cli& cli) {
  return cli.Account("SELECT count(*) FROM users WHERE status = 'S'");
}

}  // namespace

TEST_CASE("a held run is approved by its id, joiners come meanwhile, and the approval still serves") {
  Company company(15);
  company.SetEnvironment("SUDO_USER", "ada");
  auto people = WithLeavers(15, 4);
  company.WritePeople(people);
  company.ExpectNoWrite(3, {"HELD by user.suspend: 4, limit 3", "If what is held is right: ucaas-sync approve 2"});
  const std::string run = LastRun(company);
  Expect(company.Run({"status"}), 0,
         {"Waiting for a person, since", "user.suspend: 4, limit 3: suspend 4 users", "ucaas-sync approve " + run});
  Expect(company.Run({"status", "--format", "json"}), 0,
         {"\"held\":{\"run\":\"" + run + "\",\"since\":\"",
          R"("guards":[{"name":"user.suspend","subject":"","limit":3,"actual":4},)",
          "\"approve\":\"ucaas-sync approve " + run + "\"}"});

  for (int i = 1; i <= 3; ++i) people.push_back(Joiner(i));
  company.WritePeople(people);
  Expect(company.Run({"approve", run, "--reason", "Leeds closes"}), 0,
         {"Approved: " + run + ", by ada until 2", "user.suspend: 4, limit 3: suspend 4 users",
          "contact.delete: 4, limit 3: delete 4 contacts", "E1 Bj\xC3\xB6rn Person1 <person1@example.com>"});
  Expect(company.Run({"status"}), 0,
         {"Approved, waiting for the next run", "Approved by ada until 2", "Z: Leeds closes."});
  Expect(company.Run({"plan"}), 0, {"Approved: user.suspend: 4, limit 3; by ada until 2"});
  Expect(company.Run({"plan", "--format", "html"}), 0, {"Approved: user.suspend: 4, limit 3; by ada until 2"});
  Expect(company.Run({"sync"}), 0, {"converged"});
  CHECK(Suspended(company) == "4\n");
  CHECK(company.Count("user") == 18);
  Expect(company.Run({"status", "--format", "json"}), 0, {"\"held\":null"});
  // Who agreed, and why, is still told when it is done.
  const std::string done = LastRun(company);
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"status"}, {"runs"}, {"runs", "--format", "json"}, {"explain", "E1", "--run", done}}) {
    Expect(company.Run(words), 0, {"approved by ada until 2"});
  }
  Expect(company.Run({"explain", "E1", "--run", done}), 0, {"Z: user.suspend: 4, limit 3; ", "; reason: Leeds closes"});

  // Approved removals count in no sum: the ordinary limit is as wide as before.
  for (std::uint64_t i = 4; i < 7; ++i) people[i].status = "terminated";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0, {"converged"});
  CHECK(Suspended(company) == "7\n");
}

TEST_CASE("a leaver beyond the approved ones is held again, and named") {
  Company company(15);
  company.WritePeople(WithLeavers(15, 4));
  Expect(company.Run({"sync"}), 3);
  Expect(company.Run({"approve", "last"}), 0, {"suspend 4 users"});
  company.WritePeople(WithLeavers(15, 5));
  company.ExpectNoWrite(3,
                        {"HELD by user.suspend: 5, limit 3", "(not approved)", "E5 Ada Person5 <person5@example.com>"});
  company.WritePeople(WithLeavers(15, 4));
  Expect(company.Run({"sync"}), 0, {"converged"});
}

TEST_CASE("an approval ends after 24 hours") {
  Company company(15);
  company.WritePeople(WithLeavers(15, 4));
  Expect(company.Run({"sync"}), 3);
  Expect(company.Run({"approve", "last"}), 0);
  Pass(company, "23 * 3600000");
  Expect(company.Run({"plan"}), 0, {"Approved: "});
  Pass(company, "3600000");
  company.ExpectNoWrite(3, {"HELD by user.suspend"});
  Expect(company.Run({"status"}), 0, {"Waiting for a person", "It was approved by ", "that time is over: approve it"});
  Expect(company.Run({"approve", "last"}), 0, {"The next run does it: ucaas-sync sync"});
  Expect(company.Run({"sync"}), 0, {"converged"});
}

TEST_CASE("an approval says what becomes of it, also when nothing is left to be done") {
  Company company(15);
  company.WritePeople(WithLeavers(15, 4));
  Expect(company.Run({"sync"}), 3);
  const std::string run = LastRun(company);
  company.WritePeople(WithLeavers(15, 5));
  Expect(company.Run({"sync"}), 3);
  Expect(company.Run({"approve", run}), 0, {"It does not cover all that is held now"});
  // Another word for the same plan is as good as one for the run that status names.
  Expect(company.Run({"approve", "last"}), 0, {"The next run does it"});
  Expect(company.Run({"sync"}), 0, {"converged"});
  CHECK(Suspended(company) == "5\n");
  Expect(company.Run({"approve", run}), 0, {"Nothing is held now: it serves if the same"});
}

TEST_CASE("one person's run that is held leaves standing what waits for everybody") {
  Company company(15);
  company.WritePeople(WithLeavers(15, 5));
  Expect(company.Run({"sync"}), 3);
  const std::string everybody = LastRun(company);
  for (int i = 1; i <= 3; ++i) Expect(company.Run({"sync", "--only", "E" + std::to_string(i)}), 0, {"converged"});
  Expect(company.Run({"sync", "--only", "E4"}), 3,
         {"This plan suspends 1 user, after 3 in the last 24 hours", "user.suspend: 4, limit 3"});
  const std::string one = LastRun(company);
  Expect(company.Run({"status"}), 0, {"suspend 5 users", "ucaas-sync approve " + everybody});
  Expect(company.Run({"approve", one}), 0, {"suspend 1 user, after 3 in 24 hours", "It does not cover all"});
  Expect(company.Run({"sync", "--only", "E4"}), 0, {"converged"});
  Expect(company.Run({"sync"}), 3, {"1 user, after 3 in the last 24 hours"});
  Expect(company.Run({"approve", everybody}), 0, {"The next run does it"});
  Expect(company.Run({"sync"}), 0, {"converged"});
  CHECK(Suspended(company) == "5\n");
}

TEST_CASE("a held plan file is approved, then applied, without approval it is not") {
  Company company(15);
  company.WritePeople(WithLeavers(15, 4));
  Expect(company.Run({"plan", "--out", "monday.plan"}), 3,
         {"If what is held is right: ucaas-sync approve monday.plan"});
  const std::string before = company.Everything();
  Expect(company.Run({"apply", "monday.plan"}), 3, {"user.suspend", "nothing was written", "approve monday.plan"});
  CHECK(company.Everything() == before);
  Expect(company.Run({"approve", "monday.plan"}), 0,
         {"plan file monday.plan", "suspend 4 users", "This does it: ucaas-sync apply monday.plan"});
  Pass(company, "24 * 3600000");
  Expect(company.Run({"apply", "monday.plan"}), 3, {"the approval by ", " ended at 2", "nothing was written"});
  CHECK(company.Everything() == before);
  Expect(company.Run({"approve", "monday.plan"}), 0);
  Expect(company.Run({"apply", "monday.plan"}), 0, {"converged"});
  CHECK(Suspended(company) == "4\n");
  Expect(company.Run({"apply", "monday.plan"}), 9, {"applied before"});
  Expect(company.Run({"approve", "monday.plan"}), 9, {"applied before"});
  Expect(company.Run({"runs"}), 0, {"approved by"});
}

TEST_CASE("a plan file that is held by what was done since it was made is approved for that, and then applied") {
  Company company(15);
  company.WritePeople(WithLeavers(15, 2));
  Expect(company.Run({"plan", "--out", "monday.plan"}), 0);
  auto others = CompanyPeople(15);
  others[2].status = others[3].status = "terminated";
  company.WritePeople(others);
  Expect(company.Run({"sync"}), 0);
  Expect(company.Run({"apply", "monday.plan"}), 3, {"user.suspend", "approve monday.plan"});
  Expect(company.Run({"approve", "monday.plan"}), 0,
         {"suspend 2 users, after 2 in 24 hours", "This does it: ucaas-sync apply monday.plan"});
  Expect(company.Run({"apply", "monday.plan"}), 0, {"converged"});
  CHECK(Suspended(company) == "4\n");
}

TEST_CASE("what was held waits no more once an approved plan file has done it") {
  Company company(15);
  company.WritePeople(WithLeavers(15, 4));
  Expect(company.Run({"sync"}), 3);
  Expect(company.Run({"plan", "--out", "monday.plan"}), 3);
  Expect(company.Run({"approve", "monday.plan"}), 0);
  Expect(company.Run({"status"}), 0, {"Approved, waiting for the next run"});
  Expect(company.Run({"apply", "monday.plan"}), 0, {"converged"});
  CHECK(Suspended(company) == "4\n");
  const Output status = company.Run({"status"});
  CHECK_FALSE(status.Says("waiting for the next run"));
  CHECK_FALSE(status.Says("nothing is written"));
  Expect(company.Run({"status", "--format", "json"}), 0, {"\"held\":null"});
  Expect(company.Run({"approve", "last"}), 64, {"nothing is held"});
}

TEST_CASE("what is held waits on after a plan file that does something else, and is judged anew at once") {
  Company company(15);
  auto people = CompanyPeople(15);
  people[9].title = "Director";
  company.WritePeople(people);
  Expect(company.Run({"plan", "--out", "monday.plan"}), 0);
  company.WritePeople(WithLeavers(15, 4));
  Expect(company.Run({"sync"}), 3);
  Expect(company.Run({"apply", "monday.plan"}), 0, {"converged"});
  Expect(company.Run({"status"}), 0, {"Waiting for a person", "user.suspend: 4", "Next run: due now"});
  CHECK(Suspended(company) == "0\n");
}

TEST_CASE("a held revert that was approved and done waits no more") {
  Company company(15);
  auto people = CompanyPeople(15);
  for (int i = 1; i <= 4; ++i) people.push_back(Joiner(i));
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0);
  const std::string run = LastRun(company);
  Expect(company.Run({"revert", run, "--yes"}), 3, {"user.suspend: 4"});
  Expect(company.Run({"approve", "last"}), 0);
  Expect(company.Run({"revert", run, "--yes"}), 0);
  Expect(company.Run({"status", "--format", "json"}), 0, {"\"held\":null"});
}

TEST_CASE("an approval of a plan file also lets the next sync pass") {
  Company company(15);
  company.WritePeople(WithLeavers(15, 4));
  Expect(company.Run({"plan", "--out", "monday.plan"}), 3);
  Expect(company.Run({"approve", "monday.plan"}), 0);
  Expect(company.Run({"sync"}), 0, {"converged"});
}

TEST_CASE("approve says what it cannot approve, and why") {
  Company company(15);
  Expect(company.Run({"approve", "last"}), 64, {"nothing is held"});
  Expect(company.Run({"approve", "nonsense"}), 64, {"neither a run nor a file nonsense"});
  Expect(company.Run({"approve", LastRun(company)}), 64, {"no guard held run"});
  Expect(company.Run({"approve"}), 64, {"RUN is required"});
  company.WritePeople(WithLeavers(15, 1));
  Expect(company.Run({"plan", "--out", "good.plan"}), 0);
  Expect(company.Run({"approve", "good.plan"}), 64, {"no guard holds this plan"});
  company.Write("config.yaml", Replaced(CompanyConfig(), "default:Staff", "default:Crew"));
  Expect(company.Run({"approve", "good.plan"}), 9, {"another configuration"});
}

TEST_CASE("a source that cannot be used is never approvable") {
  Company company(15);
  const std::string heading = "employee_id,first_name,last_name,email,department,title,status\r\n";
  const std::string good = CompanyCsv(15);
  std::string no_department = heading;
  for (const Person& person : CompanyPeople(15)) {
    no_department +=
        person.id + ',' + person.first_name + ',' + person.last_name + ',' + person.email + ",,x,active\r\n";
  }
  auto keyless = CompanyPeople(15);
  for (Person& person : keyless) person.id = " ";
  const std::vector<std::string> hopeless{heading, "", Replaced(good, "employee_id", "number"), no_department,
                                          CsvOf(keyless)};
  for (const std::string& content : hopeless) {
    CAPTURE(content);
    const std::string before = company.Everything();
    company.Write("people.csv", content);
    Expect(company.Run({"sync"}), 5);
    Expect(company.Run({"approve", LastRun(company)}), 64, {"nobody can approve that"});
    Expect(company.Run({"approve", "last"}), 64, {"nothing is held"});
    Expect(company.Run({"sync"}), 5);
    CHECK(company.Everything() == before);
  }
}

TEST_CASE("group removals that wait are approved by their run") {
  Company company(30, "guards: { group: { delete: { percent: 1%, at_least: 1 } } }\n");
  auto people = CompanyPeople(30);
  for (Person& person : people) {
    if (person.department == "Legal" || person.department == "Board") person.department = "Sales";
  }
  company.Write("config.yaml",
                Replaced(CompanyConfig("guards: { user: { update: 100% }, contact: { update: 100% }, rewrite: 100%, "
                                       "members_lost: 100%, group: { delete: { percent: 1%, at_least: 1 } } }\n"),
                         "groups:\n  from: hr\n", "groups:\n  from: hr\n  absent_after: 0s\n"));
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0, {"group removals wait", "ucaas-sync approve 2"});
  CHECK(company.Count("group") == 6);
  Expect(company.Run({"status"}), 0, {"group removals wait, the rest goes on", "group.delete: 2, limit 1"});
  Expect(company.Run({"plan"}), 0,
         {"group.delete: 2, limit 1", "Nothing to do now; what is left as it is stands above."});
  Expect(company.Run({"approve", "last"}), 0, {"delete 2 groups"});
  Expect(company.Run({"sync"}), 0, {"converged"});
  CHECK(company.Count("group") == 4);
}

TEST_CASE("group removals that wait stand in the plan file, and are approved by it") {
  Company company(30);
  auto people = CompanyPeople(30);
  for (Person& person : people) {
    if (person.department == "Legal" || person.department == "Board") person.department = "Sales";
  }
  company.Write("config.yaml",
                Replaced(CompanyConfig("guards: { user: { update: 100% }, contact: { update: 100% }, rewrite: 100%, "
                                       "members_lost: 100%, group: { delete: { percent: 1%, at_least: 1 } } }\n"),
                         "groups:\n  from: hr\n", "groups:\n  from: hr\n  absent_after: 0s\n"));
  company.WritePeople(people);
  Expect(company.Run({"plan", "--out", "monday.plan"}), 0, {"group.delete: 2, limit 1"});
  const std::string plan = company.Read("monday.plan");
  CHECK(plan.find("\"waiting\":[") != std::string::npos);
  Expect(company.Run({"approve", "monday.plan"}), 0,
         {"plan file monday.plan", "delete 2 groups", "The next run does it: ucaas-sync sync"});
  Expect(company.Run({"apply", "monday.plan"}), 0, {"converged"});
  CHECK(company.Count("group") == 6);
  Expect(company.Run({"sync"}), 0, {"converged"});
  CHECK(company.Count("group") == 4);
}

TEST_CASE("a column that lost its values passes when that was approved, and a worse one is held again") {
  Company company(30);
  const auto without_titles = [&](std::size_t count) {
    auto people = CompanyPeople(30);
    for (std::size_t i = 0; i < count; ++i) people[i].title.clear();
    company.WritePeople(people);
  };
  without_titles(9);
  company.ExpectNoWrite(3, {"HELD by fill_drop (hr title): 9, limit 6"});
  Expect(company.Run({"approve", "last"}), 0, {"fill_drop (hr title): 9, limit 6"});
  without_titles(10);
  company.ExpectNoWrite(3, {"HELD by fill_drop (hr title): 10, limit 6", "it is more now"});
  without_titles(8);
  Expect(company.Run({"plan"}), 0, {"Approved: fill_drop (hr title): 8, limit 6"});
  Expect(company.Run({"sync"}), 0, {"converged"});
}

TEST_CASE("keys that are not distinct pass when that was approved, and more of them are held again") {
  Company company(30);
  const auto with_repeats = [&](std::size_t count) {
    auto people = CompanyPeople(30);
    for (std::size_t i = 10; i < 10 + count; ++i) people[i].id = people[i - 8].id;
    company.WritePeople(people);
  };
  with_repeats(5);
  company.ExpectNoWrite(3, {"HELD by distinct_keys (hr): 5, limit 3"});
  Expect(company.Run({"approve", "last"}), 0, {"distinct_keys (hr): 5, limit 3"});
  with_repeats(6);
  company.ExpectNoWrite(3, {"HELD by distinct_keys (hr): 6, limit 3", "it is more now"});
  with_repeats(5);
  // The repeated ones are set aside; nobody is removed for it.
  Expect(company.Run({"sync"}), 4, {"new in quarantine"});
  CHECK(Suspended(company) == "0\n");
}

}  // namespace ucaas_sync::testing
