// Who is in the account already is adopted, not made twice: matched by e-mail (groups by name) ignoring case. One match
// adopts, two are set aside. Objects that nobody matches are foreign and stay untouched.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/plan/workspace.h"

namespace ucaas_sync::plan {

class Adoption {
 public:
  /// Turns drafts of creates into adopts. `listing` may be null: then nothing is adopted.
  Adoption(Workspace& work, const TargetListing* listing);

  /// For an adopted contact or group: what the target holds of it. Null for everybody else.
  const TargetListing::Object* AdoptedAs(SlotId slot) const;
  /// The group of the plan that has this id at the target, or kNone.
  SlotId GroupWithRemoteId(const std::string& remote_id) const;

 private:
  struct ByAddress {
    Hash128 address;
    const TargetListing::Object* object = nullptr;
  };

  void AdoptKind(Kind kind);
  void Consider(std::uint32_t draft, const std::vector<const TargetListing::Object*>& matches);
  /// What the list shows with this address and the state does not know.
  std::vector<const TargetListing::Object*> MatchesAt(Kind kind, std::string_view address);
  static ExistingObject ExistingOf(const TargetListing::Object& object);
  void Bar(SlotId slot, const std::string& reason);
  void LeaveSuspended(const std::string& why, Operation& operation);
  void LeaveProtected(SlotId slot, const FieldSetView& there, Operation& operation);
  bool IsOurs(const std::string& remote_id);
  /// A run that was cut off may have made it, for this key or for another that had the address then: who looks it up
  /// before sending will find it, and it is theirs.
  bool MayBeOwnCreate(Kind kind, const Candidate& candidate, const std::vector<const TargetListing::Object*>& matches);

  Workspace& work_;
  const TargetListing* listing_;
  std::vector<ByAddress> index_;  // of the kind at hand, sorted
  std::unordered_map<SlotId, const TargetListing::Object*> adopted_;
  std::unordered_map<std::string, SlotId> groups_;  // remote id → slot
  bool ours_loaded_ = false;
  std::unordered_set<std::string> ours_;  // "KIND ID" of every object the state knows
  std::vector<UnknownCreate> unknown_;
};

}  // namespace ucaas_sync::plan
