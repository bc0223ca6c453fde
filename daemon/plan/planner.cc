#include "daemon/plan/planner.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "daemon/model/text.h"
#include "daemon/plan/addresses.h"
#include "daemon/plan/adoption.h"
#include "daemon/plan/compare.h"
#include "daemon/plan/consent.h"
#include "daemon/plan/drafting.h"
#include "daemon/plan/drift.h"
#include "daemon/plan/guards.h"
#include "daemon/plan/inhabited.h"
#include "daemon/plan/intake.h"
#include "daemon/plan/leaving.h"
#include "daemon/plan/membership.h"
#include "daemon/plan/order.h"
#include "daemon/plan/plan_json.h"
#include "daemon/plan/revert_hold.h"
#include "daemon/plan/single_out.h"
#include "daemon/plan/source_guards.h"
#include "daemon/plan/tally.h"
#include "daemon/plan/tracing.h"
#include "daemon/plan/unhealthy.h"
#include "daemon/plan/workspace.h"

namespace ucaas_sync::plan {
namespace {

constexpr Duration kTargetRetry = std::chrono::hours(24);

std::string HoldText(const StoredHold& hold) {
  std::string text = "a person holds it as it is";
  if (hold.until) text += " until " + FormatInstant(*hold.until);
  return hold.reason.empty() ? text : text + ": " + hold.reason;
}

void FreezeHeld(Workspace& work) {
  for (const StoredHold& hold : work.state.Holds(work.now)) {
    if (hold.kind) continue;  // a revert's: see RevertHolds
    if (hold.until && *hold.until > work.now) work.WakeAt(*hold.until);
    for (const Kind kind : kAllKinds) {
      const SlotId slot = work.table.Find(kind, HashOf(hold.key));
      if (slot == kNone) continue;
      work.table[slot].set(kHeldByPerson);
      work.Freeze(slot);
      work.Note(slot, "held", HoldText(hold));
      if (work.table[slot].is_there()) {
        work.notes.standstills.push_back({.entity_id = work.table.RowOf(slot),
                                          .word = PlanNotes::Standstill::Word::kHeld,
                                          .reason = HoldText(hold),
                                          .source = {}});
      }
    }
  }
}

/// Whether the record of some group with members may be among those that nobody can use.
bool MayHideGroups(const Policy& policy, std::span<const SourceState> sources, const RejectBook& rejects) {
  return std::any_of(policy.rules.begin(), policy.rules.end(), [&](const RulePolicy& rule) {
    if (rule.kind != Kind::kGroup || !rule.maps_members || rule.source >= sources.size()) return false;
    return rejects.HidesAnybody(rule.source, Kind::kGroup) || !IsWhole(sources[rule.source]);
  });
}

/// Who the target called invalid is tried again when the fields or the configuration differ from those that were
/// refused, or after a day.
void FreezeRefusedByTarget(Workspace& work, const std::string& config_hash) {
  for (const StoredQuarantine& item : work.state.Quarantined()) {
    const std::optional<Kind> kind = KindNamed(item.kind);
    if (!item.by_target || !kind) continue;
    const SlotId id = work.table.Find(*kind, HashOf(item.key));
    if (id == kNone) continue;
    const Slot& slot = work.table[id];
    if (work.now - item.since >= kTargetRetry) continue;
    if (slot.seen == Seen::kPresent) {
      if (slot.candidate == kNone) continue;  // equal to what was accepted since
      const Hash128 fingerprint = work.candidates.Get(slot.candidate).fingerprint;
      if (!fingerprint.is_zero() && RefusalMark(fingerprint, config_hash) != item.fingerprint) continue;
    } else if (!item.fingerprint.is_zero()) {
      continue;  // its fields were refused; that says nothing of its removal
    }
    work.WakeAt(item.since + kTargetRetry);
    work.Note(id, "quarantine",
              "so says the target since " + FormatInstant(item.since) + "; tried again after " +
                  FormatInstant(item.since + kTargetRetry) +
                  ", when the fields or the configuration change, or when it is released");
    work.table[id].set(kSetAsideByTarget);
    work.SetAside(id, item.reason);
  }
}

/// Contacts of whom nothing but the membership differs get an operation of their own.
void DraftMembershipOnly(Workspace& work, const MembershipChanges& changes) {
  for (const MembershipChanges::Change& change : changes.all()) {
    if (work.LiveDraft(change.contact) != nullptr) continue;
    const Slot& slot = work.table[change.contact];
    const StoredEntity stored = work.Load(change.contact);
    if (work.IsProtected(change.contact, stored.key, View(stored.fields))) continue;
    Operation operation = work.Begin(change.contact, Action::kUpdate, stored);
    operation.fingerprint = slot.candidate == kNone ? work.table.FingerprintOf(change.contact)
                                                    : work.candidates.Get(slot.candidate).fingerprint;
    work.AddDraft(change.contact, operation);
  }
}

/// Puts settled drafts into order and counts them for the guards.
class Assembly {
 public:
  Assembly(Workspace& work, const Adoption& adoption, const Membership& membership, const MembershipChanges& changes)
      : work_(work), adoption_(adoption), membership_(membership), changes_(changes) {}

