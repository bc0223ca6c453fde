#include "daemon/plan/revert_hold.h"

namespace ucaas_sync::plan {

RevertHolds::RevertHolds(Workspace& work) {
  for (StoredHold& hold : work.state.Holds(work.now)) {
    if (!hold.kind) continue;
    const SlotId slot = work.table.Find(*hold.kind, HashOf(hold.key));
    if (slot == kNone) continue;
    work.table[slot].set(kHeldByRevert);
    by_slot_.emplace(slot, held_.size());
    held_.push_back({.slot = slot, .hold = std::move(hold), .said = std::nullopt});
  }
}

void RevertHolds::OnEntity(SlotId slot, const EntityView& entity) {
  if (entity.standing == Standing::kOutOfScope) return;
  Held& held = held_[by_slot_.at(slot)];
  const std::optional<Hash128> said = MarkOf(entity);
  // Many records make one group and all say the same of it; records that contradict one another say nothing.
  held.said = held.was_seen && held.said != said ? std::nullopt : said;
  held.was_seen = true;
}

std::optional<Hash128> RevertHolds::SaidOf(const Held& held, const Workspace& work,
                                           std::span<const SourceState> sources, const RejectBook& rejects) {
  const Slot& slot = work.table[held.slot];
  if (slot.has(kConflict) || slot.has(kRejectNamed)) return std::nullopt;
  if (held.was_seen) return held.said;
  if (slot.seen != Seen::kNot || slot.source >= sources.size()) return std::nullopt;
  const SourceState& source = sources[slot.source];
  const bool is_whole = source.healthy && source.snapshot != nullptr && source.snapshot->complete() &&
                        source.snapshot->records != 0 && !rejects.HidesAnybody(slot.source, slot.kind);
  return is_whole ? std::optional(kGoneMark) : std::nullopt;
}

void RevertHolds::Settle(Workspace& work, std::span<const SourceState> sources, const RejectBook& rejects) {
  for (const Held& held : held_) {
    const std::optional<Hash128> said = SaidOf(held, work, sources, rejects);
    const bool is_first = held.hold.mark.is_zero();
    const bool has_ended = said && !is_first && *said != held.hold.mark;
    if (said && (is_first || has_ended)) {
      work.notes.holds.push_back({.kind = *held.hold.kind, .key = held.hold.key, .mark = *said, .ended = has_ended});
    }
    if (has_ended) continue;
    work.table[held.slot].set(kHeldByPerson);
    work.Freeze(held.slot);
    const std::string text = held.hold.reason + ": stays as it is until what its source says changes";
    work.Note(held.slot, "held", text);
    if (work.table[held.slot].is_there()) {
      work.notes.standstills.push_back({.entity_id = work.table.RowOf(held.slot),
                                        .word = PlanNotes::Standstill::Word::kHeld,
                                        .reason = text,
                                        .source = {}});
    }
  }
}

}  // namespace ucaas_sync::plan
