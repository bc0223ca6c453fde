#include "daemon/run/program.h"

#include "daemon/commands/command.h"

namespace ucaas_sync::commands {

run::Program LoadProgram(const Session& session) {
  run::Program program = run::CompileOrThrow(session.config_file, session.environment);
  session.log.Configure(program.config.log);
  return program;
}

}  // namespace ucaas_sync::commands
