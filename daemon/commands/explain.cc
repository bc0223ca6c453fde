#include "daemon/report/explain.h"

#include <ostream>

#include "daemon/commands/command.h"
#include "daemon/model/text.h"
#include "daemon/report/runs.h"
#include "daemon/run/explain.h"
#include "daemon/run/standing.h"
#include "daemon/run/system_clock.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::commands {

ExitCode RunExplain(const Session& session, const ExplainOptions& options) {
  if (Trim(options.who).empty()) throw Failure(ExitCode::kUsage, "explain: WHO is empty; name a key or an e-mail");
  run::Program program = run::CompileOrThrow(session.config_file, session.environment);
  LetCommandsEnd(program.config.sources);
  SilentObserver silent;
  const run::Context context{.program = program,
                             .clock = session.clock,
                             .observer = silent,
                             .stop_requested = session.stop_requested,
                             .pause = &run::Pause};
  const Explanation explanation =
      options.run.empty() ? run::Explain(context, options.who) : run::ExplainRun(context, options.who, options.run);
  if (options.format == Format::kJson) {
    report::WriteExplanationJson(explanation, session.out);
  } else {
    report::WriteExplanationText(explanation, session.terminal.colour, session.out);
  }
  // The answer is there; that a source is not is for scripts to see as from every other command.
  return explanation.source_trouble.empty() ? ExitCode::kConverged : ExitCode::kSource;
}

ExitCode RunRuns(const Session& session, const RunsOptions& options) {
  const run::Program program = run::CompileOrThrow(session.config_file, session.environment);
  const auto store =
      state::OpenStore(program.config.state_dir, state::OpenMode::kReadOnly, {.program_version = UCAAS_SYNC_VERSION});
  const std::vector<RunRecord> runs = run::RunsOf(*store, options.limit, session.clock.Now());
  if (options.format == Format::kJson) {
    report::WriteRunsJson(runs, session.out);
  } else {
    report::WriteRunsText(runs, session.terminal.colour, session.out);
  }
  return ExitCode::kConverged;
}

}  // namespace ucaas_sync::commands
