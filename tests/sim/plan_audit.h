// What must hold of a plan by itself, whatever becomes of it: nobody twice, nobody who is frozen, nothing that nobody
// knows, and the order in which access goes first and an address is given up before it is taken. Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/sim/limits.h"
#include "tests/sim/objects.h"
#include "tests/sim/reading.h"
#include "tests/sim/report.h"

namespace ucaas_sync::sim {

/// What was known before the run.
struct PlanBackground {
  const Reading& reading;
  const Export& day;
  const std::set<std::string>& held;      ///< Keys that people hold.
  const std::vector<StoredEntity>& rows;  ///< Of the state, where the target has the object.
  const std::vector<StoredEntity>& lost;  ///< Of the state, where it has not, or has it with another address.
};

Violations AuditPlan(const RunReport& report, const PlanBackground& background);

/// Whether `plan` says that this entity is set aside.
bool IsSetAside(const Plan& plan, Kind kind, const std::string& key);

}  // namespace ucaas_sync::sim
