#include "daemon/plan/leaving.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>

#include "daemon/model/text.h"
#include "daemon/plan/leaving_report.h"

namespace ucaas_sync::plan {
namespace {

constexpr std::uint32_t kReadsNeeded = 2;

LeavePolicy OfRule(const RulePolicy& rule) {
  return {.known = true,
          .absent = rule.absent,
          .absent_after = rule.absent_after,
          .delete_after = rule.delete_after,
          .delete_adopted = rule.delete_adopted,
          .maps_members = rule.maps_members};
}

std::string Day(Instant instant) {
  return FormatDate(std::chrono::floor<std::chrono::days>(instant));
}

/// Whether the sources of this run leave open that an absence noted before still goes on. A record that is set aside,
/// or a rejected one that carries the key, proves nobody present, yet the absence was broken: it begins anew.
bool MayStillBeGone(const Slot& slot) {
  if (slot.seen == Seen::kNot) return !slot.has(kRejectNamed);
  return slot.seen == Seen::kLeft && !slot.has(kConflict);
}

std::vector<FieldChange> AllLost(const StoredEntity& stored) {
  std::vector<FieldChange> changes;
  for (std::size_t i = 0; i < kMaxFields; ++i) {
    if (stored.fields[i].state == FieldState::kValue) {
      changes.push_back({.field = static_cast<FieldId>(i), .before = stored.fields[i], .after = {}});
    }
  }
  return changes;
}

/// One plan's walk over everybody who is known.
class Leaving {
 public:
  Leaving(Workspace& work, std::span<const SourceState> sources, const RejectBook& rejects)
      : work_(work), sources_(sources), rejects_(rejects) {}

  void Run() {
    for (SlotId id = 0; id < work_.table.known(); ++id) {
      const Slot& slot = work_.table[id];
      if (!slot.is_there()) continue;
      const std::size_t noted = work_.notes.absences.size();
      NoteScope(id);
      if (slot.has(kFrozen)) {
        // Nothing is done to who is frozen, but to be there ends an absence all the same.
        if (MayStillBeGone(slot)) KeepNote(id);
        if (slot.seen == Seen::kNot && !slot.has(kHeldByPerson)) StandStill(id, Word::kUndecided);
      } else if (slot.seen == Seen::kLeft) {
        Left(id);
      } else if (slot.seen == Seen::kNot) {
        Missing(id);
      }
      if (work_.notes.absences.size() == noted) NoteWithoutClock(id);
    }
    NoteMoved();
    TellComing();
    report_.Tell(work_);
  }

 private:
  /// Of whoever is in doubt nothing is taken over.
  void NoteMoved() {
    for (const SlotId id : work_.moved) {
      const Slot& slot = work_.table[id];
      if (!slot.has(kFrozen)) work_.notes.moved[work_.policy.sources[slot.source]].push_back(work_.table.RowOf(id));
    }
  }

  void NoteScope(SlotId id) {
    const Slot& slot = work_.table[id];
    const bool is_outside = slot.seen == Seen::kOutOfScope;
    const bool is_inside = slot.seen == Seen::kPresent || slot.seen == Seen::kLeft || IsKeptOutInside(id);
    if ((is_outside && !slot.has(kWasOutside)) || (is_inside && slot.has(kWasOutside))) {
      work_.notes.scope_changes.emplace_back(work_.table.RowOf(id), is_outside);
    }
  }

  /// Whether a record shows that it is in a rule's scope, though that rule's filter keeps it out.
  bool IsKeptOutInside(SlotId id) const {
    return work_.table[id].seen == Seen::kNot && work_.filtered_out.LineInScope(id) != 0;
  }

  /// Whether it was outside the scope of its rule when a record last told.
  bool IsOutside(SlotId id) const { return work_.table[id].has(kWasOutside) && !IsKeptOutInside(id); }

  /// The absence of which the clock runs, or null.
  const PlanNotes::Absence* Running(SlotId id) const {
    const auto it = work_.absences.find(id);
    return it == work_.absences.end() || !it->second.has_begun() ? nullptr : &it->second;
  }

  void KeepNote(SlotId id) {
    if (const PlanNotes::Absence* noted = Running(id)) work_.notes.absences.push_back(*noted);
  }

