// The README is a promise too: its first example runs as it stands, its commands exist, and its pages "Before you trust
// it" and "It is held: what now" can be followed step by step.
#include <SQLiteCpp/Database.h>
#include <doctest/doctest.h>
#include <re2/re2.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/commands/company.h"

namespace ucaas_sync::testing {
namespace {

std::string Readme() {
  std::ifstream in(UCAAS_SYNC_README, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// The first block of that language behind `from`.
std::string Block(const std::string& readme, const std::string& language, std::string_view from) {
  const std::string open = "```" + language + '\n';
  const std::size_t begin = readme.find(open, readme.find(from)) + open.size();
  return readme.substr(begin, readme.find("```", begin) - begin);
}

/// Each `ucaas-sync …` of the README, from its blocks and its sentences, up to what a shell would end it at.
std::vector<std::string> Commands(const std::string& readme) {
  std::vector<std::string> commands;
  const RE2 pattern("ucaas-sync (?:-c config\\.yaml )?([a-z][^`\n;&#>]*)");
  re2::StringPiece rest(readme);
  for (std::string command; RE2::FindAndConsume(&rest, pattern, &command);) commands.push_back(command);
  return commands;
}

std::vector<std::string> Words(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

/// The configuration with a scope in each rule, as the fourth step says.
std::string Scoped(const std::string& department) {
  std::string config = CompanyConfig("guards: { protect: \"(user_type=admin)\" }\n");
  const std::string from = "  from: hr\n";
  const std::string scope = "  scope: \"(department=" + department + ")\"\n";
  for (std::size_t at = config.find(from); at != std::string::npos; at = config.find(from, at + 1)) {
    config.insert(at + from.size(), scope);
  }
  return config;
}

std::string LastRun(Cli& cli) {
  const std::string json = cli.Run({"status", "--format", "json"}).out;
  const std::size_t at = json.find("\"id\":\"") + 6;
  return json.substr(at, json.find('"', at) - at);
}

constexpr std::string_view kSuspended = "SELECT count(*) FROM users WHERE status = 'S'";

}  // namespace

TEST_CASE("README: the first sync in five minutes runs as it is written") {
  const std::string readme = Readme();
  Cli cli;
  cli.Write("config.yaml", Block(readme, "yaml", "## The first sync"));
  cli.Write("people.csv", Block(readme, "csv", "## The first sync"));
  Expect(cli.Run({"check"}), 0);
  Expect(cli.Run({"read", "hr"}), 0, {"Ada.Lovelace@example.com"});
  Expect(cli.Run({"plan"}), 0, {"create user E1  Ada Lovelace <ada.lovelace@example.com>", "2 changes to make"});
  Expect(cli.Run({"sync"}), 0, {"converged, 2 operations done"});
  Expect(cli.Run({"sync"}), 0, {"nothing to do"});
  Expect(cli.Run({"explain", "ada.lovelace@example.com"}), 0, {"hr line 2"});
}

TEST_CASE("README: every command that it names exists, with the options that it gives it") {
  Cli cli;
  std::set<std::string> seen;
  for (const std::string& command : Commands(Readme())) {
    CAPTURE(command);
    const std::vector<std::string> words = Words(command);
    std::vector<std::string> topic{words.front(), "--help"};
    const bool has_parts = topic.front() == "quarantine" || topic.front() == "state";
    if (has_parts && words.size() > 1) topic.insert(topic.begin() + 1, words[1]);
    const Output help = cli.RunBare(topic);
    CHECK(help.code == 0);
    seen.insert(words.front());
    for (const std::string& word : words) {
      if (word.starts_with("--")) CHECK(help.Says(word));
    }
  }
  for (const std::string command : {"check", "doctor", "read", "plan", "sync", "apply", "approve", "explain", "status",
                                    "runs", "revert", "hold", "quarantine", "state", "forget", "run"}) {
    INFO("the README should name " << command);
    CHECK(seen.contains(command));
  }
}

TEST_CASE("README: before you trust it, step by step, nothing is written before one department is") {
  Company company(30);
  std::filesystem::remove_all(company.folder() / "state");
  SQLite::Database((company.folder() / "account.db").string(), SQLite::OPEN_READWRITE)
      .exec(
          "UPDATE users SET user_type = 'admin' WHERE email = 'person3@example.com'; "
          "UPDATE users SET email = 'nobody.of.ours@example.com', natural = 'nobody.of.ours@example.com' WHERE email = "
          "'person30@example.com'");
  auto people = CompanyPeople(30);
  people[2].title = "Admin, grade 9";
  people[7].title = "Head of Research";  // E8
  people[9].title = "Head of Legal";     // E10
  company.WritePeople(people);
  company.Write("config.yaml", CompanyConfig("guards: { protect: \"(user_type=admin)\" }\n"));

  const std::string before = company.Everything();
  Expect(company.Run({"check"}), 0);
  Expect(company.Run({"read", "hr"}), 0, {"Head of Research"});
  Expect(company.Run({"plan"}), 0,
         {"adopt user E8", "Engineer, grade 2 → Head of Research", "create user E30", "in the account already"});
  Expect(company.Run({"explain", "E10"}), 0, {"hr line 11", "Head of Legal"});
  CHECK(company.Everything() == before);
  CHECK_FALSE(std::filesystem::exists(company.folder() / "state/state.db"));

  company.Write("config.yaml", Scoped("Research"));
  Expect(company.Run({"sync"}), 0, {"converged"});
  CHECK(company.Account("SELECT email FROM users WHERE designation LIKE 'Head%'") == "person8@example.com\n");
  const std::string researched = company.Everything();
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  CHECK(company.Everything() == researched);

  company.Write("config.yaml", CompanyConfig("guards: { protect: \"(user_type=admin)\" }\n"));
  Expect(company.Run({"plan", "--refresh", "--out", "everybody.plan"}), 0,
         {"adopt user E10", "Engineer, grade 1 → Head of Legal", "create user E30"});
  CHECK(company.Everything() == researched);
  Expect(company.Run({"apply", "everybody.plan"}), 0, {"converged"});
  CHECK(company.Account("SELECT count(*) FROM users WHERE designation LIKE 'Head%'") == "2\n");
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  CHECK(company.Count("user") == 31);
  CHECK(company.Account("SELECT designation FROM users WHERE user_type = 'admin'") != "Admin, grade 9\n");
  CHECK(company.Account("SELECT status FROM users WHERE email = 'nobody.of.ours@example.com'") == "A\n");
}

TEST_CASE("README: in an empty account one department goes before everybody, and everybody waits for a word") {
  Cli cli;
  cli.Write("people.csv", CompanyCsv(60));
  cli.Write("config.yaml", Scoped("Research"));
  Expect(cli.Run({"sync"}), 0, {"converged"});
  CHECK(cli.Count("user") == 10);
  cli.Write("config.yaml", CompanyConfig());
  Expect(cli.Run({"plan", "--refresh", "--out", "everybody.plan"}), 3,
         {"HELD by user.create: 50, limit 10", "This plan adds 50 users. With 10 active it may be 10 at once"});
  Expect(cli.Run({"apply", "everybody.plan"}), 3, {"approve everybody.plan"});
  CHECK(cli.Count("user") == 10);
  Expect(cli.Run({"approve", "everybody.plan"}), 0, {"This does it: ucaas-sync apply everybody.plan"});
  Expect(cli.Run({"apply", "everybody.plan"}), 0, {"converged"});
  CHECK(cli.Count("user") == 60);
}

TEST_CASE("README: it is held, what now, step by step") {
  Company company(30);
  auto people = CompanyPeople(30);
  for (std::size_t i = 0; i < 5; ++i) people[i].status = "terminated";
  company.WritePeople(people);
  company.ExpectNoWrite(3, {"HELD by user.suspend: 5, limit 3"});
  Expect(company.Run({"status"}), 0,
         {"user.suspend: 5, limit 3: suspend 5 users", "ucaas-sync approve " + LastRun(company)});
  Expect(
      company.Run({"plan"}), 3,
      {"This plan suspends 5 users. With 30 active it may be 3 in 24 hours", "E5 Ada Person5 <person5@example.com>"});
  Expect(company.Run({"explain", "E5"}), 0, {"hr line 6", "(status=terminated)", "but a guard"});

  // The export is mended, and nothing else is needed.
  company.WritePeople(CompanyPeople(30));
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  Expect(company.Run({"status", "--format", "json"}), 0, {"\"held\":null"});

  // It was right after all; one of them stays until the appeal is decided.
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 3);
  Expect(company.Run({"hold", "E1", "--reason", "until the appeal is decided"}), 0, {"quarantine release E1"});
  Expect(company.Run({"approve", LastRun(company), "--reason", "Sales was sold, ticket 4711"}), 0,
         {"The next run does it"});
  Expect(company.Run({"sync"}), 0, {"converged, 8 operations done"});
  CHECK(company.Account(std::string(kSuspended)) == "4\n");
  Expect(company.Run({"quarantine", "list"}), 0, {"E1", "until the appeal is decided"});
  Expect(company.Run({"quarantine", "release", "E1"}), 0);
  Expect(company.Run({"sync"}), 0, {"converged, 2 operations done"});

  // And by a file that was reviewed.
  for (std::size_t i = 5; i < 10; ++i) people[i].status = "terminated";
  company.WritePeople(people);
  Expect(company.Run({"plan", "--out", "monday.plan"}), 3);
  Expect(company.Run({"approve", "monday.plan"}), 0, {"This does it: ucaas-sync apply monday.plan"});
  Expect(company.Run({"apply", "monday.plan"}), 0, {"converged, 10 operations done"});
  CHECK(company.Account(std::string(kSuspended)) == "10\n");
}

}  // namespace ucaas_sync::testing
