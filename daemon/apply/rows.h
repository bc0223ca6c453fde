// What the state says of an entity once an operation is done: pure functions from (row, operation) to row.
#pragma once

#include <optional>
#include <string>
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

/// The row for an object that was found at the target in place of being created: its fields as the target shows them,
/// so that the next plan shows every difference before it is written.
StoredEntity RowAsFound(const Operation& operation, const ucaas::RemoteObject& object, Ownership ownership);

/// Fields of `operation` whose desired value differs from what `object` shows; never fields that are sent once.
std::vector<std::pair<FieldId, Field>> Differences(const Operation& operation, const ucaas::RemoteObject& object);

/// What is sent for `operation`: every changed field with its new value; for a re-creation the row's fields too.
std::vector<std::pair<FieldId, Field>> FieldsToSend(const Operation& operation);
std::vector<std::pair<FieldId, Field>> FieldsToRecreate(const StoredEntity& row, const Operation& operation);

/// The e-mail (for groups the name) before and after; empty when unknown.
std::string AddressBefore(const std::optional<StoredEntity>& row, const Operation& operation);
std::string AddressAfter(const std::optional<StoredEntity>& row, const Operation& operation);

}  // namespace ucaas_sync::apply
