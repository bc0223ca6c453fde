// Acceptance: the state is lost, torn or another's, the account lists badly, and groups come with half their members.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/commands/acceptance.h"
#include "tests/commands/company.h"
#include "tests/support/scripted_server.h"
#include "tests/support/service.h"

namespace ucaas_sync::testing {
namespace {

void LoseState(SettledCompany& company) {
  std::filesystem::remove_all(company.folder() / "state");
}

void ZeroState(SettledCompany& company) {
  const std::string path = company.Path("state/state.db");
  std::filesystem::remove(path + "-wal");
  std::filesystem::remove(path + "-shm");
  const auto size = static_cast<std::size_t>(std::filesystem::file_size(path));
  std::ofstream(path, std::ios::binary | std::ios::trunc) << std::string(size, '\0');
}

/// An account over HTTP that has everybody, and a program that has lost its state.
class Forgetful {
 public:
  explicit Forgetful(std::uint64_t size, std::size_t max_page_length = 100) : service_(cli_, max_page_length) {
    cli_.Write("config.yaml", CompanyConfig({}, service_.Target()));
    cli_.Write("people.csv", CompanyCsv(size));
    Expect(cli_.Run({"sync"}), 0, {"converged"});
    std::filesystem::remove_all(cli_.folder() / "state");
    before_ = cli_.Everything();
    writes_ = service_.counters().writes;
  }
  void Fault(const std::string& rule) {
    sandbox::Faults faults;
    faults.rules.push_back(std::get<sandbox::FaultRule>(sandbox::ParseFault(rule)));
    service_.sandbox().SetFaults(faults);
  }
  void ExpectNoWrite(int code, std::initializer_list<std::string_view> says) {
    Expect(cli_.Run({"sync"}), code, says);
    CHECK(service_.counters().writes == writes_);
    CHECK(cli_.Everything() == before_);
  }

 private:
  Cli cli_;
  Service service_;
  std::string before_;
  std::uint64_t writes_ = 0;
};

std::string DirectoryOf(std::uint64_t people, std::uint64_t members, bool has_tail) {
  std::string text = "version: 1\n\n";
  std::string group = "dn: cn=all,dc=example\nuid: all\nobjectClass: group\ncn: all\n";
  for (std::uint64_t i = 1; i <= people; ++i) {
    const std::string uid = "u" + std::to_string(i);
    const std::string dn = "uid=" + uid + ",dc=example";
    text +=
        "dn: " + dn + "\nuid: " + uid + "\nobjectClass: person\ncn: Ada " + uid + "\nmail: " + uid + "@example.com\n\n";
    if (i <= members) group += (has_tail ? "member: " : "member;range=0-1499: ") + dn + '\n';
  }
  return text + group + '\n';
}

constexpr std::string_view kDirectoryConfig = R"yaml(state_dir: state
target: { sandbox: account.db }
sources:
  people: { ldif: export.ldif, key: uid, filter: "(objectClass=person)" }
  groups: { ldif: export.ldif, key: uid, filter: "(objectClass=group)" }
groups:
  from: groups
  fields: { name: "{cn}" }
  members: "{member}"
contacts:
  from: people
  fields: { name: "{cn}", email: "{mail}" }
)yaml";

}  // namespace

TEST_CASE("acceptance: a state that is lost, zeroed or another account's writes to nobody") {
  const std::vector<AcceptanceCase> cases{
      {.name = "lost state", .given = &LoseState, .expected = Always(0, 0, {"converged"})},
      {.name = "lost state, one title changed",
       .given =
           [](SettledCompany& company) {
             LoseState(company);
             auto people = company.people();
             people[1].title = "Director";
             company.WritePeople(people);
           },
       .expected = Always(0, 2, {"converged"})},
      {.name = "a state of zeros", .given = &ZeroState, .expected = Always(1, 0, {"zeros", "state.db"})},
      {.name = "a state of zeros, moved away",
       .given =
           [](SettledCompany& company) {
             ZeroState(company);
             std::filesystem::rename(company.Path("state/state.db"), company.Path("state/damaged.db"));
           },
       .expected = Always(0, 0, {"converged"})},
      {.name = "a state of another account",
       .given =
           [](SettledCompany& company) {
             company.Write("config.yaml", Replaced(CompanyConfig(), "sandbox: account.db", "sandbox: another.db"));
           },
       .expected = Always(78, 0, {"belongs to the account at sandbox:"})},
  };
  PlayAtEverySize(cases);
}

TEST_CASE("acceptance: a list of the account that answers 404 on page 2 proves nothing, and nothing is written") {
  for (const std::uint64_t size : {5U, 15U, 30U, 400U}) {
    CAPTURE(size);
    Forgetful company(size);
    company.Fault("GET users: 404 #2");
    company.ExpectNoWrite(7, {"the list of users, page 2", "nothing was written"});
    company.Fault("GET users: 500 #999999");
    company.ExpectNoWrite(0, {"converged"});
  }
}

TEST_CASE("acceptance: an account that gives ten objects a page, whatever it is asked, is read to its end") {
  for (const std::uint64_t size : {5U, 15U, 30U, 400U}) {
    CAPTURE(size);
    Forgetful company(size, 10);
    company.ExpectNoWrite(0, {"converged"});
  }
}

TEST_CASE("acceptance: an account whose list repeats a page is not believed, and nothing is written") {
  for (const std::uint64_t size : {5U, 15U, 30U, 400U}) {
    CAPTURE(size);
    std::string body = R"({"result":1,"users":[)";
    for (std::uint64_t i = 1; i <= size; ++i) {
      const std::string number = std::to_string(i);
      body += std::string(i == 1 ? "" : ",") + R"({"user_id":)" + number +
              R"(,"user_type":"moderator","first_name":"A",)" + R"("last_name":"B","email":"person)" + number +
              R"(@example.com","status":"A"})";
    }
    const test::ScriptedServer server({test::Answer("200 OK", body + "]}", "Connection: close\r\n")});
    Cli cli;
    cli.Write("access-key", "key\n");
    cli.Write("config.yaml", CompanyConfig({}, "target:\n  base_url: " + server.base_url() +
                                                   "\n  basic: { id: a, key_file: access-key }\n"));
    cli.Write("people.csv", CompanyCsv(size));
    Expect(cli.Run({"sync"}), 7, {"the list of users, page 2: it repeats an earlier page", "nothing was written"});
    for (const std::string& request : server.requests()) CHECK(request.starts_with("GET "));
  }
}

TEST_CASE("acceptance: a group whose list of members lacks its tail loses nobody") {
  for (const std::uint64_t size : {5U, 15U, 30U, 400U}) {
    CAPTURE(size);
    Cli cli;
    cli.Write("config.yaml", kDirectoryConfig);
    cli.Write("export.ldif", DirectoryOf(size, size, true));
    Expect(cli.Run({"sync"}), 0, {"converged"});
    CHECK(cli.Account("SELECT count(*) FROM memberships") == std::to_string(size) + '\n');
    const std::string before = cli.Everything();
    cli.Write("export.ldif", DirectoryOf(size, size / 2, false));
    Expect(cli.Run({"sync"}), 0,
           {"nothing to do", "the members of 1 group are not known", "nobody is taken out of all"});
    CHECK(cli.Everything() == before);
    cli.Write("export.ldif", DirectoryOf(size, size - 1, true));
    Expect(cli.Run({"sync"}), 0, {"1 operation done"});
    CHECK(cli.Account("SELECT count(*) FROM memberships") == std::to_string(size - 1) + '\n');
  }
}

}  // namespace ucaas_sync::testing
