// What the steps of one plan share: the table, who may change, the drafts of operations, and who was set aside. Each
// step (leaving, addresses, adoption, membership) is a function over it. Single-threaded; lives inside a Planner.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "daemon/model/large_pages.h"
#include "daemon/model/plan.h"
#include "daemon/model/store.h"
#include "daemon/model/trace.h"
#include "daemon/plan/arena.h"
#include "daemon/plan/candidate_store.h"
#include "daemon/plan/drift_book.h"
#include "daemon/plan/planner.h"
#include "daemon/plan/policy.h"
#include "daemon/plan/slot_table.h"

namespace ucaas_sync::plan {

/// An operation in the making. A create is built from its candidate when the plan is put together; others are packed.
struct Draft {
  SlotId slot = kNone;
  std::uint32_t packed = kNone;  ///< In DraftBoard's list; kNone: a create.
  std::uint32_t depth : 26 = 0;  ///< How many others must give up an address first.
  Kind kind : 2 = Kind::kUser;
  Action action : 3 = Action::kCreate;
  bool dropped : 1 = false;
};
static_assert(sizeof(Draft) == 12, "a first plan has one for everybody");

class DraftBoard {
 public:
  explicit DraftBoard(MakeSpillFile make_spill_file) : packed_(std::move(make_spill_file)) {}

  void Reserve(std::size_t count) { drafts_.reserve(count); }
  std::uint32_t Add(SlotId slot, const Operation& operation) {
    return Add(Draft{.slot = slot, .packed = Pack(operation), .kind = operation.kind, .action = operation.action});
  }
  std::uint32_t Add(const Draft& draft) {
    drafts_.push_back(draft);
    return static_cast<std::uint32_t>(drafts_.size() - 1);
  }
  /// Another operation in the place of draft `index`.
  void Replace(std::uint32_t index, const Operation& operation) {
    drafts_[index].packed = Pack(operation);
    drafts_[index].action = operation.action;
  }
  LargeVector<Draft>& all() { return drafts_; }
  const LargeVector<Draft>& all() const { return drafts_; }
  Operation Packed(const Draft& draft) const { return packed_.At(draft.packed); }
  /// Of one that is packed. Valid as long as the board.
  std::string_view KeyOfPacked(const Draft& draft) const { return texts_.At(keys_[draft.packed]); }

 private:
  std::uint32_t Pack(const Operation& operation) {
    packed_.Add(operation);
    keys_.push_back(texts_.Keep(operation.key));
    return static_cast<std::uint32_t>(keys_.size() - 1);
  }

  LargeVector<Draft> drafts_;
  OperationList packed_;
  std::vector<Arena::Place> keys_;  // of what is packed: plans are put in order by them
  Arena texts_;
};

/// A later occurrence of a key that disagrees with the first.
struct Repeat {
  SlotId slot = kNone;
  std::uint16_t rule = 0;
  std::uint16_t source = 0;
  std::uint64_t line = 0;
};

/// Known entities whose record a filter keeps out, and which one.
class FilteredOut {
 public:
  void Add(SlotId slot, std::string_view filter) {
    const auto name = std::find(names_.begin(), names_.end(), filter);
    by_slot_.insert_or_assign(slot, static_cast<std::uint32_t>(name - names_.begin()));
    if (name == names_.end()) names_.emplace_back(filter);
  }
  /// The filter's name, or null.
  const std::string* Of(SlotId slot) const {
    const auto it = by_slot_.find(slot);
    return it == by_slot_.end() ? nullptr : &names_[it->second];
  }
  /// The line of a record that one rule has in its scope and keeps out by its filter, or 0.
  std::uint32_t LineInScope(SlotId slot) const {
    const auto it = in_scope_.find(slot);
    return it == in_scope_.end() ? 0 : it->second;
  }
  void NoteInScope(SlotId slot, std::uint32_t line) { in_scope_.emplace(slot, line); }

 private:
  std::vector<std::string> names_;  // a few: one for each filter of the configuration
  std::unordered_map<SlotId, std::uint32_t> by_slot_;
  std::unordered_map<SlotId, std::uint32_t> in_scope_;
};

/// Known entities whose record says on which day they leave; of many, the soonest.
class ComingLeavers {
 public:
  static constexpr std::size_t kMost = 1'000;

  void Add(Date on, SlotId slot) {
    leavers_.emplace_back(on, slot);
    if (leavers_.size() == 4 * kMost) Trim();
  }
  /// Soonest first.
  const std::vector<std::pair<Date, SlotId>>& Soonest() {
    Trim();
    return leavers_;
  }

