#include "daemon/service/view.h"

#include "daemon/model/text.h"

namespace ucaas_sync::service {
namespace {

std::string Standing(const View& view) {
  if (view.running) {
    std::string text = "running: " + (view.phase.empty() ? "begins" : view.phase);
    if (view.done > 0 || view.of > 0) text += ' ' + WithThousands(view.done);
    if (view.of > 0) text += " of " + WithThousands(view.of);
    return text;
  }
  if (!view.outcome) return "no run has ended yet";
  std::string text(Word(*view.outcome));
  if (view.last_end) text += " since " + FormatInstant(*view.last_end);
  if (view.failures > 1) text += ", " + WithThousands(view.failures) + " times in a row";
  if (!view.message.empty()) text += ": " + Shorten(OneLine(view.message), 200);
  return text;
}

}  // namespace

std::string Describe(const View& view) {
  if (view.stopping) return view.running ? "stopping: what is in flight is waited for" : "stopping";
  std::string text = Standing(view);
  if (!view.running && view.next_look) text += "; next look " + FormatInstant(*view.next_look);
  return text;
}

}  // namespace ucaas_sync::service
