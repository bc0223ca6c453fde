#include "daemon/run/pipeline.h"

#include <malloc.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "daemon/model/text.h"
#include "daemon/run/consent.h"
#include "daemon/run/leftovers.h"
#include "daemon/run/plan_file.h"
#include "daemon/run/reading.h"
#include "daemon/run/refresh.h"
#include "daemon/run/refresh_steps.h"
#include "daemon/run/steps.h"
#include "daemon/run/target.h"
#include "daemon/state/run_lock.h"

namespace ucaas_sync::run {
namespace {

// Nothing to list: a sandbox that was never started holds nothing, and a dry run must not make its file.
bool IsUntouchedSandbox(const config::TargetConfig& target) {
  return !target.sandbox.empty() && !std::filesystem::exists(target.sandbox.value);
}

/// What a plan knows of the target beyond the state.
struct Look {
  std::optional<plan::TargetListing> listing;
  std::vector<DriftFinding> drift;
  std::vector<Warning> warnings;
};

Look ListTarget(const Context& context, const state::SqliteStore& state, bool needs_whole) {
  Look look;
  if (IsUntouchedSandbox(context.program.config.target)) {
    look.listing.emplace();
    state.ForEachRemote([&look](std::int64_t id, Kind, std::string_view) {
      look.drift.push_back({.entity_id = id, .missing = true, .shown = {}, .groups = {}});
    });
    return look;
  }
  Target target(context);
  // With nothing known, a list that breaks off would double whoever is beyond its end.
  const auto need = WasLookedAt(state) && !needs_whole ? Target::Need::kAsFarAsItGoes : Target::Need::kWhole;
  look.listing = target.List(need, look.warnings);
  if (!state.IsEmpty()) {
    look.drift = CompareListing(*look.listing, state, context.program.policy, target.caller());
  }
  return look;
}

/// What tells a lasting warning from another one. It is kept in the state, so it names nobody where that can be helped.
const std::string& IdentityOf(const Warning& warning) {
  return warning.bare.empty() ? warning.text : warning.bare;
}

std::vector<std::uint64_t> DigestsOf(const plan::TargetListing& listing) {
  std::vector<std::uint64_t> digests;
  for (const auto& objects : listing.objects) {
    for (const auto& object : objects) digests.push_back(RemoteDigest(object.kind, object.remote_id));
  }
  return digests;
}

// The plan's text says each of them anew; the log says once what lasts, and again when it is said otherwise.
void LogWarnings(const Context& context, state::SqliteStore& store, const std::vector<Warning>& warnings) {
  std::vector<std::string> lasting;
  for (const Warning& warning : warnings) {
    if (warning.lasts) lasting.push_back(IdentityOf(warning));
  }
  const std::set<std::string> news = store.NoteWarnings(lasting);
  for (const Warning& warning : warnings) {
    if (warning.lasts && !news.contains(IdentityOf(warning))) continue;
    Event event{.id = EventId::kPlanWarning, .text = warning.text};
    if (!warning.bare.empty()) {
      event.text = warning.bare;
      event.keys = warning.keys;
      event.in_full = warning.text;
    }
    context.observer.OnEvent(event);
  }
}

bool IsHeldForCreates(const Plan& plan) {
  return std::any_of(plan.guards.begin(), plan.guards.end(),
                     [](const GuardVerdict& guard) { return guard.held && guard.name.ends_with(".create"); });
}

/// Kinds that it creates of and of which the state has never known anybody: the rule is new, and no look at the target
/// has shown who is there.
std::set<Kind> BegunKinds(const Plan& plan, const state::SqliteStore& store) {
  const auto known = store.CountEntities();
  std::set<Kind> kinds;
  for (const Kind kind : kAllKinds) {
    const auto& counts = known[Index(kind)];
    const bool creates = plan.summary_of(kind).actions[Index(Action::kCreate)] != 0;
    if (creates && std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}) == 0) kinds.insert(kind);
  }
  return kinds;
}

/// Where a kind begins, nobody of it is created without the whole of the target.
Planned PlanWithNewKinds(const Context& context, const PlanRequest& request, const state::SqliteStore& store) {
  Planned planned = MakePlan(context, request, store);
  if (request.offline || planned.listed_at || store.IsEmpty()) return planned;
  const std::set<Kind> begun = BegunKinds(planned.plan, store);
  if (begun.empty()) return planned;
  std::optional<std::string> refused;
  if (!request.refresh) {
    context.observer.OnEvent({.id = EventId::kNewcomersLookedFor,
                              .text = "a rule for another kind is new: the target is listed, since whoever is there "
                                      "already is adopted"});
    PlanRequest asking = request;
    asking.refresh = true;
    asking.needs_whole = true;
    try {
      return MakePlan(context, asking, store);
    } catch (const Failure& failure) {
      const bool is_stopped = context.stop_requested && context.stop_requested();
      if (is_stopped || (failure.code() != ExitCode::kUnavailable && failure.code() != ExitCode::kRefused)) throw;
      context.observer.OnEvent({.id = EventId::kNewcomersUnknown,
                                .text = std::string("whether they are there already is not known: ") + failure.what()});
      if (failure.code() == ExitCode::kRefused) refused = failure.what();
    }
  }
  PlanRequest without = request;
  without.unlisted = begun;
  planned = MakePlan(context, without, store);
  planned.unlisted = begun;
  planned.refused = std::move(refused);
  constexpr std::chrono::minutes kAskAgainAfter{30};
  const Instant again = context.clock.Now() + kAskAgainAfter;
  if (!planned.notes.due_at || again < *planned.notes.due_at) planned.notes.due_at = again;
  return planned;
}

