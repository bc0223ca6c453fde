// Operations whose effect nobody knows: what may have been sent and has no outcome, or none that tells. Inside the
// state room only; within a commit. Single-threaded; throws what Connection::Guard translates.
#pragma once

#include <cstdint>
#include <vector>

#include "daemon/model/operation.h"
#include "daemon/state/connection.h"

namespace ucaas_sync::state {

/// A run without its end.
struct OpenRun {
  std::int64_t id = 0;
  std::uint64_t mark = 0;
};

std::vector<OpenRun> OpenRuns(Connection& connection);

/// What `run` may have sent and has no outcome for: creates and changes stay known as unknown, removals count in the
/// sums of a day and a week.
void RememberUnknowns(Connection& connection, const OpenRun& run);
/// Nobody knows whether `create`, the operation with this id, was done.
void RememberUnknownCreate(Connection& connection, std::int64_t id, const Operation& create);
void RememberUnknownChange(Connection& connection, std::int64_t entity_id);
void ForgetUnknownChange(Connection& connection, std::int64_t entity_id);

/// Into an empty state: the creates that nobody answered, with their operations and runs, under the names that they
/// have there.
void TakeOverUnknownCreates(Connection& from, Connection& to);

}  // namespace ucaas_sync::state
