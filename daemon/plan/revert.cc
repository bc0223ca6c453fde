#include "daemon/plan/revert.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "daemon/model/text.h"
#include "daemon/plan/compare.h"
#include "daemon/plan/consent.h"
#include "daemon/plan/guards.h"
#include "daemon/plan/plan_json.h"
#include "daemon/plan/revert_undo.h"
#include "daemon/plan/tally.h"

namespace ucaas_sync::plan {
namespace {

bool HasValue(const Field& field) {
  return field.state == FieldState::kValue;
}

/// As plans are ordered; within a step the other way round than the run: what took an address last gives it up first.
int StepOf(const Operation& operation) {
  enum : int { kUsersLeave, kContactsLeave, kGroups, kUsers, kContacts, kGroupsLeave };
  switch (operation.kind) {
    case Kind::kUser: {
      const bool moves_address = FindChange(operation, kUserEmail) != nullptr;
      return operation.action == Action::kSuspend && !moves_address ? kUsersLeave : kUsers;
    }
    case Kind::kGroup:
      return operation.action == Action::kDelete ? kGroupsLeave : kGroups;
    case Kind::kContact:
      return operation.action == Action::kDelete ? kContactsLeave : kContacts;
  }
  return kGroupsLeave;
}

/// Whether a contact is not in `group` any more after that.
bool LetsGoOf(const Operation& undo, const std::string& group) {
  if (undo.action == Action::kDelete) return true;
  return undo.groups && !std::binary_search(undo.groups->after.begin(), undo.groups->after.end(), group);
}

class Reverter {
 public:
  Reverter(const RevertInputs& inputs, const StateView& state, const Policy& policy, Instant now)
      : inputs_(inputs),
        state_(state),
        policy_(policy),
        now_(now),
        undone_(UndoEach(inputs.done, state, policy, now)) {}

  Revert Run() {
    // Whoever keeps their address does not give it up to the next, who then keeps theirs too.
    for (bool has_dropped = true; has_dropped;) has_dropped = DropTakenAddresses();
    DropInhabitedGroups();
    Assemble();
    Tell();
    return std::move(revert_);
  }

 private:
  /// A former address that somebody else has got since stays theirs. Whether anybody was dropped.
  bool DropTakenAddresses() {
    std::map<std::pair<Kind, Hash128>, const Operation*> wanted;
    std::set<std::pair<Kind, Hash128>> released;
    for (const Operation& undo : undone_.undos) {
      const FieldId field = NaturalKeyField(undo.kind);
      const FieldChange* change = FindChange(undo, field);
      if (change == nullptr) continue;
      if (HasValue(change->before)) released.emplace(undo.kind, AddressHash(change->before.text));
      if (HasValue(change->after)) wanted.emplace(std::pair(undo.kind, AddressHash(change->after.text)), &undo);
    }
    if (wanted.empty()) return false;
    std::map<const Operation*, std::int64_t> taken;
    state_.ForEachKnown([&](const KnownEntity& known) {
      if (known.lifecycle == Lifecycle::kGone) return;
      const auto it = wanted.find({known.kind, known.address_hash});
      if (it == wanted.end() || it->second->entity_id == known.id || released.contains(it->first)) return;
      taken.emplace(it->second, known.id);
    });
    std::erase_if(undone_.undos, [&](const Operation& undo) {
      const auto it = taken.find(&undo);
      if (it == taken.end()) return false;
      undone_.left.push_back(
          LeftAsIs(undo, "its former address belongs to " + Printable(state_.Load(it->second).key) + " by now"));
      return true;
    });
    return !taken.empty();
  }

