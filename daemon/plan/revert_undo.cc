#include "daemon/plan/revert_undo.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "daemon/model/text.h"
#include "daemon/plan/compare.h"
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

bool Contains(const std::vector<std::string>& sorted, const std::string& key) {
  return std::binary_search(sorted.begin(), sorted.end(), key);
}

class Undoing {
 public:
  Undoing(const std::vector<Operation>& done, const StateView& state, const Policy& policy, Instant now)
      : done_(done), state_(state), policy_(policy) {
    for (const StoredHold& hold : state.Holds(now)) {
      if (!hold.kind) held_by_person_.insert(hold.key);
    }
    for (const Operation& operation : done) {
      if (operation.kind == Kind::kGroup && operation.action == Action::kDelete) groups_back_.insert(operation.key);
    }
    for (const DriftFinding& finding : state.Drift()) {
      if (finding.missing) missing_.insert(finding.entity_id);
    }
  }

  Undone Run() {
    for (const Operation& done : done_) Undo(done);
    return std::move(undone_);
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
        // The target would have to make it anew, and that undoes neither.
        if (missing_.contains(row->id)) return Leave(done, "not there any more");
        return PutBack(done, *row);
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
      ++undone_.created_users;
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
    ++(done.kind == Kind::kUser ? undone_.recreated_users : undone_.recreated_others);
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
    if (action == Action::kUpdate) undo.action = ByEffect(undo, row);
    if (!undo.changes.empty() || undo.groups) Add(std::move(undo), done);
  }

  /// What lets somebody in or shuts them out again is no update, though it undoes an adopt.
  static Action ByEffect(const Operation& undo, const StoredEntity& row) {
    const FieldChange* status = undo.kind == Kind::kUser ? FindChange(undo, kUserStatus) : nullptr;
    if (status == nullptr || !HasValue(status->after)) return undo.action;
    const bool is_active = row.lifecycle == Lifecycle::kActive;
    const bool will_be = !IsInactive(status->after.view());
    if (is_active == will_be) return undo.action;
    return will_be ? Action::kReactivate : Action::kSuspend;
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

  void Leave(const Operation& done, const std::string& why) { undone_.left.push_back(LeftAsIs(done, why)); }

  void Add(Operation undo, const Operation& done) {
    undo.seq = done.seq;
    undone_.undos.push_back(std::move(undo));
  }
  const std::vector<Operation>& done_;
  const StateView& state_;
  const Policy& policy_;
  std::set<std::string> held_by_person_;
  std::set<std::string> groups_back_;  // keys of groups that this revert makes anew
  std::set<std::int64_t> missing_;     // rows whose objects a look did not find
  Undone undone_;
};

}  // namespace

std::string LeftAsIs(const Operation& operation, const std::string& why) {
  return std::string(Name(operation.kind)) + ' ' + Printable(operation.key) + ": " + why + ", left as it is";
}

Undone UndoEach(const std::vector<Operation>& done, const StateView& state, const Policy& policy, Instant now) {
  return Undoing(done, state, policy, now).Run();
}

}  // namespace ucaas_sync::plan
