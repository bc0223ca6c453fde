// An export that is whole and yet not to be believed, and one that is not yet whole.
#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "daemon/model/sha256.h"
#include "tests/commands/acceptance.h"
#include "tests/commands/company.h"

namespace ucaas_sync::testing {
namespace {

std::string WithSource(std::string_view more) {
  return Replaced(CompanyConfig(), "key: employee_id }", "key: employee_id, " + std::string(more) + " }");
}

void SetAge(const Cli& cli, const std::string& name, std::chrono::minutes age) {
  std::filesystem::last_write_time(cli.folder() / name, std::filesystem::file_time_type::clock::now() - age);
}

/// People of a CSV file, of whom a directory says whether they left.
const std::string kJoined = R"yaml(state_dir: state
target: { sandbox: account.db }
sources:
  hr: { csv: people.csv, key: employee_id }
  ad: { ldif: ad.ldif, key: employeeNumber }
users:
  from: hr
  join: { ad: employee_id }
  left: "(userAccountControl=514)"
  fields: { user_type: moderator, first_name: "{first_name}", last_name: "{last_name}", email: "{email}" }
)yaml";

/// Two sources that make users of their own: hr from people.csv, and the optional guests from guests.csv.
const std::string kTwoSources = R"yaml(state_dir: state
target: { sandbox: account.db }
sources:
  hr: { csv: people.csv, key: employee_id }
  guests: { csv: guests.csv, key: employee_id, required: false }
users:
  - from: hr
    absent_after: 0s
    fields: { user_type: moderator, first_name: "{first_name}", last_name: "{last_name}", email: "{email}" }
  - from: guests
    absent_after: 0s
    fields: { user_type: moderator, first_name: "{first_name}", last_name: "{last_name}", email: "{email}" }
)yaml";

std::vector<Person> Guests() {
  auto guests = CompanyPeople(10);
  for (Person& guest : guests) {
    guest.id.insert(0, "G");
    guest.email.insert(0, "guest.");
  }
  return guests;
}

