#include "daemon/run/rebuild_match.h"

#include <algorithm>

#include "daemon/apply/rows.h"
#include "daemon/model/text.h"
#include "daemon/plan/plan_json.h"

namespace ucaas_sync::run {
namespace {

using Object = plan::TargetListing::Object;

std::string NameIn(Kind kind, const FieldSet& fields) {
  return FoldCase(kind == Kind::kUser ? fields[kUserFirstName].text + ' ' + fields[kUserLastName].text
                                      : fields[kContactName].text);
}

}  // namespace

std::map<ObjectId, const Object*> ById(const plan::TargetListing& listing) {
  std::map<ObjectId, const Object*> objects;
  for (const auto& of_kind : listing.objects) {
    for (const Object& object : of_kind) objects.emplace(ObjectId(object.kind, object.remote_id), &object);
  }
  return objects;
}

bool HasAddressOf(const Object& object, const StoredEntity& row) {
  const FieldId field = NaturalKeyField(row.kind);
  return FoldCase(object.fields[field].text) == FoldCase(row.fields[field].text);
}

void Rebuilder::Collect(const Plan& fresh) {
  if (old_ != nullptr) {
    NoteOld();
    NoteUnanswered();
  }
  std::set<ObjectId> to_create;  // kind, key
  fresh.operations.ForEach([&](Operation operation) {
    if (unanswered_.contains({operation.kind, operation.key})) return;
    if (operation.action == Action::kCreate) to_create.emplace(operation.kind, operation.key);
    if (operation.action == Action::kAdopt) Match(std::move(operation));
  });
  if (old_ != nullptr) KeepOld();
  SetGroups();
  CountOthers(to_create);
  std::stable_sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) {
    return a.row.kind == Kind::kGroup && b.row.kind != Kind::kGroup;
  });
}

bool Rebuilder::WasDone(Kind kind, Action action, const std::string& remote_id) const {
  const auto there = by_id_.find(ObjectId(kind, remote_id));
  if (there == by_id_.end()) return true;
  if (action == Action::kDelete) return false;
  const Field& status = there->second->fields[kUserStatus];
  return status.state != FieldState::kValue || status.text != kStatusActive;
}

Plan Rebuilder::MakePlan(const Plan& fresh, std::string id) const {
  Plan plan;
  plan.id = std::move(id);
  plan.created_at = now_;
  plan.config_hash = fresh.config_hash;
  plan.sources = fresh.sources;
  for (const Found& found : found_) {
    plan.operations.Add(found.operation);
    ++plan.summary_of(found.row.kind).actions[Index(Action::kAdopt)];
  }
  plan.hash = plan::HashOfPlan(plan);
  return plan;
}

void Rebuilder::Record(StateStore& store, const std::string& run) const {
  constexpr std::size_t kBatch = 1000;
  std::vector<OperationOutcome> outcomes;
  for (std::size_t i = 0; i < found_.size(); ++i) {
    OperationOutcome outcome;
    outcome.seq = i + 1;
    outcome.done = true;
    outcome.verdict = "ok";
    outcome.message = "found again; nothing was sent";
    outcome.at = now_;
    outcome.row = found_[i].row;
    outcome.fingerprint = found_[i].operation.fingerprint;
    outcomes.push_back(std::move(outcome));
    if (outcomes.size() < kBatch && i + 1 < found_.size()) continue;
    store.RecordOutcomes(run, outcomes);
    outcomes.clear();
  }
  PlanNotes notes;
  for (const Found& found : found_) {
    if (!found.was_outside) continue;
    const auto row = store.Find(found.row.kind, found.row.key);
    if (row) notes.scope_changes.emplace_back(row->id, true);
  }
  if (!notes.scope_changes.empty()) store.RecordNotes(run, notes, {}, {});
}

void Rebuilder::NoteOld() {
  std::vector<std::int64_t> groups;
  old_->ForEachRemote([&](std::int64_t id, Kind kind, std::string_view remote_id) {
    old_rows_.emplace(ObjectId(kind, remote_id), id);
    if (kind == Kind::kGroup) groups.push_back(id);
  });
  old_->ForEachKnown([&](const KnownEntity& known) {
    if (known.was_outside) old_outside_.insert(known.id);
  });
  for (const std::int64_t id : groups) old_group_names_.insert(FoldCase(old_->Load(id).fields[kGroupName].text));
}

/// The next run can tell what creates made that nobody answered; found by its address, it would pass for adopted.
void Rebuilder::NoteUnanswered() {
  for (const UnknownCreate& create : old_->UnknownCreates()) {
    const auto row = old_->Find(create.kind, create.key);
    if (row && row->lifecycle != Lifecycle::kGone) continue;
    if (unanswered_.emplace(create.kind, create.key).second) ++result_.unanswered[Index(create.kind)];
    sent_.emplace(create.kind, FoldCase(create.address));
  }
}

/// An account that was restored or emptied may have given its ids anew. Who changes something there by hand leaves
/// either the name or the address, and no group gets the name that another one has.
bool Rebuilder::IsSame(const Object& object, const StoredEntity& row) const {
  if (HasAddressOf(object, row)) return true;
  if (row.kind != Kind::kGroup) return NameIn(row.kind, object.fields) == NameIn(row.kind, row.fields);
  return !old_group_names_.contains(FoldCase(object.fields[kGroupName].text));
}

/// What an old row is about, if it is still there.
const Object* Rebuilder::KnownAs(const StoredEntity& row) const {
  if (row.lifecycle == Lifecycle::kGone) return nullptr;
  const auto there = by_id_.find(ObjectId(row.kind, row.remote_id));
  return there != by_id_.end() && IsSame(*there->second, row) ? there->second : nullptr;
}

