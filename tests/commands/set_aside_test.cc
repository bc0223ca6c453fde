// Who is set aside: held by a person, in quarantine, with a new key; and what ends it.
#include <SQLiteCpp/Database.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <string>

#include "tests/commands/company.h"
#include "tests/support/bytes.h"
#include "tests/support/service.h"

namespace ucaas_sync::testing {
namespace {

/// E3's key becomes N3; everything else of the person stays.
std::vector<Person> Rekeyed() {
  auto people = CompanyPeople(15);
  people[2].id = "N3";
  return people;
}

/// The id of the newest run.
std::string NewestRun(Cli& cli) {
  const std::string json = cli.Run({"runs", "--limit", "1", "--format", "json"}).out;
  const std::size_t at = json.find("\"id\":\"") + 6;
  return json.substr(at, json.find('"', at) - at);
}

}  // namespace

TEST_CASE("a new key for the same e-mail is proposed, released, and then an update of the same account") {
  Company company(15);
  const std::string before = company.Everything();
  auto people = Rekeyed();
  people[2].title = "Director";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 4, {"ucaas-sync quarantine release N3 --as E3"});
  CHECK(company.Everything() == before);
  Expect(company.Run({"sync"}), 0);
  Expect(company.Run({"quarantine", "list"}), 0, {"user N3", "user E3", "contact N3", "release N3 --as E3"});
  Expect(company.Run({"quarantine", "release", "N3"}), 64, {"nothing was released", "--as E3"});
  const Output released = company.Run({"quarantine", "release", "N3", "--as", "E3"});
  Expect(released, 0, {"E3 is N3 from now on: user and contact kept"});
  CHECK_FALSE(released.Says("Warning"));
  Expect(company.Run({"sync"}), 0, {"2 operations done"});
  CHECK(company.Count("user") == 15);
  CHECK(company.Account("SELECT email FROM users WHERE designation = 'Director'") == "person3@example.com\n");
  Expect(company.Run({"quarantine", "list"}), 0, {"Nobody is set aside"});
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
}

TEST_CASE("who has a new key can be asked about, reverted and forgotten under it, with all that was before") {
  Company company(15);
  auto people = CompanyPeople(15);
  people[2].last_name = "Married";
  people[2].email = "married@example.com";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0, {"2 operations done"});
  const std::string run = NewestRun(company);
  people[2].id = "N3";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 4);
  Expect(company.Run({"quarantine", "release", "N3", "--as", "E3"}), 0);
  for (const char* who : {"N3", "E3", "married@example.com"}) {
    CAPTURE(who);
    Expect(company.Run({"explain", who}), 0, {"E3 is N3 since 2", "create user N3: done", "update user N3: done"});
    Expect(company.Run({"explain", who, "--run", run}), 0, {"last_name: Person3 -> Married"});
  }
  Expect(company.Run({"explain", "E3", "--format", "json"}), 0,
         {R"("former_keys":[{"key":"E3","now":"N3","since":"2)"});
  Expect(company.Run({"hold", "E3"}), 0, {"E3 is N3 by now", "On hold: N3"});
  Expect(company.Run({"quarantine", "release", "E3"}), 0, {"N3 is not on hold any more"});
  Expect(company.Run({"revert", run, "--yes"}), 0, {"update user N3", "2 operations done"});
  CHECK(company.Account("SELECT last_name FROM users WHERE email = 'person3@example.com'") == "Person3\n");

  people[2].status = "terminated";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0, {"2 operations done"});
  Expect(company.Run({"forget", "E3", "--yes"}), 0, {"N3 is forgotten"});
  for (const std::string word : {"Person3", "person3@", "Married", "married@"}) {
    CAPTURE(word);
    CHECK_FALSE(FilesSay(company.folder() / "state", word));
  }
  for (const char* who : {"E3", "N3"}) Expect(company.Run({"explain", who}), 0, {"forgotten on request on"});
  Expect(company.Run({"state", "check"}), 0, {"Sound"});
}