/// The number that a command writes to `file`, once it is there.
pid_t Await(const Cli& cli, const std::string& file) {
  for (int i = 0; i < 3000; ++i) {
    pid_t number = 0;
    if (std::ifstream(cli.folder() / file) >> number) return number;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw std::runtime_error("the command was not started");
}

/// Whether the process is gone, or dead and not waited for, within two seconds.
bool Ends(pid_t process) {
  for (int i = 0; i < 200; ++i) {
    std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
    std::string number;
    std::string name;
    std::string state;
    if (!(stat >> number >> name >> state) || state == "Z") return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace

TEST_CASE("a column that lost its values is held, and 'read' of the same file shows why") {
  Company company(30);
  auto people = CompanyPeople(30);
  for (std::size_t i = 0; i < 27; ++i) people[i].title.clear();
  company.WritePeople(people);
  company.ExpectNoWrite(
      3, {"HELD by fill_drop (hr title): 27, limit 6", "title: 100 % \xE2\x86\x92 10 %", "emptied or moved"});
  // Held once, it is no yardstick: the next read is still compared with the last good one.
  company.ExpectNoWrite(3, {"HELD by fill_drop (hr title): 27, limit 6"});
  company.WritePeople(CompanyPeople(30));
  company.ExpectNoWrite(0, {"nothing to do"});
}

TEST_CASE("keys that are not distinct any more hold the plan") {
  Company company(30);
  auto people = CompanyPeople(30);
  for (std::size_t i = 10; i < 15; ++i) people[i].id = people[i - 5].id;
  company.WritePeople(people);
  company.ExpectNoWrite(3, {"HELD by distinct_keys (hr): 5, limit 3", "repeat the key of another one"});
}

TEST_CASE("max_age refuses an export that is older, and min_records one that is shorter") {
  Company company(15);
  company.Write("config.yaml", WithSource("max_age: 24h"));
  SetAge(company, "people.csv", std::chrono::hours(25));
  company.ExpectNoWrite(5, {company.Path("people.csv"), "\"max_age:\" is", "nothing was written"});
  SetAge(company, "people.csv", std::chrono::hours(23));
  company.ExpectNoWrite(0, {"nothing to do"});
  company.Write("config.yaml", WithSource("min_records: 16"));
  company.ExpectNoWrite(5, {"there are 15 records", "\"min_records:\" asks for 16", "nothing was written"});
}

TEST_CASE("a checksum beside the export must fit its content, without one nothing is asked") {
  Company company(15);
  company.Write("people.csv.sha256", Sha256Hex(CompanyCsv(15)) + "  people.csv\n");
  company.ExpectNoWrite(0, {"nothing to do"});
  auto people = CompanyPeople(15);
  people[3].title = "Director";
  company.WritePeople(people);
  company.ExpectNoWrite(5, {company.Path("people.csv") + ": the content does not fit the checksum in",
                            "fetch both again", "nothing was written"});
  SetAge(company, "people.csv.sha256", std::chrono::hours(24));
  company.ExpectNoWrite(5, {"older than the file, so it may be that of the export before"});
  company.Write("people.csv.sha256", "people.csv is fine\n");
  company.ExpectNoWrite(5, {"people.csv.sha256:1: the checksum file has no line", "sha256sum"});
  company.Write("people.csv.sha256", Sha256Hex(CsvOf(people)));
  Expect(company.Run({"sync"}), 0, {"2 operations done"});
}

TEST_CASE("a checksum that is a link to nothing is one that cannot be had") {
  Company company(15);
  std::filesystem::create_symlink("gone.sha256", company.folder() / "people.csv.sha256");
  company.ExpectNoWrite(5, {"people.csv.sha256: the checksum of " + company.Path("people.csv") + " cannot be had"});
  company.Write("gone.sha256", Sha256Hex(CompanyCsv(15)) + "  people.csv\n");
  company.ExpectNoWrite(0, {"nothing to do"});
}

TEST_CASE("max_age and a checksum are of the file that a command is given, also with --source") {
  Company company(15);
  company.Write("config.yaml", WithSource("max_age: 24h, command: [/bin/cat, \"{file}\"]"));
  company.Write("other.csv", CompanyCsv(15));
  Expect(company.Run({"plan", "--source", "hr=other.csv"}), 0, {"Nothing to do"});
  company.Write("other.csv.sha256", Sha256Hex("another") + "\n");
  Expect(company.Run({"plan", "--source", "hr=other.csv"}), 5, {"does not fit the checksum"});
  std::filesystem::remove(company.folder() / "other.csv.sha256");
  SetAge(company, "other.csv", std::chrono::hours(25));
  Expect(company.Run({"plan", "--source", "hr=other.csv"}), 5, {company.Path("other.csv"), "\"max_age:\" is"});
}

TEST_CASE("a newest file that is taken away again refuses the one before until that is touched, as doctor says") {
  Company company(15);
  company.Write("config.yaml", Replaced(CompanyConfig(), "csv: people.csv", "csv: \"p-*.csv\", pick: newest"));
  company.Write("p-1.csv", CompanyCsv(15));
  SetAge(company, "p-1.csv", std::chrono::hours(25));
  company.Write("p-2.csv", CompanyCsv(16));
  Expect(company.Run({"sync"}), 0, {"converged"});
  Expect(company.Run({"doctor"}), 0, {"ok       source hr"});
  std::filesystem::remove(company.folder() / "p-2.csv");
  const std::string refused = company.Path("p-1.csv") + ": is older than " + company.Path("p-2.csv");
  company.ExpectNoWrite(5, {refused, "touch " + company.Path("p-1.csv")});
  Expect(company.Run({"doctor"}), 5, {refused, "touch " + company.Path("p-1.csv")});
  Expect(company.Run({"status"}), 0, {refused});
  SetAge(company, "p-1.csv", std::chrono::hours(0));
  Expect(company.Run({"doctor"}), 0, {"ok       source hr"});
  Expect(company.Run({"sync"}), 0);
}

TEST_CASE("with pick all doctor finds the file that is too old, as a run does") {
  Company company(15);
  company.Write("config.yaml",
                Replaced(CompanyConfig(), "csv: people.csv", "csv: \"p-*.csv\", pick: all, max_age: 24h"));
  company.Write("p-1.csv", CompanyCsv(15));
  SetAge(company, "p-1.csv", std::chrono::hours(25));
  company.Write("p-2.csv", CsvOf({Guests().front()}));
  company.ExpectNoWrite(5, {company.Path("p-1.csv"), "\"max_age:\" is"});
  Expect(company.Run({"doctor"}), 5, {company.Path("p-1.csv") + ": the file was written", "\"max_age:\" is"});
  Expect(company.Run({"status"}), 0, {company.Path("p-1.csv") + ": the file was written"});
}

TEST_CASE("of several files each broken row is told, and a key that two of them carry is no work of two rules") {
  Company company(15);
  company.Write("config.yaml", Replaced(CompanyConfig(), "csv: people.csv", "csv: \"p-*.csv\", pick: all"));
  company.Write("p-1.csv", CompanyCsv(15));
  auto others = Guests();
  const std::string whole = CsvOf(others);
  const std::string broken = Replaced(whole, others[3].id + ",", others[3].id + ",one too many,");
  company.Write("p-2.csv", broken);
  company.Write("p-3.csv", CsvOf({others[0]}));
  Expect(company.Run({"sync"}), 4, {"hr/p-2.csv:5"});
  Expect(company.Run({"sync"}), 0);
  // The same line of another file is news.
  company.Write("p-1.csv", Replaced(CompanyCsv(15), "E4,", "E4,one too many,"));
  Expect(company.Run({"sync"}), 4, {"hr/p-1.csv:5"});
  Expect(company.Run({"quarantine", "list"}), 0, {"hr/p-1.csv:5", "hr/p-2.csv:5"});

  company.Write("p-1.csv", CompanyCsv(15));
  others[0].title = "Director";
  company.Write("p-2.csv", CsvOf(others));
  const Output output = company.Run({"plan"});
  Expect(output, 0, {"the same key with different content: line 2 of hr in several files"});
  CHECK_FALSE(output.Says("two rules"));
}

TEST_CASE("doctor says that nothing is compared with a checksum where a command does not say what it reads") {
  Company company(15);
  company.Write("config.yaml", WithSource("command: [/bin/cat, people.csv]"));
  Expect(company.Run({"doctor"}), 0, {"is made by a command"});
  company.Write("people.csv.sha256", "x\n");
  Expect(company.Run({"doctor"}), 0, {"nothing is compared with " + company.Path("people.csv.sha256"), "{file}"});
}

TEST_CASE("doctor compares a file with its checksum, and says what a run would") {
  Company company(15);
  company.Write("config.yaml", CompanyConfig());
  company.Write("people.csv.sha256", "no checksum\n");
  Expect(company.Run({"doctor"}), 5, {"people.csv.sha256"});
  std::filesystem::remove(company.folder() / "people.csv.sha256");
  std::filesystem::create_symlink("nowhere", company.folder() / "people.csv.sha256");
  Expect(company.Run({"doctor"}), 5, {"people.csv.sha256"});
}

TEST_CASE("a command may put away what it has made when somebody stops what only looks") {
  Company company(15);
  company.Write("command.sh",
                "trap 'rm plain; exit 1' TERM\necho secret > plain\necho $$ > alive\nsleep 1000 & wait\n");
  company.Write("config.yaml", WithSource("command: [/bin/sh, " + company.Path("command.sh") + "]"));
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"plan"}, std::vector<std::string>{"read", "hr"},
        std::vector<std::string>{"explain", "E1"}}) {
    CAPTURE(words[0]);
    std::filesystem::remove(company.folder() / "alive");
    Child child = company.Start(words);
    const pid_t running = Await(company, "alive");
    child.Signal(SIGINT);
    child.Wait();
    CHECK(Ends(running));
    CHECK_FALSE(std::filesystem::exists(company.folder() / "plain"));
  }
}

