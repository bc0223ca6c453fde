// How a command ended. One table of codes and words, the same in the shell, the log, the metrics and the pages.
#pragma once

#include <optional>
#include <string_view>

namespace ucaas_sync {

enum class ExitCode : int {
  kConverged = 0,    ///< Done, or nothing to do; a plan was made.
  kError = 1,        ///< Unexpected.
  kChanges = 2,      ///< Only with --detailed-exitcode: the plan is not empty.
  kHeld = 3,         ///< A guard held the plan; nothing was written.
  kPartial = 4,      ///< Finished, but something failed or went newly into quarantine.
  kSource = 5,       ///< A required source is missing, incomplete or unusable; nothing was written.
  kRefused = 6,      ///< The target refuses our credentials or rights.
  kUnavailable = 7,  ///< The target could not be reached or kept failing; the rest resumes on the next run.
  kBusy = 8,         ///< Another run is under way.
  kStale = 9,        ///< A plan file was used, altered, or no longer fits; nothing was written.
  kUsage = 64,       ///< Bad command line.
  kConfig = 78,      ///< Bad configuration, or state that belongs to another account.
};

/// "converged", "error", "changes", …
std::string_view Word(ExitCode code);
/// One sentence for --help and the manual.
std::string_view Meaning(ExitCode code);
std::optional<ExitCode> ExitCodeWithWord(std::string_view word);

}  // namespace ucaas_sync
