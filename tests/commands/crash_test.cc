// A sync that is stopped or killed anywhere: the next one converges, nobody is missing, doubled or mailed twice.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "tests/support/cli.h"
#include "tests/support/service.h"

namespace ucaas_sync::testing {
namespace {

constexpr std::uint64_t kPeople = 40;

std::string MailingConfig(const Service& service) {
  return Replaced(CompanyConfig({}, service.Target()), "user_type: moderator",
                  "user_type: moderator\n    send_welcome_mail: \"true\"");
}

void ExpectEverybodyOnce(const Cli& cli, Service& service) {
  CHECK(cli.Count("user") == kPeople);
  CHECK(cli.Count("contact") == kPeople);
  CHECK(cli.Count("group") == 6);
  CHECK(cli.Account("SELECT count(*) FROM memberships") == std::to_string(kPeople) + '\n');
  auto mails = service.sandbox().WelcomeMails();
  std::sort(mails.begin(), mails.end());
  CHECK(std::adjacent_find(mails.begin(), mails.end()) == mails.end());
  CHECK(mails.size() == kPeople);
}

void WaitForWrites(const Service& service, std::uint64_t writes) {
  while (service.counters().writes < writes) std::this_thread::yield();
}

/// A sync that is killed once it has sent `writes` requests that change something.
void KillASync(Cli& cli, Service& service, std::uint64_t writes) {
  const std::uint64_t before = service.counters().writes;
  Child sync = cli.Start({"sync"});
  WaitForWrites(service, before + writes);
  sync.Signal(SIGKILL);
  sync.Wait();
}

}  // namespace

TEST_CASE("after kill -9 in the middle the next sync converges, with each welcome mail sent once") {
  for (const std::uint64_t writes : {1U, 7U, 23U, 46U, 60U, 70U}) {
    CAPTURE(writes);
    Cli cli;
    Service service(cli);
    cli.Write("config.yaml", MailingConfig(service));
    cli.Write("people.csv", CompanyCsv(kPeople));
    service.SlowDown(std::chrono::milliseconds(30));
    Child sync = cli.Start({"sync"});
    WaitForWrites(service, writes);
    sync.Signal(SIGKILL);
    CHECK(sync.Wait().code == 128 + SIGKILL);
    CHECK(service.counters().writes < 2 * kPeople + 6);
    service.SlowDown(std::chrono::milliseconds(0));
    Expect(cli.Run({"sync"}), 0, {"converged"});
    ExpectEverybodyOnce(cli, service);
    Expect(cli.Run({"sync"}), 0, {"nothing to do"});
    Expect(cli.Run({"status"}), 0, {"cut off"});
  }
}

TEST_CASE("a run that was killed is cut off at once, and one that is under way is running") {
  Cli cli;
  Service service(cli);
  cli.Write("config.yaml", CompanyConfig({}, service.Target()));
  cli.Write("people.csv", CompanyCsv(kPeople));
  // Slow enough for three commands beside it, on any machine.
  service.SlowDown(std::chrono::milliseconds(500));
  Child sync = cli.Start({"sync"});
  WaitForWrites(service, 3);
  Expect(cli.Run({"status"}), 0, {"Last run: running"});
  Expect(cli.Run({"status", "--format", "json"}), 0, {"\"outcome\":null", "\"ended\":null"});
  Expect(cli.Run({"runs"}), 0, {"running"});
  sync.Signal(SIGKILL);
  sync.Wait();
  Expect(cli.Run({"status"}), 0, {"Last run: cut off", "taken up by the next run"});
  Expect(cli.Run({"status", "--format", "json"}), 0, {"\"outcome\":\"cut off\""});
  Expect(cli.Run({"runs"}), 0, {"cut off      -  "});
  const std::string json = cli.Run({"runs", "--format", "json"}).out;
  const std::size_t at = json.find("\"id\":\"") + 6;
  Expect(cli.Run({"explain", "E1", "--run", json.substr(at, json.find('"', at) - at)}), 0, {"cut off"});
  service.SlowDown(std::chrono::milliseconds(0));
  Expect(cli.Run({"sync"}), 0, {"converged"});
  CHECK(cli.Count("user") == kPeople);
}

TEST_CASE("a sync killed again and again gets there") {
  Cli cli;
  Service service(cli);
  cli.Write("config.yaml", MailingConfig(service));
  cli.Write("people.csv", CompanyCsv(kPeople));
  service.SlowDown(std::chrono::milliseconds(30));
  for (int kills = 0; kills < 4; ++kills) KillASync(cli, service, 9);
  service.SlowDown(std::chrono::milliseconds(0));
  Expect(cli.Run({"sync"}), 0, {"converged"});
  ExpectEverybodyOnce(cli, service);
}

TEST_CASE("after a first sync that was cut off, or was for one person, whoever is there already is still adopted") {
  constexpr std::size_t kNew = 10;  // as many as the guard lets pass once a run has finished
  for (const bool was_cut_off : {true, false}) {
    CAPTURE(was_cut_off);
    Cli cli;
    Service service(cli);
    cli.Write("config.yaml", MailingConfig(service));
    cli.Write("people.csv", CompanyCsv(kPeople));
    Expect(cli.Run({"sync"}), 0);
    const std::uint64_t mails = service.sandbox().WelcomeMails().size();
    // As if others had made them all.
    std::filesystem::remove_all(cli.folder() / "state");
    if (was_cut_off) {
      cli.Write("people.csv", CsvOf(CompanyPeople(kPeople + kNew)));
      service.SlowDown(std::chrono::milliseconds(30));
      KillASync(cli, service, 5);
      service.SlowDown(std::chrono::milliseconds(0));
    } else {
      Expect(cli.Run({"sync", "--only", "E7"}), 0);
      cli.Write("people.csv", CsvOf(CompanyPeople(kPeople + kNew)));
    }
    const Output plan = cli.Run({"plan", "--format", "json"});
    Expect(plan, 0);
    CHECK(plan.out.find(R"("action":"adopt")") != std::string::npos);
    Expect(cli.Run({"sync"}), 0, {"converged"});
    Expect(cli.Run({"sync"}), 0, {"nothing to do"});
    CHECK(cli.Count("user") == kPeople + kNew);
    CHECK(service.sandbox().WelcomeMails().size() == mails + kNew);
    const std::string owned = AccountAt(cli.folder() / "state/state.db",
                                        "SELECT ownership, count(*) FROM entity WHERE kind = 0 GROUP BY 1 ORDER BY 1");
    CHECK(owned == "0|10\n1|40\n");
  }
}

TEST_CASE("whoever was created by a cut-off run and left before the next one is found, kept as ours, and suspended") {
  Cli cli;
  Service service(cli);
  cli.Write("config.yaml", MailingConfig(service));
  auto people = CompanyPeople(kPeople);
  cli.Write("people.csv", CsvOf(people));
  service.SlowDown(std::chrono::milliseconds(30));
  Child sync = cli.Start({"sync"});
  WaitForWrites(service, 12);
  sync.Signal(SIGKILL);
  sync.Wait();
  service.SlowDown(std::chrono::milliseconds(0));
  REQUIRE(cli.Count("user") > 0);

  for (Person& person : people) person.status = "terminated";
  people.back().status = "active";
  cli.Write("people.csv", CsvOf(people));
  // The first looks up what nobody asks for, the others act on it, as far as the guards let them.
  cli.Run({"sync"});
  cli.Run({"sync"});
  cli.Run({"approve", "last"});
  cli.Run({"sync"});
  const auto count = [&](const std::string& where) { return cli.Account("SELECT count(*) FROM users WHERE " + where); };
  CHECK(count("status = 'A'") == "1\n");
  CHECK(count("status = 'S'") == std::to_string(cli.Count("user") - 1) + '\n');
  CHECK(cli.Count("user") < kPeople);
  CHECK(cli.Account("SELECT count(*) - count(DISTINCT email) FROM users") == "0\n");
  Expect(cli.Run({"sync"}), 0, {"nothing to do"});
}

TEST_CASE("SIGTERM ends a sync within seconds, keeps what was done, and the next one does the rest") {
  Cli cli;
  Service service(cli);
  cli.Write("config.yaml", MailingConfig(service));
  cli.Write("people.csv", CompanyCsv(kPeople));
  service.SlowDown(std::chrono::milliseconds(100));
  Child sync = cli.Start({"sync"});
  WaitForWrites(service, 10);
  const auto asked = std::chrono::steady_clock::now();
  sync.Signal(SIGTERM);
  Expect(sync.Wait(), 7, {"left for the next run"});
  CHECK(std::chrono::steady_clock::now() - asked < std::chrono::seconds(10));
  const std::uint64_t done = service.counters().writes;
  CHECK(done < 2 * kPeople + 6);
  service.SlowDown(std::chrono::milliseconds(0));
  Expect(cli.Run({"sync"}), 0, {"converged"});
  CHECK(service.counters().writes == 2 * kPeople + 6);
  ExpectEverybodyOnce(cli, service);
}

TEST_CASE("a change that a killed sync may have made is undone when the source takes it back before the next one") {
  for (const bool had_effect : {true, false}) {
    CAPTURE(had_effect);
    Cli cli;
    Service service(cli);
    cli.Write("config.yaml", CompanyConfig({}, service.Target()));
    cli.Write("people.csv", CompanyCsv(12));
    Expect(cli.Run({"sync"}), 0);
    const std::string before = cli.Account("SELECT email, department, status FROM users ORDER BY email");
    auto people = CompanyPeople(12);
    people[3].department = "Legal";
    people[4].status = "terminated";
    cli.Write("people.csv", CsvOf(people));
    const std::uint64_t writes = service.counters().writes;
    service.SlowDown(std::chrono::milliseconds(300));
    Child sync = cli.Start({"sync"});
    if (had_effect) {
      WaitForWrites(service, writes + 1);
    } else {
      // The requests are on their way, and take effect only after the delay.
      sync.WaitFor("changes");
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    sync.Signal(SIGKILL);
    sync.Wait();
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    service.SlowDown(std::chrono::milliseconds(0));
    cli.Write("people.csv", CompanyCsv(12));
    for (int run = 0; run < 2; ++run) Expect(cli.Run({"sync"}), 0);
    CHECK(cli.Account("SELECT email, department, status FROM users ORDER BY email") == before);
    Expect(cli.Run({"sync"}), 0, {"nothing to do"});
  }
}

}  // namespace ucaas_sync::testing
