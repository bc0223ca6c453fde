#include "connectors/bytes/command_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "connectors/bytes/source_problem.h"
#include "daemon/model/text.h"

namespace ucaas_sync::bytes {
namespace {

// How often a program that has closed its output is asked whether it has ended.
constexpr int kPollMilliseconds = 10;
// How often somebody who may stop it is asked.
constexpr int kStopMilliseconds = 100;
constexpr std::string_view kStopped = "it was killed, since the service stops";

// What a program reads from its standard input: a file in memory, so that nobody waits for a reader.
UniqueFd InputWith(const std::string& text) {
  if (text.empty()) return {};
  UniqueFd file(::memfd_create("ucaas-sync-input", MFD_CLOEXEC));
  if (!file.is_open()) throw std::system_error(errno, std::generic_category(), "memfd_create");
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t count = ::pwrite(file.get(), text.data() + at, text.size() - at, static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw std::system_error(errno, std::generic_category(), "pwrite");
    at += static_cast<std::size_t>(count);
  }
  return file;
}

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Pipe MakePipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  Pipe pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
  // Where our own standard streams are closed, the pipe may sit on 0 to 2, which the child's redirections overwrite.
  if (pipe.write.get() <= STDERR_FILENO) {
    pipe.write = UniqueFd(::fcntl(pipe.write.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!pipe.write.is_open()) throw std::system_error(errno, std::generic_category(), "dup");
  }
  return pipe;
}

// What the child changes between fork and exec. The calls fail for want of memory only.
class SpawnPlan {
 public:
  /// `input`: -1 for an empty one.
  SpawnPlan(int input, int output, int error) {
    Check(::posix_spawn_file_actions_init(&actions_));
    Check(::posix_spawnattr_init(&attributes_));
    if (input >= 0) {
      Check(::posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO));
    } else {
      Check(::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0));
    }
    Check(::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO));
    Check(::posix_spawn_file_actions_adddup2(&actions_, error, STDERR_FILENO));
    Check(::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1));
    // A daemon ignores and blocks signals; what it starts should not inherit that.
    sigset_t all{};
    sigset_t none{};
    sigfillset(&all);
    sigemptyset(&none);
    Check(::posix_spawnattr_setsigdefault(&attributes_, &all));
    Check(::posix_spawnattr_setsigmask(&attributes_, &none));
    Check(::posix_spawnattr_setpgroup(&attributes_, 0));
    Check(::posix_spawnattr_setflags(&attributes_,
                                     POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP));
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&actions_);
  }

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  static void Check(int error) {
    if (error != 0) throw std::system_error(error, std::generic_category(), "posix_spawn");
  }
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

std::string Joined(const std::vector<std::string>& command) {
  std::string line;
  for (const std::string& word : command) {
    if (!line.empty()) line += ' ';
    line += word;
  }
  return line;
}

std::string SignalName(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? "signal " + std::to_string(signal) : std::string("SIG") + name;
}

}  // namespace

std::vector<std::string> ExpandCommand(std::span<const std::string> command, const std::string& file) {
  constexpr std::string_view kPlaceholder = "{file}";
  std::vector<std::string> expanded(command.begin(), command.end());
  for (std::string& word : expanded) {
    for (std::size_t at = word.find(kPlaceholder); at != std::string::npos;
         at = word.find(kPlaceholder, at + file.size())) {
      word.replace(at, kPlaceholder.size(), file);
    }
  }
  return expanded;
}

CommandStream::CommandStream(std::vector<std::string> command, Options options)
    : command_(std::move(command)), location_(Joined(command_)), linger_(options.linger), stop_(options.stop) {
  if (command_.empty()) throw std::invalid_argument("a command without a program");
  Pipe output = MakePipe();
  Pipe error = MakePipe();
  ::fcntl(error.read.get(), F_SETFL, O_NONBLOCK);

  const UniqueFd input = InputWith(options.input);
  const SpawnPlan plan(input.get(), output.write.get(), error.write.get());
  if (options.limit) deadline_ = std::chrono::steady_clock::now() + *options.limit;
  std::vector<char*> arguments;
  arguments.reserve(command_.size() + 1);
  for (std::string& word : command_) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int failed =
      ::posix_spawnp(&process_, arguments[0], plan.actions(), plan.attributes(), arguments.data(), environ);
  if (failed != 0) {
    process_ = -1;
    std::string what = "the program \"" + command_[0] + "\" cannot be run: " + std::generic_category().message(failed);
    throw SourceFailure(ProblemAt(location_, 0, 0, std::move(what),
                                  "check \"command:\" (the program's full path, and that it is executable)"));
  }
  output_ = std::move(output.read);
  error_ = std::move(error.read);
}

