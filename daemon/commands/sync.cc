#include <unistd.h>

#include <algorithm>
#include <ostream>

#include "daemon/commands/command.h"
#include "daemon/model/text.h"
#include "daemon/report/plan_text.h"
#include "daemon/run/pipeline.h"
#include "daemon/run/system_clock.h"

namespace ucaas_sync::commands {

void TellResult(const Session& session, const run::Program& program, const run::SyncResult& result) {
  session.log.ClearProgress();
  // Where nobody looks on this is a line in somebody's log, and names whom the log names.
  const bool may_name = isatty(STDOUT_FILENO) == 1 || program.config.log.people == config::People::kFull;
  const bool is_held = result.code == ExitCode::kHeld;
  if (is_held && may_name) {
    report::WritePlanText(result.plan,
                          {.colour = session.terminal.colour,
                           .width = session.terminal.width,
                           .operations = 20,
                           .approve = result.approve},
                          session.out);
  } else if (may_name) {
    report::WriteNewQuarantine(result.plan,
                               {.colour = session.terminal.colour, .width = session.terminal.width, .quarantine = 20},
                               session.out);
  }
  session.out << "run " << result.run << ": " << Word(result.code);
  if (!is_held) {
    if (result.plan.operations.empty() && result.code == ExitCode::kConverged) {
      session.out << ", nothing to do";
    } else {
      session.out << ", " << Counted(result.applied.done, "operation") << " done";
    }
    if (result.applied.failed > 0) session.out << ", " << WithThousands(result.applied.failed) << " failed";
    if (result.applied.kept > 0) session.out << ", " << WithThousands(result.applied.kept) << " protected";
    if (result.applied.left > 0) session.out << ", " << WithThousands(result.applied.left) << " left for the next run";
  }
  // A held plan has said all that stands in the message.
  if (!result.message.empty() && !(is_held && may_name)) session.out << " (" << Printable(result.message) << ')';
  session.out << '\n';
  if (may_name) return;
  const bool has_new = std::any_of(result.plan.quarantine.begin(), result.plan.quarantine.end(),
                                   [](const QuarantineItem& item) { return item.is_new; });
  if (is_held) session.out << "Whom it is about is not said here (log.people): ucaas-sync plan\n";
  if (!is_held && has_new) session.out << "Who it is is not said here (log.people): ucaas-sync quarantine list\n";
}

ExitCode RunSync(const Session& session, const std::string& only) {
  run::Program program = LoadProgram(session);
  const run::SyncResult result =
      run::Sync({.program = program,
                 .clock = session.clock,
                 .observer = session.log,
                 .stop_requested = session.stop_requested,
                 .pause = &run::Pause},
                {.only = only, .source_paths = {}}, only.empty() ? "command" : "command --only");
  TellResult(session, program, result);
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
  TellResult(session, program, result);
  return result.code;
}

}  // namespace ucaas_sync::commands
