// The words for a plan's parts, shared by its text and its page.
#pragma once

#include <string>
#include <vector>

#include "daemon/model/operation.h"
#include "daemon/model/plan.h"

namespace ucaas_sync::report {

/// One attribute of an operation. Values are as the plan has them, not escaped; secrets are "(not shown)".
struct ShownChange {
  std::string attribute;
  std::string before;  ///< "(empty)" when known to be empty; nothing when there was none.
  std::string after;
  bool has_before = false;
  bool has_after = false;
};

std::vector<ShownChange> ShownChanges(const Operation& operation);
/// "hr line 18", or with a DN "directory line 40, uid=ada,…"
std::string PlaceOf(const SourceRef& source);
/// "user.suspend: 30, limit 15"
std::string HeldLine(const GuardVerdict& guard);
/// "users", "groups", "contacts"
std::string Plural(Kind kind);
bool IsEmptyPlan(const Plan& plan);
/// An action that a kind can have: nobody suspends a group.
bool Applies(Kind kind, Action action);

}  // namespace ucaas_sync::report
