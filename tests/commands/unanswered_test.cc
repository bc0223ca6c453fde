// What an outage leaves behind: what was surely never done counts for nothing, and what may have been done is never
// lost sight of, neither by `forget` nor by `state rebuild`.
#include <SQLiteCpp/Database.h>
#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <variant>

#include "tests/commands/company.h"
#include "tests/support/service.h"

namespace ucaas_sync::testing {
namespace {

struct Troubled : Cli {
  explicit Troubled(std::uint64_t count) : people(CompanyPeople(count)) {
    Write("config.yaml", CompanyConfig({}, service.Target()));
    Put();
    Expect(Run({"sync"}), 0, {"converged"});
  }
  void Put() { Write("people.csv", CsvOf(people)); }
  void Terminate(std::size_t first, std::size_t last, const std::string& status = "terminated") {
    for (std::size_t i = first; i <= last; ++i) people[i - 1].status = status;
    Put();
  }
  void Fail(std::initializer_list<const char*> rules) {
    sandbox::Faults faults;
    for (const char* rule : rules) faults.rules.push_back(std::get<sandbox::FaultRule>(sandbox::ParseFault(rule)));
    service.sandbox().SetFaults(faults);
  }
  std::int64_t Ask(const std::string& sql) const {
    return SQLite::Database((folder() / "state" / "state.db").string(), SQLite::OPEN_READONLY)
        .execAndGet(sql)
        .getInt64();
  }
  /// E16 joins; the user's create has its effect, and neither it nor a look is answered.
  void LoseJoiner(bool is_contact_made = true) {
    people = CompanyPeople(16);
    Put();
    Fail({"POST users: 504 after", "GET users: 503", is_contact_made ? "POST login: 503" : "POST contacts: 503"});
    CHECK(Run({"sync"}).code != 0);
    Fail({});
    REQUIRE(Count("user") == 16);
    REQUIRE(Ask("SELECT count(*) FROM unknown_create") == 1);
  }

