#include "daemon/run/revert.h"

#include <ostream>

#include "daemon/commands/command.h"
#include "daemon/commands/confirm.h"
#include "daemon/model/text.h"
#include "daemon/report/plan_text.h"
#include "daemon/run/system_clock.h"

namespace ucaas_sync::commands {

ExitCode RunRevert(const Session& session, const RevertOptions& options) {
  run::Program program = LoadProgram(session);
  const run::Context context{.program = program,
                             .clock = session.clock,
                             .observer = session.log,
                             .stop_requested = session.stop_requested,
                             .pause = &run::Pause};
  const plan::Revert revert = run::PlanRevert(context, options.run);
  session.log.ClearProgress();
  if (!revert.cannot.empty()) {
    session.out << "What cannot be undone:\n";
    for (const std::string& what : revert.cannot) session.out << "  - " << Printable(what) << '\n';
    session.out << '\n';
  }
  if (revert.plan.operations.empty() && !revert.plan.held) {
    for (const std::string& left : revert.plan.warnings) session.out << Printable(left) << '\n';
    session.out << "Nothing of run " << Printable(options.run) << " is left to revert.\n";
    return ExitCode::kConverged;
  }
  report::PlanTextOptions text{.colour = session.terminal.colour, .width = session.terminal.width};
  if (options.all) text.operations = 0;
  report::WritePlanText(revert.plan, text, session.out);
  session.out.flush();
  if (options.plan_only) return revert.plan.held ? ExitCode::kHeld : ExitCode::kConverged;
  if (!revert.plan.held) {
    session.out << "Everybody above is held afterwards, until what their source says of them changes.\n";
    if (!Confirm(session, options.yes, "Revert run " + Printable(options.run) + "?")) return Declined(session);
  }
  const run::SyncResult result = run::Revert(context, options.run, revert.plan.hash);
  TellResult(session, program, result);
  return result.code;
}

}  // namespace ucaas_sync::commands
