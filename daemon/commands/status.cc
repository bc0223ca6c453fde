#include "daemon/report/status.h"

#include <ostream>

#include "daemon/commands/command.h"
#include "daemon/run/pipeline.h"
#include "daemon/run/program.h"
#include "daemon/run/standing.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::commands {

ExitCode RunStatus(const Session& session, Format format) {
  const run::Program program = LoadProgram(session);
  const auto store =
      state::OpenStore(program.config.state_dir, state::OpenMode::kReadOnly, {.program_version = UCAAS_SYNC_VERSION});
  constexpr std::size_t kRuns = 20;
  const Instant now = session.clock.Now();
  const report::Status status = run::StandingOf(*store, program.config.sources, kRuns, now);
  if (format == Format::kJson) {
    report::WriteStatusJson(status, now, session.out);
  } else {
    report::WriteStatusText(status, now, session.terminal.colour, session.out);
  }
  return ExitCode::kConverged;
}

}  // namespace ucaas_sync::commands
