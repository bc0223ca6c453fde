#include "daemon/plan/membership.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "daemon/model/dn.h"
#include "daemon/model/text.h"
#include "daemon/plan/compare.h"

namespace ucaas_sync::plan {

void MembershipChanges::Add(SlotId contact, std::span<const SlotId> before, std::span<const SlotId> after) {
  changes_.push_back({.contact = contact,
                      .begin = static_cast<std::uint32_t>(groups_.size()),
                      .before = static_cast<std::uint32_t>(before.size()),
                      .after = static_cast<std::uint32_t>(after.size())});
  groups_.insert(groups_.end(), before.begin(), before.end());
  groups_.insert(groups_.end(), after.begin(), after.end());
}

const MembershipChanges::Change* MembershipChanges::Of(SlotId contact) const {
  const auto it = std::lower_bound(changes_.begin(), changes_.end(), contact,
                                   [](const Change& change, SlotId wanted) { return change.contact < wanted; });
  return it != changes_.end() && it->contact == contact ? &*it : nullptr;
}

void Membership::OnContact(SlotId slot, const EntityView& contact, Workspace& work) {
  Slot& at = work.table[slot];
  if (contact.maps_groups) at.set(kMapsGroups);
  if (contact.groups_known) at.set(kGroupsKnown);
  for (const std::string_view name : contact.groups) {
    const auto [it, is_new] = name_ids_.try_emplace(HashOf(name), static_cast<std::uint32_t>(names_.size()));
    if (is_new) names_.emplace_back(name);
    name_uses_.push_back({.contact = slot, .name = it->second});
  }
  if (!work.policy.maps_members()) return;
  NameByDn(slot, contact.dn);
  if (contact.dn_known) return;
  at.set(kDnUnknown);
  ++contacts_without_dn_;
}

void Membership::NameByDn(SlotId slot, std::string_view dn) {
  if (dn.empty()) return;
  if (const std::optional<std::string> normal = NormalizeDn(dn)) {
    dns_.push_back({.dn = HashOf(*normal), .slot = slot});
  }
}

void Membership::NameByName(SlotId slot, const EntityView& group, const Workspace& work) {
  const auto [named, is_first] = group_names_.try_emplace(AddressHash(group.fields[kGroupName].text), slot);
  // Of two that are called alike the one that is there keeps its members, whichever comes first.
  if (!is_first && work.table[slot].is_there() && !work.table[named->second].is_there()) named->second = slot;
}

Membership::MemberRef Membership::RefTo(std::string_view member) {
  const std::optional<std::string> dn = NormalizeDn(member);
  return {.hash = HashOf(dn ? std::string_view(*dn) : member), .is_dn = dn.has_value()};
}

void Membership::OnGroup(SlotId slot, const EntityView& group, Workspace& work) {
  keys_.try_emplace(slot, group.key);
  NameByName(slot, group, work);
  if (group.maps_members && group.members_known) work.table[slot].set(kMembersKnown);
  if (!group.maps_members) return;
  GroupNode node{.slot = slot,
                 .begin = member_refs_.size(),
                 .end = 0,
                 .nested = work.policy.rules[group.rule].nested,
                 .unknown = !group.members_known,
                 .contacts = {},
                 .children = {}};
  for (const std::string_view member : group.members) member_refs_.push_back(RefTo(member));
  node.end = member_refs_.size();
  node_of_.emplace(slot, static_cast<std::uint32_t>(nodes_.size()));
  nodes_.push_back(std::move(node));
  NameByDn(slot, group.dn);
}

void Membership::OnUnusableGroup(SlotId slot, const EntityView& group, const Workspace& work) {
  // Of a group that waited for the end of its source only the rule still tells.
  if (!group.maps_members && !work.policy.rules[group.rule].maps_members) return;
  node_of_.emplace(slot, static_cast<std::uint32_t>(nodes_.size()));
  nodes_.push_back({.slot = slot,
                    .begin = member_refs_.size(),
                    .end = member_refs_.size(),
                    .nested = false,
                    .unknown = false,
                    .contacts = {},
                    .children = {}});
  NameByDn(slot, group.dn);
}

void Membership::OnGroupAgain(SlotId slot, const EntityView& group, const Workspace& work) {
  if (group.standing == Standing::kPresent) NameByName(slot, group, work);
  if (group.maps_members || work.policy.rules[group.rule].maps_members) NameByDn(slot, group.dn);
}

bool Membership::HasSameMembers(SlotId slot, const EntityView& group, const Workspace& work) const {
  // One group of many people's records, the usual case: neither says anything of members.
  if (!group.maps_members && work.table[slot].rule == group.rule) return true;
  const auto node = node_of_.find(slot);
  if (node == node_of_.end()) return !group.maps_members;
  const GroupNode& first = nodes_[node->second];
  if (!group.maps_members || first.unknown == group.members_known) return false;
  const auto set_of = [](std::vector<MemberRef> refs) {
    std::sort(refs.begin(), refs.end());
    refs.erase(std::unique(refs.begin(), refs.end()), refs.end());
    return refs;
  };
  std::vector<MemberRef> here;
  here.reserve(group.members.size());
  for (const std::string_view member : group.members) here.push_back(RefTo(member));
  const auto begin = member_refs_.begin();
  const std::vector<MemberRef> before(begin + static_cast<std::ptrdiff_t>(first.begin),
                                      begin + static_cast<std::ptrdiff_t>(first.end));
  return before == here || set_of(before) == set_of(std::move(here));
}

const std::string& Membership::GroupKey(SlotId group, const Workspace& work) const {
  const auto it = keys_.find(group);
  return it != keys_.end() ? it->second : keys_.emplace(group, work.KeyOf(group)).first->second;
}

std::uint64_t Membership::MembersOf(SlotId group) const {
  const auto it = member_counts_.find(group);
  return it == member_counts_.end() ? 0 : it->second;
}

/// A group that contacts may be put into by this plan.
bool Membership::CanHaveMembers(SlotId group, const Workspace& work) const {
  const Slot& slot = work.table[group];
  const Draft* draft = work.LiveDraft(group);
  if (slot.is_there()) return draft == nullptr || draft->action != Action::kDelete;
  return draft != nullptr;  // created or adopted now
}

/// A group that is set aside gets no new members; who is in it stays. Of one that a rejected record names only its list
/// is in doubt, where it has one: who moves into it leaves another one for it.
bool Membership::TakesMembers(SlotId group, const Workspace& work) const {
  if (!CanHaveMembers(group, work)) return false;
  if (!work.table[group].has(kFrozen)) return true;
  return !node_of_.contains(group) && IsBelieved(group, work) && !work.drift.IsMissing(group);
}

/// For each name that contacts use, its group or kNone; names that mean nothing are said once.
std::vector<SlotId> Membership::ResolveNames(Workspace& work) const {
  std::unordered_map<Hash128, SlotId, Hash128Hasher> known;
  for (SlotId id = 0; id < work.table.known(); ++id) {
    const Slot& slot = work.table[id];
    if (slot.kind == Kind::kGroup && slot.is_there()) known.try_emplace(slot.address_hash, id);
  }
  std::vector<SlotId> slots(names_.size(), kNone);
  std::vector<std::string> unknown;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const Hash128 name = AddressHash(names_[i]);
    const auto named = group_names_.find(name);
    const auto stored = known.find(name);
    const bool is_there = named != group_names_.end() && CanHaveMembers(named->second, work);
    // While a newcomer waits for a name that another group has still, being missing or set aside, that one keeps who
    // is in it: a department that is written otherwise loses nobody.
    const bool is_waited_for = stored != known.end() &&
                               (work.table[stored->second].seen != Seen::kPresent || !IsBelieved(stored->second, work));
    if (named != group_names_.end() && (is_there || !is_waited_for)) {
      slots[i] = named->second;
    } else if (stored != known.end()) {
      slots[i] = stored->second;
    } else {
      unknown.push_back('"' + Shorten(names_[i], 60) + '"');
    }
  }
  if (!unknown.empty()) {
    std::sort(unknown.begin(), unknown.end());
    work.WarnLasting("contacts name " + Counted(unknown.size(), "group") +
                     " that no groups rule makes: left out: " + ListOf(unknown, kMostSaid));
  }
  return slots;
}

