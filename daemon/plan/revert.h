// The inverse of a past run, as a plan like any other: what the run's operations did, undone against what the state
// says now. What has changed since is left and said; what cannot be undone is said first. Pure.
//
//   update, adopt   the fields that still hold what the run wrote get their former values; an adopted object stays ours
//                   (what is known to be gone from the account is not made anew)
//   suspend         reactivate
//   reactivate      suspend
//   create          a user is suspended, never deleted; a contact or group of our making that is unchanged is deleted
//   delete          created anew with all its fields
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "daemon/model/plan.h"
#include "daemon/model/store.h"
#include "daemon/plan/policy.h"

namespace ucaas_sync::plan {

struct RevertInputs {
  std::string run;              ///< Whose inverse it is.
  std::vector<Operation> done;  ///< Its operations that the target accepted, in order; without those forgotten.
  std::uint64_t forgotten = 0;  ///< How many were of people who are forgotten.
  std::uint64_t outdated = 0;   ///< Operations of its plan that the journal keeps no more.
  std::string config_hash;
  std::function<std::string()> new_id;
};

struct Revert {
  Plan plan;                        ///< Its warnings say who is left as is, and why.
  std::vector<std::string> cannot;  ///< What is not given back, one sentence each.
  ConsentScope consent;             ///< What an approval of it would cover.
};

Revert PlanRevert(const RevertInputs& inputs, const StateView& state, const Policy& policy, Instant now);

}  // namespace ucaas_sync::plan
