// What undoes the operations of a past run, one by one, against what the state says now. Pure; the first step of a
// revert, which then sees to it that the undoings fit one another.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/model/plan.h"
#include "daemon/model/store.h"
#include "daemon/plan/policy.h"

namespace ucaas_sync::plan {

struct Undone {
  std::vector<Operation> undos;   ///< seq: of the operation that is undone.
  std::vector<std::string> left;  ///< What is left as it is, and why, a line each.
  std::uint64_t created_users = 0;
  std::uint64_t recreated_users = 0;
  std::uint64_t recreated_others = 0;
};

Undone UndoEach(const std::vector<Operation>& done, const StateView& state, const Policy& policy, Instant now);

/// "user E1: active again since, left as it is"
std::string LeftAsIs(const Operation& operation, const std::string& why);

}  // namespace ucaas_sync::plan