void Membership::ResolveMembers(Workspace& work) {
  std::sort(dns_.begin(), dns_.end());
  dns_.erase(std::unique(dns_.begin(), dns_.end()), dns_.end());
  const auto visit_dn = [&](const Hash128& dn, const auto& visit) {
    auto it = std::lower_bound(dns_.begin(), dns_.end(), dn,
                               [](const DnEntry& entry, const Hash128& wanted) { return entry.dn < wanted; });
    bool found = false;
    for (; it != dns_.end() && it->dn == dn; ++it, found = true) visit(it->slot);
    return found;
  };
  std::uint64_t strangers = 0;
  std::vector<std::string> groups_with_strangers;
  for (GroupNode& node : nodes_) {
    std::uint64_t here = 0;
    const auto add = [&](SlotId slot) {
      if (work.table[slot].kind == Kind::kContact) {
        node.contacts.push_back(slot);
      } else if (const auto child = node_of_.find(slot); child != node_of_.end()) {
        node.children.push_back(child->second);
      } else if (missing_.contains(slot)) {
        node.has_unfound = node.may_lack_group = true;
      }
    };
    for (std::size_t i = node.begin; i < node.end; ++i) {
      const MemberRef& ref = member_refs_[i];
      bool found = false;
      if (ref.is_dn) {
        found = visit_dn(ref.hash, add);
      } else {
        for (const Kind kind : {Kind::kContact, Kind::kGroup}) {
          const SlotId slot = work.table.Find(kind, ref.hash);
          if (slot == kNone) continue;
          add(slot);
          found = true;
        }
      }
      if (found) continue;
      ++here;
      node.has_unfound_dns = node.has_unfound_dns || ref.is_dn;
    }
    node.has_unfound = node.has_unfound || here != 0;
    node.may_lack_group = node.may_lack_group || node.has_unfound_dns;
    if (here != 0) groups_with_strangers.push_back(GroupKey(node.slot, work));
    strangers += here;
  }
  if (strangers != 0) ReportUnfound(strangers, std::move(groups_with_strangers), work);
}

