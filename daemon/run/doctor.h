// What stands between this host and a good run, looked at one by one: files and their modes, the state, disk, clock,
// the way to the target, credentials, rights, the endpoints' address, the system around. Only reads; nothing is written
// to the target, the state or the disk. A look that an earlier one makes useless is not made, and says so.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "config/load.h"
#include "daemon/model/clock.h"
#include "daemon/model/exit_code.h"
#include "daemon/model/observer.h"
#include "daemon/run/program.h"

namespace ucaas_sync::run {

enum class Health : std::uint8_t { kOk, kWarning, kFailed, kNotTried };
std::string_view Word(Health health);

struct Finding {
  Health health = Health::kOk;
  std::string name = {};                 ///< "state", "source hr", "dns", "tls", "rights user"
  std::string text = {};                 ///< What was seen. No secrets.
  std::string remedy = {};               ///< What to do; empty when all is well.
  ExitCode code = ExitCode::kConverged;  ///< Of a failure: what a run would end with.
};

/// Gives each finding as it is made.
using Tell = std::function<void(const Finding&)>;

void ExamineFiles(Program& program, const Clock& clock, const Tell& tell);
/// With `target.sandbox` there is no network to look at.
void ExamineTarget(Program& program, const Clock& clock, Observer& observer, const Tell& tell);
void ExamineHost(const Program& program, const config::Environment& environment, const Tell& tell);

/// The exit code by the worst of `findings`: 78, 6, 7, 5, then 1; warnings end 0.
ExitCode WorstOf(const std::vector<Finding>& findings);

}  // namespace ucaas_sync::run
