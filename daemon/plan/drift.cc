#include "daemon/plan/drift.h"

#include <algorithm>
#include <utility>

#include "daemon/model/text.h"
#include "daemon/plan/compare.h"

namespace ucaas_sync::plan {
namespace {

constexpr std::size_t kMostSaid = 10;

bool SameValue(Kind kind, FieldId field, const Field& one, const Field& other) {
  const bool has_value = one.state == FieldState::kValue;
  if (has_value != (other.state == FieldState::kValue)) return false;
  if (!has_value || one.text == other.text) return true;
  return kind != Kind::kGroup && field == NaturalKeyField(kind) && FoldCase(one.text) == FoldCase(other.text);
}

bool Differs(const StoredEntity& stored, FieldId field, const Field& shown) {
  if (shown.state != FieldState::kValue && shown.state != FieldState::kEmpty) return false;
  if (stored.kind == Kind::kUser && field == kUserStatus) {
    // Whether somebody is let in is ours to say, whether a rule maps the word for it or not.
    const bool is_known = stored.fields[field].state == FieldState::kValue;
    if (IsInactive(shown.view()) != (stored.lifecycle != Lifecycle::kActive)) return true;
    return is_known && !SameValue(stored.kind, field, stored.fields[field], shown);
  }
  const FieldState state = stored.fields[field].state;
  if (state != FieldState::kValue && state != FieldState::kEmpty) return false;
  return !SameValue(stored.kind, field, stored.fields[field], shown);
}

/// Whether `change` only restores what the state says was there.
bool PutsBack(const StoredEntity& known, const FieldChange& change) {
  if (known.kind == Kind::kUser && change.field == kUserStatus) {
    return IsInactive(change.after.view()) == (known.lifecycle != Lifecycle::kActive);
  }
  return SameValue(known.kind, change.field, known.fields[change.field], change.after);
}

bool IsShown(const DriftFinding& finding, FieldId field) {
  return std::any_of(finding.shown.begin(), finding.shown.end(),
                     [field](const auto& shown) { return shown.first == field; });
}

void Report(Workspace& work, const Candidate& candidate, const StoredEntity& known,
            const std::vector<FieldChange>& changes) {
  const DriftFinding& finding = *work.drift.Of(candidate.slot);
  const RulePolicy& rule = work.policy.rules[work.table[candidate.slot].rule];
  FieldSet shown = known.fields;
  for (const auto& [field, value] : finding.shown) shown[field] = value;
  std::string text;
  for (const FieldChange& change : Differences(rule, View(shown), candidate.fields)) {
    const bool is_planned = std::any_of(changes.begin(), changes.end(),
                                        [&](const FieldChange& other) { return other.field == change.field; });
    if (is_planned || !IsShown(finding, change.field)) continue;
    text += (text.empty() ? "" : ", ") +
            ShownText(known.kind, change.field, change.before.view(), known.fields[change.field].view());
  }
  if (text.empty() && work.drift.Of(candidate.slot)->groups) text = "its groups differ";
  const bool is_suspended = std::any_of(finding.shown.begin(), finding.shown.end(), [&](const auto& field) {
    return known.kind == Kind::kUser && field.first == kUserStatus && IsInactive(field.second.view());
  });
  if (text.empty() && is_suspended && known.lifecycle == Lifecycle::kActive) text = "is suspended there";
  if (finding.missing) text = "is gone there";
  if (text.empty()) return;
  work.Note(candidate.slot, "drift", "changed at the target by somebody else, and left so (drift: report): " + text);
  work.drift_reported[Index(known.kind)].push_back({.key = known.key, .text = " (" + text + ')'});
}

void Warn(Workspace& work, const std::string& bare, const std::vector<Workspace::Told>& people) {
  std::vector<std::string> named;
  std::vector<std::string> keys;
  for (const Workspace::Told& told : people) {
    named.push_back(Shorten(told.key, 40) + told.text);
    keys.push_back(told.key);
  }
  work.warnings.push_back(Warning(bare + ": " + ListOf(named, kMostSaid), bare, std::move(keys)));
}

void TellReported(Workspace& work) {
  for (const Kind kind : kAllKinds) {
    const std::vector<Workspace::Told>& reported = work.drift_reported[Index(kind)];
    if (reported.empty()) continue;
    Warn(work,
         "changed at the target by somebody else, and left so (drift: report): " + Counted(reported.size(), Name(kind)),
         reported);
  }
}

void TellLeftAlone(Workspace& work) {
  for (const auto& [what, people] : work.drift_left_alone) {
    const auto& [kind, field] = what;
    Warn(work,
         "the target keeps writing " + std::string(FieldsOf(kind)[field].name) + " of " +
             Counted(people.size(), Name(kind)) +
             " anew, however often it is put back; it is left alone until the source's value changes",
         people);
  }
}

void TakeOver(Workspace& work, SlotId id, const DriftFinding& finding) {
  const Slot& slot = work.table[id];
  if (slot.seen != Seen::kPresent) {
    // Once its record is there again, unchanged, what it says of these fields is to be written.
    work.notes.accepted.push_back({.entity_id = finding.entity_id,
                                   .gone = finding.missing,
                                   .shown = finding.shown,
                                   .groups = finding.groups,
                                   .is_unlike_record = !finding.shown.empty()});
    return;
  }
  if (slot.candidate == kNone) return;
  const Candidate candidate = work.candidates.Get(slot.candidate);
  DriftAcceptance acceptance{.entity_id = finding.entity_id, .gone = false, .shown = {}, .groups = finding.groups};
  for (const auto& [field, value] : finding.shown) {
    const FieldView& wanted = candidate.fields[field];
    const bool is_settled =
        wanted.state != FieldState::kUnknown && !work.drift.IsRewritten(id, field, std::string(wanted.text));
    if (is_settled) acceptance.shown.emplace_back(field, value);
  }
  if (!acceptance.shown.empty() || acceptance.groups) work.notes.accepted.push_back(std::move(acceptance));
}

}  // namespace

DriftScope DriftScopeOf(const Policy& policy) {
  DriftScope scope;
  for (const RulePolicy& rule : policy.rules) {
    const auto specs = FieldsOf(rule.kind);
    for (FieldId field = 0; field < specs.size(); ++field) {
      // Also what is written on creation only: it is never put back, but `protect` looks at it.
      const bool is_shown = !specs[field].sent_once && !specs[field].secret;
      FieldMask& mask = scope.fields[Index(rule.kind)];
      if (is_shown) mask = static_cast<FieldMask>(mask | Bit(field));
    }
  }
  scope.membership = policy.membership;
  return scope;
}

std::optional<DriftFinding> DriftOf(const StoredEntity& stored, const TargetListing::Object& shown,
                                    const DriftScope& scope, const GroupKeys& groups) {
  DriftFinding finding{.entity_id = stored.id, .missing = false, .shown = {}, .groups = {}};
  for (FieldId field = 0; field < FieldsOf(stored.kind).size(); ++field) {
    if ((scope.fields[Index(stored.kind)] & Bit(field)) == 0) continue;
    if (Differs(stored, field, shown.fields[field])) finding.shown.emplace_back(field, shown.fields[field]);
  }
  if (stored.kind == Kind::kContact && scope.membership && shown.has_group_ids) {
    std::vector<std::string> keys;
    for (const std::string& id : shown.group_ids) {
      if (const auto key = groups.find(id); key != groups.end()) keys.push_back(key->second);
    }
    std::sort(keys.begin(), keys.end());
    if (keys != stored.groups) finding.groups = std::move(keys);
  }
  if (finding.shown.empty() && !finding.groups) return std::nullopt;
  return finding;
}

void ConsiderMissing(Workspace& work, SlotId id) {
  Slot& slot = work.table[id];
  if (!slot.is_there() || !work.drift.IsMissing(id)) return;
  const StoredEntity known = work.state.Load(work.table.RowOf(id));
  if (work.IsProtected(id, known.key, View(known.fields))) {
    work.Freeze(id);
    return;
  }
  slot.lifecycle = Lifecycle::kGone;
}

void ConsiderDrift(Workspace& work, const Candidate& candidate, Action& action, std::vector<FieldChange>& changes) {
  const SlotId id = candidate.slot;
  const StoredEntity known = work.state.Load(work.table.RowOf(id));
  if (!work.drift.repairs()) {
    Report(work, candidate, known, changes);
    return;
  }
  const DriftFinding& finding = *work.drift.Of(id);
  std::vector<FieldChange> kept;
  for (FieldChange& change : changes) {
    const bool is_drift = IsShown(finding, change.field) && PutsBack(known, change);
    // Somebody who must not be let in is suspended again, however often.
    const bool may_leave = is_drift && action != Action::kSuspend;
    if (may_leave && work.drift.IsRewritten(id, change.field, change.after.text)) {
      work.drift_left_alone[{known.kind, change.field}].push_back(
          {.key = known.key,
           .text = std::string(" (") +
                   (change.before.state == FieldState::kValue ? '"' + Shorten(change.before.text, 40) + '"' : "empty") +
                   " there, wanted " +
                   (change.after.state == FieldState::kValue ? '"' + Shorten(change.after.text, 40) + '"' : "empty") +
                   ')'});
      work.Note(id, "drift",
                "the target keeps writing " + std::string(FieldsOf(known.kind)[change.field].name) +
                    " anew, however often it is put back: left alone until the source says another value");
      if (action == Action::kReactivate && change.field == kUserStatus) action = Action::kUpdate;
      continue;
    }
    if (is_drift) {
      const bool is_said_otherwise = action == Action::kReactivate && change.field == kUserStatus;
      if (!is_said_otherwise) work.drift.TellPutBack(id, known.kind, change);
      work.notes.repairs.push_back({.entity_id = known.id,
                                    .field = change.field,
                                    .wanted = change.after.text,
                                    .shown = change.before.text,
                                    .rounds = 1});
    }
    kept.push_back(std::move(change));
  }
  changes = std::move(kept);
}

void SettleDrift(Workspace& work, const std::function<bool(SlotId contact)>& groups_change) {
  if (work.drift.repairs()) {
    for (const SlotId id : work.drift.slots()) {
      const Slot& slot = work.table[id];
      const bool is_left_to_us =
          !slot.has(kFrozen) && slot.is_there() && work.LiveDraft(id) == nullptr && !groups_change(id);
      if (is_left_to_us) TakeOver(work, id, *work.drift.Of(id));
    }
  }
  TellLeftAlone(work);
  TellReported(work);
}

}  // namespace ucaas_sync::plan