  /// A group goes only when nobody is left in it but those who go with it.
  void DropInhabitedGroups() {
    std::map<std::int64_t, const Operation*> groups;
    for (const Operation& undo : undone_.undos) {
      if (undo.kind == Kind::kGroup && undo.action == Action::kDelete) groups.emplace(undo.entity_id, &undo);
    }
    if (groups.empty()) return;
    std::unordered_map<std::int64_t, const Operation*> contacts;
    for (const Operation& undo : undone_.undos) {
      if (undo.kind == Kind::kContact) contacts.emplace(undo.entity_id, &undo);
    }
    std::set<const Operation*> inhabited;
    state_.ForEachMembership([&](std::int64_t contact, std::int64_t group) {
      const auto undo = groups.find(group);
      if (undo == groups.end()) return;
      const auto member = contacts.find(contact);
      const bool goes = member != contacts.end() && LetsGoOf(*member->second, undo->second->key);
      if (!goes) inhabited.insert(undo->second);
    });
    std::erase_if(undone_.undos, [&](const Operation& undo) {
      if (!inhabited.contains(&undo)) return false;
      undone_.left.push_back(LeftAsIs(undo, "has other members since"));
      return true;
    });
  }

  void Assemble() {
    std::sort(undone_.undos.begin(), undone_.undos.end(), [](const Operation& a, const Operation& b) {
      return std::tuple(StepOf(a), b.seq) < std::tuple(StepOf(b), a.seq);
    });
    Plan& plan = revert_.plan;
    for (const Operation& undo : undone_.undos) plan.operations.Add(undo);
    const Tally tally = TallyOf(plan.operations, state_);
    plan.guards = JudgeGuards(tally, plan.operations, {.policy = policy_, .state = state_, .now = now_, .sources = {}});
    revert_.consent = UseApprovals(state_, now_, plan.guards, plan.operations).scope;
    bool group_removals_held = false;
    for (const GuardVerdict& verdict : plan.guards) {
      if (!verdict.held) continue;
      plan.held = plan.held || verdict.holds_everything;
      group_removals_held = group_removals_held || !verdict.holds_everything;
    }
    for (const Kind kind : kAllKinds) plan.summary_of(kind).actions = tally.kinds[Index(kind)].actions;
    if (group_removals_held) {
      PutGroupRemovalsAside(plan);
      plan.summary_of(Kind::kGroup).actions[Index(Action::kDelete)] = 0;
    }
    plan.warnings = std::move(undone_.left);
    if (inputs_.new_id) plan.id = inputs_.new_id();
    plan.created_at = now_;
    plan.config_hash = inputs_.config_hash;
    plan.state_version = state_.Version();
    plan.hash = HashOfPlan(plan);
  }

  void Tell() {
    std::vector<std::string>& cannot = revert_.cannot;
    if (undone_.recreated_users != 0) {
      cannot.push_back(Counted(undone_.recreated_users, "deleted user is", "deleted users are") +
                       " made anew, with a new id at the target: passwords, call history and whatever else hung on the "
                       "old accounts do not come back");
    }
    if (undone_.recreated_others != 0) {
      cannot.push_back(
          Counted(undone_.recreated_others, "deleted contact or group is", "deleted contacts and groups are") +
          " made anew, with a new id at the target");
    }
    if (undone_.created_users != 0) {
      cannot.push_back(Counted(undone_.created_users, "user whom", "users whom") +
                       " that run created: suspended, not deleted; welcome mails that went out stay sent");
    }
    if (inputs_.outdated != 0) {
      cannot.push_back(Counted(inputs_.outdated, "operation", "operations") +
                       " of that run are older than journal.keep, and the journal has them no more");
    }
    if (inputs_.forgotten != 0) {
      cannot.push_back(Counted(inputs_.forgotten, "change", "changes") +
                       " of people who were forgotten since: what it was is not known any more");
    }
  }

  const RevertInputs& inputs_;
  const StateView& state_;
  const Policy& policy_;
  const Instant now_;
  Undone undone_;
  Revert revert_;
};

}  // namespace

Revert PlanRevert(const RevertInputs& inputs, const StateView& state, const Policy& policy, Instant now) {
  return Reverter(inputs, state, policy, now).Run();
}

}  // namespace ucaas_sync::plan
