#include "tests/support/slapd.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace ucaas_sync::testing {
namespace {

namespace fs = std::filesystem;

std::string Slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// Starts a program; its output goes to `out`, its errors to `err`.
pid_t Start(std::vector<std::string> arguments, const fs::path& out, const fs::path& err) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error(arguments[0] + ": " + std::strerror(error));
  return pid;
}

int WaitFor(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

fs::path Program(const std::string& name) {
  for (const char* folder : {"/usr/sbin", "/usr/bin", "/sbin", "/bin"}) {
    const fs::path path = fs::path(folder) / name;
    if (fs::exists(path)) return path;
  }
  throw std::runtime_error(name + " is not there; this test needs Debian's slapd and ldap-utils (apt-get install)");
}

}  // namespace

Slapd::Slapd(const std::string& entries) {
  std::string name = (fs::temp_directory_path() / "ucaas-sync-slapd-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp: " + std::string(std::strerror(errno)));
  folder_ = name;
  try {
    fs::create_directory(folder_ / "db");
    std::ofstream(folder_ / "slapd.conf") << "include /etc/ldap/schema/core.schema\n"
                                             "include /etc/ldap/schema/cosine.schema\n"
                                             "include /etc/ldap/schema/inetorgperson.schema\n"
                                             "modulepath /usr/lib/ldap\nmoduleload back_mdb\n"
                                             "database mdb\nsuffix dc=example,dc=com\n"
                                             "rootdn cn=admin,dc=example,dc=com\n"
                                          << "directory " << (folder_ / "db").string() << "\n";
    std::ofstream(folder_ / "entries.ldif") << entries;
    Run({Program("slapadd"), "-q", "-f", Path("slapd.conf"), "-l", Path("entries.ldif")});
    url_ = "ldapi://";
    for (const char c : Path("socket")) url_ += c == '/' ? std::string("%2F") : std::string(1, c);
    // With -d slapd stays in the foreground and is our child.
    server_ = Start({Program("slapd"), "-d", "0", "-f", Path("slapd.conf"), "-h", url_}, folder_ / "server.out",
                    folder_ / "server.err");
    WaitUntilItAnswers();
  } catch (...) {
    Stop();
    throw;
  }
}

std::string Slapd::Slapcat() {
  return Run({Program("slapcat"), "-f", Path("slapd.conf")});
}

std::string Slapd::Search(const std::vector<std::string>& options, int expected_exit) {
  std::vector<std::string> arguments{Program("ldapsearch"), "-x", "-H", url_, "-b", "dc=example,dc=com"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return Run(arguments, expected_exit);
}

std::string Slapd::Run(const std::vector<std::string>& arguments, int expected_exit) {
  const int exit = WaitFor(Start(arguments, folder_ / "out", folder_ / "err"));
  if (exit != expected_exit) {
    throw std::runtime_error(arguments[0] + " ended " + std::to_string(exit) + ": " + Slurp(folder_ / "err"));
  }
  return Slurp(folder_ / "out");
}

/// slapd has no way to say that it listens but to answer.
void Slapd::WaitUntilItAnswers() {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (WaitFor(Start({Program("ldapsearch"), "-x", "-H", url_, "-b", "", "-s", "base"}, folder_ / "out",
                       folder_ / "err")) != 0) {
    if (waitpid(server_, nullptr, WNOHANG) == server_) {
      server_ = 0;
      throw std::runtime_error("slapd ended at once: " + Slurp(folder_ / "server.err"));
    }
    if (std::chrono::steady_clock::now() > give_up) throw std::runtime_error("slapd does not answer");
    std::this_thread::yield();
  }
}

void Slapd::Stop() {
  if (server_ > 0) {
    kill(server_, SIGTERM);
    WaitFor(server_);
  }
  server_ = 0;
  std::error_code ignored;  // a leftover in the temporary folder is no reason to fail
  fs::remove_all(folder_, ignored);
}

}  // namespace ucaas_sync::testing
