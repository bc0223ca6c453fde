#include "tests/support/memory_state.h"

#include <algorithm>
#include <stdexcept>

#include "daemon/model/text.h"

namespace ucaas_sync::testing {

std::uint16_t MemoryState::SourceIndex(const std::string& name) const {
  const auto it = std::find(source_names.begin(), source_names.end(), name);
  return static_cast<std::uint16_t>(it - source_names.begin());
}

std::int64_t MemoryState::Add(Kind kind, const std::string& key, FieldSet fields, const std::string& source) {
  if (std::find(source_names.begin(), source_names.end(), source) == source_names.end()) source_names.push_back(source);
  Row row;
  row.entity.id = next_id_++;
  row.entity.kind = kind;
  row.entity.key = key;
  row.entity.remote_id = std::to_string(next_remote_++);
  row.entity.fields = std::move(fields);
  row.entity.source = source;
  const std::int64_t id = row.entity.id;
  rows.emplace(id, std::move(row));
  return id;
}

void MemoryState::ForEachKnown(const std::function<void(const KnownEntity&)>& visit) const {
  for (const auto& [id, row] : rows) {
    KnownEntity known;
    known.key_hash = HashOf(row.entity.key);
    const std::string& address = row.entity.fields[NaturalKeyField(row.entity.kind)].text;
    if (!address.empty()) known.address_hash = HashOf(FoldCase(address));
    known.fingerprint = row.fingerprint;
    known.id = id;
    known.source = SourceIndex(row.entity.source);
    known.kind = row.entity.kind;
    known.lifecycle = row.entity.lifecycle;
    known.ownership = row.entity.ownership;
    known.was_outside = row.was_outside;
    visit(known);
  }
}

StoredEntity MemoryState::Load(std::int64_t id) const {
  ++loads;
  StoredEntity entity = rows.at(id).entity;
  entity.groups.clear();
  for (const auto& [contact, group] : memberships) {
    if (contact == id) entity.groups.push_back(rows.at(group).entity.key);
  }
  std::sort(entity.groups.begin(), entity.groups.end());
  return entity;
}

std::optional<StoredEntity> MemoryState::Find(Kind kind, std::string_view key) const {
  for (const auto& [id, row] : rows) {
    if (row.entity.kind == kind && row.entity.key == key) return Load(id);
  }
  return std::nullopt;
}

void MemoryState::ForEachMembership(const std::function<void(std::int64_t, std::int64_t)>& visit) const {
  for (const auto& [contact, group] : memberships) visit(contact, group);
}

std::vector<StoredHold> MemoryState::Holds(Instant now) const {
  std::vector<StoredHold> out;
  for (const StoredHold& hold : holds) {
    if (!hold.until || *hold.until > now) out.push_back(hold);
  }
  return out;
}

std::optional<SnapshotHistory> MemoryState::LastGoodSnapshot(std::string_view source) const {
  const auto it = snapshots.find(std::string(source));
  return it == snapshots.end() ? std::nullopt : std::optional(it->second);
}

std::vector<Hash128> MemoryState::PendingCreates(Kind kind) const {
  std::vector<Hash128> hashes;
  if (const auto keys = pending_creates.find(kind); keys != pending_creates.end()) {
    for (const std::string& key : keys->second) hashes.push_back(HashOf(key));
  }
  std::sort(hashes.begin(), hashes.end());
  return hashes;
}

std::vector<PastRemoval> MemoryState::RemovalsSince(Instant since) const {
  std::vector<PastRemoval> out;
  for (const PastRemoval& removal : removals) {
    if (removal.at >= since) out.push_back(removal);
  }
  return out;
}

std::vector<Approval> MemoryState::Approvals(Instant now) const {
  std::vector<Approval> out;
  for (const Approval& approval : approvals) {
    if (approval.until > now) out.push_back(approval);
  }
  return out;
}

std::optional<Instant> MemoryState::Forgotten(std::string_view key) const {
  const auto it = forgotten.find(std::string(key));
  return it == forgotten.end() ? std::nullopt : std::optional(it->second);
}

void MemoryState::Do(const Operation& operation, Instant now) {
  std::int64_t id = operation.entity_id;
  const bool comes = operation.action == Action::kCreate || operation.action == Action::kAdopt;
  const bool is_new = id == 0;
  if (is_new) {
    if (!comes) throw std::logic_error("an operation on nobody: " + operation.key);
    id = Add(operation.kind, operation.key, {}, operation.source.name);
  }
  Row& row = rows.at(id);
  StoredEntity& entity = row.entity;
  if (comes) {
    entity.fields = {};
    if (operation.existing) {
      for (const auto& [field, value] : operation.existing->fields) entity.fields[field] = value;
    }
    if (operation.action == Action::kAdopt) {
      entity.remote_id = operation.remote_id;
    } else if (!is_new) {
      entity.remote_id = std::to_string(next_remote_++);
    }
    entity.ownership = operation.action == Action::kAdopt ? Ownership::kAdopted : Ownership::kCreated;
    entity.lifecycle = Lifecycle::kActive;
  }
  if (operation.action == Action::kDelete) {
    entity.lifecycle = Lifecycle::kGone;
    entity.fields = {};
    row.fingerprint = {};
    std::erase_if(memberships, [&](const auto& pair) { return pair.first == id || pair.second == id; });
    return;
  }
  const auto specs = FieldsOf(operation.kind);
  for (const FieldChange& change : operation.changes) {
    if (!specs[change.field].sent_once) entity.fields[change.field] = change.after;
  }
  if (operation.kind == Kind::kUser) {
    const Field& status = entity.fields[kUserStatus];
    const bool active = status.state != FieldState::kValue || status.text == kStatusActive;
    if (active) entity.suspended_at.reset();
    if (!active && entity.lifecycle == Lifecycle::kActive) entity.suspended_at = now;
    entity.lifecycle = active ? Lifecycle::kActive : Lifecycle::kSuspended;
  }
  row.fingerprint = operation.fingerprint;
  if (!operation.source.name.empty()) entity.source = operation.source.name;
  if (operation.groups) {
    std::erase_if(memberships, [&](const auto& pair) { return pair.first == id; });
    for (const std::string& key : operation.groups->after) {
      const auto group = Find(Kind::kGroup, key);
      if (!group || group->lifecycle == Lifecycle::kGone) throw std::logic_error("a membership in no group: " + key);
      memberships.emplace(id, group->id);
    }
  }
}

void MemoryState::Apply(const Plan& plan, const PlanNotes& notes, Instant now) {
  plan.operations.ForEach([&](const Operation& operation) {
    Do(operation, now);
    if (operation.action == Action::kSuspend || operation.action == Action::kDelete) {
      const std::string guard = std::string(Name(operation.kind)) + '.' + std::string(Name(operation.action));
      const bool is_approved = std::any_of(plan.guards.begin(), plan.guards.end(), [&](const GuardVerdict& verdict) {
        return !verdict.approved_by.empty() && (verdict.name == guard || verdict.name == guard + ".week");
      });
      removals.push_back({.kind = operation.kind, .action = operation.action, .at = now, .approved = is_approved});
    }
  });
  if (!plan.operations.empty()) ++version;
  absences = notes.absences;
  for (const PlanNotes::HoldNote& note : notes.holds) {
    const auto is_meant = [&](const StoredHold& hold) { return hold.kind == note.kind && hold.key == note.key; };
    if (note.ended) {
      std::erase_if(holds, is_meant);
    } else {
      std::find_if(holds.begin(), holds.end(), is_meant)->mark = note.mark;
    }
  }
  for (const auto& [id, fingerprint] : notes.fingerprints) rows.at(id).fingerprint = fingerprint;
  for (const auto& [id, is_outside] : notes.scope_changes) rows.at(id).was_outside = is_outside;
  for (const auto& [source, entities] : notes.moved) {
    if (SourceIndex(source) == source_names.size()) source_names.push_back(source);
    for (const std::int64_t id : entities) rows.at(id).entity.source = source;
  }
  std::erase_if(quarantine, [](const StoredQuarantine& item) { return !item.by_target; });
  for (const PlanNotes::Barred& item : notes.barred) {
    std::erase_if(quarantine, [&](const auto& old) { return old.kind == item.kind && old.key == item.key; });
    quarantine.push_back({.kind = item.kind,
                          .key = item.key,
                          .reason = item.reason,
                          .since = now,
                          .source = item.source,
                          .fingerprint = item.fingerprint,
                          .by_target = true});
  }
  for (const QuarantineItem& item : plan.quarantine) {
    const bool is_there = std::any_of(quarantine.begin(), quarantine.end(), [&](const StoredQuarantine& other) {
      return other.kind == item.kind && other.key == item.key;
    });
    if (is_there) continue;
    quarantine.push_back({.kind = item.kind,
                          .key = item.key,
                          .reason = item.reason,
                          .since = now,
                          .source = item.source,
                          .fingerprint = {}});
  }
  first_run_finished = true;
}

}  // namespace ucaas_sync::testing
