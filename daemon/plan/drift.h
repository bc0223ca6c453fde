// Drift: what somebody else changed at the target. First found, by comparing an object there with the state's row; then
// settled in a plan: put back, told, taken over, or left alone where the target undoes every repair. Pure functions.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/model/drift.h"
#include "daemon/model/operation.h"
#include "daemon/plan/planner.h"
#include "daemon/plan/policy.h"
#include "daemon/plan/workspace.h"

namespace ucaas_sync::plan {

/// Keys of the groups that the state knows, by their id at the target.
using GroupKeys = std::unordered_map<std::string, std::string>;

/// What is looked at: by kind the fields that the target shows of what some rule writes, on creation or later.
struct DriftScope {
  std::array<FieldMask, kKindCount> fields{};
  bool membership = true;
};
DriftScope DriftScopeOf(const Policy& policy);

/// How `shown` differs from what the state says; nothing when they agree. A field that was never written, or that the
/// target does not show, is not looked at; e-mails that differ only in case are the same.
std::optional<DriftFinding> DriftOf(const StoredEntity& stored, const TargetListing::Object& shown,
                                    const DriftScope& scope, const GroupKeys& groups);

// The steps of a plan.

/// Somebody whose object is gone counts as not there from now on, unless protected.
void ConsiderMissing(Workspace& work, SlotId slot);
/// Of the changes to a drifted entity: tells which only put something back, and takes out what is left alone.
void ConsiderDrift(Workspace& work, const Candidate& candidate, Action& action, std::vector<FieldChange>& changes);
/// After all drafts: what no operation touches is taken over; what was left alone or only reported is told.
void SettleDrift(Workspace& work, const std::function<bool(SlotId contact)>& groups_change);

}  // namespace ucaas_sync::plan