TEST_CASE("who stops a run does not wait for a command, and what was written stays") {
  Company company(15);
  company.Write("command.sh", "echo $$ > alive\nexec sleep 1000\n");
  company.Write("config.yaml", WithSource("command: [/bin/sh, " + company.Path("command.sh") + "]"));
  const std::string before = company.Everything();
  for (const char* command : {"sync", "plan", "read", "explain"}) {
    for (const int signal : {SIGINT, SIGTERM}) {
      CAPTURE(command);
      std::filesystem::remove(company.folder() / "alive");
      std::vector<std::string> words{command};
      if (words[0] == "read") words.emplace_back("hr");
      if (words[0] == "explain") words.emplace_back("E1");
      Child child = company.Start(words);
      const pid_t running = Await(company, "alive");
      child.Signal(signal);
      const Output output = child.Wait();
      Expect(output, 7, {"stopped by a signal while \"/bin/sh"});
      CHECK(Ends(running));
    }
  }
  CHECK(company.Everything() == before);
  company.Write("config.yaml", CompanyConfig());
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
}

TEST_CASE("a checksum is of the bytes as they lie there, whatever reads them") {
  Company company(15);
  const std::string marked = "\xEF\xBB\xBF" + CompanyCsv(15);
  company.Write("people.csv", marked);
  company.Write("people.csv.sha256", Sha256Hex(marked) + " *people.csv\n");
  company.ExpectNoWrite(0, {"nothing to do"});
  company.Write("config.yaml", WithSource("command: [cat, \"{file}\"]"));
  company.ExpectNoWrite(0, {"nothing to do"});
  company.Write("people.csv.sha256", Sha256Hex("another") + "\n");
  company.ExpectNoWrite(5, {"does not fit the checksum"});
}

