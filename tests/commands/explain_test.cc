// explain and runs: why somebody is as they are, or is not there; now and in a past run.
#include <doctest/doctest.h>

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "tests/commands/company.h"
#include "tests/support/service.h"

namespace ucaas_sync::testing {
namespace {

/// The id of the newest run.
std::string NewestRun(Cli& cli) {
  const Output output = cli.Run({"runs", "--limit", "1", "--format", "json"});
  const std::size_t begin = output.out.find("\"id\":\"");
  if (output.code != 0 || begin == std::string::npos) return {};
  return output.out.substr(begin + 6, output.out.find('"', begin + 6) - begin - 6);
}

/// `explain WHO` says these sentences, wherever its lines break.
void ExpectSaid(Cli& cli, const std::string& who, const std::vector<std::string>& sentences) {
  const Output output = cli.Run({"explain", who});
  CHECK(output.code == 0);
  std::string text;
  for (const char c : output.out) {
    const bool is_blank = c == ' ' || c == '\n';
    if (!is_blank || !text.ends_with(' ')) text += is_blank ? ' ' : c;
  }
  CAPTURE(text);
  for (const std::string& sentence : sentences) {
    CAPTURE(sentence);
    CHECK(text.find(sentence) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("explain: who was created shows the record, the fields, the request and its reply, by key and by e-mail") {
  Company company(5);
  for (const char* who : {"E1", "PERSON1@example.com"}) {
    Expect(company.Run({"explain", who}), 0,
           {"user E1", "hr line 2", "users from hr", "email = \"person1@example.com\"", "from {email|lower}",
            "create user E1: done", "joined: not in the account before", "HTTP 200, result 1",
            "nothing to do: the account has what the record wants"});
  }
  CHECK_FALSE(company.Run({"explain", "E1"}).Says("E2"));
}

TEST_CASE("explain: an e-mail of the past leads to whom it belonged to") {
  Company company(15);
  const std::string first = NewestRun(company);
  auto people = CompanyPeople(15);
  people[3].email = "byron@example.com";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0);
  Expect(company.Run({"explain", "Person4@example.com"}), 0,
         {"Person4@example.com was the e-mail of E4 in the past", "email: person4@example.com -> byron@example.com"});
  Expect(company.Run({"explain", "person4@example.com", "--run", first}), 0, {"create user E4: done"});
  Expect(company.Run({"explain", "person4@example.com", "--format", "json"}), 0, {R"("once_had_who":["E4"])"});
  // Somebody else has it by now: a past run may mean either.
  people[4].email = "person4@example.com";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0);
  CHECK_FALSE(company.Run({"explain", "person4@example.com"}).Says("E4"));
  Expect(company.Run({"explain", "person4@example.com", "--run", first}), 0,
         {"create user E4: done", "create user E5: done"});
}

TEST_CASE("explain: without a state nobody claims to know who is in the account") {
  Company company(5);
  std::filesystem::remove_all(company.folder() / "state");
  Expect(company.Run({"explain", "E1"}), 0,
         {"create on the next run", "adopt, if the account has it already", "explain does not ask it"});
}

TEST_CASE("explain: an update shows both sides before and after it was made") {
  Company company(15);
  auto people = CompanyPeople(15);
  people[3].last_name = "Byron";
  company.WritePeople(people);
  Expect(company.Run({"explain", "E4"}), 0,
         {"last_name differs: the account has \"Person4\", the record wants", "\"Byron\"",
          "update on the next run: last_name changed", "last_name: Person4 -> Byron", "user.update: 1, limit"});
  Expect(company.Run({"sync"}), 0);
  Expect(company.Run({"explain", "E4"}), 0, {"update user E4: done", "last_name: Person4 -> Byron", "nothing to do"});
}

TEST_CASE("explain: who is absent shows since when, and when it acts, the run that noticed it says so") {
  Company company(15);
  auto people = CompanyPeople(15);
  people.pop_back();
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0);
  Expect(company.Run({"explain", "E15"}), 0,
         {"hr: not among 14 records", "not there since", "not before", "user E15 absent: in no record of hr"});
  const std::string noticed = NewestRun(company);
  Expect(company.Run({"sync"}), 0);
  const std::string later = NewestRun(company);
  CHECK(later != noticed);
  Expect(company.Run({"explain", "E15", "--run", noticed}), 0, {"user E15 absent: in no record of hr"});
  Expect(company.Run({"explain", "E15", "--run", later}), 0,
         {"nothing changed in that run", "The last word before it", noticed, "user E15 absent", "contact E15 absent"});
  company.WritePeople(CompanyPeople(15));
  Expect(company.Run({"sync"}), 0);
  Expect(company.Run({"explain", "E15"}), 0, {"user E15 back: in the source again", "nothing to do"});
}

TEST_CASE("explain: who left shows the clause of left, and the suspend that came of it") {
  Company company(15);
  auto people = CompanyPeople(15);
  people[2].status = "terminated";
  company.WritePeople(people);
  Expect(company.Run({"explain", "E3"}), 0,
         {"left: yes, (status=terminated): status is \"terminated\"", "suspend on the next run: left"});
  Expect(company.Run({"sync"}), 0);
  Expect(company.Run({"explain", "E3"}), 0, {"suspended at the target", "suspend user E3: done", "status: A -> S"});
}

TEST_CASE("explain: who is filtered out is told the clause that decided, and so is the journal") {
  Company company(15);
  company.Write("config.yaml", Replaced(CompanyConfig(), "users:\n  from: hr\n",
                                        "users:\n  from: hr\n  filter: \"(&(employee_id=*)(!(department=Legal)))\"\n"));
  Expect(company.Run({"explain", "E4"}), 0,
         {"filter: no, decided by (!(department=Legal)): department is \"Legal\"", "kept out by the filter"});
  auto people = CompanyPeople(15);
  people.push_back({.id = "N1",
                    .first_name = "New",
                    .last_name = "Joiner",
                    .email = "new@example.com",
                    .department = "Legal",
                    .title = "Clerk"});
  company.WritePeople(people);
  Expect(company.Run({"explain", "new@example.com"}), 0,
         {"user N1", "decided by (!(department=Legal))", "so it is not created"});
  company.Run({"sync"});
  Expect(company.Run({"explain", "E4", "--run", NewestRun(company)}), 0,
         {"user E4 filtered out: does not match the filter of users from hr"});
}

TEST_CASE("explain: who is quarantined by the source shows the trouble and its line") {
  Company company(15);
  auto people = CompanyPeople(15);
  people[4].email = "nobody";
  company.WritePeople(people);
  Expect(company.Run({"explain", "E5"}), 0,
         {"in quarantine, neither changed nor removed until it is mended", "\"nobody\"", "hr line 6"});
  Expect(company.Run({"sync"}), 4);
  Expect(company.Run({"explain", "E5", "--run", NewestRun(company)}), 0, {"user E5 quarantined: e-mail \"nobody\""});
  company.WritePeople(CompanyPeople(15));
  Expect(company.Run({"sync"}), 0);
  Expect(company.Run({"explain", "E5"}), 0, {"user E5 released: was: e-mail"});
}

TEST_CASE("explain: who the target refuses shows its reply, and when it is tried again") {
  Cli cli;
  Service service(cli);
  cli.Write("config.yaml", CompanyConfig({}, service.Target()));
  cli.Write("people.csv", CompanyCsv(15));
  Expect(cli.Run({"sync"}), 0);
  auto people = CompanyPeople(15);
  people[0].title = "Refused";
  cli.Write("people.csv", CsvOf(people));
  sandbox::Faults faults;
  faults.rules = {std::get<sandbox::FaultRule>(sandbox::ParseFault("PATCH users/{id}: 400"))};
  service.sandbox().SetFaults(faults);
  Expect(cli.Run({"sync"}), 4);
  Expect(cli.Run({"explain", "E1"}), 0, {"update user E1: failed", "HTTP 400", "in quarantine", "designation: "});
}

TEST_CASE("explain: every request of an operation that took several is told") {
  Cli cli;
  Service service(cli);
  cli.Write("config.yaml", CompanyConfig({}, service.Target()));
  cli.Write("people.csv", CompanyCsv(15));
  Expect(cli.Run({"sync"}), 0);
  auto people = CompanyPeople(15);
  people[0].title = "Emperor";
  cli.Write("people.csv", CsvOf(people));
  sandbox::Faults faults;
  faults.rules = {std::get<sandbox::FaultRule>(sandbox::ParseFault("PATCH users/{id}: 503 #1"))};
  service.sandbox().SetFaults(faults);
  Expect(cli.Run({"sync"}), 0);
  Expect(cli.Run({"explain", "E1"}), 0, {"update user E1: done", "update: retry, HTTP 503", "update: ok, HTTP 200"});
  Expect(cli.Run({"explain", "E1", "--format", "json"}), 0, {"\"attempts\":2", "\"http_status\":503"});
}

TEST_CASE("explain: who is held says by what and until when") {
  Company company(15);
  Expect(company.Run({"hold", "E2", "--reason", "on parental leave"}), 0);
  auto people = CompanyPeople(15);
  people[1].title = "Changed";
  company.WritePeople(people);
  Expect(company.Run({"explain", "E2"}), 0, {"a person holds it as it is: on parental leave", "designation differs"});
  Expect(company.Run({"sync"}), 0);
  Expect(company.Run({"explain", "E2", "--run", NewestRun(company)}), 0, {"user E2 held", "on parental leave"});
}

TEST_CASE("explain --run: who a guard held in that run, and who only waited for the whole plan, is told") {
  Company company(15);
  auto people = CompanyPeople(15);
  for (std::size_t i = 0; i < 5; ++i) people[i].status = "terminated";
  people[9].last_name = "Married";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 3);
  const std::string held = NewestRun(company);
  Expect(company.Run({"explain", "E1", "--run", held}), 0,
         {"user E1 held back: would suspend: ", "held by user.suspend", "contact E1 held back: would delete: "});
  Expect(company.Run({"explain", "E10", "--run", held}), 0,
         {"user E10 held back: would update: last_name changed; the whole plan is held"});
  const Output calm = company.Run({"explain", "E12", "--run", held});
  Expect(calm, 0, {"that run was held, so nothing was written to anybody"});
  CHECK_FALSE(calm.Says("held back"));

