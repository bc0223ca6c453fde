// Who stays in a group though its list does not name them: what speaks against taking a contact out.
#include <algorithm>

#include "daemon/plan/membership.h"

namespace ucaas_sync::plan {

void Membership::FindMissing(const Workspace& work) {
  if (nodes_.empty()) return;
  for (SlotId id = 0; id < work.table.known(); ++id) {
    const Slot& slot = work.table[id];
    if (slot.kind != Kind::kGroup || !slot.is_there() || slot.seen != Seen::kNot) continue;
    const LeavePolicy leaving = work.policy.LeavingFrom(Kind::kGroup, slot.source);
    if (!leaving.known || !leaving.maps_members) continue;
    missing_.insert(id);
    hides_groups_ = hides_groups_ || slot.has(kRejectNamed);
  }
}

/// Whether what the sources call the group is what it is. A rejected record that names it casts no doubt on that.
bool Membership::IsBelieved(SlotId group, const Workspace& work) {
  const Slot& slot = work.table[group];
  const bool is_named_only = slot.has(kRejectNamed) && !slot.has(kHeldByPerson) && !work.WasSetAside(group);
  return !slot.has(kFrozen) || is_named_only;
}

/// Whether the sources are known to say that the pair is no more. Both sides that could have made it must be heard.
bool Membership::MayRemove(const Edge& edge, const Workspace& work) const {
  const Slot& contact = work.table[edge.contact];
  const Slot& group = work.table[edge.group];
  const bool contact_says = contact.has(kMapsGroups);
  if (contact_says && !contact.has(kGroupsKnown)) return false;
  if (group.seen == Seen::kPresent) {
    const auto node = node_of_.find(edge.group);
    if (node == node_of_.end()) return contact_says && IsBelieved(edge.group, work);
    const GroupNode& of_group = nodes_[node->second];
    // One of the DNs may be theirs.
    if (contact.has(kDnUnknown) && of_group.has_unfound_dns) return false;
    return !of_group.unknown && !group.has(kFrozen);
  }
  // The group is not in the source: its members are not known to have left, and its own removal takes them along.
  const LeavePolicy leaving = work.policy.LeavingFrom(Kind::kGroup, group.source);
  return contact_says && leaving.known && !leaving.maps_members && IsBelieved(edge.group, work);
}

/// Whether the contact may be in the group through one within it that has no usable record in this read. What such a
/// record says cannot be known while it may be a rejected one; of a group that is only missing the state tells who is
/// in it.
bool Membership::MayBelongWithin(const Edge& edge, std::span<const SlotId> before, Workspace& work) {
  const auto at = node_of_.find(edge.group);
  if (at == node_of_.end() || work.table[edge.group].seen != Seen::kPresent) return false;
  const GroupNode& node = nodes_[at->second];
  if (hides_groups_ && node.has_unfound) {
    kept_for_rejects_.insert(edge.group);
    work.Note(edge.contact, "groups",
              "stays in " + GroupKey(edge.group, work) + ": a rejected record may be a group within that one");
    return true;
  }
  if (!node.may_lack_group) return false;
  std::vector<std::string> within;
  bool goes = false;
  for (const SlotId id : before) {
    if (!missing_.contains(id)) continue;
    kept_for_missing_.emplace(edge.group, id);
    within.push_back(GroupKey(id, work));
    goes = goes || work.LiveDraft(id) != nullptr;
  }
  if (within.empty()) return false;
  std::sort(within.begin(), within.end());
  work.Note(edge.contact, "groups",
            "stays in " + GroupKey(edge.group, work) + ": a group within that one may be missing from the source, " +
                ListOf(within));
  // Once it is deleted the same files give another plan.
  if (goes) work.WakeAt(work.now);
  return true;
}

}  // namespace ucaas_sync::plan
