#include "daemon/report/status.h"

#include <ostream>

#include "daemon/commands/command.h"
#include "daemon/plan/consent.h"
#include "daemon/report/quarantine.h"
#include "daemon/run/pipeline.h"
#include "daemon/run/program.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::commands {

namespace {

std::optional<report::Status::Held> HeldOf(const state::SqliteStore& store, Instant now) {
  const auto held = store.Held();
  if (!held) return std::nullopt;
  report::Status::Held out{.run = held->run, .since = held->since, .scope = held->scope, .approved_by = {}};
  // Whether it covers the next plan is for that plan to find out; that somebody agreed to this run is known.
  for (const Approval& approval : store.Approvals(now)) {
    if (approval.subject == held->run) out.approved_by = plan::ApprovedBy(approval);
  }
  return out;
}

}  // namespace

ExitCode RunStatus(const Session& session, Format format) {
  const run::Program program = LoadProgram(session);
  const auto store =
      state::OpenStore(program.config.state_dir, state::OpenMode::kReadOnly, {.program_version = UCAAS_SYNC_VERSION});
  constexpr std::size_t kRuns = 20;
  const Instant now = session.clock.Now();
  const report::Status status{.runs = store->Runs(kRuns),
                              .quarantine = report::WithHolds(store->Quarantined(), store->Holds(now)),
                              .held = HeldOf(*store, now),
                              .left_alone = store->LeftAlones(),
                              .due = store->Due(),
                              .next_run = std::nullopt};
  if (format == Format::kJson) {
    report::WriteStatusJson(status, session.out);
  } else {
    report::WriteStatusText(status, now, session.terminal.colour, session.out);
  }
  return ExitCode::kConverged;
}

}  // namespace ucaas_sync::commands