CommandStream::~CommandStream() {
  Kill();
}

std::size_t CommandStream::Read(std::span<char> buffer) {
  while (output_.is_open()) {
    // stderr is emptied alongside: a program that fills it would otherwise wait for us while we wait for it.
    std::array<pollfd, 2> ready{pollfd{.fd = output_.get(), .events = POLLIN, .revents = 0},
                                pollfd{.fd = error_.get(), .events = POLLIN, .revents = 0}};
    if (IsStopped()) {
      Kill();
      throw SourceFailure(Failed(std::string(kStopped)));
    }
    int patience = stop_ == nullptr ? -1 : kStopMilliseconds;
    if (deadline_) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - std::chrono::steady_clock::now());
      if (left.count() <= 0) {
        Kill();
        throw SourceFailure(Failed("it took too long, and was killed"));
      }
      const int until_then = static_cast<int>(left.count());
      patience = patience < 0 ? until_then : std::min(patience, until_then);
    }
    if (::poll(ready.data(), ready.size(), patience) < 0) {
      if (errno == EINTR) continue;
      throw std::system_error(errno, std::generic_category(), "poll");
    }
    if (ready[1].revents != 0) KeepStderr();
    if (ready[0].revents == 0) continue;
    const ssize_t count = ::read(output_.get(), buffer.data(), buffer.size());
    if (count > 0) return static_cast<std::size_t>(count);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      throw SourceFailure(Failed("its output could not be read: " + std::generic_category().message(errno)));
    output_.Close();
  }
  return 0;
}

std::optional<Problem> CommandStream::Finish() {
  if (process_ < 0) return std::nullopt;
  if (output_.is_open()) {
    Kill();
    return Failed("its output was not read to the end");
  }
  const auto deadline = std::chrono::steady_clock::now() + linger_;
  int status = 0;
  while (true) {
    const pid_t ended = ::waitpid(process_, &status, WNOHANG);
    if (ended == process_) break;
    if (ended < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "waitpid");
    if (IsStopped()) {
      Kill();
      return Failed(std::string(kStopped));
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      Kill();
      return Failed("it closed its output but did not end, and was killed");
    }
    pollfd ready{.fd = error_.get(), .events = POLLIN, .revents = 0};  // a closed one (-1) only waits
    if (::poll(&ready, 1, kPollMilliseconds) > 0) KeepStderr();
  }
  process_ = -1;
  KeepStderr();
  if (WIFSIGNALED(status)) return Failed("it was ended by " + SignalName(WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0) return Failed("it ended with exit status " + std::to_string(WEXITSTATUS(status)));
  return std::nullopt;
}

void CommandStream::KeepStderr() {
  std::array<char, kKeptStderr> block{};
  while (error_.is_open()) {
    const ssize_t count = ::read(error_.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      error_.Close();
      return;
    }
    stderr_.append(block.data(), static_cast<std::size_t>(count));
    if (stderr_.size() > kKeptStderr) stderr_.erase(0, stderr_.size() - kKeptStderr);
  }
}

void CommandStream::Kill() {
  if (process_ < 0) return;
  ::kill(-process_, SIGKILL);  // the group: what the program itself has started goes too
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
}

Problem CommandStream::Failed(std::string what) const {
  Problem problem = ProblemAt(location_, 0, 0, "the command failed: " + std::move(what),
                              "run it by hand as the user of this service");
  const std::string_view said = Trim(stderr_);
  problem.what += said.empty() ? "; it wrote nothing to stderr" : "; it wrote: " + Printable(said);
  return problem;
}

}  // namespace ucaas_sync::bytes
