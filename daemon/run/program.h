// A configuration made ready to run: every room has compiled and checked its part. `check` is this and nothing more.
// A value that owns what it compiled; single-threaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "config/config.h"
#include "config/diagnostics.h"
#include "config/load.h"
#include "connectors/ucaas/codes.h"
#include "connectors/ucaas/routes.h"
#include "daemon/mapping/mapper.h"
#include "daemon/mapping/protect.h"
#include "daemon/model/spill.h"
#include "daemon/plan/policy.h"

namespace ucaas_sync::run {

/// Raised whenever the same record and rule would yield other fields: everybody is then compared in full once, and plan
/// files of before are refused.
inline constexpr std::uint32_t kMappingVersion = 2;

struct Program {
  config::Config config;
  mapping::Mapper mapper;
  std::shared_ptr<mapping::ProtectFilter> protect;  ///< Its dates are judged against the day that a run sets.
  plan::Policy policy;
  ucaas::Routes routes;
  ucaas::Codes codes;
};

/// Compiles what was read; what is wrong goes to `diagnostics`, from every room at once. Fit for use only when they are
/// ok.
Program Compile(config::Config config, config::Diagnostics& diagnostics);

/// Reads and compiles `file`; as above.
Program Compile(const std::filesystem::path& file, const config::Environment& environment,
                config::Diagnostics& diagnostics);

/// The same; throws Failure (exit 78) with every problem.
Program CompileOrThrow(const std::filesystem::path& file, const config::Environment& environment);

/// Where the plan of many people puts what needs not be in memory: a file without a name beside the state, else in
/// /var/tmp; a dry run may have no state yet, or may not write there.
MakeSpillFile SpillFor(const Program& program);

}  // namespace ucaas_sync::run
