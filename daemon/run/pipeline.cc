#include "daemon/run/pipeline.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include "daemon/model/text.h"
#include "daemon/plan/plan_json.h"
#include "daemon/run/reading.h"
#include "daemon/run/target.h"
#include "daemon/state/run_lock.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::run {
namespace {

std::uint64_t RandomNumber() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32U) | device();
}

std::string NewPlanId() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::uint64_t number = RandomNumber();
  std::string id;
  for (int i = 0; i < 16; ++i, number >>= 4U) id += kDigits[number & 0xFU];
  return id;
}

std::unique_ptr<state::SqliteStore> OpenState(const Context& context, state::OpenMode mode) {
  const config::Config& config = context.program.config;
  auto store =
      state::OpenStore(config.state_dir, mode, {.program_version = UCAAS_SYNC_VERSION, .seed = RandomNumber()});
  const AccountName account = AccountOf(config.target);
  store->Bind(account.base_url, account.credential_id);
  return store;
}

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

apply::ExecutorOptions OptionsOf(const Program& program) {
  apply::ExecutorOptions options;
  options.membership = program.config.target.membership;
  options.failures_percent = program.config.guards.failures;
  options.window = std::max<std::uint32_t>(4, 2 * program.config.target.concurrency);
  for (const config::RuleConfig& rule : program.config.rules) {
    if (rule.existing == config::ExistingPolicy::kQuarantine) options.never_adopt.insert(rule.kind);
  }
  return options;
}

apply::ApplyResult Apply(const Context& context, StateStore& store, const std::string& run, const Plan& plan) {
  if (plan.operations.empty()) return {};
  Target target(context.program, context.clock, context.observer, context.stop_requested);
  apply::Executor executor(store, target.caller(), context.clock, context.observer, OptionsOf(context.program));
  return executor.Apply(run, plan);
}

std::string HeldMessage(const Plan& plan) {
  std::string text;
  for (const GuardVerdict& guard : plan.guards) {
    if (!guard.held) continue;
    if (!text.empty()) text += ", ";
    text += guard.name + (guard.subject.empty() ? "" : " (" + guard.subject + ")") + ": " +
            WithThousands(guard.actual) + ", limit " + WithThousands(guard.limit);
  }
  return "held by " + text;
}

bool HasNewQuarantine(const Plan& plan) {
  return std::any_of(plan.quarantine.begin(), plan.quarantine.end(),
                     [](const QuarantineItem& item) { return item.is_new; });
}

void Conclude(SyncResult& result) {
  result.code = result.applied.code;
  result.message = result.applied.message;
  if (result.code == ExitCode::kConverged && HasNewQuarantine(result.plan)) {
    result.code = ExitCode::kPartial;
    result.message =
        "new in quarantine: " +
        Counted(static_cast<std::uint64_t>(std::count_if(result.plan.quarantine.begin(), result.plan.quarantine.end(),
                                                         [](const QuarantineItem& item) { return item.is_new; })),
                "entry", "entries");
  }
}

// Runs `body` between BeginRun and FinishRun; a run that fails is journalled with its code and message, then goes on
// failing.
template <typename Body>
SyncResult Journalled(const Context& context, state::SqliteStore& store, const std::string& trigger, Body&& body) {
  SyncResult result;
  result.run = store.BeginRun({.trigger = trigger, .at = context.clock.Now()});
  try {
    body(result);
  } catch (const Failure& failure) {
    store.FinishRun(result.run, failure.code(), failure.what(), 0, result.plan.summary, context.clock.Now());
    throw;
  }
  store.FinishRun(result.run, result.code, result.message, result.applied.failed, result.plan.summary,
                  context.clock.Now());
  return result;
}

// The plan was made from a state that may have moved since: each touched entity must be as it was then.
void CheckPreconditions(Plan& plan, const StateStore& store, const std::string& file) {
  const auto stale = [&file](const std::string& why) {
    return Failure(ExitCode::kStale, file + ": " + why + "; nothing was written; make a new plan and review it");
  };
  OperationList checked;
  plan.operations.ForEach([&](Operation operation) {
    const std::string who = std::string(Name(operation.kind)) + ' ' + Printable(operation.key);
    const auto row = store.Find(operation.kind, operation.key);
    const bool exists = row && row->lifecycle != Lifecycle::kGone;
    const bool makes = operation.action == Action::kCreate || operation.action == Action::kAdopt;
    if (makes && exists) throw stale(who + " has been created or adopted since the plan was made");
    if (!makes) {
      if (!exists) throw stale(who + " is not in the state any more");
      if (row->remote_id != operation.remote_id || row->version > plan.state_version) {
        throw stale(who + " has changed since the plan was made");
      }
    }
    operation.entity_id = row ? row->id : 0;
    checked.Add(std::move(operation));
  });
  plan.operations = std::move(checked);
}

}  // namespace

Planned MakePlan(const Context& context, const PlanRequest& request, const StateView& state) {
  Program& program = context.program;
  const Instant now = context.clock.Now();
  plan::Planner planner(state, program.policy, now);
  ReadResult read = ReadSources(program, request.source_paths, state, planner, now, context.observer);
  const auto listing = ListTarget(context, request, state, read.warnings);
  auto [plan, notes] = planner.Finish({.sources = read.states,
                                       .listing = listing ? &*listing : nullptr,
                                       .warnings = std::move(read.warnings),
                                       .config_hash = program.config.hash,
                                       .only = request.only,
                                       .new_id = &NewPlanId});
  const auto date_turns = program.mapper.due_at();
  if (date_turns && (!notes.due_at || *date_turns < *notes.due_at)) notes.due_at = date_turns;
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
    if (result.plan.held) {
      result.code = ExitCode::kHeld;
      result.message = HeldMessage(result.plan);
      store->SetHeld(result.message);
      return;
    }
    store->SetHeld({});
    // Before anything is sent: an absence or a quarantine is a fact of this read, whatever becomes of the operations.
    if (request.only.empty()) {
      store->RecordNotes(result.run, planned.notes, result.plan.quarantine, planned.histories);
      store->ReplaceDue(result.plan.due);
    }
    result.applied = Apply(context, *store, result.run, result.plan);
    Conclude(result);
  });
}

SyncResult ApplyFile(const Context& context, const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    throw Failure(ExitCode::kStale, file.string() + ": cannot be opened; name a file that `plan --out` wrote");
  }
  Plan plan = plan::ReadPlan(in, file.string());
  const auto stale = [&file](const std::string& why) {
    return Failure(ExitCode::kStale,
                   file.string() + ": " + why + "; nothing was written; make a new plan and review it");
  };
  if (!plan::VerifyHash(plan)) throw stale("was altered after it was made: its hash does not fit");
  if (plan.config_hash != context.program.config.hash) throw stale("was made with another configuration");
  if (plan.held) {
    throw Failure(ExitCode::kHeld,
                  file.string() + ": a guard holds this plan (" + HeldMessage(plan) + "); nothing was written");
  }
  const auto lock = state::RunLock::Acquire(context.program.config.state_dir, context.clock.Now());
  const auto store = OpenState(context, state::OpenMode::kReadWrite);
  const std::string used_as = plan.hash + ' ' + plan.id;
  return Journalled(context, *store, "apply", [&](SyncResult& result) {
    if (store->PlanWasUsed(used_as)) throw stale("was applied before, and a plan is applied once");
    CheckPreconditions(plan, *store, file.string());
    result.plan = std::move(plan);
    store->MarkPlanUsed(used_as, context.clock.Now());
    result.applied = Apply(context, *store, result.run, result.plan);
    Conclude(result);
  });
}

}  // namespace ucaas_sync::run
