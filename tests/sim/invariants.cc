#include "tests/sim/invariants.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <tuple>

#include "daemon/model/text.h"

namespace ucaas_sync::sim {
namespace {

using Object = testing::FakeTarget::Object;
using End = RunReport::End;

constexpr Duration kDay = std::chrono::hours(24);
constexpr Duration kWeek = std::chrono::hours(7 * 24);

std::string FieldOf(const Object& object, const std::string& name) {
  const auto field = object.fields.find(name);
  return field == object.fields.end() ? std::string() : field->second;
}

bool IsSuspended(const Object& object) {
  return FieldOf(object, "status") == "S";
}

bool IsProtected(Kind kind, const Object& object) {
  return kind == Kind::kUser && FieldOf(object, "user_type") == "admin";
}

bool Same(const Object& a, const Object& b) {
  return a.fields == b.fields && a.group_ids == b.group_ids;
}

/// Whose an object is that we made: the key is the first name.
std::string KeyShownBy(Kind kind, const Object& object) {
  switch (kind) {
    case Kind::kUser:
      return FieldOf(object, "first_name");
    case Kind::kGroup:
      return FieldOf(object, "name");
    case Kind::kContact:
      return FieldOf(object, "name").substr(0, FieldOf(object, "name").find(' '));
  }
  return {};
}

const Object* FindIn(const std::map<Kind, std::vector<Object>>& account, Kind kind, const std::string& id) {
  const auto list = account.find(kind);
  if (list == account.end()) return nullptr;
  const auto object =
      std::find_if(list->second.begin(), list->second.end(), [&](const Object& one) { return one.id == id; });
  return object == list->second.end() ? nullptr : &*object;
}

std::string Called(Kind kind, const std::string& who) {
  return std::string(Name(kind)) + ' ' + who;
}

/// The manual's words in numbers: a share of the active ones, but never under 3, or 1 where there are fewer than ten.
std::uint64_t Limit(double percent, std::uint64_t base) {
  const std::uint64_t floor = base < 10 ? 1 : 3;
  return std::max(static_cast<std::uint64_t>(std::floor(percent * static_cast<double>(base) / 100 + 1e-9)), floor);
}

/// The guards that count an operation, but for the sums of a week, which count the same removals.
std::vector<std::string> GuardsOver(const Operation& operation) {
  const std::string kind(Name(operation.kind));
  const bool is_return = operation.action == Action::kReactivate;
  const bool is_update =
      operation.action == Action::kUpdate || (operation.action == Action::kAdopt && !operation.changes.empty());
  std::vector<std::string> guards;
  if (operation.action == Action::kCreate || is_return) guards.push_back(kind + ".create");
  if (is_update) guards.push_back(kind + ".update");
  if (operation.action == Action::kSuspend) guards.push_back(kind + ".suspend");
  if (operation.action == Action::kDelete) guards.push_back(kind + ".delete");
  if (!is_update && !is_return) return guards;
  for (const FieldChange& change : operation.changes) {
    if (is_return && change.field == kUserStatus) continue;
    guards.push_back("rewrite " + kind + '.' + std::string(FieldsOf(operation.kind)[change.field].name));
  }
  return guards;
}

bool Stands(const Operation& operation, const std::string& guard) {
  const std::vector<std::string> guards = GuardsOver(operation);
  return std::any_of(guards.begin(), guards.end(),
                     [&](const std::string& name) { return name == guard || name + ".week" == guard; });
}

std::string TextOf(const Operation& operation) {
  std::string text = std::string(Name(operation.kind)) + ' ' + std::string(Name(operation.action)) + ' ' +
                     operation.key + ' ' + operation.remote_id;
  for (const FieldChange& change : operation.changes) {
    text += '\n' + std::to_string(change.field) + (change.after.state == FieldState::kValue ? '=' : '-');
    text += change.after.text;
  }
  if (!operation.groups) return text;
  text += "\ngroups";
  for (const std::string& group : operation.groups->after) text += ' ' + group;
  return text;
}

bool Adopts(const RunReport& report, const std::string& remote_id) {
  bool adopts = false;
  report.plan.operations.ForEach([&](const Operation& operation) {
    adopts = adopts || (operation.action == Action::kAdopt && operation.remote_id == remote_id);
  });
  return adopts;
}

bool WasApproved(const RunReport& report, const std::string& guard) {
  return std::any_of(report.plan.guards.begin(), report.plan.guards.end(), [&](const GuardVerdict& verdict) {
    return verdict.name == guard && !verdict.approved_by.empty();
  });
}

}  // namespace

void Auditor::Before(const Machine& machine) {
  account_ = machine.target.objects;
  owners_.clear();
  active_ = {};
  for (const auto& [id, row] : machine.store.rows) {
    const StoredEntity& entity = row.entity;
    if (entity.lifecycle == Lifecycle::kGone) continue;
    owners_[{entity.kind, entity.remote_id}] = entity.key;
    if (entity.lifecycle == Lifecycle::kActive) ++active_[Index(entity.kind)];
  }
  held_.clear();
  for (const StoredHold& hold : machine.store.Holds(machine.clock.now)) held_.insert(hold.key);
  creates_are_limited_ = machine.store.FirstRunFinished();
  for (const Kind kind : kAllKinds) {
    if (machine.store.PendingCreates(kind) != 0) creates_are_limited_ = false;
  }
}

Violations Auditor::After(const Machine& machine, const Export& day, const RunReport& report) {
  violations_.clear();
  reading_ = Read(day, settings_, *DateIn(report.at, settings_.timezone), machine.store);
  if (report.end == End::kSource && !reading_.may_be_refused) Blame("a usable source was refused");
  if (report.was_planned && reading_.must_be_refused) Blame("an unusable source was believed");
  const bool may_write = report.end == End::kDone || report.end == End::kCrashed;
  if (!may_write && !report.writes.empty()) Blame("a run that must write nothing sent " + report.writes.front());
  if (report.was_planned) Follow(reading_, report);
  CompareAccounts(machine, report);
  if (report.was_planned) {
    JudgePlan(report);
    JudgeUnknownFields(day, report);
  }
  if (!report.writes.empty() && settings_.limits) JudgeLimits(report);
  if (report.end == End::kDone) JudgeFailures(machine, report);
  ForgetWhatIsTakenForOurs(machine, report);
  if (report.end == End::kDone) last_good_records_ = day.rows.size();
  if (report.end == End::kCrashed) last_good_records_ = 0;  // it may have come to note its read, or not
  return violations_;
}

/// After a create that was cut off, an object that somebody made with that address looks like our own.
void Auditor::ForgetWhatIsTakenForOurs(const Machine& machine, const RunReport& report) {
  if (report.end == End::kCrashed) {
    report.plan.operations.ForEach([&](const Operation& operation) {
      if (operation.action == Action::kCreate) cut_off_creates_.emplace(operation.kind, operation.key);
    });
  }
  for (const auto& [id, row] : machine.store.rows) {
    const StoredEntity& entity = row.entity;
    const bool is_taken_for_ours = entity.ownership == Ownership::kCreated && entity.lifecycle != Lifecycle::kGone;
    if (is_taken_for_ours && cut_off_creates_.contains({entity.kind, entity.key})) {
      hand_made_.erase({entity.kind, entity.remote_id});
    }
  }
}

void Auditor::Follow(const Reading& reading, const RunReport& report) {
  for (const auto& [key, word] : reading.people) people_[key];
  for (const std::string& name : reading.departments) groups_[name];
  for (auto& [key, trail] : people_) Step(trail, reading.Of(Kind::kUser, key), reading.hides_people, report);
  for (auto& [name, trail] : groups_) Step(trail, reading.Of(Kind::kGroup, name), reading.hides_groups, report);
}

void Auditor::Step(Trail& trail, Word word, bool is_hidden, const RunReport& report) {
  switch (word) {
    case Word::kPresent:
    case Word::kLeft:
      // A run that was cut off may not have come to note it; the same export is read again.
      if (report.end == End::kCrashed) return;
      trail = {.missing_since = std::nullopt, .complete_reads_without = 0, .left_before = word == Word::kLeft};
      return;
    case Word::kNothing:
      if (is_hidden) return;
      if (!trail.missing_since) trail.missing_since = report.at;
      ++trail.complete_reads_without;
      return;
    case Word::kUnsure:
      return;
  }
}

void Auditor::CompareAccounts(const Machine& machine, const RunReport& report) {
  if (report.writes.empty()) return;
  for (const Kind kind : kAllKinds) {
    for (const Object& before : account_[kind]) {
      const Object* after = machine.target.Find(kind, before.id);
      if (after == nullptr) {
        JudgeRemoval(kind, Action::kDelete, before, report);
      } else if (!Same(before, *after)) {
        JudgeChange(machine, kind, before, *after, report);
        if (kind == Kind::kUser && !IsSuspended(before) && IsSuspended(*after)) {
          JudgeRemoval(kind, Action::kSuspend, before, report);
        }
        if (kind == Kind::kUser && IsSuspended(before) && !IsSuspended(*after)) {
          suspended_.erase(owners_[{kind, before.id}]);
        }
      }
    }
    const auto now = machine.target.objects.find(kind);
    if (now == machine.target.objects.end()) continue;
    for (const Object& object : now->second) {
      if (FindIn(account_, kind, object.id) == nullptr) JudgeNewObject(machine, kind, object, report);
    }
  }
}

bool Auditor::MayGo(Word word, const Trail& trail, const RunReport& report) const {
  if (word == Word::kLeft) return true;
  if (word != Word::kNothing || !trail.missing_since) return false;
  if (trail.left_before || settings_.absent_after == Duration::zero()) return true;
  return trail.complete_reads_without >= 2 && report.at - *trail.missing_since >= settings_.absent_after;
}

void Auditor::JudgeRemoval(Kind kind, Action action, const Object& object, const RunReport& report) {
  const auto owner = owners_.find({kind, object.id});
  const std::string verb = action == Action::kDelete ? " was deleted" : " was suspended";
  // An adopt shows what differs, its status too.
  if (action == Action::kSuspend && owner == owners_.end() && Adopts(report, object.id)) return;
  removals_.push_back({.kind = kind, .action = action, .at = report.at});
  if (owner == owners_.end()) {
    Blame(Called(kind, object.id) + " is foreign and" + verb);
    return;
  }
  const std::string& key = owner->second;
  const std::string who = Called(kind, key);
  if (action == Action::kDelete && hand_made_.contains({kind, object.id})) Blame(who + " was adopted and" + verb);
  if (IsProtected(kind, object)) Blame(who + " is protected and" + verb);
  if (kind == Kind::kGroup) {
    if (!MayGo(reading_.Of(kind, key), groups_[key], report)) Blame(who + verb + " without being gone");
    return;
  }
  const Word word = reading_.Of(kind, key);
  if (action == Action::kSuspend) {
    suspended_[key] = report.at;
    const auto row = reading_.rows.find(key);
    if (word == Word::kPresent && row != reading_.rows.end() && row->second.status == "leave") return;
  }
  if (!MayGo(word, people_[key], report)) Blame(who + verb + " without having left or being absent long enough");
  if (kind == Kind::kContact) return;
  if (word == Word::kNothing && settings_.absent_users == config::AbsentPolicy::kKeep && !people_[key].left_before) {
    Blame(who + verb + " for its absence, though the rule keeps who is absent");
  }
  if (action != Action::kDelete) return;
  ++deletions_[key];
  if (settings_.absent_users == config::AbsentPolicy::kDelete) return;
  const auto since = suspended_.find(key);
  const bool was_long_suspended =
      settings_.delete_after && since != suspended_.end() && report.at - since->second >= *settings_.delete_after;
  if (!was_long_suspended) Blame(who + verb + " without having been suspended long enough");
}

void Auditor::JudgeChange(const Machine& machine, Kind kind, const Object& before, const Object& after,
                          const RunReport& report) {
  const auto owner = owners_.find({kind, before.id});
  if (IsProtected(kind, before)) Blame(Called(kind, before.id) + " is protected and was changed");
  if (owner == owners_.end()) {
    if (!Adopts(report, before.id)) Blame(Called(kind, before.id) + " is foreign and was changed");
    return;
  }
  const std::string who = Called(kind, owner->second);
  if (held_.contains(owner->second)) Blame(who + " is held and was changed");
  if (IsSetAside(report, kind, owner->second)) Blame(who + " is set aside and was changed");
  if (kind == Kind::kUser && hand_made_.contains({kind, before.id}) == false &&
      KeyShownBy(kind, after) != owner->second) {
    Blame(who + " shows another's name");
  }
  if (machine.store.RowOf(kind, owner->second) == nullptr) Blame(who + " was changed and forgotten");
}

void Auditor::JudgeNewObject(const Machine& machine, Kind kind, const Object& object, const RunReport& report) {
  const std::string key = KeyShownBy(kind, object);
  const std::string who = Called(kind, key);
  const Word word = reading_.Of(kind, key);
  if (word != Word::kPresent) Blame(who + " was created though no good record says so");
  if (held_.contains(key)) Blame(who + " is held and was created");
  if (IsSetAside(report, kind, key)) Blame(who + " is set aside and was created");
  for (const Object& other : machine.target.objects.at(kind)) {
    const bool is_ours = !hand_made_.contains({kind, other.id});
    if (is_ours && other.id != object.id && KeyShownBy(kind, other) == key) Blame(who + " is there twice");
  }
  if (kind != Kind::kUser) return;
  if (IsSuspended(object)) suspended_[key] = report.at;
  if (FieldOf(object, "send_welcome_mail") == "true" && ++mails_[key] > 1 + deletions_[key]) {
    Blame(who + " was mailed a second welcome");
  }
}

bool Auditor::IsSetAside(const RunReport& report, Kind kind, const std::string& key) const {
  return std::any_of(report.plan.quarantine.begin(), report.plan.quarantine.end(),
                     [&](const QuarantineItem& item) { return item.kind == Name(kind) && item.key == key; });
}

void Auditor::JudgePlan(const RunReport& report) {
  std::set<std::tuple<Kind, std::string>> seen;
  report.plan.operations.ForEach([&](const Operation& operation) {
    const std::string who = Called(operation.kind, operation.key);
    if (!seen.emplace(operation.kind, operation.key).second) Blame(who + " has two operations in one plan");
    if (held_.contains(operation.key)) Blame(who + " is held and planned");
    if (IsSetAside(report, operation.kind, operation.key)) Blame(who + " is set aside and planned");
    if (reading_.Of(operation.kind, operation.key) == Word::kUnsure)
      Blame(who + " is planned, though its record cannot be believed");
    if (operation.kind == Kind::kContact && operation.action == Action::kSuspend) Blame(who + " cannot be suspended");
  });
}

void Auditor::JudgeUnknownFields(const Export& day, const RunReport& report) {
  report.plan.operations.ForEach([&](const Operation& operation) {
    if (operation.kind == Kind::kGroup || operation.action == Action::kDelete) return;
    const FieldId title = operation.kind == Kind::kUser ? kUserDesignation : kContactDesignation;
    const bool is_known = reading_.knows_titles && day.titles.contains(operation.key);
    if (!is_known && FindChange(operation, title) != nullptr) {
      Blame(Called(operation.kind, operation.key) + " gets a title that nobody knows");
    }
  });
}

void Auditor::JudgeLimits(const RunReport& report) {
  JudgeRemovalLimit(Kind::kUser, Action::kSuspend, 5, report);
  JudgeRemovalLimit(Kind::kUser, Action::kDelete, 5, report);
  JudgeRemovalLimit(Kind::kContact, Action::kDelete, 5, report);
  JudgeRemovalLimit(Kind::kGroup, Action::kDelete, 20, report);
  std::map<std::string, std::uint64_t> counts;
  report.plan.operations.ForEach([&](const Operation& operation) {
    for (const std::string& guard : GuardsOver(operation)) ++counts[guard];
  });
  for (const Kind kind : kAllKinds) {
    const std::uint64_t base = active_[Index(kind)];
    // Whoever is adopted was in the account all along.
    const std::uint64_t changeable = base + report.plan.summary_of(kind).of(Action::kAdopt);
    const std::string name(Name(kind));
    // Too many creates or updates of groups hold nothing but the groups' removals.
    if (kind != Kind::kGroup) {
      JudgeSize(name + ".update", counts[name + ".update"], Limit(30, changeable), report);
      if (creates_are_limited_) {
        const std::uint64_t limit = std::max<std::uint64_t>(10, Limit(20, base));
        JudgeSize(name + ".create", counts[name + ".create"], limit, report);
      }
    }
    for (const FieldSpec& field : FieldsOf(kind)) {
      const std::string guard = "rewrite " + name + '.' + std::string(field.name);
      JudgeSize(guard, counts[guard], Limit(30, changeable), report);
    }
  }
  if (last_good_records_ == 0) return;
  JudgeSize("source_drop hr", RecordsLost(report), Limit(20, last_good_records_), report);
}

std::uint64_t Auditor::RecordsLost(const RunReport& report) const {
  const std::uint64_t read = report.plan.sources.front().records;
  return last_good_records_ > read ? last_good_records_ - read : 0;
}

void Auditor::JudgeRemovalLimit(Kind kind, Action action, double percent, const RunReport& report) {
  const std::string guard = std::string(Name(kind)) + '.' + std::string(Name(action));
  const bool is_approved = WasApproved(report, guard) || WasApproved(report, guard + ".week");
  bool removes = false;
  for (Removal& removal : removals_) {
    if (removal.kind != kind || removal.action != action || removal.at != report.at) continue;
    removes = true;
    removal.approved = is_approved;
  }
  if (!removes) return;
  const auto since = [&](Duration window) {
    return static_cast<std::uint64_t>(std::count_if(removals_.begin(), removals_.end(), [&](const Removal& removal) {
      const bool counts = !removal.approved || removal.at == report.at;
      return counts && removal.kind == kind && removal.action == action && removal.at > report.at - window;
    }));
  };
  constexpr double kWeekPercent = 10;
  JudgeSize(guard, since(kDay), Limit(percent, active_[Index(kind)]), report);
  JudgeSize(guard + ".week", since(kWeek), Limit(kWeekPercent, active_[Index(kind)]), report);
}

void Auditor::JudgeSize(const std::string& guard, std::uint64_t count, std::uint64_t limit, const RunReport& report) {
  if (count <= limit || IsApproved(guard, count, report)) return;
  Blame(guard + " passed with " + std::to_string(count) + ", the limit is " + std::to_string(limit) +
        " and nobody agreed to it");
}

bool Auditor::IsApproved(const std::string& guard, std::uint64_t count, const RunReport& report) const {
  std::set<std::string> planned;
  report.plan.operations.ForEach([&](const Operation& operation) {
    if (Stands(operation, guard)) planned.insert(TextOf(operation));
  });
  return std::any_of(consents_.begin(), consents_.end(), [&](const Consent& consent) {
    if (consent.until <= report.at) return false;
    if (const auto agreed = consent.counts.find(guard); agreed != consent.counts.end()) return count <= agreed->second;
    const auto agreed = consent.operations.find(guard);
    // A plan does not show the removals of groups that it holds; that the guard was agreed to must do.
    if (guard.starts_with("group.delete")) return agreed != consent.operations.end();
    return agreed != consent.operations.end() &&
           std::includes(agreed->second.begin(), agreed->second.end(), planned.begin(), planned.end());
  });
}

void Auditor::NoteApproval(const RunReport& report, Instant at) {
  Consent& consent = consents_.emplace_back();
  consent.until = at + kDay;
  for (const GuardVerdict& verdict : report.plan.guards) {
    if (!verdict.held) continue;
    const std::string guard = verdict.name + (verdict.subject.empty() ? "" : ' ' + verdict.subject);
    if (verdict.name == "source_drop" || verdict.name == "rejects") {
      consent.counts[guard] = verdict.actual;
      continue;
    }
    std::set<std::string>& operations = consent.operations[guard];
    report.plan.operations.ForEach([&](const Operation& operation) {
      if (Stands(operation, guard)) operations.insert(TextOf(operation));
    });
  }
}

/// A working target refuses nothing that a plan says, unless somebody there has taken an address by hand.
void Auditor::JudgeFailures(const Machine& machine, const RunReport& report) {
  if (report.applied.failed != 0 && hand_made_.empty()) Blame("operations failed: " + report.applied.message);
  for (const Kind kind : kAllKinds) {
    const auto list = machine.target.objects.find(kind);
    if (list == machine.target.objects.end()) continue;
    std::set<std::string> addresses;
    for (const Object& object : list->second) {
      const std::string address = FoldCase(FieldOf(object, kind == Kind::kGroup ? "name" : "email"));
      if (!addresses.insert(address).second) Blame("two objects have " + address);
    }
  }
}

Violations Auditor::AtRest(const Machine& machine, const Export& day) const {
  Violations wrong;
  const Reading reading = Read(day, settings_, *DateIn(machine.clock.now, settings_.timezone), machine.store);
  const auto expect = [&](const std::string& who, const Object& object, const std::string& field,
                          const std::string& value) {
    if (FieldOf(object, field) != value) {
      wrong.push_back(who + " has " + field + " \"" + FieldOf(object, field) + "\" instead of \"" + value + "\"");
    }
  };
  const auto object_of = [&](Kind kind, const std::string& key) -> const Object* {
    const Store::Row* row = machine.store.RowOf(kind, key);
    const bool is_there = row != nullptr && row->entity.lifecycle != Lifecycle::kGone;
    return is_there ? machine.target.Find(kind, row->entity.remote_id) : nullptr;
  };
  std::set<Id> explained = hand_made_;
  for (const auto& [key, person] : reading.rows) {
    for (const Kind kind : {Kind::kUser, Kind::kContact}) {
      const std::string who = Called(kind, key);
      const Object* object = object_of(kind, key);
      if (object == nullptr) {
        wrong.push_back(who + " is missing");
        continue;
      }
      explained.emplace(kind, object->id);
      if (IsProtected(kind, *object)) continue;
      expect(who, *object, "email", person.email);
      const auto title = day.titles.find(key);
      if (title != day.titles.end()) expect(who, *object, "designation", title->second);
      if (kind == Kind::kUser) {
        expect(who, *object, "last_name", person.last);
        expect(who, *object, "department", person.department);
        expect(who, *object, "status", person.status == "leave" ? "S" : "A");
        continue;
      }
      expect(who, *object, "name", key + ' ' + person.last);
      const Object* group = object_of(Kind::kGroup, person.department);
      const bool is_member = group != nullptr && std::find(object->group_ids.begin(), object->group_ids.end(),
                                                           group->id) != object->group_ids.end();
      if (!is_member) wrong.push_back(who + " is not in group " + person.department);
    }
  }
  for (const std::string& name : reading.departments) {
    if (const Object* group = object_of(Kind::kGroup, name); group != nullptr) {
      explained.emplace(Kind::kGroup, group->id);
    } else {
      wrong.push_back("group " + name + " is missing");
    }
  }
  for (const Kind kind : kAllKinds) {
    const auto objects = machine.target.objects.find(kind);
    if (objects == machine.target.objects.end()) continue;
    for (const Object& object : objects->second) {
      if (explained.contains({kind, object.id})) continue;
      const std::string key = KeyShownBy(kind, object);
      // A cut-off run may have made it, and nobody looks for who is not wanted any more.
      const auto unknown = machine.store.UnknownCreates();
      const bool is_unknown = std::any_of(unknown.begin(), unknown.end(), [&](const UnknownCreate& create) {
        return create.kind == kind && create.key == key;
      });
      if (is_unknown) continue;
      const bool may_stay =
          settings_.absent_users == config::AbsentPolicy::kKeep && reading.Of(kind, key) != Word::kLeft;
      if (kind == Kind::kUser && (IsSuspended(object) || may_stay)) continue;
      wrong.push_back(Called(kind, key) + " (" + object.id + ") is still there");
    }
  }
  return wrong;
}

}  // namespace ucaas_sync::sim