  // The same again is no other decision.
  Expect(company.Run({"sync"}), 3);
  const Output again = company.Run({"explain", "E1", "--run", NewestRun(company)});
  Expect(again, 0, {"that run was held", "The last word before it", "user E1 held back: would suspend"});
  CHECK(again.Says(held));
  people[0].status = "active";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 3);
  CHECK_FALSE(company.Run({"explain", "E1", "--run", NewestRun(company)}).Says("would suspend: matches"));
}

TEST_CASE("explain: a join whose partner is missing is told, and what it means") {
  Cli cli;
  cli.Write("config.yaml",
            Replaced(Replaced(CompanyConfig(), "  hr: { csv: people.csv, key: employee_id }\n",
                              "  hr: { csv: people.csv, key: employee_id }\n  rooms: { csv: rooms.csv, key: id }\n"),
                     "users:\n  from: hr\n", "users:\n  from: hr\n  join: { rooms: employee_id }\n"));
  cli.Write("config.yaml",
            Replaced(cli.Read("config.yaml"), "    department: \"{department}\"", "    department: \"{floor}\""));
  cli.Write("people.csv", CompanyCsv(3));
  cli.Write("rooms.csv", "id,floor\nE1,Third\nE2,First\n");
  ExpectSaid(cli, "E1", {"rooms: the record at line 2 with employee_id \"E1\"", "\"Third\""});
  ExpectSaid(cli, "E3",
             {"rooms: no record with employee_id \"E3\"", "department = (not known now)", "create on the next run"});
  // A default is written, so it is not said that nothing is.
  cli.Write("config.yaml", Replaced(cli.Read("config.yaml"), "    department: \"{floor}\"",
                                    "    department: \"{floor|default:Yard}\""));
  ExpectSaid(cli, "E3",
             {"not known: a default serves where there is one, else it is neither compared nor written",
              "department = \"Yard\""});
  cli.Write("rooms.csv", "id,floor\nE1,Third\nE2,First\nE3;Second\n");
  ExpectSaid(cli, "E3",
             {"but a rejected one may be it; what would come from there is not known, and not changed",
              "department = (not known now)"});
}

