#include "daemon/run/refresh_steps.h"

#include <algorithm>
#include <utility>

#include "daemon/model/text.h"
#include "daemon/run/refresh.h"
#include "daemon/run/target.h"

namespace ucaas_sync::run {
namespace {

bool MayFollow(ExitCode code) {
  switch (code) {
    case ExitCode::kConverged:
    case ExitCode::kPartial:
    case ExitCode::kHeld:  // perhaps held for what somebody has set right at the target since
      return true;
    case ExitCode::kError:
    case ExitCode::kChanges:
    case ExitCode::kSource:
    case ExitCode::kRefused:
    case ExitCode::kUnavailable:
    case ExitCode::kBusy:
    case ExitCode::kStale:
    case ExitCode::kUsage:
    case ExitCode::kConfig:
      return false;
  }
  return false;
}

}  // namespace

bool WasLookedAt(const state::SqliteStore& store) {
  return !store.IsEmpty() && store.Refresh().finished_at.has_value();
}

void NoteRefreshDue(const Context& context, const state::SqliteStore& store, const std::optional<Instant>& listed_at,
                    PlanNotes& notes) {
  const Duration every = context.program.config.schedule.refresh;
  const Instant now = context.clock.Now();
  const Instant due = listed_at ? *listed_at + every : RefreshDue(store.Refresh(), every, now);
  // One that is due now is this run's own end, which notes when the next one is.
  if (due <= now) return;
  if (!notes.due_at || due < *notes.due_at) notes.due_at = due;
}

void RecordPutBack(const Context& context, state::SqliteStore& store, const std::string& run,
                   const std::vector<DriftRepair>& repairs) {
  if (repairs.empty()) return;
  std::vector<DriftRepair> done;
  store.ForEachOperation(run, [&](const Operation& operation, const OperationOutcome* outcome) {
    if (outcome == nullptr || !outcome->done) return;
    for (const DriftRepair& repair : repairs) {
      if (repair.entity_id == operation.entity_id && FindChange(operation, repair.field) != nullptr) {
        done.push_back(repair);
      }
    }
  });
  store.RecordRepairs(done, context.clock.Now());
}

void RecordWholeLook(state::SqliteStore& store, Instant at, std::vector<std::uint64_t> listed) {
  store.RecordRefresh({.cursor = {.finished_at = at, .not_before = {}, .started_at = {}},
                       .seen = {},
                       .found = {},
                       .agreeing = {},
                       .others = OthersOf(std::move(listed), store)},
                      {});
}

void ContinueRefresh(const Context& context, state::SqliteStore& store, ExitCode code) {
  const Duration every = context.program.config.schedule.refresh;
  const Instant now = context.clock.Now();
  if (store.IsEmpty() || RefreshDue(store.Refresh(), every, now) > now) return;
  if (!WasLookedAt(store)) {
    // Each plan lists everything then, and who is there already is matched once one of them has been through.
    store.NoteDue(now + every);
    return;
  }
  const bool is_stopped = context.stop_requested && context.stop_requested();
  if (!MayFollow(code) || is_stopped) {
    store.NoteDue(now);
    return;
  }
  try {
    Target target(context);
    Refresh(store, target.caller(), context.program.policy, context.clock, context.observer, {.every = every})
        .Continue();
  } catch (const StateFailure&) {
    throw;
  } catch (const Failure& failure) {
    store.NoteDue(now);
    context.observer.OnEvent({.id = EventId::kRefreshFailed,
                              .text = std::string("the target cannot be compared with the state now, the next run "
                                                  "tries again: ") +
                                      Printable(failure.what())});
  }
}

}  // namespace ucaas_sync::run
