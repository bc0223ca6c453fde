// What the target must be after good days without a change. Pure.
#pragma once

#include <set>
#include <string>
#include <utility>

#include "tests/sim/limits.h"
#include "tests/sim/objects.h"
#include "tests/sim/reading.h"

namespace ucaas_sync::sim {

/// What is otherwise than `day` says; `hand_made` are the objects that somebody else made, by remote id.
Violations AuditRest(const Scene& scene, const Export& day, const Settings& settings,
                     const std::set<std::pair<Kind, std::string>>& hand_made);

}  // namespace ucaas_sync::sim