TEST_CASE("a file that was written just now is waited for until it is left alone, and then read whole") {
  Company company(15);
  const std::string csv = CompanyCsv(15);
  const std::size_t half = csv.size() / 2;
  company.Write("people.csv", csv.substr(0, half));
  std::filesystem::last_write_time(company.folder() / "people.csv", std::filesystem::file_time_type::clock::now());
  Child child = company.Start({"sync"});
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  std::ofstream(company.folder() / "people.csv", std::ios::binary | std::ios::app) << csv.substr(half);
  Expect(child.Wait(), 0, {"people.csv was written just now; waiting", "15 records", "nothing to do"});
}

TEST_CASE("an optional source that is missing, half-written or empty freezes its own people only") {
  for (const std::string_view trouble : {"missing", "half-written", "empty", "blank keys"}) {
    CAPTURE(trouble);
    Cli cli;
    cli.Write("config.yaml", kTwoSources);
    cli.Write("people.csv", CompanyCsv(15));
    cli.Write("guests.csv", CsvOf(Guests()));
    Expect(cli.Run({"sync"}), 0, {"25 operations done"});

    auto people = CompanyPeople(15);
    people[3].last_name = "Changed";
    people.pop_back();
    cli.Write("people.csv", CsvOf(people));
    auto guests = Guests();
    guests.resize(9);
    guests[2].last_name = "Changed";
    const std::string csv = CsvOf(guests);
    if (trouble == "missing") std::filesystem::remove(cli.folder() / "guests.csv");
    if (trouble == "half-written") cli.Write("guests.csv", csv.substr(0, csv.size() - 40));
    if (trouble == "empty") cli.Write("guests.csv", "");
    if (trouble == "blank keys") {
      for (Person& guest : guests) guest.id.clear();
      cli.Write("guests.csv", CsvOf(guests));
    }
    Expect(cli.Run({"sync"}), 0, {"2 operations done", "source guests is set aside, its people are frozen"});
    CHECK(cli.Account("SELECT email FROM users WHERE last_name = 'Changed'") == "person4@example.com\n");
    CHECK(cli.Account("SELECT email FROM users WHERE status = 'S'") == "person15@example.com\n");
    cli.Write("guests.csv", csv);
    Expect(cli.Run({"sync"}), 0, {"2 operations done"});
    CHECK(cli.Account("SELECT count(*) FROM users WHERE status = 'S'") == "2\n");
  }
}

TEST_CASE("an attribute that a joined directory carries no more is told of the directory, and what it said of nobody") {
  Cli cli;
  cli.Write("config.yaml", kJoined);
  cli.Write("people.csv", CompanyCsv(15));
  const auto write_ad = [&cli](const std::string& attribute, const std::string& prefix) {
    std::string ldif = "version: 1\n";
    for (const Person& person : CompanyPeople(15)) {
      ldif += "\ndn: cn=" + person.id + ",dc=x\nemployeeNumber: " + prefix + person.id + "\n" + attribute + ": 512\n";
    }
    cli.Write("ad.ldif", ldif);
  };
  write_ad("userAccountControl", "");
  Expect(cli.Run({"sync"}), 0, {"15 operations done"});
  write_ad("uac", "");
  const auto refused = cli.Run({"sync"});
  Expect(refused, 5,
         {"source ad: ", cli.Path("ad.ldif"), "no value in attribute \"userAccountControl\" in any record"});
  CHECK(refused.err.find("column") == std::string::npos);
  write_ad("userAccountControl", "0");
  Expect(cli.Run({"sync"}), 0, {"15 users from hr stay though they may have left", "see whether the joined source"});
}

