#include "daemon/plan/drift_book.h"

#include <algorithm>
#include <utility>

#include "daemon/model/text.h"
#include "daemon/plan/compare.h"

namespace ucaas_sync::plan {
namespace {

std::string Quoted(const FieldView& field) {
  return field.state == FieldState::kValue ? '"' + Shorten(std::string(field.text), 40) + '"' : "empty";
}

std::string GroupsText(const std::vector<std::string>& keys) {
  if (keys.empty()) return "none";
  std::string text;
  for (const std::string& key : keys) text += (text.empty() ? "" : ", ") + Shorten(key, 40);
  return text;
}

}  // namespace

std::string ShownText(Kind kind, FieldId field, const FieldView& shown, const FieldView& known) {
  return std::string(FieldsOf(kind)[field].name) + " is " + Quoted(shown) + ", was " + Quoted(known);
}

DriftBook::DriftBook(SlotTable& table, const std::vector<DriftFinding>& found, const std::vector<DriftRepair>& repairs,
                     config::Drift mode)
    : mode_(mode) {
  for (const DriftFinding& finding : found) {
    const SlotId id = table.WithRow(finding.entity_id);
    if (id == kNone || !table[id].is_there()) continue;
    Slot& slot = table[id];
    Entry entry{.finding = finding, .put_back = {}};
    for (const auto& [field, value] : finding.shown) {
      if (slot.kind == Kind::kUser && field == kUserStatus) {
        const Lifecycle shown = IsInactive(value.view()) ? Lifecycle::kSuspended : Lifecycle::kActive;
        entry.suspended_by_hand = shown == Lifecycle::kSuspended && slot.lifecycle == Lifecycle::kActive;
        entry.active_again = shown == Lifecycle::kActive && slot.lifecycle == Lifecycle::kSuspended;
        if (mode == config::Drift::kRepair) slot.lifecycle = shown;
      }
      if (field == NaturalKeyField(slot.kind) && mode == config::Drift::kRepair) {
        slot.address_hash = AddressHash(value.text);
      }
    }
    slot.set(kDrifted);
    slots_.push_back(id);
    entries_.emplace(id, std::move(entry));
  }
  if (entries_.empty()) return;
  for (const DriftRepair& repair : repairs) {
    const SlotId id = table.WithRow(repair.entity_id);
    if (entries_.contains(id)) repairs_[id].push_back(repair);
  }
}

const DriftBook::Entry* DriftBook::EntryOf(SlotId slot) const {
  const auto it = entries_.find(slot);
  return it == entries_.end() ? nullptr : &it->second;
}

const DriftFinding* DriftBook::Of(SlotId slot) const {
  const Entry* entry = EntryOf(slot);
  return entry == nullptr ? nullptr : &entry->finding;
}

StoredEntity DriftBook::Shown(SlotId slot, StoredEntity stored) const {
  const Entry* entry = repairs() ? EntryOf(slot) : nullptr;
  if (entry == nullptr) return stored;
  for (const auto& [field, value] : entry->finding.shown) stored.fields[field] = value;
  if (entry->suspended_by_hand) stored.lifecycle = Lifecycle::kSuspended;
  if (entry->active_again) stored.lifecycle = Lifecycle::kActive;
  if (entry->finding.groups) stored.groups = *entry->finding.groups;
  return stored;
}

bool DriftBook::IsMissing(SlotId slot) const {
  const Entry* entry = repairs() ? EntryOf(slot) : nullptr;
  return entry != nullptr && entry->finding.missing;
}

bool DriftBook::IsSuspendedByHand(SlotId slot) const {
  const Entry* entry = repairs() ? EntryOf(slot) : nullptr;
  return entry != nullptr && entry->suspended_by_hand;
}

bool DriftBook::IsActiveAgain(SlotId slot) const {
  const Entry* entry = repairs() ? EntryOf(slot) : nullptr;
  return entry != nullptr && entry->active_again;
}

bool DriftBook::IsLetInByHand(SlotId slot) const {
  const Entry* entry = EntryOf(slot);
  return entry != nullptr && entry->active_again;
}

const std::vector<std::string>* DriftBook::GroupsOf(SlotId slot) const {
  const Entry* entry = repairs() ? EntryOf(slot) : nullptr;
  return entry != nullptr && entry->finding.groups ? &*entry->finding.groups : nullptr;
}

void DriftBook::ForEachMembership(const std::function<void(SlotId contact, const std::string& group)>& visit) const {
  for (const SlotId slot : slots_) {
    const std::vector<std::string>* groups = GroupsOf(slot);
    if (groups == nullptr) continue;
    for (const std::string& group : *groups) visit(slot, group);
  }
}

bool DriftBook::IsRewritten(SlotId slot, FieldId field, const std::string& wanted) const {
  const auto it = repairs_.find(slot);
  if (it == repairs_.end()) return false;
  return std::any_of(it->second.begin(), it->second.end(), [&](const DriftRepair& repair) {
    return repair.field == field && repair.wanted == wanted && repair.rounds >= kDriftRounds;
  });
}

void DriftBook::TellPutBack(SlotId slot, Kind kind, const FieldChange& change) {
  Entry& entry = entries_.at(slot);
  entry.put_back_fields = static_cast<FieldMask>(entry.put_back_fields | Bit(change.field));
  entry.put_back.push_back(ShownText(kind, change.field, change.before.view(), change.after.view()));
}

void DriftBook::TellGroups(SlotId slot, std::int64_t entity_id, const GroupsChange& change, const StateView& state) {
  if (GroupsOf(slot) == nullptr || state.Load(entity_id).groups != change.after) return;
  Entry& entry = entries_.at(slot);
  entry.put_back_groups = true;
  entry.put_back.push_back("groups are " + GroupsText(change.before) + ", were " + GroupsText(change.after));
}

std::string DriftBook::Reason(SlotId slot, Kind kind, const std::vector<FieldChange>& changes,
                              bool groups_changed) const {
  const Entry* entry = EntryOf(slot);
  if (entry == nullptr || entry->put_back.empty()) return ChangedText(kind, changes, groups_changed);
  constexpr std::size_t kNamed = 3;
  std::string text = "changed at the target: ";
  for (std::size_t i = 0; i < entry->put_back.size() && i < kNamed; ++i) {
    text += (i == 0 ? "" : "; ") + entry->put_back[i];
  }
  if (entry->put_back.size() > kNamed) text += " and " + std::to_string(entry->put_back.size() - kNamed) + " more";
  std::vector<FieldChange> others;
  std::copy_if(changes.begin(), changes.end(), std::back_inserter(others),
               [&](const FieldChange& change) { return (entry->put_back_fields & Bit(change.field)) == 0; });
  const bool other_groups = groups_changed && !entry->put_back_groups;
  if (!others.empty() || other_groups) text += "; " + ChangedText(kind, others, other_groups);
  return text;
}

}  // namespace ucaas_sync::plan
