#include "tests/support/cli.h"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace ucaas_sync::testing {
namespace {

struct Pipe {
  std::array<int, 2> ends{-1, -1};
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    for (const int end : ends) {
      if (end >= 0) close(end);
    }
  }
  int TakeReader() { return std::exchange(ends[0], -1); }
};

// Both at once, so that neither pipe fills up while the other is waited for; until `enough`, or until `until`. An end
// that is closed becomes -1.
void ReadBoth(int& out, int& err, Output& output, const std::function<bool()>& enough,
              std::chrono::steady_clock::time_point until) {
  const std::array<int*, 2> ends{&out, &err};
  const std::array<std::string*, 2> texts{&output.out, &output.err};
  std::array<char, 65536> buffer{};
  while ((out >= 0 || err >= 0) && !enough()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    if (left <= 0) return;
    std::array<pollfd, 2> polled{pollfd{out, POLLIN, 0}, pollfd{err, POLLIN, 0}};
    poll(polled.data(), polled.size(), static_cast<int>(std::min<std::int64_t>(left, 1'000)));
    for (std::size_t i = 0; i < polled.size(); ++i) {
      if (polled[i].fd < 0 || polled[i].revents == 0) continue;
      const ssize_t got = read(polled[i].fd, buffer.data(), buffer.size());
      if (got > 0) {
        texts[i]->append(buffer.data(), static_cast<std::size_t>(got));
      } else {
        close(std::exchange(*ends[i], -1));
      }
    }
  }
}

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Cli::Cli() {
  std::string pattern = (std::filesystem::temp_directory_path() / "ucaas-sync-cli-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = pattern;
  environment_ = {{"PATH", "/usr/bin:/bin"}, {"LC_ALL", "C.UTF-8"}, {"TZ", "UTC"}};
}

Cli::~Cli() {
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

void Cli::Write(const std::string& name, std::string_view content) {
  const std::filesystem::path path = folder_ / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  chmod(path.c_str(), 0600);
  // Otherwise every command would wait for the file to be left alone.
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - std::chrono::minutes(1));
}

std::string Cli::Read(const std::string& name) const {
  std::ifstream in(folder_ / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void Expect(const Output& output, int code, std::initializer_list<std::string_view> says) {
  INFO("stdout:\n" << output.out << "stderr:\n" << output.err);
  CHECK(output.code == code);
  for (const std::string_view text : says) {
    INFO("it should say: " << text);
    CHECK(output.Says(text));
  }
}

Child::Child(const std::filesystem::path& folder, std::vector<std::string> words,
             const std::vector<std::string>& variables) {
  Pipe out;
  Pipe err;
  std::vector<std::string> environment = variables;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.ends[1], STDERR_FILENO);
  const std::string program = words.front();
  const int failed =
      posix_spawn(&pid_, program.c_str(), &actions, nullptr, Pointers(words).data(), Pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("cannot start " + program);
  out_ = out.TakeReader();
  err_ = err.TakeReader();
}

Child::~Child() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    Wait();
  }
}

void Child::Signal(int signal) const {
  if (pid_ > 0) kill(pid_, signal);
}

void Child::WaitFor(std::string_view text, std::chrono::seconds bound) {
  const auto is_there = [&] {
    const std::size_t at = written_.err.find(text, heard_);
    if (at == std::string::npos) return false;
    heard_ = at + text.size();
    return true;
  };
  bool found = false;
  ReadBoth(
      out_, err_, written_, [&] { return found = found || is_there(); }, std::chrono::steady_clock::now() + bound);
  if (!found) {
    throw std::runtime_error("it did not say \"" + std::string(text) + "\" in time, but:\n" + written_.err);
  }
}

Output Child::Wait() {
  if (pid_ <= 0) return {};
  ReadBoth(
      out_, err_, written_, [] { return false; }, std::chrono::steady_clock::time_point::max());
  Output output = std::move(written_);
  for (const int end : {out_, err_}) {
    if (end >= 0) close(end);
  }
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  output.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return output;
}

std::vector<std::string> Cli::Variables() const {
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment_) variables.push_back(name + '=' + value);
  return variables;
}

Child Cli::Start(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{UCAAS_SYNC_PROGRAM, "-c", Path("config.yaml")};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return Child(folder_, std::move(words), Variables());
}

Output Cli::Run(const std::vector<std::string>& arguments) {
  return Start(arguments).Wait();
}

Output Cli::RunBare(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{UCAAS_SYNC_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return Child(folder_, std::move(words), Variables()).Wait();
}

std::string AccountAt(const std::filesystem::path& file, const std::string& sql) {
  if (!std::filesystem::exists(file)) return {};
  const SQLite::Database database(file.string(), SQLite::OPEN_READONLY);
  SQLite::Statement query(database, sql);
  std::string text;
  while (query.executeStep()) {
    for (int i = 0; i < query.getColumnCount(); ++i) text += (i == 0 ? "" : "|") + query.getColumn(i).getString();
    text += '\n';
  }
  return text;
}

std::string Cli::Account(const std::string& sql) const {
  return AccountAt(folder_ / "account.db", sql);
}

std::uint64_t Cli::Count(const std::string& kind) const {
  const std::string count = Account("SELECT count(*) FROM " + kind + 's');
  return count.empty() ? 0 : std::stoull(count);
}

std::string Cli::Everything() const {
  return Account("SELECT * FROM users ORDER BY id") + Account("SELECT * FROM groups ORDER BY id") +
         Account("SELECT * FROM contacts ORDER BY id") + Account("SELECT * FROM memberships ORDER BY contact, grp");
}

std::string CompanyConfig(std::string_view more, std::string_view target) {
  return "state_dir: state\n" + std::string(target) + R"yaml(sources:
  hr: { csv: people.csv, key: employee_id }
tables:
  status: { active: A, leave: S }
users:
  from: hr
  left: "(status=terminated)"
  fields:
    first_name: "{first_name}"
    last_name: "{last_name}"
    email: "{email|lower}"
    department: "{department}"
    designation: "{title|default:Staff}"
    user_type: moderator
    status: "{status|map:status|default:A}"
  create_only: [user_type]
groups:
  from: hr
  fields: { name: "{department}" }
contacts:
  from: hr
  left: "(status=terminated)"
  fields: { name: "{first_name} {last_name}", email: "{email|lower}", designation: "{title}", shared: "true" }
  groups: "{department}"
)yaml" + std::string(more);
}

std::vector<Person> CompanyPeople(std::uint64_t count) {
  static constexpr std::array<std::string_view, 6> kDepartments{"Sales",   "Finance", "Research",
                                                                "Support", "Legal",   "Board"};
  static constexpr std::array<std::string_view, 5> kNames{"Ada", "Bj\xC3\xB6rn", "Chlo\xC3\xA9", "Dmitri", "Efua"};
  std::vector<Person> people;
  people.reserve(count);
  for (std::uint64_t i = 1; i <= count; ++i) {
    const std::string number = std::to_string(i);
    people.push_back({.id = "E" + number,
                      .first_name = std::string(kNames[i % kNames.size()]),
                      .last_name = "Person" + number,
                      .email = "person" + number + "@example.com",
                      .department = std::string(kDepartments[i % kDepartments.size()]),
                      .title = "Engineer, grade " + std::to_string(i % 3)});
  }
  return people;
}

std::string CsvOf(const std::vector<Person>& people) {
  std::string csv = "employee_id,first_name,last_name,email,department,title,status\r\n";
  for (const Person& person : people) {
    for (const std::string* value :
         {&person.id, &person.first_name, &person.last_name, &person.email, &person.department}) {
      csv.append(*value).append(1, ',');
    }
    csv.append(1, '"').append(person.title).append("\",").append(person.status).append("\r\n");
  }
  return csv;
}

std::string CompanyCsv(std::uint64_t count) {
  return CsvOf(CompanyPeople(count));
}

std::string Replaced(std::string text, std::string_view old, std::string_view replacement) {
  const std::size_t at = text.find(old);
  if (at == std::string::npos) throw std::logic_error("there is no \"" + std::string(old) + '"');
  return text.replace(at, old.size(), replacement);
}

}  // namespace ucaas_sync::testing
