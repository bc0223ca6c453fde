// A plan that `plan --out` wrote, taken back: whole, unaltered, and made for this configuration by this program.
#pragma once

#include <filesystem>
#include <string>

#include "daemon/model/plan.h"
#include "daemon/run/program.h"

namespace ucaas_sync::run {

/// Plan::config_hash for plans of `program`: the configuration's hash and the mapping version, apart.
std::string PlanFit(const Program& program);

/// Throws Failure (kStale) with the reason when the file cannot be taken as it is.
Plan LoadPlan(const Program& program, const std::filesystem::path& file);

/// By what the state remembers that `plan` was applied.
std::string UsedAs(const Plan& plan);

/// The refusal of a plan file: "FILE: why; nothing was written; make a new plan and review it".
Failure StalePlan(const std::filesystem::path& file, const std::string& why);

}  // namespace ucaas_sync::run
