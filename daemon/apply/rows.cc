#include "daemon/apply/rows.h"

#include <algorithm>

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

// Whatever word a target has for it: who is not active is not let in.
Lifecycle LifecycleOf(const Field& status) {
  const bool is_inactive = status.state == FieldState::kValue && status.text != kStatusActive;
  return is_inactive ? Lifecycle::kSuspended : Lifecycle::kActive;
}

Lifecycle LifecycleAfter(const std::optional<StoredEntity>& before, const Operation& operation) {
  switch (operation.action) {
    case Action::kSuspend:
      return Lifecycle::kSuspended;
    case Action::kReactivate:
      return Lifecycle::kActive;
    case Action::kDelete:
    case Action::kCreate:
    case Action::kAdopt:
    case Action::kUpdate:
      break;
  }
  if (operation.kind == Kind::kUser) {
    const FieldChange* status = FindChange(operation, kUserStatus);
    if (status != nullptr && status->after.state == FieldState::kValue) return LifecycleOf(status->after);
  }
  if (operation.action == Action::kCreate) return Lifecycle::kActive;
  return before ? before->lifecycle : Lifecycle::kActive;
}

void SilenceWelcome(Kind kind, FieldValues& fields) {
  if (kind != Kind::kUser) return;
  const bool is_mapped =
      std::any_of(fields.begin(), fields.end(), [](const auto& field) { return field.first == kUserSendWelcomeMail; });
  if (!is_mapped) fields.emplace_back(kUserSendWelcomeMail, Field::Value("false"));
}

}  // namespace

StoredEntity RowAfter(const std::optional<StoredEntity>& before, const Operation& operation,
                      const std::string& remote_id, Ownership ownership,
                      const std::optional<std::vector<std::string>>& groups, Instant now) {
  if (operation.action == Action::kDelete) return RowGone(before, operation, ownership);
  StoredEntity row = before.value_or(StoredEntity{});
  row.kind = operation.kind;
  row.key = operation.key;
  row.ownership = ownership;
  if (row.id == 0) row.id = operation.entity_id;
  if (!operation.source.name.empty()) row.source = operation.source.name;
  const Lifecycle was = row.lifecycle;
  row.lifecycle = LifecycleAfter(before, operation);
  if (!remote_id.empty()) row.remote_id = remote_id;
  for (const FieldChange& change : operation.changes) {
    if (IsKept(operation.kind, change.field) && IsWritable(change.after)) row.fields[change.field] = change.after;
  }
  if (row.lifecycle == Lifecycle::kActive) {
    row.suspended_at.reset();
  } else if (!before || was != Lifecycle::kSuspended || operation.action == Action::kSuspend || !row.suspended_at) {
    // Who was let in at the target meanwhile is suspended anew, and delete_after counts from now.
    row.suspended_at = now;
  }
  if (groups) row.groups = *groups;
  return row;
}

StoredEntity RowGone(const std::optional<StoredEntity>& before, const Operation& operation, Ownership ownership) {
  StoredEntity row;
  row.id = before ? before->id : operation.entity_id;
  row.kind = operation.kind;
  row.key = operation.key;
  row.ownership = ownership;
  row.source = before && operation.source.name.empty() ? before->source : operation.source.name;
  row.lifecycle = Lifecycle::kGone;
  return row;
}

StoredEntity RowAsFound(const Operation& operation, const ucaas::RemoteObject& object, Ownership ownership,
                        std::vector<std::string> groups, Instant now) {
  StoredEntity row;
  row.id = operation.entity_id;
  row.kind = operation.kind;
  row.key = operation.key;
  row.remote_id = object.remote_id;
  row.ownership = ownership;
  row.source = operation.source.name;
  for (FieldId field = 0; field < FieldsOf(operation.kind).size(); ++field) {
    if (IsKept(operation.kind, field)) row.fields[field] = object.fields[field];
  }
  if (operation.kind == Kind::kUser) row.lifecycle = LifecycleOf(object.fields[kUserStatus]);
  if (row.lifecycle == Lifecycle::kSuspended) row.suspended_at = now;
  row.groups = std::move(groups);
  return row;
}