std::vector<Membership::Edge> Membership::DesiredEdges(Workspace& work) {
  std::vector<Edge> edges;
  const std::vector<SlotId> groups = ResolveNames(work);
  for (const NameUse& use : name_uses_) {
    if (groups[use.name] != kNone) edges.push_back({.contact = use.contact, .group = groups[use.name]});
  }
  FindMissing(work);
  ResolveMembers(work);
  ReportUnknown(work);
  ReportCycles(work);
  std::vector<std::uint32_t> stamp(nodes_.size(), kNone);
  std::vector<std::uint32_t> open;
  std::vector<std::uint8_t> cannot_know(nodes_.size(), 0);
  std::vector<std::uint8_t> lacks_dns(nodes_.size(), 0);
  std::vector<std::uint8_t> lacks_any(nodes_.size(), 0);
  std::vector<std::uint8_t> lacks_group(nodes_.size(), 0);
  for (std::uint32_t root = 0; root < nodes_.size(); ++root) {
    open.assign(1, root);
    stamp[root] = root;
    while (!open.empty()) {
      const GroupNode& node = nodes_[open.back()];
      open.pop_back();
      const Slot& slot = work.table[node.slot];
      // A list that is not believed is not believed for the groups that contain this one either.
      const bool is_doubtful = slot.has(kConflict) || slot.seen == Seen::kQuarantined;
      if (node.unknown || is_doubtful) cannot_know[root] = 1;
      if (node.has_unfound_dns) lacks_dns[root] = 1;
      if (node.has_unfound && nodes_[root].nested) lacks_any[root] = 1;
      if (node.may_lack_group && nodes_[root].nested) lacks_group[root] = 1;
      if (is_doubtful) continue;
      for (const SlotId contact : node.contacts) edges.push_back({.contact = contact, .group = nodes_[root].slot});
      if (!nodes_[root].nested) break;
      for (const std::uint32_t child : node.children) {
        if (stamp[child] == root) continue;
        stamp[child] = root;
        open.push_back(child);
      }
    }
  }
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].unknown = cannot_know[i] != 0;
    nodes_[i].has_unfound_dns = lacks_dns[i] != 0;
    nodes_[i].has_unfound = lacks_any[i] != 0;
    nodes_[i].may_lack_group = lacks_group[i] != 0;
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return edges;
}

