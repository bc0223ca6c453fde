// The state in an administrator's hands: check, backup, rebuild, rebind; and a state that lost its sense in the night.
#include <SQLiteCpp/SQLiteCpp.h>
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/commands/company.h"

namespace ucaas_sync::testing {
namespace {

std::string Bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void Put(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::filesystem::path State(const Cli& cli) {
  return cli.folder() / "state" / "state.db";
}

void RemoveSidecars(const std::filesystem::path& state) {
  for (const char* part : {"-wal", "-shm"}) std::filesystem::remove(state.string() + part);
}

/// Puts everything into the one file.
void Settle(const Cli& cli) {
  SQLite::Database(State(cli).string(), SQLite::OPEN_READWRITE).exec("PRAGMA wal_checkpoint(TRUNCATE)");
  RemoveSidecars(State(cli));
}

std::int64_t Ask(const Cli& cli, const std::string& sql) {
  return SQLite::Database(State(cli).string(), SQLite::OPEN_READONLY).execAndGet(sql).getInt64();
}

}  // namespace

TEST_CASE("state check says what is there, and ends 1 with what to do when it is not sound") {
  Company company(15);
  Expect(company.Run({"state", "check"}), 0, {"15 active, 0 suspended", "sandbox:", "1 run, 36 operations", "Sound"});
  SQLite::Database(State(company).string(), SQLite::OPEN_READWRITE)
      .exec("UPDATE known SET flags = flags + 16 WHERE id = 3");
  Expect(company.Run({"state", "check"}), 1,
         {"NOT sound", "differ from the narrow table", "state rebuild", "state backup"});
  Cli nobody;
  nobody.Write("config.yaml", CompanyConfig());
  Expect(nobody.Run({"state", "check"}), 1, {"there is no state"});
  CHECK_FALSE(std::filesystem::exists(nobody.folder() / "state"));
}

TEST_CASE("a backup is for its owner alone, replaces nothing, and is a state to go on with") {
  Company company(15);
  Expect(company.Run({"state", "backup", "copy.db"}), 0, {"checked"});
  struct stat info {};
  REQUIRE(::stat(company.Path("copy.db").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  Expect(company.Run({"state", "backup", "copy.db"}), 1, {"never replaces one"});
  std::filesystem::remove_all(company.folder() / "state");
  std::filesystem::create_directory(company.folder() / "state");
  std::filesystem::permissions(company.folder() / "state", std::filesystem::perms::owner_all);
  std::filesystem::copy(company.folder() / "copy.db", State(company));
  const std::string before = company.Everything();
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  CHECK(company.Everything() == before);
}

TEST_CASE("a state with any one page of zeros is refused with the way out, or does no harm") {
  Company company(15);
  Settle(company);
  const std::string whole = Bytes(State(company));
  const std::string account = Bytes(company.folder() / "account.db");
  auto people = CompanyPeople(15);
  people[3].title = "Director";
  company.WritePeople(people);
  constexpr std::size_t kPage = 4096;
  std::size_t refused = 0;
  for (std::size_t at = kPage; at < whole.size(); at += kPage) {
    CAPTURE(at / kPage);
    std::string torn = whole;
    torn.replace(at, kPage, kPage, '\0');
    RemoveSidecars(State(company));
    Put(State(company), torn);
    const Output output = company.Run({"sync"});
    if (output.code == 0) {
      CHECK(company.Account("SELECT email FROM users WHERE designation = 'Director'") == "person4@example.com\n");
      CHECK(company.Account("SELECT count(*) FROM users WHERE status = 'A'") == "15\n");
      CHECK(company.Count("contact") == 15);
      for (const char* part : {"-wal", "-shm"}) std::filesystem::remove(company.Path("account.db") + part);
      Put(company.folder() / "account.db", account);
      continue;
    }
    ++refused;
    INFO(output.err);
    Expect(output, 1, {"is damaged", "state rebuild", "state backup"});
    CHECK(company.Account("SELECT count(*) FROM users WHERE designation = 'Director'") == "0\n");
  }
  CHECK(refused > 3);
}

TEST_CASE("a state cut in the middle is refused, rebuilt without a write, and then goes on") {
  Company company(15);
  Settle(company);
  const std::string whole = Bytes(State(company));
  Put(State(company), whole.substr(0, whole.size() / 2));
  company.ExpectNoWrite(1, {"is damaged", "state rebuild", "state backup"});
  Expect(company.Run({"state", "check"}), 1, {"damaged"});
  Expect(company.Run({"state", "rebuild"}), 64, {"--yes", "nothing was done"});
  const std::string before = company.Everything();
  Expect(company.Run({"state", "rebuild", "--yes"}), 0,
         {"The old state is now", "15 users, 6 groups, 15 contacts", "counts as adopted",
          "nothing was written to the target"});
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  CHECK(company.Everything() == before);
  CHECK(Ask(company, "SELECT count(*) FROM entity WHERE ownership = 1") == 36);
}

/// E5 leaves and is suspended; the others, without E5, are for the next export.
std::vector<Person> LetOneGo(Company& company) {
  auto people = CompanyPeople(15);
  people[4].status = "terminated";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0);
  people.erase(people.begin() + 4);
  return people;
}

TEST_CASE("a rebuild from a readable state keeps who made whom, holds, and those who have left the sources") {
  Company company(15);
  auto people = LetOneGo(company);
  people[0].title = "Director";
  company.WritePeople(people);
  const std::int64_t suspended_at = Ask(company, "SELECT suspended_at FROM entity WHERE key = 'E5' AND kind = 0");
  const std::string before = company.Everything();
  Expect(company.Run({"state", "rebuild", "--yes"}), 0,
         {"Found again by e-mail or name: 14 users, 6 groups, 14 contacts", "Kept as the old state knew them: 1 user"});
  CHECK(company.Everything() == before);
  CHECK(Ask(company, "SELECT count(*) FROM entity WHERE ownership = 0") == 35);
  CHECK(Ask(company, "SELECT suspended_at FROM entity WHERE key = 'E5' AND kind = 0") == suspended_at);
  Expect(company.Run({"state", "check"}), 0, {"14 active, 1 suspended", "Sound"});
  Expect(company.Run({"sync"}), 0, {"2 operations done"});
}

TEST_CASE("a rebuild that is killed anywhere forgets neither who left the sources nor who made whom") {
  Company company(15);
  const auto people = LetOneGo(company);
  company.WritePeople(people);
  const std::filesystem::path dir = company.folder() / "state";
  const auto names = [&dir] {
    const std::filesystem::directory_iterator entries(dir);
    return std::distance(begin(entries), end(entries));
  };
  int killed = 0;
  for (int delay = 0; delay < 24; ++delay) {
    CAPTURE(delay);
    const auto before = names();
    Child rebuild = company.Start({"state", "rebuild", "--yes"});
    // It is at work with the files from the first new one on.
    for (int i = 0; i < 20'000 && names() == before; ++i) {
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(delay));
    rebuild.Signal(SIGKILL);
    if (rebuild.Wait().code == 128 + SIGKILL) ++killed;
    Expect(company.Run({"sync"}), 0);
    for (const char* name : {"rebuilding", "rebuilt"}) CHECK_FALSE(std::filesystem::exists(dir / name));
    CHECK(Ask(company, "SELECT count(*) FROM entity WHERE ownership = 0 AND lifecycle < 2") == 35);
    CHECK(Ask(company, "SELECT count(*) FROM entity WHERE key = 'E5' AND kind = 0 AND lifecycle = 1") == 1);
  }
  CHECK(killed > 2);
}

TEST_CASE("a rebuild that cannot read its sources leaves the state where it is") {
  Company company(15);
  company.Write("people.csv", "employee_id,first_name\r\nE1,");
  Expect(company.Run({"state", "rebuild", "--yes"}), 5, {"people.csv"});
  Expect(company.Run({"state", "check"}), 0, {"Sound"});
}

TEST_CASE("rebind takes the same account under a new name, and refuses another") {
  Company company(15);
  std::filesystem::copy(company.folder() / "account.db", company.folder() / "moved.db");
  company.Write("config.yaml", CompanyConfig({}, "target: { sandbox: moved.db }\n"));
  Expect(company.Run({"sync"}), 78, {"belongs to the account at", "state rebind"});
  Expect(company.Run({"state", "rebind"}), 64, {"36 are there", "--yes"});
  Expect(company.Run({"state", "rebind", "--yes"}), 0, {"36 objects", "36 are there", "moved.db"});
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  Expect(company.Run({"state", "rebind", "--yes"}), 0, {"already"});

  company.Write("config.yaml", CompanyConfig({}, "target: { sandbox: empty.db }\n"));
  Expect(company.Run({"state", "rebind", "--yes"}), 78, {"0 are there", "another account", "state rebuild"});
  Expect(company.Run({"sync"}), 78);
}

TEST_CASE("old runs leave the journal at the end of a run") {
  Company company(15);
  auto people = CompanyPeople(15);
  people[0].title = "Director";
  company.WritePeople(people);
  Expect(company.Run({"sync"}), 0);
  SQLite::Database(State(company).string(), SQLite::OPEN_READWRITE)
      .exec("UPDATE run SET started = started - 401 * 86400000, ended = ended - 401 * 86400000 WHERE id = 1");
  Expect(company.Run({"sync"}), 0, {"nothing to do"});
  CHECK(Ask(company, "SELECT count(*) FROM run") == 2);
  CHECK(Ask(company, "SELECT count(*) FROM operation") == 2);
  Expect(company.Run({"state", "check"}), 0, {"Sound"});
}

}  // namespace ucaas_sync::testing
