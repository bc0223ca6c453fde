#include "daemon/plan/guard_reach.h"

#include <algorithm>
#include <string_view>

namespace ucaas_sync::plan {
namespace {

bool Leaves(const Operation& operation, const std::string& group) {
  return operation.groups &&
         std::binary_search(operation.groups->before.begin(), operation.groups->before.end(), group) &&
         !std::binary_search(operation.groups->after.begin(), operation.groups->after.end(), group);
}

bool Rewrites(const Operation& operation, FieldId field) {
  switch (operation.action) {
    case Action::kReactivate:
      // Coming back means a changed status; that is what the create guard counts.
      if (field == kUserStatus) return false;
      [[fallthrough]];
    case Action::kUpdate:
    case Action::kAdopt:
      return FindChange(operation, field) != nullptr;
    case Action::kCreate:
    case Action::kSuspend:
    case Action::kDelete:
      return false;
  }
  return false;
}

}  // namespace

std::optional<GuardReach> GuardReach::Of(std::string_view name, std::string_view subject) {
  if (name == "members_lost") {
    GuardReach reach(What::kMembersLost, Kind::kContact);
    reach.group_ = subject;
    return reach;
  }
  const std::string_view words = name == "rewrite" ? subject : name;
  const std::size_t dot = words.find('.');
  const std::optional<Kind> kind = KindNamed(words.substr(0, dot));
  if (!kind || dot == std::string_view::npos) return std::nullopt;
  const std::string_view word = words.substr(dot + 1);
  if (name == "rewrite") {
    const std::optional<FieldId> field = FindField(*kind, word);
    if (!field) return std::nullopt;
    GuardReach reach(What::kRewrites, *kind);
    reach.field_ = *field;
    return reach;
  }
  if (word == "create") return GuardReach(What::kCreates, *kind);
  if (word == "update") return GuardReach(What::kUpdates, *kind);
  if (word == "suspend" || word == "suspend.week") return GuardReach(What::kSuspends, *kind);
  if (word == "delete" || word == "delete.week") return GuardReach(What::kDeletes, *kind);
  return std::nullopt;
}

bool GuardReach::Holds(const Operation& operation) const {
  if (operation.kind != kind_) return false;
  switch (what_) {
    case What::kCreates:
      return operation.action == Action::kCreate || operation.action == Action::kReactivate;
    case What::kUpdates:
      return operation.action == Action::kUpdate || (operation.action == Action::kAdopt && !operation.changes.empty());
    case What::kSuspends:
      return operation.action == Action::kSuspend;
    case What::kDeletes:
      return operation.action == Action::kDelete;
    case What::kRewrites:
      return Rewrites(operation, field_);
    case What::kMembersLost:
      return operation.action != Action::kDelete && Leaves(operation, group_);
  }
  return false;
}

}  // namespace ucaas_sync::plan
