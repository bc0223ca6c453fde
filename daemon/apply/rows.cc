#include "daemon/apply/rows.h"

#include "daemon/model/text.h"

namespace ucaas_sync::apply {
namespace {

bool IsKept(Kind kind, FieldId field) {
  const FieldSpec& spec = FieldsOf(kind)[field];
  return !spec.sent_once && !spec.secret;
}

bool IsWritable(const Field& field) {
  return field.state == FieldState::kValue || field.state == FieldState::kEmpty;
}

Lifecycle LifecycleAfter(const std::optional<StoredEntity>& before, const Operation& operation) {
  switch (operation.action) {
    case Action::kSuspend:
      return Lifecycle::kSuspended;
    case Action::kReactivate:
      return Lifecycle::kActive;
    case Action::kDelete:
      return Lifecycle::kGone;
    case Action::kCreate:
    case Action::kAdopt:
    case Action::kUpdate:
      break;
  }
  if (operation.kind == Kind::kUser) {
    const FieldChange* status = FindChange(operation, kUserStatus);
    if (status != nullptr && status->after.state == FieldState::kValue) {
      return status->after.text == kStatusSuspended ? Lifecycle::kSuspended : Lifecycle::kActive;
    }
  }
  if (operation.action == Action::kCreate) return Lifecycle::kActive;
  return before ? before->lifecycle : Lifecycle::kActive;
}

}  // namespace

StoredEntity RowAfter(const std::optional<StoredEntity>& before, const Operation& operation,
                      const std::string& remote_id, Ownership ownership,
                      const std::optional<std::vector<std::string>>& groups, Instant now) {
  StoredEntity row = before.value_or(StoredEntity{});
  row.kind = operation.kind;
  row.key = operation.key;
  row.ownership = ownership;
  if (!operation.source.name.empty()) row.source = operation.source.name;
  const Lifecycle was = row.lifecycle;
  row.lifecycle = LifecycleAfter(before, operation);
  if (row.lifecycle == Lifecycle::kGone) {
    row.remote_id.clear();
    row.fields = {};
    row.groups.clear();
    row.suspended_at.reset();
    return row;
  }
  if (!remote_id.empty()) row.remote_id = remote_id;
  for (const FieldChange& change : operation.changes) {
    if (IsKept(operation.kind, change.field) && IsWritable(change.after)) row.fields[change.field] = change.after;
  }
  if (row.lifecycle == Lifecycle::kActive) {
    row.suspended_at.reset();
  } else if (!before || was == Lifecycle::kActive || !row.suspended_at) {
    row.suspended_at = now;
  }
  if (groups) row.groups = *groups;
  return row;
}

StoredEntity RowAsFound(const Operation& operation, const ucaas::RemoteObject& object, Ownership ownership) {
  StoredEntity row;
  row.kind = operation.kind;
  row.key = operation.key;
  row.remote_id = object.remote_id;
  row.ownership = ownership;
  row.source = operation.source.name;
  for (FieldId field = 0; field < FieldsOf(operation.kind).size(); ++field) {
    if (IsKept(operation.kind, field)) row.fields[field] = object.fields[field];
  }
  if (operation.kind == Kind::kUser && object.fields[kUserStatus].text == kStatusSuspended) {
    row.lifecycle = Lifecycle::kSuspended;
  }
  return row;
}

std::vector<std::pair<FieldId, Field>> Differences(const Operation& operation, const ucaas::RemoteObject& object) {
  std::vector<std::pair<FieldId, Field>> differences;
  for (const FieldChange& change : operation.changes) {
    if (!IsKept(operation.kind, change.field) || change.after.state != FieldState::kValue) continue;
    if (object.fields[change.field].text != change.after.text) differences.emplace_back(change.field, change.after);
  }
  return differences;
}

std::vector<std::pair<FieldId, Field>> FieldsToSend(const Operation& operation) {
  std::vector<std::pair<FieldId, Field>> fields;
  for (const FieldChange& change : operation.changes) {
    if (IsWritable(change.after)) fields.emplace_back(change.field, change.after);
  }
  return fields;
}

std::vector<std::pair<FieldId, Field>> FieldsToRecreate(const StoredEntity& row, const Operation& operation) {
  FieldSet all = row.fields;
  for (const FieldChange& change : operation.changes) {
    if (IsWritable(change.after)) all[change.field] = change.after;
  }
  std::vector<std::pair<FieldId, Field>> fields;
  for (FieldId field = 0; field < FieldsOf(operation.kind).size(); ++field) {
    if (all[field].state == FieldState::kValue) fields.emplace_back(field, all[field]);
  }
  return fields;
}

std::string AddressBefore(const std::optional<StoredEntity>& row, const Operation& operation) {
  const FieldId field = NaturalKeyField(operation.kind);
  if (const FieldChange* change = FindChange(operation, field); change != nullptr && !change->before.text.empty()) {
    return change->before.text;
  }
  return row ? row->fields[field].text : std::string();
}

std::string AddressAfter(const std::optional<StoredEntity>& row, const Operation& operation) {
  const FieldId field = NaturalKeyField(operation.kind);
  if (const FieldChange* change = FindChange(operation, field); change != nullptr && !change->after.text.empty()) {
    return change->after.text;
  }
  return row ? row->fields[field].text : std::string();
}

}  // namespace ucaas_sync::apply
