// What the state says of an entity once an operation is done: pure functions from (row, operation) to row.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/ucaas/client.h"
#include "daemon/model/operation.h"
#include "daemon/model/store.h"
#include "daemon/model/time.h"

namespace ucaas_sync::apply {

/// The row after `operation` was accepted: `before` (nothing for a create) with the changes, without secrets and fields
/// that are sent once. `groups` are the keys of the groups that were really written, when the operation changes them.
StoredEntity RowAfter(const std::optional<StoredEntity>& before, const Operation& operation,
                      const std::string& remote_id, Ownership ownership,
                      const std::optional<std::vector<std::string>>& groups, Instant now);

/// The row once the object is gone at the target: nothing but who it was.
StoredEntity RowGone(const std::optional<StoredEntity>& before, const Operation& operation, Ownership ownership);

/// The row for an object that was found at the target in place of being created: its fields as the target shows them,
/// so that the next plan shows every difference before it is written. `groups` are the keys of its groups.
StoredEntity RowAsFound(const Operation& operation, const ucaas::RemoteObject& object, Ownership ownership,
                        std::vector<std::string> groups, Instant now);

/// What a create that nobody answered is found to have made.
struct MadeRow {
  StoredEntity row;
  bool is_as_sent = false;  ///< It shows all that was sent, and the row says no more than that, as after an answer.
};
MadeRow RowOfUnanswered(const Operation& create, const ucaas::RemoteObject& object, std::vector<std::string> groups,
                        Instant now);

/// The row for an object that is adopted, as the target was listed, before the adopt's own changes.
StoredEntity RowAsListed(const Operation& adopt, Instant now);

using FieldValues = std::vector<std::pair<FieldId, Field>>;

/// What is sent for a change: every changed field with its new value.
FieldValues FieldsToSend(const Operation& operation);
/// What is sent for a create. No welcome mail goes out that no rule asks for, whatever the target's own default is.
FieldValues FieldsToCreate(const Operation& operation);
/// The same for an object that was there before: the row's fields with the changes. Nobody is welcomed twice.
FieldValues FieldsToRecreate(const StoredEntity& row, const Operation& operation);

/// Whether `object` shows every field of `sent` as it was sent, an e-mail in any case; fields that are sent once are
/// never compared.
bool Shows(const ucaas::RemoteObject& object, Kind kind, const FieldValues& sent);

/// Whether a user is not let in there, while `sent` says nothing of a status and so wants them to be.
bool IsShutOut(const ucaas::RemoteObject& object, const FieldValues& sent);
/// A required field of `kind` that `sent` lacks, or nothing.
std::optional<std::string_view> MissingField(Kind kind, const FieldValues& sent);

/// The e-mail (for groups the name) before and after; empty when unknown.
std::string AddressBefore(const std::optional<StoredEntity>& row, const Operation& operation);
std::string AddressAfter(const std::optional<StoredEntity>& row, const Operation& operation);

/// Adds `address` unless it is empty, or among them in whatever case.
void AddAddress(std::vector<std::string>& addresses, const std::string& address);

}  // namespace ucaas_sync::apply
