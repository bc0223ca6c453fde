// What a source that is not whole leaves as it is: everybody who comes from it, and whoever was set aside because of
// it.
#pragma once

#include <span>

#include "daemon/plan/planner.h"
#include "daemon/plan/workspace.h"

namespace ucaas_sync::plan {

/// Read to its end, with nothing wrong but single records.
bool IsWhole(const SourceState& source);

/// What came of a source that is not whole is not acted upon; nor is anybody missed from it (see leaving). Whoever was
/// set aside because a record of it contradicts another is not decided by that record's silence.
void FreezeUnhealthy(Workspace& work, std::span<const SourceState> sources);

/// A file that was cut ends in nonsense: of what is wrong with the records of a source that is not whole nothing is
/// news, and who was set aside for one before stays so.
void KeepAsideOfUnhealthy(Workspace& work, std::span<const SourceState> sources);

}  // namespace ucaas_sync::plan
