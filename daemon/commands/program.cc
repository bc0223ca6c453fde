#include "daemon/run/program.h"

#include <algorithm>

#include "daemon/commands/command.h"
#include "daemon/commands/signals.h"

namespace ucaas_sync::commands {

void LetCommandsEnd(const std::vector<config::SourceConfig>& sources) {
  const auto has_command = [](const config::SourceConfig& source) { return !source.command.empty(); };
  if (std::any_of(sources.begin(), sources.end(), has_command)) CatchStopSignals();
}

run::Program LoadProgram(const Session& session) {
  run::Program program = run::CompileOrThrow(session.config_file, session.environment);
  session.log.Configure(program.config.log);
  return program;
}

}  // namespace ucaas_sync::commands
