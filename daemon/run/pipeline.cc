#include "daemon/run/pipeline.h"

#include <optional>
#include <utility>

#include "daemon/run/plan_file.h"
#include "daemon/run/reading.h"
#include "daemon/run/steps.h"
#include "daemon/run/target.h"
#include "daemon/state/run_lock.h"

namespace ucaas_sync::run {
namespace {

// Nothing to list: a sandbox that was never started holds nothing, and a dry run must not make its file.
bool IsUntouchedSandbox(const config::TargetConfig& target) {
  return !target.sandbox.empty() && !std::filesystem::exists(target.sandbox.value);
}

std::optional<plan::TargetListing> ListTarget(const Context& context, const PlanRequest& request,
                                              const StateView& state, std::vector<std::string>& warnings) {
  const bool wanted = request.refresh || state.IsEmpty();
  if (!wanted) return std::nullopt;
  if (request.offline) {
    warnings.emplace_back(
        "the target was not asked (--offline): who exists there already is not known, and may be adopted instead of "
        "created");
    return std::nullopt;
  }
  if (IsUntouchedSandbox(context.program.config.target)) return plan::TargetListing{};
  Target target(context.program, context.clock, context.observer, context.stop_requested);
  return target.List();
}

// What is held is kept with the run, so that a person can agree to it without a file.
void NoteHeld(const Context& context, state::SqliteStore& store, const PlanRequest& request, const ConsentScope& scope,
              SyncResult& result) {
  if (!scope.empty()) {
    store.RecordHeld(result.run, scope, context.clock.Now());
    result.approve = "ucaas-sync approve " + result.run;
  } else if (request.only.empty()) {
    // Of one person alone says nothing of the rest, which may well be held still.
    store.ClearHeld();
  }
}

}  // namespace

Planned MakePlan(const Context& context, const PlanRequest& request, const StateView& state) {
  Program& program = context.program;
  const Instant now = context.clock.Now();
  plan::Planner planner(state, program.policy, now);
  ReadResult read =
      ReadSources(program, request.source_paths, state, planner, now, context.observer, PatienceOf(context));
  const auto listing = ListTarget(context, request, state, read.warnings);
  auto [plan, notes] = planner.Finish({.sources = read.states,
                                       .listing = listing ? &*listing : nullptr,
                                       .warnings = std::move(read.warnings),
                                       .config_hash = PlanFit(program),
                                       .only = request.only,
                                       .new_id = &NewPlanId});
  const auto date_turns = program.mapper.due_at();
  if (date_turns && (!notes.due_at || *date_turns < *notes.due_at)) notes.due_at = date_turns;
  for (SnapshotHistory& history : read.histories) {
    for (std::size_t i = 0; i < read.states.size() && i < notes.repeated.size(); ++i) {
      if (read.states[i].name == history.source) history.repeated = notes.repeated[i];
    }
  }
  context.observer.OnPlan(plan);
  return {.plan = std::move(plan), .notes = std::move(notes), .histories = std::move(read.histories)};
}

Planned PlanOnly(const Context& context, const PlanRequest& request) {
  const auto store = OpenState(context, state::OpenMode::kReadOnly);
  return MakePlan(context, request, *store);
}

SyncResult Sync(const Context& context, const PlanRequest& request, const std::string& trigger) {
  const auto lock = state::RunLock::Acquire(context.program.config.state_dir, context.clock.Now());
  const auto store = OpenState(context, state::OpenMode::kReadWrite);
  return Journalled(context, *store, trigger, [&](SyncResult& result) {
    Planned planned = [&] {
      const auto moment = store->HoldMoment();
      return MakePlan(context, request, *store);
    }();
    result.plan = std::move(planned.plan);
    for (const std::string& warning : result.plan.warnings) {
      context.observer.OnEvent({.severity = Severity::kWarning, .name = "plan_warning", .text = warning});
    }
