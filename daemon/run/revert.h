// The inverse of a past run: planned from the journal's before-images against the present state, judged by the same
// guards, applied and journalled like any other plan. What it touched is held afterwards.
#pragma once

#include <string>
#include <vector>

#include "daemon/plan/revert.h"
#include "daemon/run/pipeline.h"

namespace ucaas_sync::run {

/// What reverting `run` would do; writes nothing. Throws StateFailure (kUsage) for a run that is not in the journal.
plan::Revert PlanRevert(const Context& context, const std::string& run);

/// Does it, under the run lock. `reviewed` is the hash of the plan that a person saw, or empty: another plan than that
/// is refused (kStale).
SyncResult Revert(const Context& context, const std::string& run, const std::string& reviewed);

}  // namespace ucaas_sync::run
