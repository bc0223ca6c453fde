#include <ostream>
#include <set>

#include "daemon/commands/command.h"
#include "daemon/model/text.h"
#include "daemon/run/consent.h"
#include "daemon/run/program.h"

namespace ucaas_sync::commands {
namespace {

void Tell(const run::Approved& approved, std::ostream& out) {
  const Approval& approval = approved.approval;
  out << "Approved: " << Printable(approval.subject) << ", by " << Printable(approval.who) << " until "
      << FormatInstant(approval.until) << ". It covers:\n";
  std::vector<std::string> people;
  std::set<std::string> seen;
  std::size_t most = 0;
  for (const ConsentGuard& guard : approval.scope.guards) {
    out << "  " << guard.name;
    if (!guard.subject.empty()) out << " (" << Printable(guard.subject) << ')';
    out << ": " << WithThousands(guard.actual) << ", limit " << WithThousands(guard.limit);
    if (!guard.covers.empty()) out << ": " << guard.covers;
    out << '\n';
    most = std::max(most, guard.operations.size());
    for (const std::string& example : guard.examples) {
      if (seen.insert(example).second) people.push_back(example);
    }
  }
  constexpr std::size_t kMostPeople = 10;
  const std::size_t shown = std::min(people.size(), kMostPeople);
  for (std::size_t i = 0; i < shown; ++i) out << "    " << Printable(people[i]) << '\n';
  if (most > shown && shown > 0) out << "    … and " << WithThousands(most - shown) << " more\n";
  out << "A plan passes while what it does under these guards is among this; whatever is beyond it is held again.\n"
      << Printable(approved.next) << '\n';
}

}  // namespace

ExitCode RunApprove(const Session& session, const ApproveOptions& options) {
  run::Program program = LoadProgram(session);
  const run::Approved approved = run::Approve(
      {.program = program, .clock = session.clock, .observer = session.log, .stop_requested = session.stop_requested},
      {.what = options.what, .who = session.user, .reason = options.reason});
  Tell(approved, session.out);
  return ExitCode::kConverged;
}

}  // namespace ucaas_sync::commands