MadeRow RowOfUnanswered(const Operation& create, const ucaas::RemoteObject& object, std::vector<std::string> groups,
                        Instant now) {
  const bool is_as_sent =
      Shows(object, create.kind, FieldsToCreate(create)) && (!create.groups || groups == create.groups->after);
  if (!is_as_sent) return {.row = RowAsFound(create, object, Ownership::kCreated, std::move(groups), now)};
  const auto written = create.groups ? std::optional(std::move(groups)) : std::nullopt;
  return {.row = RowAfter(std::nullopt, create, object.remote_id, Ownership::kCreated, written, now),
          .is_as_sent = true};
}

StoredEntity RowAsListed(const Operation& adopt, Instant now) {
  ucaas::RemoteObject object;
  object.remote_id = adopt.remote_id;
  for (const auto& [field, value] : adopt.existing->fields) object.fields[field] = value;
  return RowAsFound(adopt, object, Ownership::kAdopted, adopt.existing->groups, now);
}

FieldValues FieldsToSend(const Operation& operation) {
  FieldValues fields;
  fields.reserve(operation.changes.size() + 1);  // and what SilenceWelcome adds
  for (const FieldChange& change : operation.changes) {
    if (IsWritable(change.after) && change.before != change.after) fields.emplace_back(change.field, change.after);
  }
  return fields;
}

FieldValues FieldsToCreate(const Operation& operation) {
  FieldValues fields = FieldsToSend(operation);
  SilenceWelcome(operation.kind, fields);
  return fields;
}

FieldValues FieldsToRecreate(const StoredEntity& row, const Operation& operation) {
  FieldSet all = row.fields;
  for (const FieldChange& change : operation.changes) {
    if (IsWritable(change.after)) all[change.field] = change.after;
  }
  FieldValues fields;
  for (FieldId field = 0; field < FieldsOf(operation.kind).size(); ++field) {
    if (all[field].state == FieldState::kValue) fields.emplace_back(field, all[field]);
  }
  SilenceWelcome(operation.kind, fields);
  return fields;
}

bool Shows(const ucaas::RemoteObject& object, Kind kind, const FieldValues& sent) {
  return std::all_of(sent.begin(), sent.end(), [&](const auto& field) {
    const std::string& shown = object.fields[field.first].text;
    const bool is_email = kind != Kind::kGroup && field.first == NaturalKeyField(kind);
    // Many targets keep them in lower case.
    if (is_email) return FoldCase(shown) == FoldCase(field.second.text);
    return !IsKept(kind, field.first) || shown == field.second.text;
  });
}

bool IsShutOut(const ucaas::RemoteObject& object, const FieldValues& sent) {
  const bool names_status =
      std::any_of(sent.begin(), sent.end(), [](const auto& field) { return field.first == kUserStatus; });
  return !names_status && LifecycleOf(object.fields[kUserStatus]) != Lifecycle::kActive;
}

std::optional<std::string_view> MissingField(Kind kind, const FieldValues& sent) {
  const auto specs = FieldsOf(kind);
  for (FieldId field = 0; field < specs.size(); ++field) {
    const bool is_there = std::any_of(sent.begin(), sent.end(), [&](const auto& value) {
      return value.first == field && value.second.state == FieldState::kValue;
    });
    if (specs[field].required && !is_there) return specs[field].name;
  }
  return std::nullopt;
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

void AddAddress(std::vector<std::string>& addresses, const std::string& address) {
  const bool is_new = std::none_of(addresses.begin(), addresses.end(),
                                   [&](const std::string& known) { return FoldCase(known) == FoldCase(address); });
  if (is_new && !address.empty()) addresses.push_back(address);
}

}  // namespace ucaas_sync::apply