  Service service{*this};
  std::vector<Person> people;
};

}  // namespace

TEST_CASE("what an outage kept from being sent counts in no sum, however often it is tried") {
  Troubled company(100);
  company.service.Stop();
  SUBCASE("of one who is held by then") {
    company.Terminate(1, 1);
    for (int run = 0; run < 5; ++run) {
      const Output output = company.Run({"sync"});
      Expect(output, 7, {"nothing was sent"});
      CHECK_FALSE(output.Says("may have changed it"));
    }
    Expect(company.Run({"hold", "E1"}), 0);
    company.Terminate(2, 2);
  }
  SUBCASE("of five who are back by then, where five may go") {
    company.Terminate(1, 5);
    Expect(company.Run({"sync"}), 7);
    company.Terminate(1, 5, "active");
    company.Terminate(6, 10);
  }
  CHECK(company.Ask("SELECT count(*) FROM removal") == 0);
  CHECK(company.Ask("SELECT count(*) FROM unknown_change") == 0);
  company.service.Start();
  const Output output = company.Run({"sync"});
  Expect(output, 0, {"converged"});
  CHECK_FALSE(output.Says("cut off"));
}

TEST_CASE("a suspend that a target refuses for being too busy counts in no sum, and is done later") {
  Troubled company(15);
  company.Terminate(1, 3);
  company.Fail({"PATCH users/{id}: 503"});
  Expect(company.Run({"sync"}), 4);
  CHECK(company.Ask("SELECT count(*) FROM removal WHERE kind = 0") == 0);
  CHECK(company.Ask("SELECT count(*) FROM unknown_change") == 0);
  company.Fail({});
  Expect(company.Run({"sync"}), 0);
  CHECK(company.Account("SELECT count(*) FROM users WHERE status = 'A'") == "12\n");
}

TEST_CASE("suspends that nobody answered count once each, and hold nothing longer than until the target is asked") {
  Troubled company(100);
  company.Terminate(1, 5);
  company.Fail({"PATCH users/{id}: close"});
  for (int run = 0; run < 2; ++run) CHECK(company.Run({"sync"}).code != 0);
  CHECK(company.Ask("SELECT count(*) FROM removal WHERE kind = 0 AND action = 3") >= 5);
  company.Terminate(1, 5, "active");
  company.Terminate(6, 6);
  company.Fail({"GET users/{id}: 503", "GET users: 503"});
  Expect(company.Run({"sync"}), 3, {"user.suspend: 6, limit 5"});
  Expect(company.Run({"status"}), 0, {"Next run: due in 4 min"});
  // As long as keys are refused nothing else can be known, however the plan is held.
  company.Fail({"GET users/{id}: 401", "GET users: 401"});
  Expect(company.Run({"sync"}), 6, {"refused", "held by user.suspend: 6, limit 5", "ucaas-sync approve"});
  CHECK(company.Ask("SELECT count(*) FROM run WHERE outcome = 'refused'") == 1);
  company.Fail({});
  Expect(company.Run({"sync"}), 3, {"user.suspend: 6, limit 5"});
  Expect(company.Run({"status"}), 0, {"Next run: due now"});
  Expect(company.Run({"sync"}), 0, {"converged"});
  CHECK(company.Account("SELECT count(*) FROM users WHERE status = 'A'") == "99\n");
}

TEST_CASE("a run that has nothing to write and is refused when it asks what became of a change ends so") {
  Troubled company(15);
  company.Terminate(1, 1);
  company.Fail({"PATCH users/{id}: close", "DELETE contacts/{id}: 503"});
  CHECK(company.Run({"sync"}).code != 0);
  REQUIRE(company.Ask("SELECT count(*) FROM unknown_change") > 0);
  company.Terminate(1, 1, "active");
  company.Fail({"GET users/{id}: 401", "GET users: 401"});
  Expect(company.Run({"sync"}), 6, {"refused"});
  company.Fail({});
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  CHECK(company.Ask("SELECT count(*) FROM unknown_change") == 0);
}

TEST_CASE("nobody is forgotten while a create that nobody answered may have made them") {
  Troubled company(15);
  company.LoseJoiner(/*is_contact_made=*/false);
  company.people.pop_back();
  company.Put();
  Expect(company.Run({"forget", "E16", "--yes"}), 64,
         {"cannot be forgotten yet", "was sent and never answered", "sync", "nothing was erased"});
  Expect(company.Run({"sync"}), 0, {"had an effect: what was made is known now"});
  Expect(company.Run({"state", "check"}), 0, {"16 active"});
  Expect(company.Run({"forget", "E16", "--yes"}), 64, {"is active in the account"});
}

TEST_CASE("a leaver keeps no account that an unanswered create has put in place of a deleted one") {
  for (const bool is_reviewed : {false, true}) {
    CAPTURE(is_reviewed);
    Troubled company(15);
    InAccount(company, "DELETE FROM users WHERE email = 'person1@example.com'");
    LetADayPass(company);
    Expect(company.Run({"sync"}), 0);
    company.Fail({"POST users: 504 after", "GET users: 503"});
    CHECK(company.Run({"sync"}).code != 0);
    company.Fail({});
    REQUIRE(company.Count("user") == 15);
    REQUIRE(company.Ask("SELECT count(*) FROM unknown_create") == 1);
    company.Terminate(1, 1);
    if (is_reviewed) {
      Expect(company.Run({"plan", "--out", "leaver.plan"}), 0);
      Expect(company.Run({"apply", "leaver.plan"}), 9, {"has changed since the plan was made"});
    }
    Expect(company.Run({"sync"}), 0);
    CHECK(company.Account("SELECT count(*) FROM users WHERE status = 'A'") == "14\n");
    CHECK(company.Ask("SELECT count(*) FROM unknown_create") == 0);
  }
}

TEST_CASE("nobody is forgotten while a change that nobody answered may have let them in again") {
  for (const bool is_open : {false, true}) {
    CAPTURE(is_open);
    Troubled company(15);
    company.Terminate(1, 1);
    Expect(company.Run({"sync"}), 0);
    company.Terminate(1, 1, "active");
    company.Fail({"PATCH users/{id}: close after"});
    CHECK(company.Run({"sync"}).code != 0);
    company.people.erase(company.people.begin());
    company.Put();
    if (is_open) {
      // As a crash leaves it: no run has closed the one that was cut off.
      SQLite::Database state(company.Path("state/state.db"), SQLite::OPEN_READWRITE);
      state.exec("UPDATE run SET ended = NULL, outcome = NULL WHERE id = (SELECT max(id) FROM run)");
      state.exec("DELETE FROM outcome WHERE id > (SELECT max(id) << 32 FROM run)");
      state.exec("DELETE FROM unknown_change");
    }
    Expect(company.Run({"forget", "E1", "--yes"}), 64,
           {"cannot be forgotten yet", "a change of this user was sent and never answered", "nothing was erased"});
    company.Fail({});
    company.Run({"sync"});
    Expect(company.Run({"forget", "E1", "--yes"}), 64, {"is active in the account"});
  }
}

TEST_CASE("nobody gets another key while a create of either key may have made somebody") {
  Troubled company(15);
  company.LoseJoiner(/*is_contact_made=*/false);
  company.people.erase(company.people.begin() + 2);
  company.Put();
  Expect(company.Run({"quarantine", "release", "E16", "--as", "E3"}), 64,
         {"E3 cannot become E16", "user E16", "was sent and never answered", "sync", "nothing was changed"});
  company.people.pop_back();
  company.Put();
  Expect(company.Run({"quarantine", "release", "N16", "--as", "E16"}), 64,
         {"E16 cannot become N16", "user E16", "was sent and never answered", "nothing was changed"});
  Expect(company.Run({"sync"}), 0, {"had an effect: what was made is known now"});
  Expect(company.Run({"quarantine", "release", "E16", "--as", "E3"}), 64, {"two accounts are not made one"});
  Expect(company.Run({"quarantine", "release", "N16", "--as", "E16"}), 0, {"E16 is N16 from now on: user kept"});
}

TEST_CASE("a rebuild takes over creates that nobody answered, and the next run knows what they made as ours") {
  Troubled company(15);
  company.LoseJoiner();
  bool is_in_source = true;
  SUBCASE("of one who is in the source still") {}
  SUBCASE("of one who is not") {
    is_in_source = false;
    company.people.pop_back();
    company.Put();
  }
  SUBCASE("after a crash, when no run has closed the one that was cut off") {
    SQLite::Database(company.Path("state/state.db"), SQLite::OPEN_READWRITE)
        .exec("UPDATE run SET ended = NULL, outcome = NULL WHERE id = (SELECT max(id) FROM run)");
    SQLite::Database(company.Path("state/state.db"), SQLite::OPEN_READWRITE).exec("DELETE FROM unknown_create");
  }
  Expect(company.Run({"state", "rebuild", "--yes"}), 0,
         {"Perhaps created by a request that nobody answered, for the next run to look up: 1 user",
          "nobody we know (never touched): nobody"});
  Expect(company.Run({"state", "check"}), 0, {"15 active", "Sound"});
  Expect(company.Run({"forget", "E16", "--yes"}), 64);
  Expect(company.Run({"sync"}), 0);
  CHECK(company.Ask("SELECT ownership FROM entity WHERE kind = 0 AND key = 'E16'") == 0);
  CHECK(company.Ask("SELECT count(*) FROM unknown_create") == 0);
  CHECK(company.Count("user") == 16);
  Expect(company.Run({"state", "check"}), 0, {"16 active", "Sound"});
  if (is_in_source) Expect(company.Run({"sync"}), 0, {"nothing to do"});
}

TEST_CASE("a rebuild after a crash counts what was removed before it, so that no second quota goes the same day") {
  Troubled company(100);
  company.Terminate(1, 5);
  company.Fail({"PATCH users/{id}: 504 after"});
  CHECK(company.Run({"sync"}).code != 0);
  REQUIRE(company.Account("SELECT count(*) FROM users WHERE status = 'A'") == "95\n");
  // As a kill leaves it: sent, and no word of any of it.
  for (const char* sql : {"DELETE FROM outcome WHERE id >> 32 = (SELECT max(id) FROM run)", "DELETE FROM removal",
                          "DELETE FROM unknown_change", "DELETE FROM attempt",
                          "UPDATE run SET ended = NULL, outcome = NULL WHERE id = (SELECT max(id) FROM run)"}) {
    SQLite::Database(company.Path("state/state.db"), SQLite::OPEN_READWRITE).exec(sql);
  }
  company.Fail({});
  Expect(company.Run({"state", "rebuild", "--yes"}), 0);
  CHECK(company.Ask("SELECT count(*) FROM removal WHERE kind = 0 AND action = 3") == 5);
  company.Terminate(6, 9);
  Expect(company.Run({"sync"}), 3, {"user.suspend: 9, limit 4"});
  CHECK(company.Account("SELECT count(*) FROM users WHERE status = 'A'") == "95\n");
}

TEST_CASE("a rebuild counts a removal that nobody answered if the target shows that it was done, and once") {
  Troubled company(100);
  company.Terminate(1, 5);
  company.Fail({"PATCH users/{id}: close after #1-2", "PATCH users/{id}: close"});
  CHECK(company.Run({"sync"}).code != 0);
  const std::int64_t done = 100 - std::stoll(company.Account("SELECT count(*) FROM users WHERE status = 'A'"));
  REQUIRE(done > 0);
  REQUIRE(company.Ask("SELECT count(*) FROM removal WHERE kind = 0 AND action = 3") > done);
  company.Fail({});
  Expect(company.Run({"state", "rebuild", "--yes"}), 0);
  CHECK(company.Ask("SELECT count(*) FROM removal WHERE kind = 0 AND action = 3") == done);
}

TEST_CASE("a revert that stops holds nobody whom it never touched, and says that it again does the rest") {
  Troubled company(15);
  for (std::size_t i = 0; i < 3; ++i) company.people[i].title = "Director";
  company.Put();
  Expect(company.Run({"sync"}), 0, {"6 operations done"});
  const std::string json = company.Run({"runs", "--limit", "1", "--format", "json"}).out;
  const std::size_t at = json.find("\"id\":\"") + 6;
  const std::string run = json.substr(at, json.find('"', at) - at);
  company.Fail({"PATCH users/{id}: 401"});
  Expect(company.Run({"revert", run, "--yes"}), 6, {"revert " + run + "` again does the rest"});
  CHECK(company.Ask("SELECT count(*) FROM reverted") == 0);
  company.Fail({});
  Expect(company.Run({"revert", run, "--yes"}), 0, {"6 operations done"});
  CHECK(company.Ask("SELECT count(*) FROM reverted") == 6);
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  CHECK(company.Account("SELECT count(*) FROM users WHERE designation = 'Director'") == "0\n");
}

}  // namespace ucaas_sync::testing
