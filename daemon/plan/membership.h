// Which contact belongs to which group: by names in the contact's record and by members (DNs or keys) in the group's,
// nested groups laid flat. Kept as pairs of slots while the sources are read; compared with the state's pairs at the
// end. Whoever cannot be known (a range without its tail, a group that is set aside) loses nobody; nor is a contact
// taken out of anything for being named by a DN that nobody knows to be theirs.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "daemon/plan/adoption.h"
#include "daemon/plan/workspace.h"

namespace ucaas_sync::plan {

/// What the memberships of all contacts come to; by contact, ascending.
class MembershipChanges {
 public:
  struct Change {
    SlotId contact = kNone;
    std::uint32_t begin = 0;  ///< Into groups: first `before`, then `after`.
    std::uint32_t before = 0;
    std::uint32_t after = 0;
  };
  void Add(SlotId contact, std::span<const SlotId> before, std::span<const SlotId> after);
  const std::vector<Change>& all() const { return changes_; }
  /// Null when the memberships of `contact` stay as they are.
  const Change* Of(SlotId contact) const;
  std::span<const SlotId> Before(const Change& change) const { return {groups_.data() + change.begin, change.before}; }
  std::span<const SlotId> After(const Change& change) const {
    return {groups_.data() + change.begin + change.before, change.after};
  }

 private:
  std::vector<Change> changes_;
  std::vector<SlotId> groups_;
};

class Membership {
 public:
  /// Called for the first record of a contact or group that is present.
  void OnContact(SlotId slot, const EntityView& contact, Workspace& work);
  void OnGroup(SlotId slot, const EntityView& group, Workspace& work);
  /// Called for the first record of a group that cannot be used: who is in it through which others is not known.
  void OnUnusableGroup(SlotId slot, const EntityView& group, const Workspace& work);
  /// Called for every later record of a group: by its DN others may contain it too, by its name contacts may mean it.
  void OnGroupAgain(SlotId slot, const EntityView& group, const Workspace& work);
  /// Whether `group`, a later record of a group that is present, names the members of the first, in any order and
  /// however their DNs are written.
  bool HasSameMembers(SlotId slot, const EntityView& group, const Workspace& work) const;

  /// After all other drafts are settled. Says cycles, unknown members and unknown names as warnings. `hides_groups`:
  /// some group with members may have a record that cannot be used in this read.
  MembershipChanges Resolve(Workspace& work, const Adoption& adoption, bool hides_groups);

  /// How many members each group has by the state; for the guard.
  std::uint64_t MembersOf(SlotId group) const;
  /// The key of a group's slot.
  const std::string& GroupKey(SlotId group, const Workspace& work) const;

 private:
  static constexpr std::size_t kMostSaid = 20;  // groups in one warning

  struct Edge {
    SlotId contact = kNone;
    SlotId group = kNone;
    friend auto operator<=>(const Edge&, const Edge&) = default;
  };
  struct NameUse {
    SlotId contact = kNone;
    std::uint32_t name = 0;
  };
  struct GroupNode {
    SlotId slot = kNone;
    std::size_t begin = 0;  // into member_refs_
    std::size_t end = 0;
    bool nested = false;
    bool unknown = false;
    // In the end: here or in a group within.
    bool has_unfound_dns = false;
    bool has_unfound = false;     // somebody is nobody whose record is there
    bool may_lack_group = false;  // one of those may be a group that the state knows
    std::vector<SlotId> contacts;
    std::vector<std::uint32_t> children;  // into nodes_
  };
  struct MemberRef {
    Hash128 hash;
    bool is_dn = false;
    friend auto operator<=>(const MemberRef&, const MemberRef&) = default;
  };
  struct DnEntry {
    Hash128 dn;
    SlotId slot = kNone;
    friend auto operator<=>(const DnEntry&, const DnEntry&) = default;
  };

  void NameByDn(SlotId slot, std::string_view dn);
  void NameByName(SlotId slot, const EntityView& group, const Workspace& work);
  static MemberRef RefTo(std::string_view member);
  std::vector<SlotId> ResolveNames(Workspace& work) const;
  void ResolveMembers(Workspace& work);
  void ReportUnfound(std::uint64_t members, std::vector<std::string> groups, Workspace& work) const;
  void ReportUnknown(Workspace& work) const;
  void ReportCycles(Workspace& work) const;
  std::vector<Edge> DesiredEdges(Workspace& work);
  std::vector<Edge> StoredEdges(const Workspace& work, const Adoption& adoption);
  void FindMissing(const Workspace& work);
  void ReportKept(Workspace& work) const;
  static bool IsBelieved(SlotId group, const Workspace& work);
  bool MayRemove(const Edge& edge, const Workspace& work) const;
  bool MayBelongWithin(const Edge& edge, std::span<const SlotId> before, Workspace& work);
  bool CanHaveMembers(SlotId group, const Workspace& work) const;
  bool TakesMembers(SlotId group, const Workspace& work) const;

  std::vector<std::string> names_;
  std::unordered_map<Hash128, std::uint32_t, Hash128Hasher> name_ids_;
  std::vector<NameUse> name_uses_;
  std::vector<GroupNode> nodes_;
  std::unordered_map<SlotId, std::uint32_t> node_of_;
  std::vector<MemberRef> member_refs_;
  std::vector<DnEntry> dns_;
  std::uint64_t contacts_without_dn_ = 0;                           // whose DN is not known
  std::unordered_map<Hash128, SlotId, Hash128Hasher> group_names_;  // of groups that are present
  std::unordered_map<SlotId, std::uint64_t> member_counts_;
  bool hides_groups_ = false;
  std::unordered_set<SlotId> missing_;                    // groups with members that no record makes
  std::set<SlotId> kept_for_rejects_;                     // groups that somebody stays in
  std::set<std::pair<SlotId, SlotId>> kept_for_missing_;  // such a group and the missing one
  mutable std::unordered_map<SlotId, std::string> keys_;
  std::string scratch_;
};

}  // namespace ucaas_sync::plan
