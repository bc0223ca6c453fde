// A person's word on what a guard holds: taken from a held run or a plan file, and kept in the state.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "daemon/model/consent.h"
#include "daemon/model/plan.h"
#include "daemon/model/store.h"
#include "daemon/run/pipeline.h"

namespace ucaas_sync::run {

struct ApproveRequest {
  std::string what;  ///< The id of a held run, "last" for the one that is held now, or a plan file.
  std::string who;
  std::string reason;
};

struct Approved {
  Approval approval;
  std::string next;  ///< What becomes of it, one sentence.
};

/// How an approval of a plan file names it.
std::string ApprovedFile(const std::filesystem::path& file);

/// What `plan`, which guards hold as `scope` says, would have done to whom, so that each of them can be asked about
/// later. Of a plan longer than kMostHeldTold only so many that stand under a guard.
std::vector<StoredDecision> HeldDecisions(const Plan& plan, const ConsentScope& scope);
inline constexpr std::size_t kMostHeldTold = 10'000;

/// Works beside a run. Throws Failure: kUsage when `what` held nothing, or what stopped it is no guard; kStale when the
/// plan file does not fit.
Approved Approve(const Context& context, const ApproveRequest& request);

/// Judges a plan from a file again, by what was done since it was made and by the approvals that serve now: its
/// verdicts become those. What the file itself says of approvals counts for nothing.
void JudgeAgain(const Context& context, const StateView& state, Plan& plan);

/// After a plan that was not made from all that the sources say now: what waited for a person and was done by it waits
/// no more. Of anything else that waits the next plan tells how it stands, which is due at once.
void NoteDone(const Context& context, state::SqliteStore& store, const Plan& plan, const apply::ApplyResult& applied);

}  // namespace ucaas_sync::run
