#include <ostream>

#include "daemon/commands/command.h"
#include "daemon/model/text.h"
#include "daemon/run/program.h"

namespace ucaas_sync::commands {

ExitCode RunCheck(const Session& session) {
  config::Diagnostics diagnostics;
  const run::Program program = run::Compile(session.config_file, session.environment, diagnostics);
  for (const Problem& warning : diagnostics.warnings())
    session.out << "warning: " << Printable(warning.ToString()) << '\n';
  const auto errors = diagnostics.errors();
  for (const Problem& error : errors) session.out << Printable(error.ToString()) << '\n';
  if (!errors.empty()) {
    session.out << Counted(errors.size(), "problem") << " in " << session.config_file.string() << '\n';
    return ExitCode::kConfig;
  }
  const config::Config& config = program.config;
  session.out << session.config_file.string() << ": good. " << Counted(config.sources.size(), "source") << ", "
              << Counted(config.rules.size(), "rule") << "; target "
              << (config.target.sandbox.empty() ? config.target.base_url.value
                                                : "sandbox " + config.target.sandbox.value)
              << "; state in " << config.state_dir.string() << '\n';
  return ExitCode::kConverged;
}

}  // namespace ucaas_sync::commands