TEST_CASE("a hold on a key that nobody has yet is told by explain") {
  Company company(5);
  Expect(company.Run({"hold", "E99", "--reason", "until the contract is signed"}), 0);
  Expect(company.Run({"explain", "E99"}), 0,
         {"on hold since 2", "until the contract is signed", "Nobody has this key"});
  Expect(company.Run({"explain", "E99", "--format", "json"}), 0, {R"("set_aside":[{"kind":"hold","key":"E99")"});
}

TEST_CASE(
    "a rekey is refused when the old key is unknown or the new one taken, and warned of when nobody proposed it") {
  Company company(15);
  Expect(company.Run({"quarantine", "release", "N3", "--as", "E99"}), 64, {"nobody has the key E99"});
  Expect(company.Run({"quarantine", "release", "E4", "--as", "E3"}), 64, {"both are in the sources"});
  Expect(company.Run({"quarantine", "release", "E3", "--as", "E3"}), 64, {"--as names the key"});
  Expect(company.Run({"quarantine", "release", "N3", "--as", "E3"}), 0, {"Warning: no run has proposed this"});
  company.WritePeople(Rekeyed());
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
}

TEST_CASE("a rekey is refused while a run is under way, which may be about to create whoever has the new key") {
  Company company(15);
  company.WritePeople(Rekeyed());
  const std::string before = company.Everything();
  const int run = ::open((company.folder() / "state" / "run.lock").c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(::flock(run, LOCK_EX | LOCK_NB) == 0);
  Expect(company.Run({"quarantine", "release", "N3", "--as", "E3"}), 8, {"another run is under way"});
  ::close(run);
  CHECK(company.Everything() == before);
  Expect(company.Run({"quarantine", "release", "N3", "--as", "E3"}), 0, {"E3 is N3 from now on"});
}

TEST_CASE("a rekey is refused while both keys are in the sources, and when nobody can ask them") {
  Company company(15);
  const std::string before = company.Everything();
  auto people = CompanyPeople(15);
  people.push_back(people[4]);
  people.back().id = "N3";
  people.back().email = "n3@example.com";
  company.WritePeople(people);
  Expect(company.Run({"quarantine", "release", "N3", "--as", "E3"}), 64,
         {"E3 cannot become N3", "line 4 of source hr and line 17 of source hr", "two people", "nothing was changed"});
  company.Write("people.csv", "");
  Expect(company.Run({"quarantine", "release", "N3", "--as", "E3"}), 5, {"people.csv"});
  CHECK(company.Everything() == before);
  people[2].status = "terminated";
  company.WritePeople(people);
  Expect(company.Run({"quarantine", "release", "N3", "--as", "E3"}), 0, {"E3 is N3 from now on"});
}

TEST_CASE("who is on hold is neither changed nor removed, and makes no quarantine") {
  Company company(15);
  Expect(company.Run({"hold", "PERSON1@example.com", "--reason", "legal", "--until", "30d"}), 0,
         {"On hold until 2", "E1", "quarantine release E1"});
  Expect(company.Run({"hold", "E2"}), 0, {"On hold: E2"});
  auto people = CompanyPeople(15);
  people[0].status = "terminated";
  people[1].last_name = "Changed";
  company.WritePeople(people);
  company.ExpectNoWrite(0, {"nothing to do"});
  Expect(company.Run({"quarantine", "list"}), 0, {"hold E1", "legal (until 2", "hold E2", "put on hold by hand"});
  Expect(company.Run({"quarantine", "list", "--format", "json"}), 0, {R"("kind":"hold","key":"E1")"});
  Expect(company.Run({"status"}), 0, {"In quarantine: 0, on hold: 2", "hold E1: legal"});
  Expect(company.Run({"quarantine", "release", "person1@example.com"}), 0, {"E1 is not on hold any more"});
  Expect(company.Run({"quarantine", "release", "E2"}), 0);
  Expect(company.Run({"sync"}), 0, {"4 operations done"});
}

TEST_CASE("a hold names a time to come and somebody who can be meant") {
  Company company(5);
  Expect(company.Run({"hold", "E1", "--until", "2020-01-01"}), 64, {"that is past"});
  Expect(company.Run({"hold", "E1", "--until", "soon"}), 64, {"write a date"});
  Expect(company.Run({"hold", "nobody@example.com"}), 64, {"nobody with the e-mail"});
  Expect(company.Run({"hold", "E99", "--until", "2099-01-01"}), 0, {"Nobody with the key E99 is known yet"});
  Expect(company.Run({"hold"}), 64);
  auto people = CompanyPeople(5);
  people.push_back(people[4]);
  people.back().id = "E99";
  people.back().email = "e99@example.com";
  company.WritePeople(people);
  company.ExpectNoWrite(0, {"nothing to do"});
}

TEST_CASE("what the plan sets aside ends by itself, and release says so") {
  Company company(15);
  auto people = CompanyPeople(15);
  people[3].email = "no address";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 4);
  Expect(company.Run({"quarantine", "list"}), 0,
         {"user E4", "hr line 5", "It ends by itself when the source is mended"});
  Expect(company.Run({"quarantine", "release", "E4"}), 64, {"nothing was released", "ends by itself"});
  Expect(company.Run({"quarantine", "release", "E5"}), 64, {"neither in quarantine nor on hold"});
}

