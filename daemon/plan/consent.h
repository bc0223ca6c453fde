// Consent to what guards hold: what an approval of a plan would cover, and whether the approvals that were given cover
// a later plan. Pure: approvals come in as values of the state view.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/model/consent.h"
#include "daemon/model/plan.h"
#include "daemon/model/store.h"

namespace ucaas_sync::plan {

/// By kind, action, key, remote id and after-values: what an operation must be again to be the one that was approved.
/// Secret fields are left out, as a plan file leaves them out.
Hash128 ConsentHash(const Operation& operation);

/// The guards among `verdicts` that hold, each with the operations under it. `operations` must be all of the plan's:
/// before held group removals are left out.
ConsentScope ScopeOf(std::span<const GuardVerdict> verdicts, const OperationList& operations);

/// Whether `approved` lets `held`, the same guard of a later plan, pass: its operations are a subset of those approved;
/// on a source, the count is the approved one or a better one.
bool Covers(const ConsentGuard& approved, const ConsentGuard& held);

/// Whether one word of a person lets everything pass that `held` names.
bool CoversAll(const ConsentScope& approved, const ConsentScope& held);

/// "ada until 2026-11-24T08:00:00Z"
std::string ApprovedBy(const Approval& approval);

/// What approvals did to the verdicts.
struct ConsentResult {
  ConsentScope scope;            ///< What still holds and nobody approved.
  std::optional<Instant> until;  ///< When the first of the approvals that served ends.
};

/// Judges each guard that holds: one that an approval covers which serves at `now` holds no more and says by whom. One
/// that goes beyond an approval names what is beyond it, in its examples and its advice. For a guard that compares with
/// the last good read of its source (`source_drop`, `fill_drop`) only what was approved after that read counts.
ConsentResult UseApprovals(const StateView& state, Instant now, std::vector<GuardVerdict>& verdicts,
                           const OperationList& operations);

}  // namespace ucaas_sync::plan
