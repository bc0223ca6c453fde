#include "daemon/report/status.h"

#include <ostream>

#include "daemon/commands/command.h"
#include "daemon/run/pipeline.h"
#include "daemon/run/program.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::commands {

ExitCode RunStatus(const Session& session, Format format) {
  const run::Program program = run::CompileOrThrow(session.config_file, session.environment);
  const auto store =
      state::OpenStore(program.config.state_dir, state::OpenMode::kReadOnly, {.program_version = UCAAS_SYNC_VERSION});
  constexpr std::size_t kRuns = 20;
  const report::Status status{.runs = store->Runs(kRuns),
                              .quarantine = store->Quarantined(),
                              .held = store->Held(),
                              .due = store->Due(),
                              .next_run = std::nullopt};
  if (format == Format::kJson) {
    report::WriteStatusJson(status, session.out);
  } else {
    report::WriteStatusText(status, session.clock.Now(), session.terminal.colour, session.out);
  }
  return ExitCode::kConverged;
}

}  // namespace ucaas_sync::commands
