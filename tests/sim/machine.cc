#include "tests/sim/machine.h"

#include <algorithm>
#include <utility>

#include "connectors/ucaas/client.h"
#include "daemon/apply/caller.h"
#include "daemon/apply/gate.h"
#include "tests/support/target_listing.h"

namespace ucaas_sync::sim {

std::string RunReport::ToString() const {
  std::string text;
  switch (end) {
    case End::kSource:
      return "refused for its source";
    case End::kHeld:
      text = "held";
      break;
    case End::kDone:
      text = "done";
      if (applied.failed != 0) text += ", " + std::to_string(applied.failed) + " failed: " + applied.message;
      break;
    case End::kCrashed:
      text = "cut off after " + std::to_string(writes.size()) + " writes";
      break;
  }
  for (const GuardVerdict& guard : plan.guards) {
    if (!guard.held && guard.approved_by.empty()) continue;
    text += (guard.held ? "; held by " : "; approved: ") + guard.name + ' ' + guard.subject;
    text += " (" + std::to_string(guard.actual) + " of " + std::to_string(guard.limit) + ")";
  }
  plan.operations.ForEach([&](const Operation& operation) {
    text += "\n      " + std::string(Name(operation.action)) + ' ' + std::string(Name(operation.kind)) + ' ' +
            operation.key + " (" + operation.reason + ")";
  });
  for (const QuarantineItem& item : plan.quarantine) {
    text += "\n      set aside " + item.kind + ' ' + item.key + ": " + item.reason;
  }
  return text;
}

Machine::Machine(const Settings& settings, Instant start) : program(settings) {
  clock.now = start;
  target.on_request = [this](const HttpRequest& /*request*/) { fuse.Burn(); };
}

std::optional<plan::TargetListing> Machine::ListTarget() const {
  if (!store.IsEmpty()) return std::nullopt;
  return testing::ListingOf(target);
}

void Machine::Approve(const RunReport& report) {
  store.approvals.push_back({.subject = "run",
                             .who = "ada",
                             .reason = {},
                             .at = clock.now,
                             .until = clock.now + kApprovalLasts,
                             .scope = report.notes.consent});
}

std::optional<Program::Planned> Machine::Plan(const Export& day, Instant now) {
  const auto listing = ListTarget();
  return program.MakePlan(day, now, store, listing ? &*listing : nullptr);
}

RunReport Machine::Sync(const Export& day) {
  RunReport report;
  report.at = clock.now;
  log.clear();
  try {
    Run(day, report);
  } catch (const Crash&) {
    report.end = RunReport::End::kCrashed;
  }
  fuse.left = -1;
  std::copy_if(log.begin(), log.end(), std::back_inserter(report.writes),
               [](const std::string& request) { return !request.starts_with("GET "); });
  return report;
}

void Machine::Run(const Export& day, RunReport& report) {
  const std::string run = store.BeginRun({.trigger = "command", .at = clock.now});
  std::optional<Program::Planned> planned = Plan(day, clock.now);
  if (!planned) {
    report.end = RunReport::End::kSource;
    store.FinishRun(run, ExitCode::kSource, "refused", 0, {}, clock.now);
    return;
  }
  report.was_planned = true;
  report.plan = std::move(planned->plan);
  report.notes = std::move(planned->notes);
  if (report.plan.held) {
    report.end = RunReport::End::kHeld;
    store.RecordHeldNotes(report.notes);
    store.FinishRun(run, ExitCode::kHeld, "held", 0, report.plan.summary, clock.now);
    return;
  }
  store.RecordNotes(run, report.notes, report.plan.quarantine, planned->histories);
  store.ReplaceDue(report.plan.due);
  if (!report.plan.operations.empty()) {
    clock.ticks = {};
    SilentObserver observer;
    ucaas::Client client(target, ucaas::Routes::BuiltIn(), ucaas::Codes::BuiltIn(), 100);
    apply::Gate gate({.concurrency = 8, .rate = 1'000'000, .retry = {}, .seed = 1}, clock.ticks);
    apply::Caller caller(client, gate, clock, observer, {});
    apply::Executor executor(store, caller, clock, observer, {});
    report.applied = executor.Apply(run, report.plan);
  }
  const bool has_new = std::any_of(report.plan.quarantine.begin(), report.plan.quarantine.end(),
                                   [](const QuarantineItem& item) { return item.is_new; });
  const bool is_partial = report.applied.code == ExitCode::kConverged && has_new;
  store.FinishRun(run, is_partial ? ExitCode::kPartial : report.applied.code, report.applied.message,
                  report.applied.failed, report.plan.summary, clock.now);
}

}  // namespace ucaas_sync::sim