  /// Whoever is gone and waits for nothing, or is there while a rejected record bears their name, must not explain that
  /// record later on, by being missing: it is somebody else's, who may be hidden by it.
  void NoteWithoutClock(SlotId id) {
    const Slot& slot = work_.table[id];
    const bool is_named = slot.has(kRejectNamed);
    if (slot.kind == Kind::kGroup || (slot.seen != Seen::kNot && !is_named)) return;
    const auto noted = work_.absences.find(id);
    const bool was_noted = noted != work_.absences.end() && !noted->second.has_begun();
    const bool is_missing = slot.lifecycle == Lifecycle::kActive && !IsOutside(id) && IsRead(slot.source);
    if (is_named ? rejects_.MayBeOf(id) : !was_noted && !is_missing) return;
    Note(id, PlanNotes::Absence::kNotBegun, 1);
  }

  /// A clock that was ahead when it noted the absence, and was put right since, must not stop the removal for as long.
  Instant Begun(const PlanNotes::Absence& absence) const { return std::min(absence.since, work_.now); }

  /// When what is met now has begun: not before the source was last read, as a clock that is behind would have it. Put
  /// right, that clock would make it overdue at once.
  Instant BegunNow(const Slot& slot) {
    const auto [place, is_new] = last_reads_.try_emplace(slot.source, work_.now);
    if (is_new) {
      const auto last = work_.state.LastGoodSnapshot(work_.policy.sources[slot.source]);
      if (last) place->second = std::max(work_.now, last->read_at);
    }
    return place->second;
  }

  LeavePolicy LeftPolicy(const RulePolicy& rule) const {
    LeavePolicy policy = OfRule(rule);
    // `keep` is a word on absence, which proves little; `left` was written to be acted on.
    if (policy.absent == config::AbsentPolicy::kKeep) {
      policy.absent = rule.kind == Kind::kUser ? config::AbsentPolicy::kSuspend : config::AbsentPolicy::kDelete;
    }
    return policy;
  }

  /// Whoever a date in their record will let go.
  void TellComing() {
    for (const auto& [on, id] : work_.coming_leavers.Soonest()) {
      const Slot& slot = work_.table[id];
      if (slot.has(kFrozen) || slot.seen != Seen::kPresent || slot.lifecycle != Lifecycle::kActive) continue;
      const RulePolicy& rule = work_.policy.rules[slot.rule];
      const std::optional<Action> action = ActionFor(slot, LeftPolicy(rule));
      const std::optional<Instant> at = StartOf(on, work_.policy.timezone);
      if (action && at) Wait(id, *action, *at, "its record matches left then: " + rule.left);
    }
  }

  void Left(SlotId id) {
    const Slot& slot = work_.table[id];
    const RulePolicy& rule = work_.policy.rules[slot.rule];
    // That somebody left who named a group says nothing of whom a source names in it that cannot be told now.
    if (slot.kind == Kind::kGroup && !rule.maps_members && !ProvesAbsence(slot)) {
      KeepNote(id);
      CountHidden(slot, LeftPolicy(rule));
      StandStill(id, Word::kUndecided);
      work_.Note(id, "absence",
                 "who named it left, and this read does not prove that nobody else does: " + Doubt(slot));
      return;
    }
    const LeavePolicy policy = LeftPolicy(rule);
    const PlanNotes::Absence* noted = Running(id);
    const Instant since = noted == nullptr ? BegunNow(slot) : Begun(*noted);
    Go(id, policy, since, 0, rule.left.empty() ? "left" : "left: " + rule.left);
  }