/// An address that came to somebody else would take the account along, past all that keeps a plan from it.
bool Rebuilder::IsSomebodyElses(const Operation& adopt) const {
  const auto owner = old_rows_.find(ObjectId(adopt.kind, adopt.remote_id));
  if (owner != old_rows_.end()) {
    const StoredEntity row = old_->Load(owner->second);
    if (row.key == adopt.key) return false;
    if (KnownAs(row) != nullptr) return true;
  }
  const auto known = old_->Find(adopt.kind, adopt.key);
  return known && known->remote_id != adopt.remote_id && KnownAs(*known) != nullptr;
}

void Rebuilder::Match(Operation operation) {
  if (old_ != nullptr && IsSomebodyElses(operation)) {
    ++result_.disputed[Index(operation.kind)];
    return;
  }
  // The next run shows what differs before it writes it.
  const bool differs = !operation.changes.empty() || operation.groups;
  operation.changes.clear();
  operation.groups.reset();
  if (differs) operation.fingerprint = {};
  StoredEntity row = apply::RowAsListed(operation, now_);
  if (old_ != nullptr) {
    const auto before = old_->Find(operation.kind, operation.key);
    if (before && before->remote_id == operation.remote_id) {
      row.ownership = before->ownership;
      if (row.lifecycle == Lifecycle::kSuspended && before->suspended_at) row.suspended_at = before->suspended_at;
    }
  }
  operation.reason = "found again by " + std::string(operation.kind == Kind::kGroup ? "name" : "e-mail");
  taken_.emplace(operation.kind, operation.remote_id);
  keys_.emplace(operation.kind, operation.key);
  ++result_.matched[Index(operation.kind)];
  found_.push_back({.operation = std::move(operation), .row = std::move(row)});
}

/// Who is not in the sources has perhaps just left: without a row nobody would ever suspend or delete them.
void Rebuilder::KeepOld() {
  for (const auto& [object, id] : old_rows_) {
    const auto there = by_id_.find(object);
    if (there == by_id_.end()) continue;
    const StoredEntity row = old_->Load(id);
    if (keys_.contains(ObjectId(row.kind, row.key))) continue;
    if (!IsSame(*there->second, row)) {
      result_.lost.push_back(std::string(Name(row.kind)) + ' ' + row.key);
    } else if (taken_.insert(object).second) {
      Keep(row, *there->second);
    }
  }
}

void Rebuilder::Keep(const StoredEntity& before, const Object& there) {
  Operation operation;
  operation.kind = before.kind;
  operation.action = Action::kAdopt;
  operation.key = before.key;
  operation.remote_id = before.remote_id;
  operation.reason = "known before, and still at the target";
  operation.source = {.name = before.source, .line = 0, .dn = {}};
  ExistingObject existing;
  for (FieldId field = 0; field < FieldsOf(before.kind).size(); ++field) {
    existing.fields.emplace_back(field, there.fields[field]);
  }
  operation.existing = std::move(existing);
  StoredEntity row = apply::RowAsListed(operation, now_);
  row.ownership = before.ownership;
  if (row.lifecycle == Lifecycle::kSuspended && before.suspended_at) row.suspended_at = before.suspended_at;
  // What somebody did to it at the target is told and repaired as such by whoever compares the two next.
  const FieldId address = NaturalKeyField(before.kind);
  if (!HasAddressOf(there, before)) row.fields[address] = before.fields[address];
  keys_.emplace(before.kind, before.key);
  ++result_.kept[Index(before.kind)];
  // Whoever is inside by now was found by what the sources say of them.
  const bool was_outside = old_outside_.contains(before.id);
  found_.push_back({.operation = std::move(operation), .row = std::move(row), .was_outside = was_outside});
}

/// The plan without a state knows a group by its name alone, and not those that only the old state knows.
void Rebuilder::SetGroups() {
  std::map<std::string, std::string> groups;  // remote id → key
  std::set<std::string> known;
  for (const Found& found : found_) {
    if (found.row.kind != Kind::kGroup) continue;
    groups.emplace(found.row.remote_id, found.row.key);
    known.insert(found.row.key);
  }
  for (Found& found : found_) {
    const Object& there = *by_id_.at(ObjectId(found.row.kind, found.row.remote_id));
    if (found.row.kind != Kind::kContact) continue;
    std::vector<std::string> keys;
    if (there.has_group_ids) {
      for (const std::string& id : there.group_ids) {
        if (const auto group = groups.find(id); group != groups.end()) keys.push_back(group->second);
      }
    } else if (const auto old = old_rows_.find(ObjectId(Kind::kContact, found.row.remote_id)); old != old_rows_.end()) {
      // What a list does not show is as it was.
      for (const std::string& key : old_->Load(old->second).groups) {
        if (known.contains(key)) keys.push_back(key);
      }
    } else {
      continue;
    }
    std::sort(keys.begin(), keys.end());
    if (keys == found.row.groups) continue;
    found.operation.existing->groups = keys;
    found.operation.fingerprint = {};
    found.row.groups = std::move(keys);
  }
}

void Rebuilder::CountOthers(const std::set<ObjectId>& to_create) {
  for (const ObjectId& key : to_create) {
    if (!keys_.contains(key)) ++result_.not_there[Index(key.first)];
  }
  for (const auto& [id, object] : by_id_) {
    const std::string address = FoldCase(object->fields[NaturalKeyField(id.first)].text);
    if (!taken_.contains(id) && !sent_.contains({id.first, address})) ++result_.strangers[Index(id.first)];
  }
}

}  // namespace ucaas_sync::run
