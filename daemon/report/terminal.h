// What the place that output goes to can show. Decided once, from facts that are passed in.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace ucaas_sync::report {

struct Terminal {
  bool colour = false;     ///< Only on a terminal, without NO_COLOR and not TERM=dumb.
  bool progress = false;   ///< A line that is drawn over: only on a terminal, without NO_COLOR and --no-progress.
  std::size_t width = 80;  ///< Columns.
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// Describes the terminal behind `descriptor` (1 or 2).
Terminal DescribeTerminal(int descriptor, const Environment& environment, bool no_progress);

/// Whether what is written to `descriptor` goes to systemd's journal, by $JOURNAL_STREAM: a child of a service whose
/// output was sent elsewhere has that variable too.
bool IsJournal(int descriptor, const Environment& environment);

}  // namespace ucaas_sync::report
