#include "tests/sim/invariants.h"

#include <algorithm>
#include <iterator>

#include "daemon/model/text.h"
#include "tests/sim/plan_audit.h"
#include "tests/sim/rest.h"

namespace ucaas_sync::sim {
namespace {

using End = RunReport::End;

/// A contact that lost nothing but groups that are gone is as it was.
bool IsAsBefore(const Object& before, const Object& after, const testing::FakeTarget& target) {
  std::vector<std::string> groups = before.group_ids;
  std::erase_if(groups, [&target](const std::string& id) { return target.Find(Kind::kGroup, id) == nullptr; });
  return before.fields == after.fields && (before.group_ids == after.group_ids || groups == after.group_ids);
}

bool Adopts(const RunReport& report, const std::string& remote_id) {
  bool adopts = false;
  report.plan.operations.ForEach([&](const Operation& operation) {
    adopts = adopts || (operation.action == Action::kAdopt && operation.remote_id == remote_id);
  });
  return adopts;
}

/// What a run that was cut off had changed, or somebody by hand, the state learns of later.
bool ShowsAddressOf(const StoredEntity& row, const Object& object) {
  const FieldId address = NaturalKeyField(row.kind);
  const auto shown = object.fields.find(std::string(FieldsOf(row.kind)[address].name));
  return shown != object.fields.end() && FoldCase(shown->second) == FoldCase(row.fields[address].text);
}

}  // namespace

void Auditor::Before(const Scene& scene) {
  account_ = scene.target.objects;
  owners_.clear();
  there_.clear();
  lost_.clear();
  background_ = {};
  background_.last_good_records = last_good_records_;
  for (StoredEntity& row : RowsOf(scene.state)) {
    if (row.lifecycle == Lifecycle::kGone) continue;
    owners_[{row.kind, row.remote_id}] = row.key;
    for (const std::string& group : row.groups) ++background_.members[group];
    const Object* object = FindIn(account_, row.kind, row.remote_id);
    const bool is_active = row.lifecycle == Lifecycle::kActive;
    const bool is_active_there = object != nullptr && (row.kind == Kind::kUser ? !IsSuspended(*object) : is_active);
    if (is_active && is_active_there) ++background_.least_active[Index(row.kind)];
    if (is_active || is_active_there) ++background_.most_active[Index(row.kind)];
    const bool is_there = object != nullptr && ShowsAddressOf(row, *object);
    (is_there ? there_ : lost_).push_back(std::move(row));
  }
  held_.clear();
  for (const StoredHold& hold : scene.state.Holds(scene.now)) {
    if (!hold.kind) held_.insert(hold.key);
  }
  background_.creates_are_limited = scene.state.FirstRunFinished();
  for (const Kind kind : kAllKinds) {
    if (!scene.state.PendingCreates(kind).empty()) background_.creates_are_limited = false;
  }
}

void Auditor::NoteLostState(const testing::FakeTarget& target) {
  for (const auto& [kind, objects] : target.objects) {
    for (const Object& object : objects) NoteHandMade(kind, object.id);
  }
  // Whose e-mail has changed meanwhile is not recognised.
  for (const auto& [key, count] : mails_) ++deletions_[key];
  people_.clear();
  groups_.clear();
  guards_.NoteLostState();
  last_good_records_ = 0;
  cut_off_creates_.clear();
  reverted_.clear();
}

void Auditor::NoteDeletedByHand(Kind kind, const Object& object) {
  NoteTouched(kind, object.id);
  if (kind == Kind::kUser) ++deletions_[KeyShownBy(kind, object)];
}

void Auditor::NoteReleased(const std::string& key) {
  std::erase_if(reverted_, [&key](const auto& entry) { return entry.first.second == key; });
}

Violations Auditor::NoteForgotten(const Scene& scene, const std::string& key) {
  Violations wrong;
  for (const Kind kind : {Kind::kUser, Kind::kContact}) {
    if (scene.state.Find(kind, key)) wrong.push_back(Called(kind, key) + " is forgotten and known");
    // Whatever stays of them at the target is nobody's we know.
    for (const auto& [id, owner] : owners_) {
      const bool stays = id.first == kind && owner == key && scene.target.Find(kind, id.second) != nullptr;
      if (stays) hand_made_.insert(id);
    }
  }
  for (const StoredQuarantine& item : scene.state.Quarantined()) {
    if (item.kind != "group" && item.key == key) wrong.push_back(key + " is forgotten and set aside");
  }
  if (!scene.state.Forgotten(key)) wrong.push_back("nobody knows that " + key + " was forgotten");
  NoteReleased(key);
  people_.erase(key);
  ++deletions_[key];
  return wrong;
}

std::string Auditor::SaidOf(const Export& day, Kind kind, const std::string& key) const {
  const Word word = reading_.Of(kind, key);
  std::string text = std::to_string(static_cast<int>(word));
  if (kind == Kind::kGroup || word != Word::kPresent) return text;
  const auto row = reading_.rows.find(key);
  if (row == reading_.rows.end()) return text;
  const Person& person = row->second;
  for (const std::string& part : {person.last, person.email, person.department, person.status, person.start}) {
    text += '\n' + part;
  }
  const auto title = day.titles.find(key);
  const bool has_title = reading_.knows_titles && title != day.titles.end();
  return text + '\n' + (has_title ? title->second : reading_.knows_titles ? "(none)" : "(unknown)");
}

/// Whoever a revert put back stays so while the exports say the same.
void Auditor::JudgeReverted(const Export& day, const RunReport& report) {
  report.plan.operations.ForEach([&](const Operation& operation) {
    const auto reverted = reverted_.find({operation.kind, operation.key});
    if (reverted == reverted_.end() || SaidOf(day, operation.kind, operation.key) != reverted->second) return;
    Blame(Called(operation.kind, operation.key) +
          " was put back by a revert and is planned, though its record is as it was");
  });
  std::erase_if(reverted_,
                [&](const auto& entry) { return SaidOf(day, entry.first.first, entry.first.second) != entry.second; });
}

void Auditor::NoteReverted(const Export& day, const RunReport& report) {
  // What was left as it is was not put back, and is not said one by one.
  const bool is_whole = report.applied.failed + report.applied.kept + report.applied.outdated == 0;
  if (report.end != End::kDone || report.had_trouble || !is_whole || reading_.must_be_refused) return;
  report.plan.operations.ForEach([&](const Operation& operation) {
    reverted_[{operation.kind, operation.key}] = SaidOf(day, operation.kind, operation.key);
  });
}

void Auditor::Blame(Violations wrong) {
  std::move(wrong.begin(), wrong.end(), std::back_inserter(violations_));
}

Violations Auditor::After(const Scene& scene, const Export& day, const RunReport& report) {
  violations_.clear();
  rows_ = RowsOf(scene.state);
  reading_ = Read(day, settings_, *DateIn(report.at, settings_.timezone), ThereLately());
  const bool reads_sources = !report.is_revert;
  if (report.end == End::kSource && !reading_.may_be_refused) Blame("a usable source was refused");
  if (reads_sources && report.was_planned && reading_.must_be_refused) Blame("an unusable source was believed");
  const bool may_write = report.end == End::kDone || report.end == End::kCrashed;
  if (!may_write && !report.writes.empty()) Blame("a run that must write nothing sent " + report.writes.front());
  if (reads_sources && report.was_planned) Follow(reading_, report);
  CompareAccounts(scene, report);
  if (report.was_planned) {
    Blame(AuditPlan(report, {.reading = reading_, .day = day, .held = held_, .rows = there_, .lost = lost_}));
    if (settings_.limits && report.end == End::kHeld && touched_.empty()) Blame(guards_.JudgeHeld(report, background_));
  }
  for (const auto& [group, members] : background_.members) {
    if (reading_.Of(Kind::kGroup, group) != Word::kPresent) background_.missing.insert(group);
  }
  if (!report.writes.empty() && settings_.limits) Blame(guards_.JudgeLimits(report, background_));
  if (report.end == End::kDone) JudgeFailures(scene, report);
  JudgeState();
  Blame(report.complaints);
  if (report.is_revert && report.was_planned) NoteReverted(day, report);
  if (!report.is_revert && report.was_planned) JudgeReverted(day, report);
  NoteCutOff(report);
  ForgetWhatIsTakenForOurs();
  if (reads_sources && report.end == End::kDone) last_good_records_ = day.rows.size();
  if (reads_sources && report.end == End::kCrashed)
    last_good_records_ = 0;  // it may have come to note its read, or not
  return violations_;
}

std::set<Auditor::Id> Auditor::ThereLately() const {
  std::set<Id> lately;
  for (const StoredEntity& row : rows_) {
    if (row.kind == Kind::kGroup) lately.emplace(Kind::kGroup, row.key);
  }
  for (const auto* rows : {&there_, &lost_}) {
    for (const StoredEntity& row : *rows) {
      const auto trail = people_.find(row.key);
      // Who left by evidence has a record still, which may be the broken one.
      const bool was_missing =
          trail != people_.end() && (trail->second.missing_since || trail->second.owns_no_broken_row);
      const bool is_kept = row.kind == Kind::kUser && settings_.absent_users == config::AbsentPolicy::kKeep;
      if (row.kind == Kind::kGroup || row.lifecycle != Lifecycle::kActive || was_missing || is_kept) continue;
      if (row.kind == Kind::kUser || row.ownership == Ownership::kCreated) lately.emplace(row.kind, row.key);
    }
  }
  return lately;
}

void Auditor::NoteLearned(const Scene& scene) {
  Before(scene);
  rows_ = RowsOf(scene.state);
  ForgetWhatIsTakenForOurs();
}

void Auditor::NoteCutOff(const RunReport& report) {
  if (report.end != End::kCrashed && !report.had_trouble) return;
  report.plan.operations.ForEach([&](const Operation& operation) {
    if (operation.action == Action::kCreate) cut_off_creates_.emplace(operation.kind, operation.key);
  });
}

/// After a create that was cut off, an object that somebody made with that address looks like our own.
void Auditor::ForgetWhatIsTakenForOurs() {
  for (const StoredEntity& entity : rows_) {
    const bool is_taken_for_ours = entity.ownership == Ownership::kCreated && entity.lifecycle != Lifecycle::kGone;
    if (is_taken_for_ours && cut_off_creates_.contains({entity.kind, entity.key})) {
      const bool was_hand_made = hand_made_.erase({entity.kind, entity.remote_id}) != 0;
      if (was_hand_made) hand_named_.emplace(entity.kind, entity.remote_id);
    }
  }
}

void Auditor::Follow(const Reading& reading, const RunReport& report) {
  for (const auto& [key, word] : reading.people) people_[key];
  for (const std::string& name : reading.departments) groups_[name];
  for (auto& [key, trail] : people_) {
    const Word word = reading.Of(Kind::kUser, key);
    // Somebody of that key is there: whatever it was before, an absence begins anew.
    const bool is_back = word == Word::kUnsure && !reading.left.contains(key);
    const bool owns_none = OwnsNone(key, word, trail.owns_no_broken_row, reading, report);
    if (is_back && report.end != End::kCrashed) trail = {};
    Step(trail, word, reading.hides_people, report);
    trail.owns_no_broken_row = owns_none;
  }
  for (auto& [name, trail] : groups_) Step(trail, reading.Of(Kind::kGroup, name), reading.hides_groups, report);
}

bool Auditor::OwnsNone(const std::string& key, Word word, bool owned_none, const Reading& reading,
                       const RunReport& report) {
  const bool is_named = reading.broken_values.contains(key);
  const bool owns_none = is_named ? !reading.broken_owners.contains(key) : word == Word::kNothing;
  // A run that was cut off may not have come to note it.
  return owns_none && (owned_none || report.end != End::kCrashed);
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

void Auditor::CompareAccounts(const Scene& scene, const RunReport& report) {
  if (report.writes.empty()) return;
  for (const Kind kind : kAllKinds) {
    for (const Object& before : account_[kind]) {
      const Object* after = scene.target.Find(kind, before.id);
      if (after == nullptr) {
        JudgeRemoval(kind, Action::kDelete, before, report);
      } else if (!IsAsBefore(before, *after, scene.target)) {
        JudgeChange(scene, kind, before, *after, report);
        if (kind == Kind::kUser && !IsSuspended(before) && IsSuspended(*after)) {
          JudgeRemoval(kind, Action::kSuspend, before, report);
        }
        if (kind == Kind::kUser && IsSuspended(before) && !IsSuspended(*after)) {
          suspended_.erase(owners_[{kind, before.id}]);
        }
      }
    }
    const auto now = scene.target.objects.find(kind);
    if (now == scene.target.objects.end()) continue;
    for (const Object& object : now->second) {
      if (FindIn(account_, kind, object.id) == nullptr) JudgeNewObject(scene, kind, object, report);
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
  guards_.NoteRemoval(kind, action, report.at);
  if (owner == owners_.end()) {
    Blame(Called(kind, object.id) + " is foreign and" + verb);
    return;
  }
  const std::string& key = owner->second;
  const std::string who = Called(kind, key);
  if (action == Action::kDelete && hand_made_.contains({kind, object.id})) Blame(who + " was adopted and" + verb);
  if (IsProtected(kind, object)) Blame(who + " is protected and" + verb);
  if (report.is_revert) {
    if (kind == Kind::kUser && action == Action::kDelete) Blame(who + verb + " by a revert");
    if (action == Action::kSuspend) suspended_[key] = report.at;
    return;
  }
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

void Auditor::JudgeChange(const Scene& scene, Kind kind, const Object& before, const Object& after,
                          const RunReport& report) {
  const auto owner = owners_.find({kind, before.id});
  if (IsProtected(kind, before)) Blame(Called(kind, before.id) + " is protected and was changed");
  if (owner == owners_.end()) {
    if (!Adopts(report, before.id)) Blame(Called(kind, before.id) + " is foreign and was changed");
    return;
  }
  const std::string who = Called(kind, owner->second);
  if (held_.contains(owner->second)) Blame(who + " is held and was changed");
  if (!report.is_revert && IsSetAside(report.plan, kind, owner->second)) Blame(who + " is set aside and was changed");
  const std::string shown = KeyShownBy(kind, after);
  const bool is_put_back = report.is_revert && shown == kHandMadeName;
  const bool keeps_name = hand_named_.contains({kind, before.id}) && (is_put_back || shown == KeyShownBy(kind, before));
  if (kind == Kind::kUser && !hand_made_.contains({kind, before.id}) && !keeps_name && shown != owner->second) {
    Blame(who + " shows another's name");
  }
  if (!scene.state.Find(kind, owner->second)) Blame(who + " was changed and forgotten");
}

void Auditor::JudgeNewObject(const Scene& scene, Kind kind, const Object& object, const RunReport& report) {
  const std::string key = KeyShownBy(kind, object);
  const std::string who = Called(kind, key);
  const Word word = reading_.Of(kind, key);
  if (word != Word::kPresent && !report.is_revert) Blame(who + " was created though no good record says so");
  if (held_.contains(key)) Blame(who + " is held and was created");
  if (IsSetAside(report.plan, kind, key)) Blame(who + " is set aside and was created");
  // Somebody deleted whom an adopt had renamed: the adopt's inverse makes them anew, with the name of before.
  if (report.is_revert && key == kHandMadeName) hand_named_.emplace(kind, object.id);
  for (const Object& other : scene.target.objects.at(kind)) {
    const bool is_ours = !hand_made_.contains({kind, other.id});
    if (is_ours && other.id != object.id && KeyShownBy(kind, other) == key) Blame(who + " is there twice");
  }
  if (kind != Kind::kUser) return;
  if (IsSuspended(object)) suspended_[key] = report.at;
  if (FieldOf(object, "send_welcome_mail") == "true" && ++mails_[key] > 1 + deletions_[key]) {
    Blame(who + " was mailed a second welcome");
  }
}

/// A working target refuses nothing that a plan says, unless somebody there has taken an address by hand.
void Auditor::JudgeFailures(const Scene& scene, const RunReport& report) {
  const bool has_reason = report.had_trouble || !hand_made_.empty() || !touched_.empty();
  if (report.applied.failed != 0 && !has_reason) Blame("operations failed: " + report.applied.message);
  for (const auto& [kind, objects] : scene.target.objects) {
    std::set<std::string> addresses;
    for (const Object& object : objects) {
      const std::string address = FoldCase(FieldOf(object, kind == Kind::kGroup ? "name" : "email"));
      if (!addresses.insert(address).second) Blame("two objects have " + address);
    }
  }
}

/// No object belongs to two, and no two rows of one kind have one key.
void Auditor::JudgeState() {
  std::set<Id> objects;
  std::set<Id> keys;
  for (const StoredEntity& row : rows_) {
    if (!keys.emplace(row.kind, row.key).second) Blame(Called(row.kind, row.key) + " is in the state twice");
    if (row.lifecycle == Lifecycle::kGone) continue;
    if (row.remote_id.empty()) Blame(Called(row.kind, row.key) + " is in the state without its object");
    if (!objects.emplace(row.kind, row.remote_id).second) {
      Blame("object " + row.remote_id + " belongs to two, one of them " + Called(row.kind, row.key));
    }
  }
}

Violations Auditor::AtRest(const Scene& scene, const Export& day) const {
  return AuditRest(scene, day, settings_, hand_made_);
}

}  // namespace ucaas_sync::sim