/// A plan for `sync`. So many newcomers at once are perhaps there already (a scope that was made wider): then the
/// account is asked, and they are adopted.
Planned PlanToApply(const Context& context, const PlanRequest& request, const state::SqliteStore& store) {
  Planned planned = PlanWithNewKinds(context, request, store);
  const bool is_asked = request.refresh || planned.listed_at || planned.refused;
  if (is_asked || store.IsEmpty() || !IsHeldForCreates(planned.plan)) return planned;
  context.observer.OnEvent({.id = EventId::kNewcomersLookedFor,
                            .text = "more creates than the guards allow: the target is listed, since whoever is there "
                                    "already is adopted"});
  PlanRequest asking = request;
  asking.refresh = true;
  asking.unlisted = planned.unlisted;
  try {
    Planned listed = MakePlan(context, asking, store);
    // The kinds that were left out are asked for again as soon.
    if (planned.notes.due_at && !planned.unlisted.empty()) {
      listed.notes.due_at = std::min(*planned.notes.due_at, listed.notes.due_at.value_or(*planned.notes.due_at));
    }
    return listed;
  } catch (const Failure& failure) {
    const bool is_stopped = context.stop_requested && context.stop_requested();
    const bool is_refused = failure.code() == ExitCode::kRefused;
    if (failure.code() != ExitCode::kUnavailable && (is_stopped || !is_refused)) throw;
    context.observer.OnEvent({.id = EventId::kNewcomersUnknown,
                              .text = std::string("whether they are there already is not known: ") + failure.what()});
    // The run ends so, once what it read of its sources is noted.
    if (is_refused) planned.refused = failure.what();
    return planned;
  }
}

/// What came while a run was under way is not in its plan, and is told however the run ends.
class TellsOfOthers {
 public:
  TellsOfOthers(const Context& context, const state::SqliteStore& store) : told_(context.others_wrote), store_(store) {}
  ~TellsOfOthers() {
    if (told_ != nullptr) *told_ = store_.WasWrittenByOthers();
  }
  TellsOfOthers(const TellsOfOthers&) = delete;
  TellsOfOthers& operator=(const TellsOfOthers&) = delete;

 private:
  bool* told_;
  const state::SqliteStore& store_;
};

// What is held is kept with the run, so that a person can agree to it without a file.
void NoteHeld(const Context& context, state::SqliteStore& store, const PlanRequest& request, const ConsentScope& scope,
              SyncResult& result) {
  if (!scope.empty()) {
    const auto reach = request.only.empty() ? state::SqliteStore::Reach::kAll : state::SqliteStore::Reach::kOnePerson;
    store.RecordHeld(result.run, scope, HeldDecisions(result.plan, scope), context.clock.Now(), reach);
    result.approve = "ucaas-sync approve " + result.run;
  } else if (request.only.empty()) {
    // Of one person alone says nothing of the rest, which may well be held still.
    store.ClearHeld();
  }
}

// Keys that are refused are not shown again as soon as a run that wrote nothing would follow another: the run ends so.
void TellRefusal(const std::optional<apply::Stop>& stopped, SyncResult& result) {
  if (!stopped || stopped->code != ExitCode::kRefused) return;
  result.code = ExitCode::kRefused;
  result.message = stopped->because + (result.message.empty() ? "" : "; " + result.message);
}

}  // namespace

