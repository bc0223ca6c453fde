#include "daemon/model/exit_code.h"

#include <array>

namespace ucaas_sync {
namespace {

struct Row {
  ExitCode code;
  std::string_view word;
  std::string_view meaning;
};

constexpr std::array kRows{
    Row{ExitCode::kConverged, "converged", "done, or nothing to do; a plan was made"},
    Row{ExitCode::kError, "error", "unexpected"},
    Row{ExitCode::kChanges, "changes", "only with --detailed-exitcode: the plan is not empty"},
    Row{ExitCode::kHeld, "held", "a guard held the plan; nothing was written"},
    Row{ExitCode::kPartial, "partial", "finished, but something failed or went newly into quarantine"},
    Row{ExitCode::kSource, "source", "a required source is missing, incomplete or unusable; nothing was written"},
    Row{ExitCode::kRefused, "refused", "the target refuses our credentials or rights"},
    Row{ExitCode::kUnavailable, "unavailable", "the target could not be reached or kept failing; the rest resumes"},
    Row{ExitCode::kBusy, "busy", "another run is under way"},
    Row{ExitCode::kStale, "stale", "a plan file was used, altered, or no longer fits; nothing was written"},
    Row{ExitCode::kUsage, "usage", "bad command line"},
    Row{ExitCode::kConfig, "config", "bad configuration, or state that belongs to another account"},
};

}  // namespace

std::string_view Word(ExitCode code) {
  for (const Row& row : kRows) {
    if (row.code == code) return row.word;
  }
  return "error";
}

std::string_view Meaning(ExitCode code) {
  for (const Row& row : kRows) {
    if (row.code == code) return row.meaning;
  }
  return "";
}

std::optional<ExitCode> ExitCodeWithWord(std::string_view word) {
  for (const Row& row : kRows) {
    if (row.word == word) return row.code;
  }
  return std::nullopt;
}

}  // namespace ucaas_sync