  void Missing(SlotId id) {
    const Slot& slot = work_.table[id];
    const LeavePolicy policy = work_.policy.LeavingFrom(slot.kind, slot.source);
    if (!policy.known) {
      ++report_.without_rule;
      StandStill(id, Word::kUndecided);
      work_.Note(id, "absence", "came from a source that no rule reads for this kind any more: left as it is");
      return;
    }
    if (IsOutside(id) && policy.has_scope) {
      ++report_.gone_outside;
      StandStill(id, Word::kUndecided);
      work_.Note(
          id, "scope",
          "not in the source any more, and outside the rule's scope when it last was: neither changed nor removed");
      return;
    }
    if (!ProvesAbsence(slot)) {
      CountHidden(slot, policy);
      KeepNote(id);
      StandStill(id, Word::kUndecided);
      work_.Note(id, "absence",
                 "this read does not prove that it is gone: " + Doubt(slot) + "; the clock stands still");
      return;
    }
    if (IsKeptAsAdopted(slot, policy)) {
      KeepAdopted(id, policy);
      return;
    }
    StandStill(id, work_.filtered_out.Of(id) == nullptr ? Word::kAbsent : Word::kFilteredOut);
    if (policy.absent == config::AbsentPolicy::kKeep) {
      work_.Note(id, "absence", "not in the source any more, and the rule says absent: keep");
      return;
    }
    const PlanNotes::Absence* noted = Running(id);
    const bool is_first = noted == nullptr;
    const Instant since = is_first ? BegunNow(slot) : Begun(*noted);
    const std::uint32_t reads = is_first ? 1 : noted->reads + 1;
    const std::string& source = work_.policy.sources[slot.source];
    const std::string* filter = work_.filtered_out.Of(id);
    if (filter != nullptr && slot.lifecycle == Lifecycle::kActive && ActionFor(slot, policy)) {
      report_.filtered[*filter][Index(slot.kind)].push_back(id);
    }
    const std::string what = filter == nullptr ? "absent" : "does not match " + *filter;
    if (!is_first && noted->reads == 0) {
      // Left by evidence before the record went too: the clock that began then goes on.
      Go(id, policy, since, 0, "left before, and not in " + source + " any more");
      return;
    }
    if (policy.absent_after == Duration::zero()) {
      Go(id, policy, since, reads, filter == nullptr ? "absent: not in " + source + " any more" : what);
      return;
    }
    if (work_.now - since >= policy.absent_after && reads >= kReadsNeeded) {
      Go(id, policy, since, reads,
         what + " since " + Day(since) + " in " + Counted(reads, "complete read") + " of " + source);
      return;
    }
    const std::optional<Action> action = ActionFor(slot, policy);
    if (!action) {
      Explain(id, policy);
      return;
    }
    Note(id, since, reads);
    work_.Note(id, "absence",
               "not there since " + FormatInstant(since) + ", in " + Counted(reads, "complete read") + "; the " +
                   std::string(Name(*action)) + " waits for absent_after (" + FormatDuration(policy.absent_after) +
                   ") and at least 2 complete reads");
    // Where the last read is what lies ahead of its time, another plan finds that out.
    const Instant looked_at = std::min(since, work_.now) + policy.absent_after;
    Wait(id, *action, std::max(looked_at, work_.now), what + " since " + Day(since));
  }

  using Word = PlanNotes::Standstill::Word;

  /// Who is suspended is told by the operation that did it.
  void StandStill(SlotId id, Word word) {
    const Slot& slot = work_.table[id];
    if (slot.lifecycle != Lifecycle::kActive) return;
    std::string reason;
    if (word == Word::kAbsent) reason = "in no record of " + work_.policy.sources[slot.source];
    if (word == Word::kKept) reason = "gone from the source, and it was adopted (delete_adopted: false)";
    if (word == Word::kFilteredOut) reason = "does not match " + *work_.filtered_out.Of(id);
    work_.notes.standstills.push_back(
        {.entity_id = work_.table.RowOf(id), .word = word, .reason = std::move(reason), .source = work_.SourceOf(id)});
  }

  /// Why ProvesAbsence says no.
  std::string Doubt(const Slot& slot) const {
    if (slot.source >= sources_.size()) return "its source is not in the configuration any more";
    const SourceState& source = sources_[DoubtfulSource(slot).value_or(slot.source)];
    if (!source.healthy || source.snapshot == nullptr || !source.snapshot->complete()) {
      return "source " + source.name + " is not whole";
    }
    if (source.snapshot->records == 0) return "source " + source.name + " has no records";
    return slot.kind == Kind::kGroup ? "a record of " + source.name + " may name it, and cannot be read as far as that"
                                     : "a rejected record of " + source.name + " may hide anybody";
  }

  bool IsRead(std::uint16_t index) const {
    if (index >= sources_.size()) return false;
    const SourceState& source = sources_[index];
    return source.healthy && source.snapshot != nullptr && source.snapshot->complete() && source.snapshot->records != 0;
  }

  bool SaysWhoIsGone(std::uint16_t source, Kind kind) const {
    return IsRead(source) && !rejects_.HidesAnybody(source, kind);
  }

