// The sentences of an explanation that its text and its JSON share. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "daemon/model/explanation.h"

namespace ucaas_sync::report {

/// What becomes of one entity now.
struct Decision {
  std::string word;  ///< "update", "unchanged", "absent", "filtered out", "quarantine", "held", "none", …
  std::string text;  ///< A sentence without its full stop.
};

/// Everybody the explanation speaks of, by kind and key, users first.
std::vector<std::pair<Kind, std::string>> Subjects(const Explanation& explanation);
Decision DecisionOn(const Explanation& explanation, Kind kind, const std::string& key);
/// What the last look found to differ at the target, or null.
const DriftFinding* DriftOf(const Explanation& explanation, Kind kind, const std::string& key);
/// "yes", "no", "cannot be judged"
std::string WordOf(FilterTrace::Verdict verdict);
/// "directory: record at line 4 with employee_id E17"
std::string JoinText(const JoinTrace& join);
std::string_view WordOf(Lifecycle lifecycle);
std::string_view WordOf(Ownership ownership);
/// "\"Ada\"", "(empty)", "(not known now)"
std::string Shown(const Field& field);

}  // namespace ucaas_sync::report
