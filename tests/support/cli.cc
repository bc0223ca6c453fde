#include "tests/support/cli.h"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

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
    CloseWriter();
    close(ends[0]);
  }
  void CloseWriter() {
    if (ends[1] >= 0) close(ends[1]);
    ends[1] = -1;
  }
};

// Both at once, so that neither pipe fills up while the other is waited for.
void ReadBoth(int out, int err, Output& output) {
  std::array<pollfd, 2> polled{pollfd{out, POLLIN, 0}, pollfd{err, POLLIN, 0}};
  std::array<std::string*, 2> texts{&output.out, &output.err};
  std::array<char, 65536> buffer{};
  int open = 2;
  while (open > 0) {
    poll(polled.data(), polled.size(), -1);
    for (std::size_t i = 0; i < polled.size(); ++i) {
      if (polled[i].fd < 0 || polled[i].revents == 0) continue;
      const ssize_t got = read(polled[i].fd, buffer.data(), buffer.size());
      if (got > 0) {
        texts[i]->append(buffer.data(), static_cast<std::size_t>(got));
      } else {
        polled[i].fd = -1;
        --open;
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
}

std::string Cli::Read(const std::string& name) const {
  std::ifstream in(folder_ / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

Output Cli::Run(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{"-c", (folder_ / "config.yaml").string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return RunBare(words);
}

Output Cli::RunBare(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{UCAAS_SYNC_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment_) variables.push_back(name + '=' + value);
  Pipe out;
  Pipe err;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder_.c_str());
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.ends[1], STDERR_FILENO);
  pid_t child = 0;
  const int failed =
      posix_spawn(&child, UCAAS_SYNC_PROGRAM, &actions, nullptr, Pointers(words).data(), Pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("cannot start " UCAAS_SYNC_PROGRAM);
  out.CloseWriter();
  err.CloseWriter();
  Output output;
  ReadBoth(out.ends[0], err.ends[0], output);
  int status = 0;
  waitpid(child, &status, 0);
  output.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return output;
}

std::string Cli::Account(const std::string& sql) const {
  if (!std::filesystem::exists(folder_ / "account.db")) return {};
  const SQLite::Database database((folder_ / "account.db").string(), SQLite::OPEN_READONLY);
  SQLite::Statement query(database, sql);
  std::string text;
  while (query.executeStep()) {
    for (int i = 0; i < query.getColumnCount(); ++i) text += (i == 0 ? "" : "|") + query.getColumn(i).getString();
    text += '\n';
  }
  return text;
}

std::uint64_t Cli::Count(const std::string& kind) const {
  const std::string count = Account("SELECT count(*) FROM " + kind + 's');
  return count.empty() ? 0 : std::stoull(count);
}

std::string CompanyConfig(std::string_view more) {
  return R"(state_dir: state
target: { sandbox: account.db }
sources:
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
)" + std::string(more);
}

std::string CompanyCsv(std::uint64_t count) {
  static constexpr std::array<std::string_view, 6> kDepartments{"Sales",   "Finance", "Research",
                                                                "Support", "Legal",   "Board"};
  static constexpr std::array<std::string_view, 5> kNames{"Ada", "Bj\xC3\xB6rn", "Chlo\xC3\xA9", "Dmitri", "Efua"};
  std::string csv = "employee_id,first_name,last_name,email,department,title,status\r\n";
  for (std::uint64_t i = 1; i <= count; ++i) {
    const std::string number = std::to_string(i);
    csv += "E" + number + ',' + std::string(kNames[i % kNames.size()]) + ",Person" + number + ",person" + number +
           "@example.com," + std::string(kDepartments[i % kDepartments.size()]) + ",\"Engineer, grade " +
           std::to_string(i % 3) + "\",active\r\n";
  }
  return csv;
}

}  // namespace ucaas_sync::testing