  /// The source that leaves open whether a missing entity is gone: its own, or for a group any that names groups.
  std::optional<std::uint16_t> DoubtfulSource(const Slot& slot) const {
    if (!SaysWhoIsGone(slot.source, slot.kind)) return slot.source;
    if (slot.kind != Kind::kGroup) return std::nullopt;
    for (const RulePolicy& rule : work_.policy.rules) {
      if (rule.kind == Kind::kGroup && !SaysWhoIsGone(rule.source, Kind::kGroup)) return rule.source;
    }
    return std::nullopt;
  }

  bool ProvesAbsence(const Slot& slot) const { return !DoubtfulSource(slot); }

  /// Whoever would go, were it not for a rejected record that may be theirs.
  void CountHidden(const Slot& slot, const LeavePolicy& policy) {
    if (!rejects_.HidesAnybody(slot.source, slot.kind) || slot.lifecycle != Lifecycle::kActive) return;
    if (policy.absent == config::AbsentPolicy::kKeep || !ActionFor(slot, policy)) return;
    // Where people's absences count, no rejected record of this source is the reason.
    const bool is_of_groups_alone = slot.kind == Kind::kGroup && !rejects_.HidesAnybody(slot.source, Kind::kUser);
    ++(is_of_groups_alone ? report_.unnamed : report_.hidden)[slot.source];
  }

  /// What leaving means for this entity; nothing when it stays as it is.
  static std::optional<Action> ActionFor(const Slot& slot, const LeavePolicy& policy) {
    const bool ours = slot.ownership == Ownership::kCreated;
    if (slot.kind != Kind::kUser) {
      const bool may_delete = policy.absent == config::AbsentPolicy::kDelete && (ours || policy.delete_adopted);
      return may_delete ? std::optional(Action::kDelete) : std::nullopt;
    }
    // A user whom we adopted is somebody else's account: suspended, never deleted.
    if (policy.absent == config::AbsentPolicy::kDelete && ours) return Action::kDelete;
    if (slot.lifecycle == Lifecycle::kActive) return Action::kSuspend;
    return policy.delete_after && ours ? std::optional(Action::kDelete) : std::nullopt;
  }

  static bool IsKeptAsAdopted(const Slot& slot, const LeavePolicy& policy) {
    return slot.kind != Kind::kUser && slot.ownership == Ownership::kAdopted &&
           policy.absent == config::AbsentPolicy::kDelete && !policy.delete_adopted;
  }

  void KeepAdopted(SlotId id, const LeavePolicy& policy) {
    StandStill(id, Word::kKept);
    report_.kept_adopted.push_back(work_.KeyOf(id));
    Explain(id, policy);
  }

  /// For the trace: why leaving changes nothing here.
  void Explain(SlotId id, const LeavePolicy& policy) {
    const Slot& slot = work_.table[id];
    std::string text = "gone, and left as it is: ";
    if (slot.kind == Kind::kUser) {
      text += slot.ownership == Ownership::kAdopted ? "it is suspended, and an adopted user is never deleted"
                                                    : "it is suspended, and no delete_after is set";
    } else if (policy.absent != config::AbsentPolicy::kDelete) {
      text += "the rule does not delete";
    } else {
      text += "it was adopted, and delete_adopted is false";
    }
    work_.Note(id, "absence", text);
  }

