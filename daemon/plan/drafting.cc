#include "daemon/plan/drafting.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "daemon/model/text.h"
#include "daemon/plan/compare.h"
#include "daemon/plan/drift.h"

namespace ucaas_sync::plan {
namespace {

/// Turning an active account inactive is a suspend, the reverse a reactivate, whatever rule causes it. May add the
/// change of status that brings somebody back.
Action ClassOf(const StoredEntity& stored, const FieldSetView& desired, std::vector<FieldChange>& changes) {
  if (stored.kind != Kind::kUser) return Action::kUpdate;
  const auto status = std::find_if(changes.begin(), changes.end(),
                                   [](const FieldChange& change) { return change.field == kUserStatus; });
  if (stored.lifecycle == Lifecycle::kActive) {
    const bool goes = status != changes.end() && IsInactive(status->after.view());
    return goes ? Action::kSuspend : Action::kUpdate;
  }
  if (!LetsIn(desired)) return Action::kUpdate;
  AddReturn(stored.fields[kUserStatus], changes);
  return Action::kReactivate;
}

std::string ReasonOf(const Workspace& work, SlotId slot, Action action, const std::vector<FieldChange>& changes) {
  const Kind kind = work.table[slot].kind;
  const auto text_of = [&](const std::vector<FieldChange>& of) {
    return work.drift.Reason(slot, kind, of, /*groups_changed=*/false);
  };
  if (action != Action::kReactivate) return text_of(changes);
  const std::vector<FieldChange> others = WithoutStatus(changes);
  const std::string why = work.drift.IsSuspendedByHand(slot) ? "suspended at the target by hand" : "back again";
  return others.empty() ? why : why + "; " + text_of(others);
}

void DraftExisting(Workspace& work, const Candidate& candidate) {
  const Slot& slot = work.table[candidate.slot];
  const RulePolicy& rule = work.policy.rules[slot.rule];
  const StoredEntity stored = work.Load(candidate.slot);
  const FieldSetView there = View(stored.fields);
  std::vector<FieldChange> changes = Differences(rule, there, candidate.fields);
  Action action = ClassOf(stored, candidate.fields, changes);
  if (stored.kind == Kind::kUser && stored.lifecycle == Lifecycle::kSuspended &&
      candidate.fields[kUserStatus].state == FieldState::kEmpty) {
    work.blank_status.push_back(stored.key);
    work.Note(candidate.slot, "status", "comes out empty, which lets nobody in who is suspended");
  }
  if (slot.has(kDrifted)) ConsiderDrift(work, candidate, action, changes);
  if (changes.empty()) {
    if (!candidate.fingerprint.is_zero() && candidate.fingerprint != work.table.FingerprintOf(candidate.slot)) {
      work.notes.fingerprints.emplace_back(work.table.RowOf(candidate.slot), candidate.fingerprint);
    }
    return;
  }
  if (action == Action::kReactivate && slot.has(kMayHaveLeft)) {
    work.SetAside(candidate.slot, std::string(candidate.reason));
    return;
  }
  if (work.IsProtected(candidate.slot, candidate.key, there)) {
    work.Freeze(candidate.slot);
    return;
  }
  Operation operation = work.Begin(candidate.slot, action, stored);
  operation.reason = ReasonOf(work, candidate.slot, action, changes);
  operation.changes = std::move(changes);
  operation.fingerprint = candidate.fingerprint;
  work.AddDraft(candidate.slot, operation);
}

void DraftNewcomer(Workspace& work, std::uint32_t index) {
  const SlotId id = work.candidates.SlotOf(index);
  Slot& slot = work.table[id];
  if (slot.has(kMayHaveLeft)) {
    work.SetAside(id, std::string(work.candidates.Get(index).reason));
    return;
  }
  if (slot.has(kLacksRequired)) {
    const std::optional<FieldId> field = UnknownRequired(slot.kind, work.candidates.Get(index).fields);
    work.SetAside(id, "cannot be created yet: " + std::string(FieldsOf(slot.kind)[field.value()].name) +
                          " is not known in this read (a record that it is joined with is missing)");
    return;
  }
  slot.draft = work.drafts.Add(Draft{.slot = id, .kind = slot.kind, .action = Action::kCreate});
}

/// Suspended, gone at the target since, and here with a status that is empty: made anew they would be let in.
bool IsShutOutAndLost(const Workspace& work, SlotId id, const Candidate& candidate) {
  const Slot& slot = work.table[id];
  return slot.kind == Kind::kUser && work.drift.IsMissing(id) &&
         candidate.fields[kUserStatus].state == FieldState::kEmpty &&
         work.state.Load(work.table.RowOf(id)).lifecycle == Lifecycle::kSuspended;
}

void TellBlankStatus(Workspace& work) {
  if (work.blank_status.empty()) return;
  const bool is_one = work.blank_status.size() == 1;
  const std::string bare = Counted(work.blank_status.size(), "suspended user") + (is_one ? " stays" : " stay") +
                           " so though the source has " + (is_one ? "a record" : "records") +
                           ", for status comes out empty; |default: in its template says what a blank cell means";
  Warning warning(bare + ": " + ListOf(work.blank_status), bare, work.blank_status);
  warning.lasts = true;
  work.warnings.push_back(std::move(warning));
}

}  // namespace

void DraftChanges(Workspace& work, const std::set<Kind>& unlisted) {
  std::array<std::uint64_t, kKindCount> waiting{};
  const std::size_t count = work.candidates.size();
  work.drafts.Reserve(count);  // as many or fewer: to grow it would take the old and the new at once
  for (std::uint32_t i = 0; i < count; ++i) {
    const SlotId id = work.candidates.SlotOf(i);
    const Slot& slot = work.table[id];
    if (slot.seen != Seen::kPresent || slot.has(kFrozen)) continue;
    if (slot.has(kDrifted)) ConsiderMissing(work, id);
    if (slot.has(kFrozen)) continue;
    if (slot.has(kDrifted) && IsShutOutAndLost(work, id, work.candidates.Get(i))) {
      work.blank_status.push_back(work.KeyOf(id));
      work.Note(id, "status", "comes out empty: made anew, who was suspended would be let in");
      work.Freeze(id);
      continue;
    }
    if (slot.is_there()) {
      DraftExisting(work, work.candidates.Get(i));
    } else if (unlisted.contains(slot.kind)) {
      work.Freeze(id);
      ++waiting[Index(slot.kind)];
    } else {
      DraftNewcomer(work, i);
    }
  }
  TellBlankStatus(work);
  for (const Kind kind : unlisted) {
    work.WarnLasting(Counted(waiting[Index(kind)], Name(kind)) +
                     " not created yet: who is in the account already is not known, since it could not be listed");
  }
}

void SetAsideUnknownStatus(Workspace& work) {
  std::vector<SlotId> unknown;
  for (const Draft& draft : work.drafts.all()) {
    const bool is_new = !draft.dropped && draft.action == Action::kCreate;
    if (is_new && work.table[draft.slot].has(kStatusUnknown)) unknown.push_back(draft.slot);
  }
  for (const SlotId id : unknown) {
    work.SetAside(id,
                  "cannot be created yet: status is not known in this read (a record that it is joined with is "
                  "missing), and without one it would be let in; |default: in its template says what it then is");
  }
}

CreateView ViewCreate(const Workspace& work, const Draft& draft, const Candidate& candidate) {
  const Slot& slot = work.table[draft.slot];
  const auto& sources = work.policy.sources;
  return {.kind = draft.kind,
          .key = candidate.key,
          .entity_id = work.table.RowOf(draft.slot),
          .fields = candidate.fields,
          .reason = work.drift.IsMissing(draft.slot) ? "deleted at the target by hand"
                    : slot.is_known()                ? "back again: was deleted before"
                                                     : "joined: not in the account before",
          .source = slot.source < sources.size() ? sources[slot.source] : std::string_view(),
          .line = slot.line,
          .dn = candidate.dn,
          .fingerprint = candidate.fingerprint};
}

}  // namespace ucaas_sync::plan