  void Run(OperationList& operations, Tally& tally) {
    for (const std::uint32_t index : PlanOrder(work_)) {
      const Draft& draft = work_.drafts.all()[index];
      if (draft.packed == kNone && draft.kind != Kind::kContact) {
        // Without groups there is nothing to add to it: of a million nobody makes an operation only to pack it.
        const Candidate candidate = work_.candidates.Get(work_.table[draft.slot].candidate);
        operations.AddCreate(ViewCreate(work_, draft, candidate));
        tally.AddCreate(draft.kind);
        continue;
      }
      Operation operation = draft.packed == kNone ? BuildCreate(draft) : work_.drafts.Packed(draft);
      if (draft.kind == Kind::kContact && draft.action != Action::kDelete) AddGroups(draft, operation, tally);
      if (operation.existing) operation.existing->groups = ExistingGroups(draft.slot);
      tally.Add(operation);
      operations.Add(operation);
    }
  }

 private:
  Operation BuildCreate(const Draft& draft) const {
    return Own(ViewCreate(work_, draft, work_.candidates.Get(work_.table[draft.slot].candidate)));
  }

  void AddGroups(const Draft& draft, Operation& operation, Tally& tally) {
    const MembershipChanges::Change* change = changes_.Of(draft.slot);
    if (change == nullptr) return;
    operation.groups = GroupsChange{.before = Keys(changes_.Before(*change)), .after = Keys(changes_.After(*change))};
    if (operation.action == Action::kUpdate) {
      work_.drift.TellGroups(draft.slot, operation.entity_id, *operation.groups, work_.state);
      operation.reason = work_.drift.Reason(draft.slot, Kind::kContact, operation.changes, /*groups_changed=*/true);
    } else if (operation.action != Action::kCreate) {
      operation.reason += "; groups changed";
    }
    const auto before = changes_.Before(*change);
    const auto after = changes_.After(*change);
    const bool gains = !std::ranges::includes(before, after);
    for (const SlotId group : before) {
      if (std::binary_search(after.begin(), after.end(), group)) continue;
      // Of a department that is called otherwise now nobody is lost.
      if (gains && work_.table[group].seen != Seen::kPresent) continue;
      Tally::Group& lost = tally.groups[membership_.GroupKey(group, work_)];
      lost.members = membership_.MembersOf(group);
      ++lost.lost;
    }
  }

  /// Of the groups that an adopted contact is in, those that the plan knows.
  std::vector<std::string> ExistingGroups(SlotId slot) const {
    std::vector<std::string> keys;
    const TargetListing::Object* object = adoption_.AdoptedAs(slot);
    if (object == nullptr) return keys;
    for (const std::string& id : object->group_ids) {
      const SlotId group = adoption_.GroupWithRemoteId(id);
      if (group != kNone) keys.push_back(membership_.GroupKey(group, work_));
    }
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  std::vector<std::string> Keys(std::span<const SlotId> groups) const {
    std::vector<std::string> keys;
    for (const SlotId group : groups) keys.push_back(membership_.GroupKey(group, work_));
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  Workspace& work_;
  const Adoption& adoption_;
  const Membership& membership_;
  const MembershipChanges& changes_;
};

}  // namespace

struct Planner::Impl {
  Impl(const StateView& state, const Policy& policy, Instant now, const std::vector<DriftFinding>& drift,
       const MakeSpillFile& make_file)
      : policy_copy(policy),
        make_spill_file(make_file),
        work(state, policy_copy, now, drift, make_file),
        revert_holds(work),
        intake(work, membership, revert_holds) {}

