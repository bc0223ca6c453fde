// What was found to differ at the target, slot by slot, while a plan is made. With `drift: repair` what the target
// shows takes the place of what it last accepted, so that the ordinary comparison yields the change that puts it back;
// with `drift: report` nothing is replaced and what would have been is only told. Owns its findings; single-threaded.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/config.h"
#include "daemon/model/drift.h"
#include "daemon/model/operation.h"
#include "daemon/model/store.h"
#include "daemon/plan/policy.h"
#include "daemon/plan/slot_table.h"

namespace ucaas_sync::plan {

class DriftBook {
 public:
  /// Marks the slots of `found`, and with `drift: repair` lets them say what the target shows.
  DriftBook(SlotTable& table, const std::vector<DriftFinding>& found, const std::vector<DriftRepair>& repairs,
            config::Drift mode);

  bool repairs() const { return mode_ == config::Drift::kRepair; }
  /// Null when the target shows it as we know it.
  const DriftFinding* Of(SlotId slot) const;
  /// Slots with a finding, by the state's rows.
  const std::vector<SlotId>& slots() const { return slots_; }

  // What stands in place of the state's word; with `drift: report` nothing does.
  StoredEntity Shown(SlotId slot, StoredEntity stored) const;
  bool IsMissing(SlotId slot) const;
  bool IsSuspendedByHand(SlotId slot) const;
  bool IsActiveAgain(SlotId slot) const;
  /// Whether the target shows somebody who was suspended as let in again, whatever `drift` says of it.
  bool IsLetInByHand(SlotId slot) const;
  const std::vector<std::string>* GroupsOf(SlotId slot) const;
  /// Every contact of whom other groups were found, with each group that it is in.
  void ForEachMembership(const std::function<void(SlotId contact, const std::string& group)>& visit) const;

  /// Whether the target has undone so often what we wrote there that it is of no use to write it again.
  bool IsRewritten(SlotId slot, FieldId field, const std::string& wanted) const;

  /// Notes for Reason that `change` only puts back what somebody changed.
  void TellPutBack(SlotId slot, Kind kind, const FieldChange& change);
  void TellGroups(SlotId slot, std::int64_t entity_id, const GroupsChange& change, const StateView& state);
  /// Why an entity is updated: what was changed at the target, then what changed in the source.
  std::string Reason(SlotId slot, Kind kind, const std::vector<FieldChange>& changes, bool groups_changed) const;

 private:
  struct Entry {
    DriftFinding finding;
    bool suspended_by_hand = false;
    bool active_again = false;
    std::vector<std::string> put_back;  // "designation is "Boss", was "Engineer""
    FieldMask put_back_fields = 0;
    bool put_back_groups = false;
  };
  const Entry* EntryOf(SlotId slot) const;

  config::Drift mode_;
  std::vector<SlotId> slots_;
  std::unordered_map<SlotId, Entry> entries_;
  std::unordered_map<SlotId, std::vector<DriftRepair>> repairs_;
};

/// "designation is "Boss", was "Engineer""
std::string ShownText(Kind kind, FieldId field, const FieldView& shown, const FieldView& known);

}  // namespace ucaas_sync::plan
