#include "connectors/bytes/command_stream.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <filesystem>

#include "tests/connectors/bytes/temporary_folder.h"

namespace ucaas_sync::bytes {
namespace {

std::string ReadAll(ByteStream& stream) {
  std::string all;
  std::array<char, 4096> block{};
  while (const std::size_t count = stream.Read(block)) all.append(block.data(), count);
  return all;
}

CommandStream Shell(const std::string& script) {
  return CommandStream({"/bin/sh", "-c", script});
}

bool HasNoChildren() {
  return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
}

std::size_t OpenDescriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

}  // namespace

TEST_CASE("a command's output is the stream, and nothing is left of it afterwards") {
  const std::size_t before = OpenDescriptors();
  {
    CommandStream stream({"printf", "%s,%s", "a b", "$HOME"});  // no shell: nothing is expanded
    CHECK(ReadAll(stream) == "a b,$HOME");
    CHECK_FALSE(stream.Finish().has_value());
    CHECK(stream.location() == "printf %s,%s a b $HOME");
  }
  CHECK(OpenDescriptors() == before);
  CHECK(HasNoChildren());
}

TEST_CASE("a command that fails after half its output is incomplete, and says what it wrote to stderr") {
  CommandStream stream = Shell("echo half; echo 'no secret key' >&2; exit 2");
  CHECK(ReadAll(stream) == "half\n");
  const std::string problem = stream.Finish().value().ToString();
  CHECK(problem.find("exit status 2") != std::string::npos);
  CHECK(problem.find("no secret key") != std::string::npos);
}

TEST_CASE("a command that a signal ends is incomplete") {
  CommandStream stream = Shell("echo half; kill -9 $$");
  CHECK(ReadAll(stream) == "half\n");
  CHECK(stream.Finish().value().what.find("SIGKILL") != std::string::npos);
}

TEST_CASE("a command that fills its stderr does not wait for us for ever, and the end of it is kept") {
  CommandStream stream = Shell(
      "i=0; while [ $i -lt 4000 ]; do echo 'noise noise noise noise noise' >&2; i=$((i+1)); done; "
      "echo last words >&2; echo out; exit 1");
  CHECK(ReadAll(stream) == "out\n");
  const std::string what = stream.Finish().value().what;
  CHECK(what.find("last words") != std::string::npos);
  CHECK(what.size() < 2 * CommandStream::kKeptStderr);
}

TEST_CASE("a program that is not there is named") {
  CHECK_THROWS_WITH_AS(CommandStream({"no-such-program-here"}),
                       doctest::Contains("\"no-such-program-here\" cannot be run"), SourceFailure);
  CHECK(HasNoChildren());
}

TEST_CASE("a command is killed, with what it started, when its stream goes early") {
  const tests::TemporaryFolder folder;
  const std::string fifo = folder.Path("alive");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const UniqueFd alive(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK));
  {
    CommandStream stream = Shell("exec 3>" + fifo + "; sleep 1000 & echo started; wait");
    std::array<char, 32> block{};
    CHECK(stream.Read(block) == 8);
  }
  CHECK(HasNoChildren());
  // The pipe hangs up when the last process that holds it is gone.
  pollfd gone{.fd = alive.get(), .events = 0, .revents = 0};
  CHECK(::poll(&gone, 1, 10'000) == 1);
  CHECK((gone.revents & POLLHUP) != 0);
}

TEST_CASE("a command that closes its output and goes on is given up") {
  CommandStream stream({"/bin/sh", "-c", "echo out; exec >&-; sleep 1000"},
                       CommandStream::Options{.linger = std::chrono::milliseconds(50)});
  CHECK(ReadAll(stream) == "out\n");
  CHECK(stream.Finish().value().what.find("did not end") != std::string::npos);
  CHECK(HasNoChildren());
}

TEST_CASE("a command inherits no descriptor and no ignored signal") {
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> leaky{};
  REQUIRE(::pipe(leaky.data()) == 0);
  CommandStream stream = Shell("ls /proc/self/fd | wc -l; grep SigIgn /proc/self/status");
  const std::string output = ReadAll(stream);
  CHECK_FALSE(stream.Finish().has_value());
  CHECK(output.starts_with("4\n"));  // 0, 1, 2 and the folder that ls reads
  const std::uint64_t ignored = std::stoull(output.substr(output.find("SigIgn:") + 7), nullptr, 16);
  CHECK((ignored >> (SIGPIPE - 1U) & 1U) == 0);
  ::close(leaky[0]);
  ::close(leaky[1]);
  ::signal(SIGPIPE, before);
}

TEST_CASE("every {file} in a command is replaced, also inside a word, and once") {
  const std::vector<std::string> command{"gpg", "--in={file}", "{file}", "plain"};
  CHECK(ExpandCommand(command, "/x/{file}.gpg") ==
        std::vector<std::string>{"gpg", "--in=/x/{file}.gpg", "/x/{file}.gpg", "plain"});
}

}  // namespace ucaas_sync::bytes