TEST_CASE("protect is asked of the account at the moment of writing, whoever changed it by hand and whenever") {
  Company company(15, "guards: { protect: \"(designation=Boss)\" }\n");
  SQLite::Database(company.Path("account.db"), SQLite::OPEN_READWRITE, 5000)
      .exec("UPDATE users SET designation = 'Boss' WHERE email = 'person1@example.com'");
  auto people = CompanyPeople(15);
  people[0].status = "terminated";
  people[1].status = "terminated";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0, {"suspend user E1", "guards.protect names it", "3 operations done, 1 protected"});
  CHECK(company.Account("SELECT email FROM users WHERE status = 'S'") == "person2@example.com\n");
  // From then on the plan knows.
  Expect(company.Run({"plan"}), 0, {"guards.protect"});
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
}

TEST_CASE("who is protected when it is to be done is left to no run, also where another change failed") {
  Cli company;
  Service service(company);
  company.Write("config.yaml", CompanyConfig("guards: { protect: \"(designation=Boss)\" }\n", service.Target()));
  auto people = CompanyPeople(15);
  company.Write("people.csv", CsvOf(people));
  Expect(company.Run({"sync"}), 0);
  SQLite::Database(company.Path("account.db"), SQLite::OPEN_READWRITE, 5000)
      .exec("UPDATE users SET designation = 'Boss' WHERE email = 'person1@example.com'");
  people[0].last_name = people[1].last_name = "Newname";
  company.Write("people.csv", CsvOf(people));
  service.Fault("PATCH users/{id}: 400");
  Expect(company.Run({"sync"}), 4, {"1 failed, 1 protected"});
  const Output status = company.Run({"status"});
  Expect(status, 0, {"Last run: partial"});
  CHECK_FALSE(status.Says("Not up to date"));
}

TEST_CASE("hold and protect are stronger than an approval") {
  Company company(15);
  auto people = CompanyPeople(15);
  for (std::size_t i = 0; i < 5; ++i) people[i].status = "terminated";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 3);
  Expect(company.Run({"approve", "last"}), 0);
  Expect(company.Run({"hold", "E1"}), 0);
  company.Write("config.yaml", CompanyConfig("guards: { protect: \"(email=person2@example.com)\" }\n"));
  Expect(company.Run({"sync"}), 0, {"converged"});
  CHECK(company.Account("SELECT email FROM users WHERE status = 'S' ORDER BY email") ==
        "person3@example.com\nperson4@example.com\nperson5@example.com\n");
  CHECK(company.Account("SELECT count(*) FROM contacts WHERE email IN ('person1@example.com', "
                        "'person2@example.com')") == "2\n");
}

}  // namespace ucaas_sync::testing