TEST_CASE("explain: a filter that a missing joined record would decide is told as not judged, known or not") {
  Cli cli;
  cli.Write("config.yaml",
            Replaced(Replaced(CompanyConfig(), "  hr: { csv: people.csv, key: employee_id }\n",
                              "  hr: { csv: people.csv, key: employee_id }\n  dir: { csv: dir.csv, key: id }\n"),
                     "users:\n  from: hr\n", "users:\n  from: hr\n  join: { dir: employee_id }\n  filter: (on=yes)\n"));
  cli.Write("people.csv", CompanyCsv(3));
  cli.Write("dir.csv", "id,on\nE1,yes\nE2,yes\n");
  Expect(cli.Run({"sync"}), 0);
  ExpectSaid(cli, "E3",
             {"filter: cannot be judged, (on=yes): on is not there",
              "its record is kept out by the filter, which cannot be judged for (on=yes); so it is not created"});
  cli.Write("dir.csv", "id,on\nE1,yes\nE2;yes\n");
  ExpectSaid(cli, "E3", {"which cannot be judged for (on=yes); so it is not created"});
  ExpectSaid(
      cli, "E2",
      {"in quarantine, neither changed nor removed until it is mended: no record in dir with id E2, and on may come "
       "from there; a rejected record of dir may be it"});
  cli.Write("dir.csv", "id,on\nE1,yes\n");
  ExpectSaid(
      cli, "E2",
      {"kept out by the filter, which cannot be judged for (on=yes); not there since", "waits for absent_after"});
}

