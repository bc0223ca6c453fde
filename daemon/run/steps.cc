#include "daemon/run/steps.h"

#include <algorithm>
#include <random>
#include <utility>

#include "daemon/model/text.h"
#include "daemon/run/target.h"
#include "daemon/state/file_care.h"

namespace ucaas_sync::run {
namespace {

apply::ExecutorOptions OptionsOf(const Program& program) {
  apply::ExecutorOptions options;
  options.membership = program.config.target.membership;
  options.failures_percent = program.config.guards.failures;
  options.window = std::max<std::uint32_t>(4, 2 * program.config.target.concurrency);
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
  const config::Config& config = context.program.config;
  auto store =
      state::OpenStore(config.state_dir, mode, {.program_version = UCAAS_SYNC_VERSION, .seed = RandomNumber(context)});
  const AccountName account = AccountOf(config.target);
  store->Bind(account.base_url, account.credential_id);
  return store;
}

apply::ApplyResult Apply(const Context& context, state::SqliteStore& store, const std::string& run, const Plan& plan) {
  if (plan.operations.empty()) return {};
  Target target(context);
  apply::Executor executor(store, target.caller(), context.clock, context.observer, OptionsOf(context.program));
  apply::ApplyResult result = executor.Apply(run, plan);
  if (result.needs_another) store.NoteDue(context.clock.Now());
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

}  // namespace ucaas_sync::run
