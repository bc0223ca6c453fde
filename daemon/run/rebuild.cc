#include "daemon/run/rebuild.h"

#include <array>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "daemon/run/plan_file.h"
#include "daemon/run/reading.h"
#include "daemon/run/rebuild_match.h"
#include "daemon/run/steps.h"
#include "daemon/run/target.h"
#include "daemon/state/replacement.h"
#include "daemon/state/run_lock.h"

namespace ucaas_sync::run {
namespace {

state::BoundAccount ConfiguredAccount(const Context& context) {
  const AccountName account = AccountOf(context.program.config.target);
  return {.base_url = account.base_url, .credential_id = account.credential_id};
}

plan::TargetListing ListTarget(const Context& context) {
  const config::TargetConfig& target = context.program.config.target;
  if (!target.sandbox.empty() && !std::filesystem::exists(target.sandbox.value)) return {};
  std::vector<Warning> none;  // a list that ends early throws
  return Target(context).List(Target::Need::kWhole, none);
}

/// The old state, when what it says can be believed of this account; else why not.
struct OldState {
  std::unique_ptr<state::SqliteStore> store;
  std::string why_not;
  std::uint64_t version = 0;  ///< As far as it can be read, also when nothing else of it is believed.
};

OldState OpenOld(const Context& context) {
  const std::filesystem::path& dir = context.program.config.state_dir;
  OldState old;
  if (!std::filesystem::exists(state::StatePath(dir))) {
    old.why_not = "there was no state";
    return old;
  }
  try {
    auto store = state::OpenStore(dir, state::OpenMode::kReadOnly, {.program_version = UCAAS_SYNC_VERSION});
    old.version = store->Version();
    const std::vector<std::string> problems = store->Check();
    const auto account = store->Account();
    if (!problems.empty()) {
      old.why_not = "the old state is damaged: " + problems.front();
    } else if (account && *account != ConfiguredAccount(context)) {
      old.why_not =
          "the old state belongs to another account, " + account->base_url + " with " + account->credential_id;
    } else {
      old.store = std::move(store);
    }
  } catch (const StateFailure& failure) {
    old.why_not = std::string("the old state cannot be read: ") + failure.what();
  }
  return old;
}

/// What a run without state would plan.
Plan PlanFromNothing(const Context& context, const plan::TargetListing& listing) {
  Program& program = context.program;
  const Instant now = context.clock.Now();
  const auto empty = state::EmptyStore({.program_version = UCAAS_SYNC_VERSION});
  plan::Planner planner(*empty, program.policy, now, {}, SpillFor(program));
  ReadResult read = ReadSources(program, {}, *empty, planner, now, context.observer, PatienceOf(context));
  return planner
      .Finish({.sources = read.states,
               .listing = &listing,
               .warnings = {},
               .config_hash = PlanFit(program),
               .only = {},
               .new_id = [&context] { return NewPlanId(context); }})
      .plan;
}

/// Of the state and its log: what tells that somebody has written there.
using FilesSeen = std::array<std::pair<std::uintmax_t, std::filesystem::file_time_type>, 2>;

FilesSeen SeeFiles(const std::filesystem::path& dir) {
  FilesSeen seen{};
  const std::string state = state::StatePath(dir).string();
  std::error_code gone;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const std::filesystem::path path = state + (i == 0 ? "" : "-wal");
    seen[i] = {std::filesystem::file_size(path, gone), std::filesystem::last_write_time(path, gone)};
  }
  return seen;
}

/// The run that made it. Nobody knows of this state before it is whole.
std::string MakeState(const Context& context, const std::filesystem::path& dir, const OldState& old,
                      const Rebuilder& rebuilder, const Plan& plan) {
  const auto store = OpenStateIn(context, dir, state::OpenMode::kReadWrite);
  store->ContinueVersions(old.version);
  if (old.store) {
    store->TakeOver(*old.store, [&rebuilder](Kind kind, Action action, const std::string& remote_id) {
      return rebuilder.WasDone(kind, action, remote_id);
    });
  }
  std::string run = store->BeginRun({.trigger = "state rebuild", .at = context.clock.Now()});
  store->StorePlan(run, plan);
  store->AdvanceMark(run, plan.operations.size());
  rebuilder.Record(*store, run);
  // Who differs, and what nobody answered, is for a run that nothing else may ask for.
  store->NoteDue(context.clock.Now());
  store->FinishRun(run, ExitCode::kConverged, "the state was made anew; nothing was written to the target", 0,
                   plan.summary, context.clock.Now());
  return run;
}

}  // namespace

RebuildResult Rebuild(const Context& context) {
  const std::filesystem::path& dir = context.program.config.state_dir;
  const auto lock = state::RunLock::Acquire(dir, context.clock.Now());
  const plan::TargetListing listing = ListTarget(context);
  const Plan fresh = PlanFromNothing(context, listing);
  state::Replacement made(dir);
  OldState old = OpenOld(context);
  const FilesSeen seen = SeeFiles(dir);
  RebuildResult result;
  result.not_taken_over = old.why_not;
  Rebuilder rebuilder(listing, old.store.get(), context.clock.Now(), result);
  rebuilder.Collect(fresh);
  const Plan plan = rebuilder.MakePlan(fresh, NewPlanId(context));
  result.run = MakeState(context, made.dir(), old, rebuilder, plan);
  old.store.reset();
  if (SeeFiles(dir) != seen) {
    throw Failure(ExitCode::kBusy,
                  "somebody's word (a hold, an approval, a release) has come into the old state while the new one was "
                  "made; nothing was changed; run the command again");
  }
  result.moved_to = made.PutInPlace(context.clock.Now());
  return result;
}

RebindPlan PlanRebind(const Context& context) {
  const auto store = state::OpenStore(context.program.config.state_dir, state::OpenMode::kReadOnly,
                                      {.program_version = UCAAS_SYNC_VERSION});
  RebindPlan plan{.from = store->Account(), .to = ConfiguredAccount(context)};
  if (!plan.is_needed() || !plan.from) return plan;
  const plan::TargetListing listing = ListTarget(context);
  const std::map<ObjectId, const plan::TargetListing::Object*> by_id = ById(listing);
  std::vector<std::int64_t> rows;
  store->ForEachKnown([&](const KnownEntity& known) {
    const bool is_listed = context.program.policy.has_rule_for(known.kind);
    if (is_listed && known.lifecycle != Lifecycle::kGone) rows.push_back(known.id);
  });
  plan.known = rows.size();
  for (const std::int64_t id : rows) {
    const StoredEntity row = store->Load(id);
    const auto there = by_id.find(ObjectId(row.kind, row.remote_id));
    if (there != by_id.end() && HasAddressOf(*there->second, row)) ++plan.found;
  }
  return plan;
}

void Rebind(const Context& context, const RebindPlan& plan) {
  const config::Config& config = context.program.config;
  const auto lock = state::RunLock::Acquire(config.state_dir, context.clock.Now());
  const auto store = state::OpenStore(config.state_dir, state::OpenMode::kReadWrite,
                                      {.program_version = UCAAS_SYNC_VERSION, .seed = RandomNumber(context)});
  if (store->Account() != plan.from) {
    throw Failure(ExitCode::kStale, "the state was bound anew meanwhile; nothing was written; run the command again");
  }
  const std::string run = store->BeginRun({.trigger = "state rebind", .at = context.clock.Now()});
  store->Rebind(plan.to);
  store->FinishRun(run, ExitCode::kConverged, "the state belongs to " + plan.to.base_url + " by now", 0, {},
                   context.clock.Now());
}

}  // namespace ucaas_sync::run