TEST_CASE("explain: nobody at all ends 0, with what was read and what was perhaps meant") {
  Company company(5);
  Expect(company.Run({"explain", "E99"}), 0,
         {"Nobody has this key or e-mail", "hr: 5 records of", "people.csv, complete", "read SOURCE"});
  Expect(company.Run({"explain", "e1"}), 0, {"there is E1, which differs in upper and lower case alone"});
  Expect(company.Run({"explain", "nobody@example.com", "--format", "json"}), 0,
         {"\"entities\":[]", "\"operations\":[]", "\"records\":5"});
}

TEST_CASE("explain: a rejected record that names somebody is told") {
  Company company(30);
  std::string csv = CompanyCsv(30);
  csv += "E31,Too,few\r\n";
  company.Write("people.csv", csv);
  Expect(company.Run({"explain", "E31"}), 0, {"hr line 32 names it"});
}

TEST_CASE("explain: a source that cannot be used is part of the answer, and the code says so") {
  Company company(5);
  company.Write("people.csv", "");
  Expect(company.Run({"explain", "E1"}), 5,
         {"The sources cannot be used now", "people.csv", "nothing is planned while", "create user E1: done"});
}

TEST_CASE("explain --run answers for a run that did something, and refuses one that is not known") {
  Company company(5);
  const std::string first = NewestRun(company);
  Expect(company.Run({"explain", "person2@example.com", "--run", first}), 0,
         {"create user E2: done", "create contact E2: done", "hr line 3"});
  Expect(company.Run({"explain", "E99", "--run", first}), 0, {"nothing changed in that run", "no run before it"});
  Expect(company.Run({"explain", "E1", "--run", "20010101T000000-0000"}), 64, {"there is no such run", first});
}

TEST_CASE("explain writes nothing, neither to the account nor to the state") {
  Company company(5);
  const std::string account = company.Everything();
  const std::string state = company.Read("state/state.db") + company.Read("state/state.db-wal");
  company.Run({"explain", "E1"});
  company.Run({"explain", "E1", "--run", NewestRun(company)});
  CHECK(company.Everything() == account);
  CHECK(company.Read("state/state.db") + company.Read("state/state.db-wal") == state);
}

TEST_CASE("explain: what a stopped run never sent is not called failed") {
  Cli cli;
  Service target(cli);
  cli.Write("config.yaml", CompanyConfig({}, target.Target()));
  auto people = CompanyPeople(150);
  cli.Write("people.csv", CsvOf(people));
  Expect(cli.Run({"sync"}), 0);
  for (std::size_t i = 0; i < 30; ++i) people[i].title += " of Staff";
  cli.Write("people.csv", CsvOf(people));
  target.Fault("PATCH users/{id}: 406");
  Expect(cli.Run({"sync"}), 4, {"left for the next run"});
  const std::string run = NewestRun(cli);
  int refused = 0;
  int unsent = 0;
  for (const auto& person : std::span(people).first(30)) {
    const Output output = cli.Run({"explain", person.id, "--run", run});
    const bool is_refused = output.Says("update user " + person.id + ": failed");
    refused += is_refused ? 1 : 0;
    if (!output.Says("update user " + person.id + ": not sent")) continue;
    ++unsent;
    CHECK(output.Says("the run was stopped before"));
    CHECK_FALSE(is_refused);
  }
  CHECK(refused > 0);
  CHECK(unsent > 0);
}

TEST_CASE("runs lists the newest first within 80 columns, as text and as JSON") {
  Cli cli;
  cli.Write("config.yaml", CompanyConfig());
  Expect(cli.Run({"runs"}), 0, {"No run yet"});
  cli.Write("people.csv", CompanyCsv(5));
  Expect(cli.Run({"sync"}), 0);
  cli.Write("people.csv", "");
  Expect(cli.Run({"sync"}), 5);
  const Output text = cli.Run({"runs"});
  Expect(text, 0, {"15 planned, 15 done, 0 failed", "create 5 users", "command", "people.csv"});
  CHECK(text.out.find("source") < text.out.find("converged"));
  for (std::size_t at = 0; at < text.out.size();) {
    const std::size_t end = text.out.find('\n', at);
    CHECK(end - at <= 80);
    at = end + 1;
  }
  Expect(cli.Run({"runs", "--limit", "1", "--format", "json"}), 0, {"\"outcome\":\"source\"", "\"planned\":0"});
  CHECK_FALSE(cli.Run({"runs", "--limit", "1", "--format", "json"}).Says("converged"));
}

}  // namespace ucaas_sync::testing