  const Policy policy_copy;
  const MakeSpillFile make_spill_file;
  Workspace work;
  Membership membership;
  RevertHolds revert_holds;
  Intake intake;
  RejectBook rejects;
  bool group_removals_held = false;

  Result Finish(const Inputs& inputs);
  void Judge(const Inputs& inputs, const Tally& tally, Plan& plan);
  void Summarize(const Tally& tally, Plan& plan) const;
  void CountActive(Tally& tally) const;
};

Planner::Planner(const StateView& state, const Policy& policy, Instant now, const std::vector<DriftFinding>& drift,
                 const MakeSpillFile& make_spill_file)
    : impl_(std::make_unique<Impl>(state, policy, now, drift, make_spill_file)) {}
Planner::~Planner() = default;

void Planner::SetTrace(Trace* trace) {
  impl_->work.trace = trace;
}

void Planner::OnEntity(const EntityView& entity) {
  impl_->intake.OnEntity(entity);
  if (impl_->work.trace != nullptr) TraceEntity(impl_->work, entity);
}

void Planner::OnReject(const RejectView& reject) {
  impl_->rejects.Add(reject, impl_->work);
  if (impl_->work.trace != nullptr) TraceReject(impl_->work, reject);
}

Planner::Result Planner::Finish(const Inputs& inputs) {
  return impl_->Finish(inputs);
}

Planner::Result Planner::Impl::Finish(const Inputs& inputs) {
  work.warnings.insert(work.warnings.begin(), inputs.warnings.begin(), inputs.warnings.end());
  if (work.trace != nullptr) BeginTrace(work);
  FreezeHeld(work);
  FreezeUnhealthy(work, inputs.sources);
  for (std::size_t i = 0; i < inputs.sources.size(); ++i) {
    if (inputs.sources[i].hides_groups) rejects.HideGroups(static_cast<std::uint16_t>(i));
  }
  rejects.Resolve(work);
  revert_holds.Settle(work, inputs.sources, rejects);
  intake.SetAsideUnusable();
  FreezeRefusedByTarget(work, inputs.config_hash);

  DraftChanges(work, inputs.unlisted);
  PlanLeaving(work, inputs.sources, rejects);
  SettleAddresses(work, inputs.sources);
  if (!inputs.only.empty()) SingleOut(work, inputs.only);
  const Adoption adoption(work, inputs.listing);
  SetAsideUnknownStatus(work);
  KeepInhabitedGroups(work);
  for (PlanNotes::Barred& barred : work.notes.barred) {
    barred.fingerprint = RefusalMark(barred.fingerprint, inputs.config_hash);
  }
  const MembershipChanges memberships =
      membership.Resolve(work, adoption, MayHideGroups(work.policy, inputs.sources, rejects));
  DraftMembershipOnly(work, memberships);
  SettleDrift(work, [&](SlotId contact) { return memberships.Of(contact) != nullptr; });

  if (work.trace == nullptr) work.table.ForgetKeys();  // only a trace still looks for any
  Result result;
  Plan& plan = result.plan;
  plan.operations = OperationList(make_spill_file);
  Tally tally;
  CountActive(tally);
  Assembly(work, adoption, membership, memberships).Run(plan.operations, tally);
  Judge(inputs, tally, plan);
  if (plan.held) work.notes.absences = AbsencesWhenHeld(work);
  Summarize(tally, plan);

  if (inputs.new_id) plan.id = inputs.new_id();
  plan.created_at = work.now;
  plan.config_hash = inputs.config_hash;
  plan.state_version = work.state.Version();
  for (std::size_t i = 0; i < inputs.sources.size(); ++i) {
    const SourceState& source = inputs.sources[i];
    PlanSource out{.name = source.name, .location = {}, .complete = false, .hash = {}};
    if (source.snapshot != nullptr) {
      out.location = source.snapshot->location;
      out.rejected = rejects.CountOf(i);
      out.records = source.snapshot->records + source.snapshot->rejected - out.rejected;
      out.complete = source.snapshot->complete() && source.healthy;
      out.hash = source.snapshot->hash;
    }
    plan.sources.push_back(std::move(out));
  }
  KeepAsideOfUnhealthy(work, inputs.sources);
  plan.quarantine = std::move(work.quarantine);
  std::sort(plan.quarantine.begin(), plan.quarantine.end(), [](const QuarantineItem& a, const QuarantineItem& b) {
    return std::tie(a.kind, a.source.name, a.source.line, a.key, a.reason) <
           std::tie(b.kind, b.source.name, b.source.line, b.key, b.reason);
  });
  for (const Warning& warning : work.warnings) plan.warnings.push_back(warning.text);
  work.notes.warnings = std::move(work.warnings);
  plan.due = std::move(work.due);
  std::sort(plan.due.begin(), plan.due.end(), [](const DueItem& a, const DueItem& b) {
    return std::tie(a.at, a.kind, a.key) < std::tie(b.at, b.kind, b.key);
  });
  if (inputs.file) {
    SealPlan(plan, inputs.file());
  } else {
    plan.hash = HashOfPlan(plan);
  }
  if (work.trace != nullptr) EndTrace(work, plan);
  result.notes = std::move(work.notes);
  std::sort(result.notes.absences.begin(), result.notes.absences.end(),
            [](const PlanNotes::Absence& a, const PlanNotes::Absence& b) { return a.entity_id < b.entity_id; });
  return result;
}

void Planner::Impl::CountActive(Tally& tally) const {
  for (SlotId id = 0; id < work.table.known(); ++id) {
    const Slot& slot = work.table[id];
    if (slot.lifecycle == Lifecycle::kActive) ++tally.kinds[Index(slot.kind)].active;
  }
}

void Planner::Impl::Judge(const Inputs& inputs, const Tally& tally, Plan& plan) {
  work.notes.repeated = RepeatedRecords(work, inputs.sources.size());
  std::vector<std::uint64_t> rejected;
  for (std::size_t i = 0; i < inputs.sources.size(); ++i) rejected.push_back(rejects.CountOf(i));
  const GuardContext context{.policy = work.policy,
                             .state = work.state,
                             .now = work.now,
                             .sources = inputs.sources,
                             .repeated = work.notes.repeated,
                             .rejected = rejected,
                             .may_exist = inputs.listing == nullptr};
  plan.guards = JudgeGuards(tally, plan.operations, context);
  if (std::any_of(plan.guards.begin(), plan.guards.end(), [](const GuardVerdict& verdict) { return verdict.held; })) {
    ConsentResult consent = UseApprovals(work.state, work.now, plan.guards, plan.operations);
    if (consent.until) work.WakeAt(*consent.until);
    work.notes.consent = std::move(consent.scope);
  }
  for (const GuardVerdict& verdict : plan.guards) {
    if (!verdict.held) continue;
    plan.held = plan.held || verdict.holds_everything;
    group_removals_held = group_removals_held || !verdict.holds_everything;
  }
  for (const GuardVerdict& verdict : plan.guards) {
    if (verdict.holds_everything || verdict.held || !verdict.approved_by.empty() || verdict.actual <= verdict.limit) {
      continue;
    }
    work.warnings.push_back(verdict.name + ": " + WithThousands(verdict.actual) + ", limit " +
                            WithThousands(verdict.limit) +
                            ": more than usual; for groups that would hold their removals, and this plan has none");
  }
  if (group_removals_held) PutGroupRemovalsAside(plan);
  if (const std::optional<Instant> ease = WindowsEase(plan.guards, context)) work.WakeAt(*ease);
}

void Planner::Impl::Summarize(const Tally& tally, Plan& plan) const {
  for (const Kind kind : kAllKinds) plan.summary_of(kind).actions = tally.kinds[Index(kind)].actions;
  if (group_removals_held) plan.summary_of(Kind::kGroup).actions[Index(Action::kDelete)] = 0;
  for (SlotId id = 0; id < work.table.known(); ++id) {
    const Slot& slot = work.table[id];
    if (slot.is_there() && slot.seen == Seen::kPresent && work.LiveDraft(id) == nullptr && !work.WasSetAside(id)) {
      ++plan.summary_of(slot.kind).unchanged;
    }
  }
}

}  // namespace ucaas_sync::plan
