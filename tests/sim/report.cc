#include "tests/sim/report.h"

namespace ucaas_sync::sim {

std::string RunReport::ToString() const {
  std::string text;
  switch (end) {
    case End::kSource:
      return "refused for its source";
    case End::kTarget:
      text = "not begun: " + applied.message;
      break;
    case End::kHeld:
      text = "held";
      break;
    case End::kDone:
      text = "done";
      if (applied.failed != 0) text += ", " + std::to_string(applied.failed) + " failed: " + applied.message;
      if (applied.left != 0) text += ", " + std::to_string(applied.left) + " left: " + applied.message;
      break;
    case End::kCrashed:
      text = "cut off after " + std::to_string(writes.size()) + " writes";
      break;
  }
  for (const GuardVerdict& guard : plan.guards) {
    if (!guard.held && guard.approved_by.empty()) continue;
    text += (guard.held ? "; held by " : "; approved: ") + guard.name + ' ' + guard.subject;
    text += " (" + std::to_string(guard.actual) + " of " + std::to_string(guard.limit) + ")";
  }
  plan.operations.ForEach([&](const Operation& operation) {
    text += "\n      " + std::string(Name(operation.action)) + ' ' + std::string(Name(operation.kind)) + ' ' +
            operation.key + " (" + operation.reason + ")";
  });
  for (const QuarantineItem& item : plan.quarantine) {
    text += "\n      set aside " + item.kind + ' ' + item.key + ": " + item.reason;
  }
  return text;
}

}  // namespace ucaas_sync::sim
