#include "daemon/plan/adoption.h"

#include <algorithm>

#include "daemon/model/text.h"
#include "daemon/plan/compare.h"

namespace ucaas_sync::plan {
namespace {

using Object = TargetListing::Object;

std::string RemoteKey(Kind kind, const std::string& remote_id) {
  return std::string(Name(kind)) + ' ' + remote_id;
}

}  // namespace

Adoption::Adoption(Workspace& work, const TargetListing* listing) : work_(work), listing_(listing) {
  if (listing_ == nullptr) return;
  unknown_ = work.state.UnknownCreates();
  for (const Kind kind : kAllKinds) AdoptKind(kind);
  if (!listing_->complete) {
    work_.warnings.emplace_back(
        "the list of what the target holds broke off: somebody who is planned as a create may be there already");
  }
}

void Adoption::AdoptKind(Kind kind) {
  index_.clear();
  const FieldId field = NaturalKeyField(kind);
  for (const Object& object : listing_->objects[Index(kind)]) {
    const Hash128 address = AddressHash(object.fields[field].text);
    if (!address.is_zero()) index_.push_back({.address = address, .object = &object});
  }
  std::stable_sort(index_.begin(), index_.end(),
                   [](const ByAddress& a, const ByAddress& b) { return a.address < b.address; });

  const std::size_t count = work_.drafts.all().size();
  for (std::uint32_t i = 0; i < count; ++i) {
    const Draft& draft = work_.drafts.all()[i];
    if (draft.kind != kind || draft.dropped || draft.action != Action::kCreate) continue;
    const Candidate candidate = work_.candidates.Get(work_.table[draft.slot].candidate);
    const std::vector<const Object*> matches = MatchesAt(kind, candidate.fields[field].text);
    if (!matches.empty() && !MayBeOwnCreate(kind, candidate, matches)) Consider(i, matches);
  }

  if (kind != Kind::kGroup) return;
  // Contacts' memberships name groups by id: those we know, and those adopted just now.
  for (SlotId id = 0; id < work_.table.known(); ++id) {
    const Slot& slot = work_.table[id];
    if (slot.kind == Kind::kGroup && slot.is_there())
      groups_.emplace(work_.state.Load(work_.table.RowOf(id)).remote_id, id);
  }
  for (const auto& [slot, object] : adopted_) {
    if (object->kind == Kind::kGroup) groups_.emplace(object->remote_id, slot);
  }
}

std::vector<const Object*> Adoption::MatchesAt(Kind kind, std::string_view text) {
  const Hash128 address = AddressHash(text);
  auto it = std::lower_bound(index_.begin(), index_.end(), address,
                             [](const ByAddress& entry, const Hash128& wanted) { return entry.address < wanted; });
  std::vector<const Object*> matches;
  for (; it != index_.end() && it->address == address; ++it) {
    if (!IsOurs(RemoteKey(kind, it->object->remote_id))) matches.push_back(it->object);
  }
  return matches;
}

ExistingObject Adoption::ExistingOf(const Object& object) {
  ExistingObject existing;
  const auto specs = FieldsOf(object.kind);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const Field& field = object.fields[i];
    const bool is_known = field.state == FieldState::kValue || field.state == FieldState::kEmpty;
    if (is_known && !specs[i].sent_once && !specs[i].secret)
      existing.fields.emplace_back(static_cast<FieldId>(i), field);
  }
  return existing;
}