TEST_CASE("as long as a joined directory lacks an attribute that it had, nobody who left by it is let in again") {
  Cli cli;
  cli.Write("config.yaml", Replaced(Replaced(kJoined, "hr: { csv: people.csv, key: employee_id }",
                                             "guests: { csv: guests.csv, key: employee_id, required: false }"),
                                    "from: hr", "from: guests"));
  cli.Write("guests.csv", CompanyCsv(15));
  const auto write_ad = [&cli](const std::string& attribute, const std::string& of_e3) {
    std::string ldif = "version: 1\n";
    for (const Person& person : CompanyPeople(15)) {
      ldif += "\ndn: cn=" + person.id + ",dc=x\nemployeeNumber: " + person.id + "\n" + attribute + ": " +
              (person.id == "E3" ? of_e3 : "512") + "\n";
    }
    cli.Write("ad.ldif", ldif);
  };
  write_ad("userAccountControl", "512");
  Expect(cli.Run({"sync"}), 0, {"15 operations done"});
  write_ad("userAccountControl", "514");
  Expect(cli.Run({"sync"}), 0, {"1 operation done"});
  const std::string before = cli.Everything();
  write_ad("uac", "514");
  // Nor while nobody can say so, since the file of those who are joined with it is set aside itself.
  cli.Write("guests.csv", CompanyCsv(15).substr(0, 300));
  for (int run = 1; run <= 2; ++run) {
    Expect(cli.Run({"sync"}), 0, {"source guests is set aside, its people are frozen"});
    CHECK(cli.Everything() == before);
  }
  cli.Write("guests.csv", CompanyCsv(15));
  for (int run = 1; run <= 3; ++run) {
    CAPTURE(run);
    Expect(cli.Run({"sync"}), 0, {"source guests is set aside, its people are frozen", "\"userAccountControl\""});
    CHECK(cli.Everything() == before);
  }
  write_ad("userAccountControl", "512");
  Expect(cli.Run({"sync"}), 0, {"1 operation done"});
  CHECK(cli.Account("SELECT count(*) FROM users WHERE status = 'A'") == "15\n");
}

TEST_CASE("a column that was emptied on purpose is agreed to once") {
  Company company(15);
  company.Write("config.yaml", Replaced(CompanyConfig(), ", designation: \"{title}\"", ""));
  Expect(company.Run({"sync"}), 0);
  auto people = CompanyPeople(15);
  for (Person& person : people) person.title.clear();
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 3, {"fill_drop"});
  Expect(company.Run({"approve", "last"}), 0);
  Expect(company.Run({"sync"}), 0, {"converged"});
  people[0].department = "Legal";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0, {"converged"});
}

TEST_CASE("an attribute that no entry carries is said by the first run that looks for it, and by that one alone") {
  Cli cli;
  const std::string config = R"yaml(state_dir: state
target: { sandbox: account.db }
sources:
  ad: { ldif: ad.ldif, key: employeeNumber }
users:
  from: ad
  left: "(userAccountControl=514)"
  fields: { user_type: moderator, first_name: "{cn}", last_name: Person, email: "{employeeNumber|lower}@example.com" }
)yaml";
  std::string ldif = "version: 1\n";
  for (const Person& person : CompanyPeople(15)) {
    ldif += "\ndn: cn=" + person.id + ",dc=x\ncn: " + person.id + "\nemployeeNumber: " + person.id +
            "\nuserAccountControl: 512\n";
  }
  cli.Write("ad.ldif", ldif);
  cli.Write("config.yaml", config);
  const std::string said = "no value in attribute \"userAcountControl\"";
  const Output first = cli.Run({"sync"});
  Expect(first, 0, {"15 operations done"});
  CHECK_FALSE(first.Says("no value in attribute"));
  cli.Write("config.yaml", Replaced(config, "userAccountControl=514", "userAcountControl=514"));
  Expect(cli.Run({"plan"}), 0, {said});
  Expect(cli.Run({"sync"}), 0, {said, "nothing to do"});
  const Output third = cli.Run({"sync"});
  Expect(third, 0, {"nothing to do"});
  CHECK_FALSE(third.Says("no value in attribute"));
}

}  // namespace ucaas_sync::testing
