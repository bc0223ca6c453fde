#include "daemon/plan/revert.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "daemon/model/text.h"
#include "daemon/plan/compare.h"
#include "daemon/plan/consent.h"
#include "daemon/plan/guards.h"
#include "daemon/plan/plan_json.h"
#include "daemon/plan/tally.h"
#include "daemon/plan/workspace.h"

namespace ucaas_sync::plan {
namespace {

bool HasValue(const Field& field) {
  return field.state == FieldState::kValue;
}

/// A value, or none: how the absence of one came about makes no difference to the target.
bool Same(const Field& a, const Field& b) {
  return HasValue(a) ? HasValue(b) && a.text == b.text : !HasValue(b);
}

bool IsKept(Kind kind, FieldId field) {
  const FieldSpec& spec = FieldsOf(kind)[field];
  return !spec.secret && !spec.sent_once;
}

std::string Who(const Operation& operation) {
  return std::string(Name(operation.kind)) + ' ' + Printable(operation.key);
}

bool Contains(const std::vector<std::string>& sorted, const std::string& key) {
  return std::binary_search(sorted.begin(), sorted.end(), key);
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

class Reverter {
 public:
  Reverter(const RevertInputs& inputs, const StateView& state, const Policy& policy, Instant now)
      : inputs_(inputs), state_(state), policy_(policy), now_(now) {
    for (const StoredHold& hold : state.Holds(now)) {
      if (!hold.kind) held_by_person_.insert(hold.key);
    }
    for (const Operation& done : inputs.done) {
      if (done.kind == Kind::kGroup && done.action == Action::kDelete) groups_back_.insert(done.key);
    }
  }

  Revert Run() {
    for (const Operation& done : inputs_.done) Undo(done);
    // Whoever keeps their address does not give it up to the next, who then keeps theirs too.
    for (bool has_dropped = true; has_dropped;) has_dropped = DropTakenAddresses();
    DropInhabitedGroups();
    Assemble();
    Tell();
    return std::move(revert_);
  }

 private:
  void Undo(const Operation& done) {
    const auto row = state_.Find(done.kind, done.key);
    const bool is_there = row && row->lifecycle != Lifecycle::kGone;
    if (held_by_person_.contains(done.key)) return Leave(done, "held by a person");
    if (is_there && policy_.protect && policy_.protect(done.kind, View(row->fields))) {
      return Leave(done, "guards.protect forbids to touch it");
    }
    if (done.action == Action::kDelete) {
      if (is_there) return Leave(done, "there again since");
      return Recreate(done, row);
    }
    if (!is_there) return Leave(done, "not in the account any more");
    switch (done.action) {
      case Action::kCreate:
        return Uncreate(done, *row);
      case Action::kAdopt:
      case Action::kUpdate:
      case Action::kSuspend:
      case Action::kReactivate:
        return PutBack(done, *row);
      case Action::kDelete:
        return;
    }
  }

  void Uncreate(const Operation& done, const StoredEntity& row) {
    if (row.ownership == Ownership::kAdopted)
      return Leave(done, "was there before the run, which adopted it unchanged");
    if (done.kind == Kind::kUser) {
      if (row.lifecycle != Lifecycle::kActive) return Leave(done, "suspended already");
      Operation undo = Begin(done, Action::kSuspend, row);
      undo.changes = {{.field = kUserStatus,
                       .before = row.fields[kUserStatus],
                       .after = Field::Value(std::string(kStatusSuspended))}};
      ++created_users_;
      return Add(std::move(undo), done);
    }
    const bool is_unchanged = std::all_of(done.changes.begin(), done.changes.end(), [&](const FieldChange& change) {
      return !IsKept(done.kind, change.field) || Same(change.after, row.fields[change.field]);
    });
    const bool same_groups = !done.groups || done.groups->after == row.groups;
    if (!is_unchanged || !same_groups) return Leave(done, "changed since it was created");
    Operation undo = Begin(done, Action::kDelete, row);
    for (std::size_t i = 0; i < kMaxFields; ++i) {
      if (HasValue(row.fields[i])) {
        undo.changes.push_back({.field = static_cast<FieldId>(i), .before = row.fields[i], .after = {}});
      }
    }
    if (!row.groups.empty()) undo.groups = GroupsChange{.before = row.groups, .after = {}};
    Add(std::move(undo), done);
  }

  void Recreate(const Operation& done, const std::optional<StoredEntity>& row) {
    Operation undo;
    undo.kind = done.kind;
    undo.action = Action::kCreate;
    undo.key = done.key;
    undo.entity_id = row ? row->id : 0;
    undo.source = {.name = row ? row->source : done.source.name, .line = 0, .dn = {}};
    undo.reason = ReasonOf(done);
    for (const FieldChange& lost : done.changes) {
      if (HasValue(lost.before)) undo.changes.push_back({.field = lost.field, .before = {}, .after = lost.before});
    }
    const auto specs = FieldsOf(done.kind);
    for (FieldId field = 0; field < specs.size(); ++field) {
      if (specs[field].required && !specs[field].secret && FindChange(undo, field) == nullptr) {
        return Leave(done, "its " + std::string(specs[field].name) + " is not known any more");
      }
    }
    if (done.groups) {
      GroupsChange groups;
      for (const std::string& key : done.groups->before) {
        if (GroupExists(key)) groups.after.push_back(key);
      }
      if (!groups.after.empty()) undo.groups = std::move(groups);
    }
    ++(done.kind == Kind::kUser ? recreated_users_ : recreated_others_);
    Add(std::move(undo), done);
  }

  void PutBack(const Operation& done, const StoredEntity& row) {
    Action action = Action::kUpdate;
    if (done.action == Action::kSuspend) {
      if (row.lifecycle == Lifecycle::kActive) return Leave(done, "active again since");
      action = Action::kReactivate;
    } else if (done.action == Action::kReactivate) {
      if (row.lifecycle != Lifecycle::kActive) return Leave(done, "suspended again since");
      action = Action::kSuspend;
    }
    Operation undo = Begin(done, action, row);
    std::vector<std::string> changed;
    std::vector<std::string> left;
    for (const FieldChange& change : done.changes) {
      if (!IsKept(done.kind, change.field)) continue;
      const std::string name(FieldsOf(done.kind)[change.field].name);
      const bool is_status = done.kind == Kind::kUser && change.field == kUserStatus;
      if (is_status && action != Action::kUpdate) {
        undo.changes.push_back(StatusChange(action, change, row));
      } else if (!Same(row.fields[change.field], change.after)) {
        changed.push_back(name);
      } else if (change.before.state == FieldState::kUnmapped && done.action != Action::kAdopt) {
        left.push_back(name + " was not known before");
      } else if (FieldsOf(done.kind)[change.field].required && !HasValue(change.before)) {
        left.push_back(name + " had no value before, and must have one");
      } else {
        undo.changes.push_back({.field = change.field,
                                .before = row.fields[change.field],
                                .after = HasValue(change.before) ? change.before : Field::Empty()});
      }
    }
    if (action != Action::kUpdate && FindChange(undo, kUserStatus) == nullptr) {
      undo.changes.push_back(StatusChange(action, {.field = kUserStatus, .before = {}, .after = {}}, row));
    }
    if (!changed.empty()) left.insert(left.begin(), ListOf(changed) + " changed since");
    if (done.groups) PutGroupsBack(*done.groups, row, undo, left);
    std::sort(undo.changes.begin(), undo.changes.end(),
              [](const FieldChange& a, const FieldChange& b) { return a.field < b.field; });
    if (!left.empty()) Leave(done, ListOf(left));
    if (!undo.changes.empty() || undo.groups) Add(std::move(undo), done);
  }

  static FieldChange StatusChange(Action action, const FieldChange& done, const StoredEntity& row) {
    const std::string_view wanted = action == Action::kReactivate ? kStatusActive : kStatusSuspended;
    const bool is_active = HasValue(done.before) && done.before.text == kStatusActive;
    const bool fits = HasValue(done.before) && is_active == (action == Action::kReactivate);
    return {.field = kUserStatus,
            .before = row.fields[kUserStatus],
            .after = fits ? done.before : Field::Value(std::string(wanted))};
  }

  /// Each membership by itself: those that the run ended come back, those that it began end. Who has moved on since
  /// keeps their groups: what comes back would stand beside the group that took its place.
  void PutGroupsBack(const GroupsChange& done, const StoredEntity& row, Operation& undo,
                     std::vector<std::string>& left) const {
    std::set<std::string> groups(row.groups.begin(), row.groups.end());
    const bool has_moved = HasMovedOn(done, row.groups);
    bool is_left = false;
    for (const std::string& key : done.after) {
      if (Contains(done.before, key)) continue;
      if (has_moved) {
        is_left = is_left || Contains(row.groups, key);
      } else {
        groups.erase(key);
      }
    }
    for (const std::string& key : done.before) {
      if (Contains(done.after, key) || Contains(row.groups, key)) continue;
      if (has_moved) {
        is_left = true;
      } else if (GroupExists(key)) {
        groups.insert(key);
      } else {
        left.push_back("group " + Printable(key) + " is not there any more (revert first the run that deleted it)");
      }
    }
    if (is_left) left.emplace_back("its groups changed since");
    std::vector<std::string> after(groups.begin(), groups.end());
    if (after != row.groups) undo.groups = GroupsChange{.before = row.groups, .after = std::move(after)};
  }

  /// A group that the run brought is gone again, or where it brought none a new one has come.
  static bool HasMovedOn(const GroupsChange& done, const std::vector<std::string>& now) {
    const auto is_old = [&](const std::string& key) { return Contains(done.before, key); };
    const auto is_now = [&](const std::string& key) { return Contains(now, key); };
    if (std::all_of(done.after.begin(), done.after.end(), is_old)) return !std::all_of(now.begin(), now.end(), is_old);
    return !std::all_of(done.after.begin(), done.after.end(),
                        [&](const std::string& key) { return is_old(key) || is_now(key); });
  }

  bool GroupExists(const std::string& key) const {
    if (groups_back_.contains(key)) return true;
    const auto row = state_.Find(Kind::kGroup, key);
    return row && row->lifecycle != Lifecycle::kGone;
  }

  Operation Begin(const Operation& done, Action action, const StoredEntity& row) const {
    Operation undo;
    undo.kind = done.kind;
    undo.action = action;
    undo.key = done.key;
    undo.remote_id = row.remote_id;
    undo.entity_id = row.id;
    undo.who = DisplayName(row.kind, View(row.fields));
    undo.reason = ReasonOf(done);
    undo.source = {.name = row.source, .line = 0, .dn = {}};
    return undo;
  }

  static std::string ReasonOf(const Operation& done) {
    return "undoes the " + std::string(Name(done.action)) + (done.reason.empty() ? "" : ": " + done.reason);
  }

  void Leave(const Operation& done, const std::string& why) {
    left_.push_back(Who(done) + ": " + why + ", left as it is");
  }

  void Add(Operation undo, const Operation& done) {
    undo.seq = done.seq;
    undos_.push_back(std::move(undo));
  }

  /// A former address that somebody else has got since stays theirs. Whether anybody was dropped.
  bool DropTakenAddresses() {
    std::map<std::pair<Kind, Hash128>, const Operation*> wanted;
    std::set<std::pair<Kind, Hash128>> released;
    for (const Operation& undo : undos_) {
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
    std::erase_if(undos_, [&](const Operation& undo) {
      const auto it = taken.find(&undo);
      if (it == taken.end()) return false;
      Leave(undo, "its former address belongs to " + Printable(state_.Load(it->second).key) + " by now");
      return true;
    });
    return !taken.empty();
  }

  /// A group goes only when nobody is left in it but those who go with it.
  void DropInhabitedGroups() {
    std::map<std::int64_t, const Operation*> groups;
    for (const Operation& undo : undos_) {
      if (undo.kind == Kind::kGroup && undo.action == Action::kDelete) groups.emplace(undo.entity_id, &undo);
    }
    if (groups.empty()) return;
    std::unordered_map<std::int64_t, const Operation*> contacts;
    for (const Operation& undo : undos_) {
      if (undo.kind == Kind::kContact) contacts.emplace(undo.entity_id, &undo);
    }
    std::set<const Operation*> inhabited;
    state_.ForEachMembership([&](std::int64_t contact, std::int64_t group) {
      const auto undo = groups.find(group);
      if (undo == groups.end()) return;
      const auto member = contacts.find(contact);
      const bool goes = member != contacts.end() &&
                        (member->second->action == Action::kDelete ||
                         (member->second->groups && !Contains(member->second->groups->after, undo->second->key)));
      if (!goes) inhabited.insert(undo->second);
    });
    std::erase_if(undos_, [&](const Operation& undo) {
      if (!inhabited.contains(&undo)) return false;
      Leave(undo, "has other members since");
      return true;
    });
  }

  void Assemble() {
    std::sort(undos_.begin(), undos_.end(), [](const Operation& a, const Operation& b) {
      return std::tuple(StepOf(a), b.seq) < std::tuple(StepOf(b), a.seq);
    });
    Plan& plan = revert_.plan;
    for (const Operation& undo : undos_) plan.operations.Add(undo);
    const Tally tally = TallyOf(plan.operations, state_);
    plan.guards = JudgeGuards(tally, plan.operations, {.policy = policy_, .state = state_, .now = now_, .sources = {}});
    revert_.consent = UseApprovals(state_.Approvals(now_), plan.guards, plan.operations).scope;
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
    plan.warnings = std::move(left_);
    if (inputs_.new_id) plan.id = inputs_.new_id();
    plan.created_at = now_;
    plan.config_hash = inputs_.config_hash;
    plan.state_version = state_.Version();
    plan.hash = HashOfPlan(plan);
  }

  void Tell() {
    std::vector<std::string>& cannot = revert_.cannot;
    if (recreated_users_ != 0) {
      cannot.push_back(Counted(recreated_users_, "deleted user is", "deleted users are") +
                       " made anew, with a new id at the target: passwords, call history and whatever else hung on the "
                       "old accounts do not come back");
    }
    if (recreated_others_ != 0) {
      cannot.push_back(Counted(recreated_others_, "deleted contact or group is", "deleted contacts and groups are") +
                       " made anew, with a new id at the target");
    }
    if (created_users_ != 0) {
      cannot.push_back(Counted(created_users_, "user whom", "users whom") +
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
  std::set<std::string> held_by_person_;
  std::set<std::string> groups_back_;  // keys of groups that this revert makes anew
  std::vector<Operation> undos_;       // seq: of the operation that is undone
  std::vector<std::string> left_;
  std::uint64_t created_users_ = 0;
  std::uint64_t recreated_users_ = 0;
  std::uint64_t recreated_others_ = 0;
  Revert revert_;
};

}  // namespace

Revert PlanRevert(const RevertInputs& inputs, const StateView& state, const Policy& policy, Instant now) {
  return Reverter(inputs, state, policy, now).Run();
}

}  // namespace ucaas_sync::plan
