// What a revert put back stays as it is while the source says the same of it as at the revert, and ends by itself when
// the source says something else: otherwise the next run would do it all again. Pure; see StoredHold::mark.
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "daemon/model/store.h"
#include "daemon/plan/leaving.h"
#include "daemon/plan/planner.h"
#include "daemon/plan/slot_table.h"
#include "daemon/plan/source_mark.h"
#include "daemon/plan/workspace.h"

namespace ucaas_sync::plan {

/// Holds by reverts of one plan. Made before the first entity comes, asked for each, settled after the last.
class RevertHolds {
 public:
  /// Reads the holds of the state and marks their slots (kHeldByRevert).
  explicit RevertHolds(Workspace& work);

  /// For an entity whose slot has kHeldByRevert.
  void OnEntity(SlotId slot, const EntityView& entity);

  /// Freezes who is still held; notes whose hold ended and what is learned of the others.
  void Settle(Workspace& work, std::span<const SourceState> sources, const RejectBook& rejects);

 private:
  struct Held {
    SlotId slot = kNone;
    StoredHold hold;
    std::optional<Hash128> said;
    bool was_seen = false;
  };
  static std::optional<Hash128> SaidOf(const Held& held, const Workspace& work, std::span<const SourceState> sources,
                                       const RejectBook& rejects);

  std::vector<Held> held_;
  std::unordered_map<SlotId, std::size_t> by_slot_;
};

}  // namespace ucaas_sync::plan
