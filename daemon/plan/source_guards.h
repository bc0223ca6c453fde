// What the content of a source says of its health, compared with its last good read: columns that lost their values,
// and keys that are not distinct. Pure; part of the guards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/model/plan.h"
#include "daemon/plan/guards.h"
#include "daemon/plan/workspace.h"

namespace ucaas_sync::plan {

/// By source: records that repeat the key of another one with different content, each line once. Groups do not count:
/// many records make one group.
std::vector<std::uint64_t> RepeatedRecords(const Workspace& work, std::size_t sources);

/// `fill_drop`, one verdict for each mapped column that has fewer values than its former share of the records comes to
/// (actual: the values that are missing; limit: the percentage of those expected), and `distinct_keys`, one for each
/// source that has repeated keys (limit: one record in a hundred). Both hold the whole plan, and never for fewer
/// records than the usual floor. A source that is not healthy is not judged.
std::vector<GuardVerdict> JudgeSourceContent(const GuardContext& context);

}  // namespace ucaas_sync::plan
