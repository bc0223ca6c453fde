#include <ostream>

#include "daemon/commands/command.h"
#include "daemon/model/text.h"
#include "daemon/report/plan_text.h"
#include "daemon/run/pipeline.h"
#include "daemon/run/system_clock.h"

namespace ucaas_sync::commands {

void TellResult(const Session& session, const run::SyncResult& result) {
  session.log.ClearProgress();
  if (result.code == ExitCode::kHeld) {
    report::WritePlanText(result.plan,
                          {.colour = session.terminal.colour,
                           .width = session.terminal.width,
                           .operations = 20,
                           .approve = result.approve},
                          session.out);
  } else {
    report::WriteNewQuarantine(result.plan,
                               {.colour = session.terminal.colour, .width = session.terminal.width, .quarantine = 20},
                               session.out);
  }
  session.out << "run " << result.run << ": " << Word(result.code);
  if (result.code != ExitCode::kHeld) {
    if (result.plan.operations.empty() && result.code == ExitCode::kConverged) {
      session.out << ", nothing to do";
    } else {
      session.out << ", " << Counted(result.applied.done, "operation") << " done";
    }
    if (result.applied.failed > 0) session.out << ", " << WithThousands(result.applied.failed) << " failed";
    if (result.applied.left > 0) session.out << ", " << WithThousands(result.applied.left) << " left for the next run";
  }
  // A held plan has said all that stands in the message.
  if (!result.message.empty() && result.code != ExitCode::kHeld)
    session.out << " (" << Printable(result.message) << ')';
  session.out << '\n';
}

ExitCode RunSync(const Session& session, const std::string& only) {
  run::Program program = LoadProgram(session);
  const run::SyncResult result = run::Sync({.program = program,
                                            .clock = session.clock,
                                            .observer = session.log,
                                            .stop_requested = session.stop_requested,
                                            .pause = &run::Pause},
                                           {.only = only, .source_paths = {}}, "command");
  TellResult(session, result);
  return result.code;
}

ExitCode RunApply(const Session& session, const std::filesystem::path& file) {
  run::Program program = LoadProgram(session);
  const run::SyncResult result = run::ApplyFile({.program = program,
                                                 .clock = session.clock,
                                                 .observer = session.log,
                                                 .stop_requested = session.stop_requested,
                                                 .pause = &run::Pause},
                                                file);
  TellResult(session, result);
  return result.code;
}

}  // namespace ucaas_sync::commands
