#include "daemon/service/run_report.h"

#include <exception>
#include <new>

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

}  // namespace

RunReport RunOnce(const run::Context& context, Trigger trigger) noexcept {
  RunReport report;
  try {
    const run::SyncResult result = run::Sync(context, {}, std::string(Word(trigger)));
    report.run = result.run;
    report.code = result.code;
    report.message = result.message;
    report.done = result.applied.done;
    report.failed = result.applied.failed;
    report.left = result.applied.left;
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
