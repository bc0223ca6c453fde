#include "connectors/bytes/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include "connectors/bytes/unique_fd.h"

namespace ucaas_sync::bytes {
namespace {

constexpr int kReport = STDERR_FILENO + 1;  // where the child says why it could not become the program

[[noreturn]] void GiveUp(int report, int error) {
  const ssize_t written = ::write(report, &error, sizeof(error));
  ::_exit(written == sizeof(error) ? 127 : 126);
}

int Above(int descriptor) {
  return ::fcntl(descriptor, F_DUPFD_CLOEXEC, kReport + 1);
}

// posix_spawn(3) cannot ask for the parent's death. Between fork and exec a thread of a program that has several may
// call what is async-signal-safe and nothing else: no memory is asked for here.
[[noreturn]] void BecomeProgram(const ChildStreams& streams, int report, pid_t parent, const char* program,
                                char* const* arguments) {
  // Without a terminal nobody is asked for a passphrase there; the group is what is ended.
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // gone before it could be asked for
  // Where our own standard streams are closed, any of these may sit on 0 to 2, and be overwritten by another.
  const int said = Above(report);
  const int input = streams.input >= 0 ? Above(streams.input) : ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int output = Above(streams.output);
  const int error = Above(streams.error);
  if (said < 0 || input < 0 || output < 0 || error < 0) GiveUp(report, errno);
  if (input == STDIN_FILENO) {
    ::fcntl(input, F_SETFD, 0);
  } else if (::dup2(input, STDIN_FILENO) < 0) {
    GiveUp(said, errno);
  }
  if (::dup2(output, STDOUT_FILENO) < 0 || ::dup2(error, STDERR_FILENO) < 0 || ::dup3(said, kReport, O_CLOEXEC) < 0) {
    GiveUp(said, errno);
  }
  // A kernel that lacks this leaves what is not ours; our own are close-on-exec.
  ::close_range(kReport + 1, ~0U, 0);
  // A daemon ignores and blocks signals; what it starts should not inherit that.
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &action, nullptr);
  sigset_t none{};
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(program, arguments, environ);
  GiveUp(kReport, errno);
}

bool MayBeRun(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

// No handler of ours may run in the child.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all{};
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

std::string FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) return MayBeRun(name) ? name : std::string();
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/bin:/bin" : path;
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    const std::string candidate = std::string(rest.substr(0, colon)) + '/' + name;
    if (colon > 0 && MayBeRun(candidate)) return candidate;
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return {};
}

Started StartChild(std::vector<std::string> command, const ChildStreams& streams) {
  // With a slash the kernel says what is wrong with it.
  const bool is_path = command.front().find('/') != std::string::npos;
  const std::string program = is_path ? command.front() : FindProgram(command.front());
  if (program.empty()) return {.process = -1, .error = ENOENT};
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  const UniqueFd hears(fds[0]);
  UniqueFd says(fds[1]);
  const pid_t parent = ::getpid();
  pid_t process = -1;
  {
    const SignalsBlocked blocked;
    process = ::fork();
    if (process == 0) BecomeProgram(streams, says.get(), parent, program.c_str(), arguments.data());
  }
  if (process < 0) throw std::system_error(errno, std::generic_category(), "fork");
  says.Close();
  // The end comes when the program is there: its descriptor closes on exec.
  int error = 0;
  ssize_t count = 0;
  do {
    count = ::read(hears.get(), &error, sizeof(error));
  } while (count < 0 && errno == EINTR);
  if (count != sizeof(error)) return {.process = process, .error = 0};
  while (::waitpid(process, nullptr, 0) < 0 && errno == EINTR) {
  }
  return {.process = -1, .error = error};
}

}  // namespace ucaas_sync::bytes
