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
#include <fstream>

#include "tests/support/temporary_folder.h"

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

TEST_CASE("a file that the kernel cannot run is not given to a shell") {
  const testing::TemporaryFolder folder;
  const std::string script = folder.Path("script");
  std::ofstream(script) << "echo id,name\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  CHECK_THROWS_WITH_AS(CommandStream({script}), doctest::Contains("Exec format error"), SourceFailure);
  CHECK(HasNoChildren());
}

TEST_CASE("a command is killed, with what it started, when its stream goes early") {
  const testing::TemporaryFolder folder;
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

TEST_CASE("a command that is silent too long is ended and says so, one that goes on writing is read to its end") {
  using std::chrono::milliseconds;
  CommandStream silent({"/bin/sh", "-c", "echo out; echo 'Enter passphrase:' >&2; sleep 1000"},
                       CommandStream::Options{.silence = milliseconds(100)});
  CHECK_THROWS_WITH_AS(ReadAll(silent),
                       doctest::Contains("it wrote nothing to its output for 100 ms, and was ended; it wrote: Enter "
                                         "passphrase:; run it by hand as the user of this service; it must ask nobody"),
                       SourceFailure);
  CHECK(HasNoChildren());
  CommandStream slow({"/bin/sh", "-c", "for i in 1 2 3 4 5; do echo $i; sleep 0.2; done"},
                     CommandStream::Options{.silence = milliseconds(900)});
  CHECK(ReadAll(slow) == "1\n2\n3\n4\n5\n");
  CHECK_FALSE(slow.Finish().has_value());
}

TEST_CASE("who asks the program to stop does not wait for a command, and it goes with all that it has started") {
  const testing::TemporaryFolder folder;
  const std::string fifo = folder.Path("alive");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const UniqueFd alive(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK));
  int asked = 0;
  const auto options = [&asked] { return CommandStream::Options{.stop = [&asked] { return ++asked > 3; }}; };
  const auto is_stopped = [](const auto& read) {
    try {
      read();
    } catch (const SourceFailure&) {
      return false;
    } catch (const Failure& failure) {
      return failure.code() == ExitCode::kUnavailable &&
             std::string(failure.what()).find("stopped by a signal while \"/bin/sh") != std::string::npos;
    }
    return false;
  };
  SUBCASE("while nothing comes") {
    CommandStream stream({"/bin/sh", "-c", "exec 3>" + fifo + "; sleep 1000 & echo out; wait"}, options());
    CHECK(is_stopped([&] { ReadAll(stream); }));
    CHECK(HasNoChildren());
  }
  SUBCASE("while something comes without end") {
    CommandStream stream({"/bin/sh", "-c", "exec 3>" + fifo + "; while echo out; do :; done"}, options());
    CHECK(is_stopped([&] { ReadAll(stream); }));
    CHECK(HasNoChildren());
  }
  SUBCASE("after its output was closed") {
    CommandStream stream({"/bin/sh", "-c", "exec 3>" + fifo + "; exec >&-; sleep 1000"}, options());
    CHECK(is_stopped([&] {
      ReadAll(stream);
      return stream.Finish();
    }));
    CHECK(HasNoChildren());
  }
  pollfd gone{.fd = alive.get(), .events = 0, .revents = 0};
  CHECK(::poll(&gone, 1, 10'000) == 1);
}

TEST_CASE("a command that is ended may put away what it has made, but not take its time") {
  const testing::TemporaryFolder folder;
  const std::string clear = folder.Write("clear.csv", "id\n1\n");
  {
    CommandStream stream = Shell("trap 'rm " + clear + "; exit' TERM; echo ready; while :; do sleep 0.01; done");
    std::array<char, 32> block{};
    CHECK(stream.Read(block) == 6);
  }
  CHECK_FALSE(std::filesystem::exists(clear));
  CommandStream deaf(
      {"/bin/sh", "-c", "trap '' TERM; echo ready; exec sleep 1000"},
      CommandStream::Options{.silence = std::chrono::milliseconds(50), .grace = std::chrono::milliseconds(50)});
  CHECK_THROWS_AS(ReadAll(deaf), SourceFailure);
  CHECK(HasNoChildren());
}

TEST_CASE("a command does not outlive the program, however that ends") {
  const testing::TemporaryFolder folder;
  const std::string fifo = folder.Path("alive");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const UniqueFd alive(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK));
  const pid_t program = ::fork();
  REQUIRE(program >= 0);
  if (program == 0) {
    CommandStream stream = Shell("exec 3>" + fifo + "; echo started; exec sleep 1000");
    std::array<char, 32> block{};
    if (stream.Read(block) == 8) ::kill(::getpid(), SIGKILL);
    ::_exit(1);
  }
  int status = 0;
  CHECK(::waitpid(program, &status, 0) == program);
  CHECK(WIFSIGNALED(status));
  pollfd gone{.fd = alive.get(), .events = 0, .revents = 0};
  CHECK(::poll(&gone, 1, 10'000) == 1);
}

TEST_CASE("a command has no terminal and nothing to read, so nobody is asked for a passphrase") {
  CommandStream stream =
      Shell("cut -d' ' -f6,7 /proc/self/stat; readlink /proc/self/fd/0; (: < /dev/tty) || echo no tty");
  const std::string output = ReadAll(stream);
  CHECK_FALSE(stream.Finish().has_value());
  CHECK(output.ends_with("\n/dev/null\nno tty\n"));
  CHECK(output.substr(0, output.find(' ')) != std::to_string(::getsid(0)));
}

TEST_CASE("every {file} in a command is replaced, also inside a word, and once") {
  const std::vector<std::string> command{"gpg", "--in={file}", "{file}", "plain"};
  CHECK(ExpandCommand(command, "/x/{file}.gpg") ==
        std::vector<std::string>{"gpg", "--in=/x/{file}.gpg", "/x/{file}.gpg", "plain"});
}

}  // namespace ucaas_sync::bytes
