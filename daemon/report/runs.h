// The runs as a table for people and as JSON, newest first.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/store.h"

namespace ucaas_sync::report {

/// "converged", "running", "cut off"
std::string OutcomeOf(const RunRecord& run);
/// How many operations it planned.
std::uint64_t PlannedIn(const RunRecord& run);
/// How many of them a partial run left to the next one, not begun.
std::uint64_t LeftBy(const RunRecord& run);
/// Whether it was for one person alone (`sync --only`): however it ended, it says nothing of all others.
bool IsForOnePerson(const RunRecord& run);
/// "create 3 users, update 1 contact"; "no change"
std::string ChangesOf(const RunRecord& run);
/// The page's class for how it ended: good, careful or bad.
std::string_view ToneOf(const RunRecord& run);

void WriteRunsText(const std::vector<RunRecord>& runs, bool colour, std::ostream& out);
void WriteRunsJson(const std::vector<RunRecord>& runs, std::ostream& out);

}  // namespace ucaas_sync::report
