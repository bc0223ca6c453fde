#include "connectors/bytes/command_stream.h"

#include <fcntl.h>
#include <poll.h>
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

#include "connectors/bytes/child_process.h"
#include "connectors/bytes/source_problem.h"
#include "daemon/model/text.h"

namespace ucaas_sync::bytes {
namespace {

// How often a program that has closed its output is asked whether it has ended.
constexpr int kPollMilliseconds = 10;

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
  return {.read = UniqueFd(fds[0]), .write = UniqueFd(fds[1])};
}

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
    : command_(std::move(command)), location_(Joined(command_)), options_(std::move(options)) {
  if (command_.empty()) throw std::invalid_argument("a command without a program");
  Pipe output = MakePipe();
  Pipe error = MakePipe();
  ::fcntl(error.read.get(), F_SETFL, O_NONBLOCK);

  const UniqueFd input = InputWith(options_.input);
  if (options_.limit) deadline_ = SteadyClock::now() + *options_.limit;
  const Started started =
      StartChild(command_, {.input = input.get(), .output = output.write.get(), .error = error.write.get()});
  if (started.process < 0) {
    std::string what =
        "the program \"" + command_[0] + "\" cannot be run: " + std::generic_category().message(started.error);
    throw SourceFailure(ProblemAt(location_, 0, 0, std::move(what),
                                  "check \"command:\" (the program's full path, and that it is executable)"));
  }
  process_ = started.process;
  output_ = std::move(output.read);
  error_ = std::move(error.read);
}

CommandStream::~CommandStream() {
  End();
}

std::size_t CommandStream::Read(std::span<char> buffer) {
  const auto asked_at = SteadyClock::now();
  while (output_.is_open()) {
    LookForStop();
    // stderr is emptied alongside: a program that fills it would otherwise wait for us while we wait for it.
    std::array<pollfd, 2> ready{pollfd{.fd = output_.get(), .events = POLLIN, .revents = 0},
                                pollfd{.fd = error_.get(), .events = POLLIN, .revents = 0}};
    const int count_ready = ::poll(ready.data(), ready.size(), PatienceSince(asked_at));
    if (count_ready < 0) {
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

void CommandStream::LookForStop() {
  if (!options_.stop || !options_.stop()) return;
  End();
  throw Failure(ExitCode::kUnavailable, "stopped by a signal while \"" + Printable(location_) + "\" was running");
}

int CommandStream::PatienceSince(SteadyClock::time_point asked_at) {
  const auto now = SteadyClock::now();
  auto until = SteadyClock::time_point::max();
  if (options_.stop) until = now + kLookForStop;
  if (deadline_) {
    if (now >= *deadline_) {
      End();
      throw SourceFailure(Failed("it took too long, and was ended"));
    }
    until = std::min(until, *deadline_);
  }
  if (options_.silence) {
    const auto silent_until = asked_at + *options_.silence;
    if (now >= silent_until) {
      End();
      Problem problem =
          Failed("it wrote nothing to its output for " +
                 FormatDuration(std::chrono::duration_cast<Duration>(*options_.silence)) + ", and was ended");
      problem.remedy += "; it must ask nobody for anything, such as a passphrase";
      throw SourceFailure(std::move(problem));
    }
    until = std::min(until, silent_until);
  }
  if (until == SteadyClock::time_point::max()) return -1;
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(until - now).count());
}

std::optional<Problem> CommandStream::Finish() {
  if (process_ < 0) return std::nullopt;
  if (output_.is_open()) {
    End();
    return Failed("its output was not read to the end");
  }
  const auto deadline = SteadyClock::now() + options_.linger;
  int status = 0;
  while (true) {
    LookForStop();
    const pid_t ended = ::waitpid(process_, &status, WNOHANG);
    if (ended == process_) break;
    if (ended < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "waitpid");
    if (SteadyClock::now() >= deadline) {
      End();
      return Failed("it closed its output but did not end, and was ended");
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

// A script may have something to put away, such as what it decrypted.
void CommandStream::End() {
  if (process_ < 0) return;
  ::kill(-process_, SIGTERM);  // the group: what the program itself has started goes too
  const auto deadline = SteadyClock::now() + options_.grace;
  // Not waited for yet: until then nobody else gets its number, by which the rest of its group is killed.
  siginfo_t ended{};
  while (::waitid(P_PID, static_cast<id_t>(process_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0 &&
         SteadyClock::now() < deadline) {
    ::poll(nullptr, 0, kPollMilliseconds);
  }
  ::kill(-process_, SIGKILL);
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
  KeepStderr();
}

Problem CommandStream::Failed(std::string what) const {
  Problem problem = ProblemAt(location_, 0, 0, "the command failed: " + std::move(what),
                              "run it by hand as the user of this service");
  const std::string_view said = Trim(stderr_);
  problem.what += said.empty() ? "; it wrote nothing to stderr" : "; it wrote: " + Printable(said);
  return problem;
}

}  // namespace ucaas_sync::bytes
