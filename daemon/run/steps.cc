#include "daemon/run/steps.h"

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include "daemon/model/text.h"
#include "daemon/state/file_care.h"

namespace ucaas_sync::run {
namespace {

apply::ExecutorOptions OptionsOf(const Program& program, PlanOrigin origin) {
  apply::ExecutorOptions options;
  options.membership = program.config.target.membership;
  options.failures_percent = program.config.guards.failures;
  options.window = std::max<std::uint32_t>(4, 2 * program.config.target.concurrency);
  options.protect = program.policy.protect;
  options.is_reviewed = origin != PlanOrigin::kThisRun;
  options.leaves_drift = origin == PlanOrigin::kReviewed && program.config.drift == config::Drift::kReport;
  options.quote_target = program.config.log.people == config::People::kFull;
  for (const config::RuleConfig& rule : program.config.rules) {
    if (rule.existing == config::ExistingPolicy::kQuarantine) options.never_adopt.insert(rule.kind);
  }
  return options;
}

bool HasNewQuarantine(const Plan& plan) {
  return std::any_of(plan.quarantine.begin(), plan.quarantine.end(),
                     [](const QuarantineItem& item) { return item.is_new; });
}

/// "user.suspend: 61, limit 60"
std::string Figures(const GuardVerdict& guard) {
  return guard.name + (guard.subject.empty() ? "" : " (" + guard.subject + ")") + ": " + WithThousands(guard.actual) +
         ", limit " + WithThousands(guard.limit);
}

/// Until when earlier runs were asked to leave the target alone.
std::optional<Instant> PauseIn(const state::SqliteStore& store, Instant now) {
  const std::optional<Instant> until = store.TargetPause();
  // That was noted by a clock that was ahead; it must not stop everything for years.
  return until && *until <= now + kLongestRest ? until : std::nullopt;
}

/// Who let pass what guards would have held: what remains of an approval once the run is done.
std::string ApprovedMessage(const Plan& plan) {
  std::map<std::string, std::string> guards;  // by whom → what
  for (const GuardVerdict& guard : plan.guards) {
    if (guard.approved_by.empty()) continue;
    std::string& what = guards[guard.approved_by];
    what += (what.empty() ? "" : "; ") + Figures(guard);
  }
  std::string text;
  for (const auto& [who, what] : guards) text += (text.empty() ? "" : "; ") + ("approved by " + who) + ": " + what;
  return text;
}

/// The reasons that they gave, each once.
std::string ReasonsOf(const Plan& plan) {
  std::string text;
  std::set<std::string> told;
  for (const GuardVerdict& guard : plan.guards) {
    if (guard.approved_why.empty() || !told.insert(guard.approved_why).second) continue;
    text += (text.empty() ? "" : "; ") + guard.approved_why;
  }
  return text;
}

}  // namespace

std::uint64_t RandomNumber(const Context& context) {
  if (context.random) return context.random();
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32U) | device();
}

std::string NewPlanId(const Context& context) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::uint64_t number = RandomNumber(context);
  std::string id;
  for (int i = 0; i < 16; ++i, number >>= 4U) id += kDigits[number & 0xFU];
  return id;
}

std::unique_ptr<state::SqliteStore> OpenState(const Context& context, state::OpenMode mode) {
  return OpenStateIn(context, context.program.config.state_dir, mode);
}

std::unique_ptr<state::SqliteStore> OpenStateIn(const Context& context, const std::filesystem::path& dir,
                                                state::OpenMode mode) {
  auto store = state::OpenStore(dir, mode, {.program_version = UCAAS_SYNC_VERSION, .seed = RandomNumber(context)});
  const AccountName account = AccountOf(context.program.config.target);
  store->Bind(account.base_url, account.credential_id);
  return store;
}

apply::ApplyResult Apply(const Context& context, state::SqliteStore& store, const std::string& run, const Plan& plan,
                         PlanOrigin origin) {
  if (plan.operations.empty()) return {};
  Target target(context);
  apply::ExecutorOptions options = OptionsOf(context.program, origin);
  options.addresses_in_doubt = store.AddressesInDoubt();
  apply::Executor executor(store, target.caller(), context.clock, context.observer, std::move(options));
  apply::ApplyResult result = executor.Apply(run, plan);
  // Also whoever failed without being set aside: nothing else would bring the next run before something changes.
  const bool is_unfinished = result.left > 0 || result.failed > result.quarantined;
  if (result.needs_another || is_unfinished) store.NoteDue(context.clock.Now());
  return result;
}

void TidyJournal(const Context& context, state::SqliteStore& store, bool is_quiet) {
  constexpr std::uint64_t kOperationsARun = 20'000;
  try {
    store.RemoveOldRuns(context.clock.Now() - context.program.config.journal.keep, kOperationsARun);
    if (is_quiet) state::Compact(context.program.config.state_dir);
  } catch (const Failure& failure) {
    context.observer.OnEvent(
        {.id = EventId::kJournalNotTidied,
         .text = std::string("the state could not be tidied, the next run tries again: ") + failure.what()});
  }
}

void CloseFailed(const Context& context, state::SqliteStore& store, const SyncResult& result, const Failure& failure) {
  try {
    store.FinishRun(result.run, failure.code(), failure.what(), 0, result.plan.summary, context.clock.Now());
  } catch (const StateFailure& state_failure) {
    context.observer.OnEvent({.id = EventId::kRunNotClosed,
                              .text = std::string("how the run ended could not be recorded, the next run takes it for "
                                                  "cut off: ") +
                                      state_failure.what()});
  }
}

ContextOfRun::ContextOfRun(const Context& given, state::SqliteStore& store)
    : target(PauseIn(store, given.clock.Now()),
             [&store, &clock = given.clock](Instant until) {
               store.NoteTargetPause(std::min(until, clock.Now() + kLongestRest));
             }),
      context(given) {
  context.target_of_run = &target;
}

ContextOfRun::ContextOfRun(const Context& given, const state::SqliteStore& store)
    : target(PauseIn(store, given.clock.Now()), nullptr), context(given) {
  context.target_of_run = &target;
}

std::string HeldMessage(const Plan& plan) {
  std::string text;
  for (const GuardVerdict& guard : plan.guards) {
    if (guard.held) text += (text.empty() ? "" : ", ") + Figures(guard);
  }
  return "held by " + text;
}

void Conclude(SyncResult& result) {
  const std::string approved = ApprovedMessage(result.plan);
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
  result.why_approved = ReasonsOf(result.plan);
  if (!approved.empty()) result.message += (result.message.empty() ? "" : "; ") + approved;
}

}  // namespace ucaas_sync::run
