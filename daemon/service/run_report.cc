#include "daemon/service/run_report.h"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "daemon/model/text.h"
#include "daemon/run/standing.h"
#include "daemon/run/steps.h"

namespace ucaas_sync::service {

namespace {

std::optional<report::Inventory> TakeInventory(const run::Context& context) {
  try {
    return run::InventoryOf(*run::OpenState(context, state::OpenMode::kReadOnly));
  } catch (const std::exception& error) {
    context.observer.OnEvent({.id = EventId::kInventoryNotTaken,
                              .text = std::string("the metrics keep their last counts: ") + error.what()});
    return std::nullopt;
  }
}

std::uint64_t NewlySetAside(const Plan& plan) {
  return static_cast<std::uint64_t>(std::count_if(plan.quarantine.begin(), plan.quarantine.end(),
                                                  [](const QuarantineItem& item) { return item.is_new; }));
}

EventId EventOf(ExitCode outcome) {
  if (outcome == ExitCode::kConverged) return EventId::kRunFinished;
  return outcome == ExitCode::kHeld ? EventId::kRunHeld : EventId::kRunPartial;
}

}  // namespace

Event TellingOf(const RunReport& report, Duration took) {
  std::string text = "run " + report.run + ": " + std::string(Word(report.code));
  text += ", " + Counted(report.done, "operation") + " done";
  if (report.failed > 0) text += ", " + WithThousands(report.failed) + " failed";
  if (report.left > 0) text += ", " + WithThousands(report.left) + " left for the next run";
  text += " in " + FormatDuration(took);
  if (!report.message.empty()) text += ": " + report.message;
  return {.id = EventOf(report.code), .text = std::move(text)};
}

RunReport RunOnce(const run::Context& given, Trigger trigger) noexcept {
  RunReport report;
  run::Context context = given;
  context.others_wrote = &report.is_asked;
  try {
    const run::SyncResult result = run::Sync(context, {}, std::string(Word(trigger)));
    report.run = result.run;
    report.code = result.code;
    report.message = result.message;
    report.done = result.applied.done;
    report.failed = result.applied.failed;
    report.left = result.applied.left;
    report.set_aside = result.applied.quarantined + NewlySetAside(result.plan);
    report.unfinished = result.applied.left + result.applied.failed - result.applied.quarantined;
  } catch (const Failure& failure) {
    report.code = failure.code();
    report.message = failure.what();
  } catch (const std::bad_alloc&) {
    report.code = ExitCode::kError;
    report.message = "out of memory; nothing that was acknowledged is lost";
  } catch (const std::exception& error) {
    report.code = ExitCode::kError;
    report.message = std::string("unexpected: ") + error.what();
  }
  report.inventory = TakeInventory(context);
  return report;
}

}  // namespace ucaas_sync::service