  void Go(SlotId id, const LeavePolicy& policy, Instant since, std::uint32_t reads, const std::string& reason) {
    const Slot& slot = work_.table[id];
    const std::optional<Action> action = ActionFor(slot, policy);
    if (!action) {
      if (IsKeptAsAdopted(slot, policy)) {
        KeepAdopted(id, policy);
      } else {
        Explain(id, policy);
      }
      return;
    }
    const StoredEntity stored = work_.Load(id);
    if (work_.IsProtected(id, stored.key, View(stored.fields))) return;
    const bool is_later_delete =
        slot.kind == Kind::kUser && *action == Action::kDelete && policy.absent != config::AbsentPolicy::kDelete;
    // Kept though it is acted on now: a removal that is held, fails or is cut off must not wait all over again, and who
    // may be deleted one day needs the day on which it began.
    Note(id, since, reads);
    // With drift: report it is nobody's business here to shut them out again; but a suspension that has ended is none.
    if (is_later_delete && work_.drift.IsLetInByHand(id)) {
      const std::string text = "was suspended and is active there, so that it is not deleted";
      work_.Note(id, "drift", "changed at the target by somebody else, and left so (drift: report): " + text);
      work_.drift_reported[Index(slot.kind)].push_back({.key = stored.key, .text = " (" + text + ')'});
      return;
    }
    if (is_later_delete) {
      // Found suspended at the target a moment ago, by hand or by a request of ours that nobody recorded: since when is
      // not known, so the time begins now, with the note that takes over what was found.
      const Instant begun = stored.suspended_at ? std::max(*stored.suspended_at, since) : work_.now;
      const Instant at = begun + *policy.delete_after;
      if (at > work_.now) {
        work_.Note(id, "absence",
                   "suspended since " + FormatInstant(begun) + "; the delete waits for delete_after (" +
                       FormatDuration(*policy.delete_after) + ")");
        Wait(id, *action, at, "suspended since " + Day(begun));
        return;
      }
      Draft(id, *action, stored, "suspended since " + Day(begun) + "; " + reason);
      return;
    }
    // The deletion comes by time alone, though nothing else may ask for another plan before it.
    if (*action == Action::kSuspend && policy.delete_after && slot.ownership == Ownership::kCreated) {
      work_.WakeAt(work_.now + *policy.delete_after);
    }
    Draft(id, *action, stored, reason);
    const bool ours = slot.ownership == Ownership::kCreated;
    if (*action == Action::kSuspend && policy.delete_after && ours) {
      Wait(id, Action::kDelete, std::max(since, work_.now) + *policy.delete_after, "suspended since " + Day(work_.now));
    }
  }

  void Draft(SlotId id, Action action, const StoredEntity& stored, std::string reason) {
    Operation operation = work_.Begin(id, action, stored);
    operation.reason = work_.drift.IsActiveAgain(id) && action == Action::kSuspend
                           ? "active again at the target by hand; " + reason
                           : std::move(reason);
    if (action == Action::kDelete) {
      operation.changes = AllLost(stored);
      if (!stored.groups.empty()) operation.groups = GroupsChange{.before = stored.groups, .after = {}};
    } else {
      operation.changes = {{.field = kUserStatus,
                            .before = stored.fields[kUserStatus],
                            .after = Field::Value(std::string(kStatusSuspended))}};
    }
    work_.AddDraft(id, operation);
  }

  void Note(SlotId id, Instant since, std::uint32_t reads) {
    work_.notes.absences.push_back({.entity_id = work_.table.RowOf(id), .since = since, .reads = reads});
  }

  void Wait(SlotId id, Action action, Instant at, std::string reason) {
    work_.due.push_back({.kind = work_.table[id].kind,
                         .action = action,
                         .key = work_.KeyOf(id),
                         .at = at,
                         .reason = std::move(reason)});
    work_.WakeAt(at);
  }

  Workspace& work_;
  std::span<const SourceState> sources_;
  std::map<std::uint16_t, Instant> last_reads_;
  const RejectBook& rejects_;
  LeavingReport report_;
};

}  // namespace

std::vector<PlanNotes::Absence> AbsencesWhenHeld(const Workspace& work) {
  std::vector<PlanNotes::Absence> notes;
  const auto stays = [&work](SlotId slot) {
    const auto before = work.absences.find(slot);
    return before != work.absences.end() && before->second.has_begun() && MayStillBeGone(work.table[slot]);
  };
  for (const auto& [slot, absence] : work.absences) {
    if (stays(slot)) notes.push_back(absence);
  }
  for (const PlanNotes::Absence& absence : work.notes.absences) {
    const SlotId slot = work.table.WithRow(absence.entity_id);
    if (stays(slot) || (absence.has_begun() && work.table[slot].seen != Seen::kNot)) continue;
    if (work.table[slot].kind == Kind::kGroup) continue;
    notes.push_back({.entity_id = absence.entity_id, .since = PlanNotes::Absence::kNotBegun, .reads = 1});
  }
  return notes;
}

void PlanLeaving(Workspace& work, std::span<const SourceState> sources, const RejectBook& rejects) {
  Leaving(work, sources, rejects).Run();
}

}  // namespace ucaas_sync::plan
