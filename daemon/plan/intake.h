// The stream side of the planner: each entity is met once, on the hot path, and decided as far as one record can be.
// An unchanged person only marks a slot. Single-threaded.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "daemon/model/entity.h"
#include "daemon/plan/membership.h"
#include "daemon/plan/revert_hold.h"
#include "daemon/plan/workspace.h"

namespace ucaas_sync::plan {

class Intake {
 public:
  Intake(Workspace& work, Membership& membership, RevertHolds& revert_holds)
      : work_(work), membership_(membership), revert_holds_(revert_holds) {}

  void OnEntity(const EntityView& entity);

  /// After the last entity: sets aside keys that came more than once with different content, keys that differ only in
  /// case, and what mapping could not use.
  void SetAsideUnusable();

 private:
  void Outside(Slot& slot, SlotId id, const EntityView& entity);
  void KeptOut(Slot& slot, SlotId id, const EntityView& entity);
  void First(SlotId id, const EntityView& entity);
  void Again(SlotId id, const EntityView& entity);
  void SayUndecided(const std::array<std::uint64_t, kKindCount>& newcomers);
  void SetAsideRepeats();
  void SetAsideCaseTwins();
  void SetAsideTwinsAmong(const std::vector<SlotId>& alike);
  void SetAsideContradicted();

  Workspace& work_;
  Membership& membership_;
  RevertHolds& revert_holds_;
  std::string scratch_;
  std::vector<std::pair<Kind, Hash128>> may_have_left_;  ///< Keys of whom a filter keeps out.
};

}  // namespace ucaas_sync::plan
