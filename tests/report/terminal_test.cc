#include "daemon/report/terminal.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <map>

namespace ucaas_sync::report {
namespace {

Environment With(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

/// A terminal of 100 columns.
class Pty {
 public:
  Pty() : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    REQUIRE(grantpt(master_) == 0);
    REQUIRE(unlockpt(master_) == 0);
    slave_ = open(ptsname(master_), O_RDWR | O_NOCTTY);
    REQUIRE(slave_ >= 0);
    Resize(100);
  }
  ~Pty() {
    close(slave_);
    close(master_);
  }
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;
  void Resize(unsigned short columns) const {
    winsize size{};
    size.ws_row = 25;
    size.ws_col = columns;
    REQUIRE(ioctl(slave_, TIOCSWINSZ, &size) == 0);
  }
  int slave() const { return slave_; }

 private:
  int master_;
  int slave_ = -1;
};

TEST_CASE("a pipe gets neither colour nor progress, and 80 columns") {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const Terminal terminal = DescribeTerminal(ends[1], With({{"TERM", "xterm"}}), false);
  CHECK_FALSE(terminal.colour);
  CHECK_FALSE(terminal.progress);
  CHECK(terminal.width == 80);
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("a terminal gets colour, progress and its own width") {
  const Pty pty;
  const Terminal terminal = DescribeTerminal(pty.slave(), With({{"TERM", "xterm"}}), false);
  CHECK(terminal.colour);
  CHECK(terminal.progress);
  CHECK(terminal.width == 100);
}

TEST_CASE("NO_COLOR and a dumb terminal switch both off, --no-progress the progress alone") {
  const Pty pty;
  CHECK_FALSE(DescribeTerminal(pty.slave(), With({{"TERM", "xterm"}, {"NO_COLOR", "1"}}), false).colour);
  CHECK_FALSE(DescribeTerminal(pty.slave(), With({{"TERM", "xterm"}, {"NO_COLOR", "1"}}), false).progress);
  CHECK_FALSE(DescribeTerminal(pty.slave(), With({{"TERM", "dumb"}}), false).colour);
  CHECK(DescribeTerminal(pty.slave(), With({{"TERM", "xterm"}, {"NO_COLOR", ""}}), false).colour);
  const Terminal terminal = DescribeTerminal(pty.slave(), With({{"TERM", "xterm"}}), true);
  CHECK(terminal.colour);
  CHECK_FALSE(terminal.progress);
}

TEST_CASE("only what is the journal's own stream gets the journal's priorities") {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  struct stat status {};
  REQUIRE(fstat(ends[1], &status) == 0);
  const std::string own = std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino);
  CHECK(IsJournal(ends[1], With({{"JOURNAL_STREAM", own}})));
  CHECK_FALSE(IsJournal(ends[1], With({{"JOURNAL_STREAM", own + '0'}})));
  CHECK_FALSE(IsJournal(ends[1], With({})));
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("an absurd width is not believed") {
  const Pty pty;
  pty.Resize(3);
  CHECK(DescribeTerminal(pty.slave(), With({{"TERM", "xterm"}}), false).width == 40);
  pty.Resize(2000);
  CHECK(DescribeTerminal(pty.slave(), With({{"TERM", "xterm"}}), false).width == 160);
}

}  // namespace
}  // namespace ucaas_sync::report
