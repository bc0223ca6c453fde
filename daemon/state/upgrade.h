// What a newer program does with an older state: a copy of it stays beside it before its tables are changed, so that
// whoever goes back to the older program has what that one can read.
// Inside the state room only. Single-threaded. Failure: StateFailure; the state is then as it was.
#pragma once

#include <filesystem>
#include <span>

#include "daemon/model/time.h"
#include "daemon/state/connection.h"
#include "daemon/state/schema.h"

namespace ucaas_sync::state {

/// Where the copy of the state at `path` with tables of `version` is kept: DIR/state-tables-VERSION.db.
std::filesystem::path CopyPath(const std::filesystem::path& path, int version);

/// Runs the migrations that are missing; does nothing when there are none. Before the first, a checked copy that only
/// its owner can read appears at CopyPath, whole or not at all. An older copy of the same version gives way to it.
void BringUpToDate(Connection& connection, std::span<const Migration> migrations);

/// Removes the copies beside `path` that were made before that: they name people, as the journal does.
void RemoveCopies(const std::filesystem::path& path, Instant before);

}  // namespace ucaas_sync::state
