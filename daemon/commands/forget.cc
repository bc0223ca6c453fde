#include "daemon/run/forget.h"

#include <ostream>

#include "daemon/commands/command.h"
#include "daemon/commands/confirm.h"
#include "daemon/model/text.h"
#include "daemon/run/system_clock.h"

namespace ucaas_sync::commands {

ExitCode RunForget(const Session& session, const std::string& who, bool yes) {
  run::Program program = LoadProgram(session);
  const run::Context context{.program = program,
                             .clock = session.clock,
                             .observer = session.log,
                             .stop_requested = session.stop_requested,
                             .pause = &run::Pause};
  const std::string key = run::WhomToForget(context, who);
  if (key.empty()) {
    session.out << "Nothing is kept of " << Printable(who) << ": it is neither a key nor an e-mail of anybody known.\n";
    return ExitCode::kConverged;
  }
  const std::string question =
      "Erase everything that is kept of " + Printable(key) + ", also from the journal? It cannot be undone.";
  if (!Confirm(session, yes, question)) return Declined(session);
  const run::ForgetResult result = run::Forget(context, key);
  session.log.ClearProgress();
  session.out << Printable(key) << " is forgotten: " << Counted(result.erased.entities, "row") << " and what "
              << Counted(result.erased.operations, "past operation") << " said of them erased.\n";
  if (!result.erased.files_are_clean) {
    session.out << "Another process is reading the state, so its log still has old pages; run `ucaas-sync state check` "
                   "after the next run, or this command again.\n";
  }
  for (const std::string& what : result.remains) session.out << "Mind that " << Printable(what) << ".\n";
  session.out << "Backups of the state, plans in files and logs that were made before are not ours to erase.\n";
  return ExitCode::kConverged;
}

}  // namespace ucaas_sync::commands