 private:
  void Trim() {
    std::sort(leavers_.begin(), leavers_.end());
    if (leavers_.size() > kMost) leavers_.resize(kMost);
  }

  std::vector<std::pair<Date, SlotId>> leavers_;
};

struct Workspace {
  Workspace(const StateView& view, const Policy& rules, Instant instant, const std::vector<DriftFinding>& found,
            const MakeSpillFile& make_spill_file);

  const StateView& state;
  const Policy& policy;
  const Instant now;
  SlotTable table;
  DriftBook drift;
  CandidateStore candidates;
  DraftBoard drafts;
  std::vector<Repeat> repeats;
  std::vector<std::pair<Hash128, SlotId>> more_addresses;  ///< Of newcomers, from records after their first.
  std::vector<SlotId> moved;                               ///< Whose record came from another source before.
  struct Untold {
    SlotId slot = kNone;
    std::string reason;
  };
  /// By rule: the first who is known, and of whom nobody can tell whether they left.
  std::map<std::uint16_t, Untold> untold;
  FilteredOut filtered_out;
  ComingLeavers coming_leavers;
  std::vector<QuarantineItem> quarantine;
  std::vector<Warning> warnings;
  std::vector<DueItem> due;
  PlanNotes notes;
  std::unordered_map<SlotId, PlanNotes::Absence> absences;  ///< As the state noted them.
  struct Told {
    std::string key;
    std::string text;  ///< What is so of them, with values.
  };
  std::vector<std::string> blank_status;  ///< Keys of suspended users who are there, with a status that is empty.
  std::array<std::vector<Told>, kKindCount> drift_reported;
  std::map<std::pair<Kind, FieldId>, std::vector<Told>> drift_left_alone;
  Trace* trace = nullptr;  ///< Nearly always none.

  /// Warns of a fact of the sources that stays until somebody changes it. `text` names no person.
  void WarnLasting(std::string text);

  std::string KeyOf(SlotId slot) const;
  SourceRef SourceOf(SlotId slot) const;
  /// The same without the DN, which has to be fetched.
  SourceRef LineOf(SlotId slot) const;
  /// "line 18 of hr"
  std::string PlaceOf(SlotId slot) const;

  /// The entity of `slot` as the target has it: the state's row with what was found to differ.
  StoredEntity Load(SlotId slot) const { return drift.Shown(slot, state.Load(table.RowOf(slot))); }

  /// Valid as long as the workspace.
  std::string_view KeyOf(const Draft& draft) const {
    return draft.packed == kNone ? candidates.KeyOf(table[draft.slot].candidate) : drafts.KeyOfPacked(draft);
  }

  /// The draft of `slot` that still stands, or null.
  const Draft* LiveDraft(SlotId slot) const;
  void AddDraft(SlotId slot, const Operation& operation);
  /// An operation on the entity of `slot` with everything but its changes and reason.
  Operation Begin(SlotId slot, Action action, const StoredEntity& stored) const;

  /// Frozen, and nothing is said of it.
  void Freeze(SlotId slot);
  /// Frozen with a reason. Says nothing of who is held by a person; the first reason stays.
  void SetAside(SlotId slot, const std::string& reason);
  bool WasSetAside(SlotId slot) const { return reported_.contains(slot); }
  /// One line of quarantine; `is_new` is found out here.
  void Report(QuarantineItem item);
  /// Whether `guards.protect` forbids to touch what has `fields` at the target, or what the last look found there.
  bool Protects(SlotId slot, const FieldSetView& fields) const;
  /// True, and a warning said, when `guards.protect` forbids to touch what has `fields` at the target.
  bool IsProtected(SlotId slot, std::string_view key, const FieldSetView& fields);
  /// For the trace, if there is one and it wants this slot.
  void Note(SlotId slot, std::string_view step, const std::string& text);
  /// Time alone changes the plan at `instant`.
  void WakeAt(Instant instant);

 private:
  std::unordered_set<std::string> known_reports_;  // kind, key and reason of the state's quarantine
  std::unordered_set<SlotId> reported_;
  std::size_t protected_said_ = 0;
};

/// "E1, E2 and E3", at most `limit` of them named.
std::string ListOf(const std::vector<std::string>& names, std::size_t limit = 10);
/// "e-mail" or "name".
std::string_view AddressWord(Kind kind);

}  // namespace ucaas_sync::plan
