// The steps that every kind of run is made of: opening the state, applying a plan, and keeping the run's record.
// Private to this room, but for OpenState. Each throws Failure for what ends the run.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "daemon/report/naming.h"
#include "daemon/run/pipeline.h"
#include "daemon/run/target.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::run {

/// For seeds; of the context, or the system's.
std::uint64_t RandomNumber(const Context& context);

/// Random, for plans; 16 hexadecimal digits.
std::string NewPlanId(const Context& context);

/// The state of the configured account; refused (78) when it belongs to another one.
std::unique_ptr<state::SqliteStore> OpenState(const Context& context, state::OpenMode mode);
/// The same in another directory.
std::unique_ptr<state::SqliteStore> OpenStateIn(const Context& context, const std::filesystem::path& dir,
                                                state::OpenMode mode);

/// A plan that a person has read is done as it was read: what somebody changes at the target meanwhile stays.
enum class PlanOrigin : std::uint8_t { kThisRun, kReviewed, kRevert };

/// Stores the plan under `run` and does it. An empty plan asks the target nothing. What waits for the next plan, or was
/// left to it, makes that due at once.
apply::ApplyResult Apply(const Context& context, state::SqliteStore& store, const std::string& run, const Plan& plan,
                         PlanOrigin origin = PlanOrigin::kThisRun);

/// "held by user.suspend: 61, limit 60, …"
std::string HeldMessage(const Plan& plan);

/// Removes from the journal what is older than journal.keep, a bounded amount a run, and after a run that had nothing
/// to do makes the state's file smaller when that is worthwhile. What cannot be tidied is said and hurts no run.
void TidyJournal(const Context& context, state::SqliteStore& store, bool is_quiet);

/// Sets the run's code and message from what was applied and what went newly into quarantine.
void Conclude(SyncResult& result);

/// Journals what ended the run. A state that cannot even take that is said, and does not hide it: the next run finds
/// this one open and takes it for cut off.
void CloseFailed(const Context& context, state::SqliteStore& store, const SyncResult& result, const Failure& failure);

/// What the target asked for by Retry-After and what outlasts a run, for a day at most: then it is asked again.
inline constexpr std::chrono::hours kLongestRest{24};

/// A context for one run, whose parts share the target. It knows how long earlier runs were asked to leave that alone.
struct ContextOfRun {
  /// For a run that writes to `store`: what this one is asked is kept there as soon as it is.
  ContextOfRun(const Context& given, state::SqliteStore& store);
  /// For one that reads it alone.
  ContextOfRun(const Context& given, const state::SqliteStore& store);
  ContextOfRun(const ContextOfRun&) = delete;
  ContextOfRun& operator=(const ContextOfRun&) = delete;

  TargetOfRun target;
  Context context;
};

/// Runs `body` between BeginRun and FinishRun; a run that fails is journalled with its code and message, then goes on
/// failing.
template <typename Body>
SyncResult Journalled(const Context& context, state::SqliteStore& store, const std::string& trigger, Body&& body) {
  SyncResult result;
  result.run = store.BeginRun({.trigger = trigger, .at = context.clock.Now()});
  try {
    body(result);
  } catch (const Failure& failure) {
    CloseFailed(context, store, result, failure);
    throw;
  }
  // The next run plans anew also what a reviewed plan found otherwise.
  const std::uint64_t left = result.applied.left + result.applied.outdated;
  if (left > 0) store.NoteLeft(result.run, left);
  const std::string reason =
      result.why_approved.empty() ? std::string() : std::string(report::kReasonFollows) + result.why_approved;
  store.FinishRun(result.run, result.code, result.message + reason, result.applied.failed, result.plan.summary,
                  context.clock.Now());
  TidyJournal(context, store, result.plan.operations.empty());
  return result;
}

}  // namespace ucaas_sync::run