std::vector<Membership::Edge> Membership::StoredEdges(const Workspace& work, const Adoption& adoption) {
  std::vector<Edge> edges;
  work.state.ForEachMembership([&](std::int64_t contact_row, std::int64_t group_row) {
    const SlotId contact = work.table.WithRow(contact_row);
    const SlotId group = work.table.WithRow(group_row);
    if (contact == kNone || group == kNone) return;
    if (!work.table[contact].is_there() || !work.table[group].is_there()) return;
    if (work.drift.GroupsOf(contact) != nullptr) return;
    ++member_counts_[group];
    edges.push_back({.contact = contact, .group = group});
  });
  work.drift.ForEachMembership([&](SlotId contact, const std::string& key) {
    const SlotId group = work.table.Find(Kind::kGroup, HashOf(key));
    if (group == kNone || !work.table[contact].is_there() || !work.table[group].is_there()) return;
    ++member_counts_[group];
    edges.push_back({.contact = contact, .group = group});
  });
  for (const Draft& draft : work.drafts.all()) {
    if (draft.kind != Kind::kContact || draft.dropped || draft.action != Action::kAdopt) continue;
    const TargetListing::Object* object = adoption.AdoptedAs(draft.slot);
    if (object == nullptr) continue;
    for (const std::string& id : object->group_ids) {
      const SlotId group = adoption.GroupWithRemoteId(id);
      if (group != kNone) edges.push_back({.contact = draft.slot, .group = group});
    }
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return edges;
}

MembershipChanges Membership::Resolve(Workspace& work, const Adoption& adoption, bool hides_groups) {
  MembershipChanges changes;
  if (!work.policy.membership) return changes;
  hides_groups_ = hides_groups;
  const std::vector<Edge> desired = DesiredEdges(work);
  const std::vector<Edge> stored = StoredEdges(work, adoption);
  std::vector<SlotId> before;
  std::vector<SlotId> after;
  std::size_t d = 0;
  std::size_t s = 0;
  while (d < desired.size() || s < stored.size()) {
    const SlotId contact =
        std::min(d < desired.size() ? desired[d].contact : kNone, s < stored.size() ? stored[s].contact : kNone);
    before.clear();
    after.clear();
    for (; s < stored.size() && stored[s].contact == contact; ++s) before.push_back(stored[s].group);
    const std::size_t first = d;
    while (d < desired.size() && desired[d].contact == contact) ++d;
    const Slot& slot = work.table[contact];
    const Draft* draft = work.LiveDraft(contact);
    const bool may_change = slot.seen == Seen::kPresent && !slot.has(kFrozen) && (slot.is_there() || draft != nullptr);
    if (!may_change) continue;
    for (std::size_t i = first; i < d; ++i) {
      const SlotId group = desired[i].group;
      const bool has_it = std::binary_search(before.begin(), before.end(), group);
      if (has_it || TakesMembers(group, work)) after.push_back(group);
    }
    for (const SlotId group : before) {
      const Edge edge{.contact = contact, .group = group};
      if (!std::binary_search(desired.begin() + static_cast<std::ptrdiff_t>(first),
                              desired.begin() + static_cast<std::ptrdiff_t>(d), edge) &&
          (!MayRemove(edge, work) || MayBelongWithin(edge, before, work))) {
        after.push_back(group);
      }
    }
    std::sort(after.begin(), after.end());
    if (after != before) changes.Add(contact, before, after);
  }
  ReportKept(work);
  return changes;
}

}  // namespace ucaas_sync::plan
