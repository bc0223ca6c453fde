#include "daemon/plan/tally.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace ucaas_sync::plan {
namespace {

std::map<std::int64_t, std::uint64_t> MembersByGroup(const StateView& state) {
  std::map<std::int64_t, std::uint64_t> members;
  state.ForEachMembership([&members](std::int64_t /*contact*/, std::int64_t group) { ++members[group]; });
  return members;
}

}  // namespace

Tally TallyOf(const OperationList& operations, const StateView& state) {
  Tally tally;
  state.ForEachKnown([&tally](const KnownEntity& known) {
    if (known.lifecycle == Lifecycle::kActive) ++tally.kinds[Index(known.kind)].active;
  });
  std::set<std::string> removed;
  operations.ForEach([&](const Operation& operation) {
    tally.Add(operation);
    if (operation.kind == Kind::kGroup && operation.action == Action::kDelete) removed.insert(operation.key);
    if (operation.action == Action::kDelete || !operation.groups) return;
    for (const std::string& group : operation.groups->before) {
      if (!std::binary_search(operation.groups->after.begin(), operation.groups->after.end(), group)) {
        ++tally.groups[group].lost;
      }
    }
  });
  // A group that goes itself is judged by group.delete.
  std::erase_if(tally.groups, [&removed](const auto& group) { return removed.contains(group.first); });
  if (tally.groups.empty()) return tally;
  const std::map<std::int64_t, std::uint64_t> members = MembersByGroup(state);
  for (auto& [key, group] : tally.groups) {
    const auto row = state.Find(Kind::kGroup, key);
    if (!row) continue;
    const auto count = members.find(row->id);
    group.members = count == members.end() ? 0 : count->second;
  }
  return tally;
}

void PutGroupRemovalsAside(Plan& plan) {
  OperationList rest = plan.operations.EmptyAlike();
  plan.operations.ForEach([&](const Operation& operation) {
    const bool waits = operation.kind == Kind::kGroup && operation.action == Action::kDelete;
    (waits ? plan.waiting : rest).Add(operation);
  });
  plan.operations = std::move(rest);
}

}  // namespace ucaas_sync::plan