Planned MakePlan(const Context& context, const PlanRequest& request, const state::SqliteStore& state) {
  Program& program = context.program;
  const Instant now = context.clock.Now();
  Look look;
  const bool is_empty = state.IsEmpty();
  const bool was_looked_at = WasLookedAt(state);
  if (is_empty || (!request.refresh && (was_looked_at || request.offline))) {
    look.drift = state.Drift();
  } else {
    // Before the sources: what is unchanged there and changed at the target must not be passed over.
    look = ListTarget(context, state, request.needs_whole);
  }
  plan::Planner planner(state, program.policy, now, look.drift, SpillFor(program));
  planner.SetTrace(request.trace);
  ReadResult read = ReadSources(program, request.source_paths, state, planner, now, context.observer,
                                PatienceOf(context), request.trace);
  if (!was_looked_at && request.offline) {
    read.warnings.emplace_back(
        "the target was not asked (--offline): who exists there already is not known, and may be adopted instead of "
        "created");
  } else if (is_empty) {
    look = ListTarget(context, state, request.needs_whole);
  }
  std::move(look.warnings.begin(), look.warnings.end(), std::back_inserter(read.warnings));
  // What reading took would lie beside what planning takes.
  malloc_trim(0);
  auto [plan, notes] = planner.Finish({.sources = read.states,
                                       .listing = look.listing ? &*look.listing : nullptr,
                                       .warnings = std::move(read.warnings),
                                       .config_hash = PlanFit(program),
                                       .only = request.only,
                                       .unlisted = request.unlisted,
                                       .new_id = [&context] { return NewPlanId(context); },
                                       .file = request.file});
  const auto date_turns = program.mapper.due_at();
  if (date_turns && (!notes.due_at || *date_turns < *notes.due_at)) notes.due_at = date_turns;
  for (SnapshotHistory& history : read.histories) {
    for (std::size_t i = 0; i < read.states.size() && i < notes.repeated.size(); ++i) {
      if (read.states[i].name == history.source) history.repeated = notes.repeated[i];
    }
  }
  context.observer.OnPlan(plan);
  const bool is_whole = look.listing && look.listing->complete;
  return {.plan = std::move(plan),
          .notes = std::move(notes),
          .histories = std::move(read.histories),
          .listed_at = is_whole ? std::optional(now) : std::nullopt,
          .listed = is_whole ? DigestsOf(*look.listing) : std::vector<std::uint64_t>{}};
}

Planned PlanOnly(const Context& given, const PlanRequest& request) {
  const std::unique_ptr<const state::SqliteStore> store = OpenState(given, state::OpenMode::kReadOnly);
  ContextOfRun run_context(given, *store);
  const Context& context = run_context.context;
  return PlanWithNewKinds(context, request, *store);
}

SyncResult Sync(const Context& given, const PlanRequest& request, const std::string& trigger) {
  const auto lock = state::RunLock::Acquire(given.program.config.state_dir, given.clock.Now());
  const auto store = OpenState(given, state::OpenMode::kReadWrite);
  const TellsOfOthers tells(given, *store);
  ContextOfRun run_context(given, *store);
  const Context& context = run_context.context;
  SyncResult done = Journalled(context, *store, trigger, [&](SyncResult& result) {
    // Whoever is known by now has an address that the plan can order, or find in a circle.
    std::optional<apply::Stop> stopped;
    stopped = SettleBeforePlan(context, *store);
    Planned planned = [&] {
      const auto moment = store->HoldMoment();
      return PlanToApply(context, request, *store);
    }();
    std::optional<apply::Stop> refusal;
    if (planned.refused) refusal = {.code = ExitCode::kRefused, .because = *planned.refused};
    result.plan = std::move(planned.plan);
    NoteHeld(context, *store, request, planned.notes.consent, result);
    LogWarnings(context, *store, planned.notes.warnings);
    // What was looked at counts as looked at once the plan is taken.
    NoteRefreshDue(context, *store, result.plan.held ? std::nullopt : planned.listed_at, planned.notes);
    if (result.plan.held) {
      if (request.only.empty()) {
        store->RecordHeldNotes(planned.notes);
        // What nobody answered counts in the sums of a day and a week, and may be what holds it.
        stopped = SettleHeld(context, *store, stopped);
      }
      result.code = ExitCode::kHeld;
      result.message = HeldMessage(result.plan) + "; if it is right: " + result.approve;
      TellRefusal(stopped ? stopped : refusal, result);
      return;
    }
    // Before anything is sent: an absence or a quarantine is a fact of this read, whatever becomes of the operations.
    if (request.only.empty()) {
      store->RecordNotes(result.run, planned.notes, result.plan.quarantine, planned.histories);
      store->ReplaceDue(result.plan.due);
    }
    // Also before: a state that cannot say it is refused while nothing was done.
    const std::vector<std::int64_t> unknown = store->UnknownChanges();
    result.applied = Apply(context, *store, result.run, result.plan);
    const bool may_look = request.only.empty() && result.applied.left == 0;
    if (may_look) stopped = SettleLeftovers(context, *store, result.plan, unknown);
    RecordPutBack(context, *store, result.run, planned.notes.repairs);
    const bool is_settled = planned.listed_at && request.only.empty() && !result.applied.left;
    if (is_settled) RecordWholeLook(*store, *planned.listed_at, std::move(planned.listed));
    Conclude(result);
    // What was written went through: then the next run has the word.
    if (may_look && result.plan.operations.empty()) TellRefusal(stopped ? stopped : refusal, result);
    if (!result.approve.empty() && result.code == ExitCode::kConverged) {
      result.message += (result.message.empty() ? "" : "; ") + ("group removals wait: " + HeldMessage(result.plan)) +
                        "; if it is right: " + result.approve;
    }
  });
  // Last, so that nobody's removal waits for it.
  if (request.only.empty()) ContinueRefresh(context, *store, done.code);
  return done;
}

}  // namespace ucaas_sync::run
