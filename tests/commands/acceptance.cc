#include "tests/commands/acceptance.h"

#include <SQLiteCpp/Database.h>
#include <doctest/doctest.h>

#include <array>
#include <filesystem>
#include <sstream>
#include <utility>

namespace ucaas_sync::testing {
namespace {

namespace fs = std::filesystem;

void CopyState(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (const auto& entry : fs::directory_iterator(from)) {
    const std::string name = entry.path().filename();
    if (name == "state") {
      fs::copy(entry.path(), to / name, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    } else if (name.starts_with("account.db")) {
      fs::copy(entry.path(), to / name, fs::copy_options::overwrite_existing);
    }
  }
}

}  // namespace

SettledCompany::SettledCompany(std::vector<Person> people, const std::string& config)
    : people_(std::move(people)), config_(config) {
  Write("config.yaml", config_);
  WritePeople(people_);
  Expect(Run({"sync"}), 0, {"converged"});
  REQUIRE(Count("user") == size());
  CopyState(folder(), folder() / "saved");
}

void SettledCompany::Reset() {
  for (const auto& entry : fs::directory_iterator(folder())) {
    if (entry.path().filename() != "saved") fs::remove_all(entry.path());
  }
  CopyState(folder() / "saved", folder());
  Write("config.yaml", config_);
  WritePeople(people_);
}

void SettledCompany::PassHours(int hours) {
  SQLite::Database state(Path("state/state.db"), SQLite::OPEN_READWRITE);
  const std::string earlier = " - " + std::to_string(hours * 3'600'000LL);
  for (const auto& [table, column] : {std::pair{"absence", "since"},
                                      {"removal", "at"},
                                      {"quarantine", "since"},
                                      {"snapshot", "read_at"},
                                      {"entity", "suspended_at"},
                                      {"due", "at"},
                                      {"run", "started"},
                                      {"run", "ended"}}) {
    state.exec("UPDATE " + std::string(table) + " SET " + column + " = " + column + earlier);
  }
}

std::map<std::string, std::string> SettledCompany::Objects() const {
  std::map<std::string, std::string> objects;
  const std::string groups =
      ", (SELECT group_concat(grp) FROM (SELECT grp FROM memberships WHERE contact = o.id ORDER BY grp))";
  for (const auto& [kind, more] :
       {std::pair<std::string, std::string>{"user", ""}, {"group", ""}, {"contact", groups}}) {
    std::istringstream rows(Account("SELECT o.id, o.*" + more + " FROM " + kind + "s o"));
    for (std::string row; std::getline(rows, row);) objects[kind + ' ' + row.substr(0, row.find('|'))] = row;
  }
  return objects;
}

std::uint64_t CountWritten(const std::map<std::string, std::string>& before,
                           const std::map<std::string, std::string>& after) {
  std::uint64_t written = 0;
  for (const auto& [object, row] : before) {
    const auto now = after.find(object);
    if (now == after.end() || now->second != row) ++written;
  }
  for (const auto& [object, row] : after) {
    if (!before.contains(object)) ++written;
  }
  return written;
}

std::function<Expected(const SettledCompany&)> Always(int code, std::uint64_t written, std::vector<std::string> says) {
  return [expected = Expected{.code = code, .written = written, .says = std::move(says)}](const SettledCompany&) {
    return expected;
  };
}

void Play(SettledCompany& company, std::span<const AcceptanceCase> cases) {
  for (const AcceptanceCase& one : cases) {
    INFO(one.name << ", at " << company.size() << " people");
    company.Reset();
    const auto before = company.Objects();
    one.given(company);
    const Output output = company.Run({std::string(one.command)});
    const Expected expected = one.expected(company);
    INFO("stdout:\n" << output.out << "stderr:\n" << output.err);
    CHECK(output.code == expected.code);
    CHECK(CountWritten(before, company.Objects()) == expected.written);
    for (const std::string& text : expected.says) {
      INFO("it should say: " << text);
      CHECK(output.Says(text));
    }
  }
}

void PlayAtEverySize(std::span<const AcceptanceCase> cases) {
  for (const std::uint64_t size : {5U, 15U, 30U, 400U}) {
    SettledCompany company(CompanyPeople(size), CompanyConfig());
    Play(company, cases);
  }
}

std::function<void(SettledCompany&)> Text(std::function<std::string(const std::string&)> change) {
  return [change = std::move(change)](SettledCompany& company) {
    company.Write("people.csv", change(CsvOf(company.people())));
  };
}

std::function<void(SettledCompany&)> People(std::function<void(std::vector<Person>&)> change) {
  return [change = std::move(change)](SettledCompany& company) {
    std::vector<Person> people = company.people();
    change(people);
    company.WritePeople(people);
  };
}

}  // namespace ucaas_sync::testing