void Adoption::Consider(std::uint32_t draft_index, const std::vector<const Object*>& matches) {
  const Draft draft = work_.drafts.all()[draft_index];
  const Slot& slot = work_.table[draft.slot];
  const RulePolicy& rule = work_.policy.rules[slot.rule];
  const std::string word(AddressWord(draft.kind));
  if (matches.size() > 1) {
    std::vector<std::string> ids;
    for (const Object* match : matches) ids.push_back(match->remote_id);
    std::sort(ids.begin(), ids.end());
    Bar(draft.slot, "the target has " + std::to_string(matches.size()) + ' ' + std::string(Name(draft.kind)) +
                        "s with this " + word + ": " + ListOf(ids) + "; remove all but one there");
    return;
  }
  const Object& object = *matches.front();
  if (rule.existing == config::ExistingPolicy::kQuarantine) {
    Bar(draft.slot,
        "the target has this " + word + " already (" + object.remote_id + "), and the rule says existing: quarantine");
    return;
  }
  const FieldSetView there = View(object.fields);
  const Candidate candidate = work_.candidates.Get(slot.candidate);
  Operation operation;
  operation.kind = draft.kind;
  operation.action = Action::kAdopt;
  operation.key = candidate.key;
  operation.remote_id = object.remote_id;
  operation.entity_id = work_.table.RowOf(draft.slot);
  operation.source = work_.SourceOf(draft.slot);
  operation.who = DisplayName(draft.kind, there);
  operation.existing = ExistingOf(object);
  operation.fingerprint = candidate.fingerprint;
  operation.changes = Differences(rule, there, candidate.fields);
  operation.reason = "in the account already with this " + word;
  // Left for the next run it would let them in without ever having been shown.
  const bool returns = draft.kind == Kind::kUser && IsInactive(there[kUserStatus]) && LetsIn(candidate.fields);
  const bool may_have_left = returns && !candidate.reason.empty();
  if (returns) AddReturn(object.fields[kUserStatus], operation.changes);
  if (work_.policy.protect && work_.policy.protect(draft.kind, there)) {
    LeaveProtected(draft.slot, there, operation);
  } else if (may_have_left) {
    LeaveSuspended(std::string(candidate.reason), operation);
  } else {
    if (returns) operation.reason += ", but suspended: reactivated";
    const std::vector<FieldChange> others = returns ? WithoutStatus(operation.changes) : operation.changes;
    if (!others.empty()) operation.reason += "; " + ChangedText(draft.kind, others, false);
  }
  work_.drafts.Replace(draft_index, operation);
  adopted_.emplace(draft.slot, &object);
}

void Adoption::Bar(SlotId slot, const std::string& reason) {
  work_.SetAside(slot, reason);
  const Slot& at = work_.table[slot];
  work_.notes.barred.push_back({.kind = std::string(Name(at.kind)),
                                .key = work_.KeyOf(slot),
                                .reason = reason,
                                .source = work_.SourceOf(slot),
                                .fingerprint = work_.candidates.Get(at.candidate).fingerprint});
}

// Known from now on, or the next plan would take it for a newcomer; nothing is sent.
void Adoption::LeaveProtected(SlotId slot, const FieldSetView& there, Operation& operation) {
  operation.reason += "; guards.protect forbids to change it";
  // No member is added to it or taken out by this plan.
  if (!operation.changes.empty() || operation.kind == Kind::kContact) work_.table[slot].set(kFrozen);
  if (!operation.changes.empty()) work_.IsProtected(slot, operation.key, there);
  operation.changes.clear();
  operation.fingerprint = {};  // so that it is compared again once nothing protects it
}

// On such a word nobody comes back. Known from now on, it is set aside by the next plan.
void Adoption::LeaveSuspended(const std::string& why, Operation& operation) {
  operation.reason += ", but suspended, and stays so: " + why;
  operation.changes.clear();
  operation.fingerprint = {};
  work_.WakeAt(work_.now);
}

bool Adoption::IsOurs(const std::string& remote_key) {
  if (!ours_loaded_) {
    ours_loaded_ = true;
    for (SlotId id = 0; id < work_.table.known(); ++id) {
      const Slot& slot = work_.table[id];
      if (slot.is_there()) ours_.insert(RemoteKey(slot.kind, work_.state.Load(work_.table.RowOf(id)).remote_id));
    }
  }
  return ours_.contains(remote_key);
}

bool Adoption::MayBeOwnCreate(Kind kind, const Candidate& candidate, const std::vector<const Object*>& matches) {
  const Hash128 address = AddressHash(candidate.fields[NaturalKeyField(kind)].text);
  const auto may_have_been_made = [&](const std::vector<const Object*>& objects) {
    return !std::all_of(objects.begin(), objects.end(),
                        [&](const Object* object) { return work_.state.WasOthers(kind, object->remote_id); });
  };
  return std::any_of(unknown_.begin(), unknown_.end(), [&](const UnknownCreate& create) {
    if (create.kind != kind) return false;
    if (AddressHash(create.address) == address) return may_have_been_made(matches);
    // Its source has given it another address since: its own account may be there with the old one.
    if (create.key != candidate.key) return false;
    return !listing_->complete || may_have_been_made(MatchesAt(kind, create.address));
  });
}

const Object* Adoption::AdoptedAs(SlotId slot) const {
  const auto it = adopted_.find(slot);
  return it == adopted_.end() ? nullptr : it->second;
}

SlotId Adoption::GroupWithRemoteId(const std::string& remote_id) const {
  const auto it = groups_.find(remote_id);
  return it == groups_.end() ? kNone : it->second;
}

}  // namespace ucaas_sync::plan
