#include "daemon/plan/order.h"

#include <algorithm>

namespace ucaas_sync::plan {
namespace {

int Phase(const Draft& draft) {
  enum : int { kUsersLeave, kContactsLeave, kGroups, kUsers, kContacts, kGroupsLeave };
  switch (draft.kind) {
    case Kind::kUser:
      // A suspend that also takes an address which somebody else must give up first has to wait for them.
      if (draft.action == Action::kSuspend || draft.action == Action::kDelete) {
        return draft.depth == 0 ? kUsersLeave : kUsers;
      }
      return kUsers;
    case Kind::kGroup:
      return draft.action == Action::kDelete ? kGroupsLeave : kGroups;
    case Kind::kContact:
      return draft.action == Action::kDelete ? kContactsLeave : kContacts;
  }
  return kGroupsLeave;
}

}  // namespace

std::vector<std::uint32_t> PlanOrder(const LargeVector<Draft>& drafts) {
  std::vector<std::uint32_t> order;
  order.reserve(drafts.size());
  for (std::uint32_t i = 0; i < drafts.size(); ++i) {
    if (!drafts[i].dropped) order.push_back(i);
  }
  const auto goes_first = [&](std::uint32_t a, std::uint32_t b) {
    const Draft& left = drafts[a];
    const Draft& right = drafts[b];
    const int left_phase = Phase(left);
    const int right_phase = Phase(right);
    if (left_phase != right_phase) return left_phase < right_phase;
    if (left.depth != right.depth) return left.depth < right.depth;
    return left.key < right.key;
  };
  // An export in the order of its keys is common, and seen in one pass.
  if (!std::is_sorted(order.begin(), order.end(), goes_first)) std::sort(order.begin(), order.end(), goes_first);
  return order;
}

}  // namespace ucaas_sync::plan
