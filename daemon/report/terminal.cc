#include "daemon/report/terminal.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace ucaas_sync::report {
namespace {

constexpr std::size_t kNarrowest = 40;
constexpr std::size_t kWidest = 160;

}  // namespace

Terminal DescribeTerminal(int descriptor, const Environment& environment, bool no_progress) {
  Terminal terminal;
  if (isatty(descriptor) != 1) return terminal;
  const auto no_colour = environment("NO_COLOR");
  const bool is_dumb = environment("TERM").value_or("") == "dumb";
  terminal.colour = (!no_colour || no_colour->empty()) && !is_dumb;
  terminal.progress = terminal.colour && !no_progress;
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    terminal.width = std::clamp<std::size_t>(size.ws_col, kNarrowest, kWidest);
  }
  return terminal;
}

bool IsJournal(int descriptor, const Environment& environment) {
  const auto stream = environment("JOURNAL_STREAM");
  struct stat status {};
  if (!stream || fstat(descriptor, &status) != 0) return false;
  return *stream == std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino);
}

}  // namespace ucaas_sync::report
