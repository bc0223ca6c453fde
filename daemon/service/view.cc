#include "daemon/service/view.h"

#include <algorithm>

#include "daemon/model/text.h"
#include "daemon/report/runs.h"

namespace ucaas_sync::service {
namespace {

/// Nothing that the run under way has asked since the last reply was answered.
bool IsOutage(const View& view) {
  if (!view.target_failed || view.target_answered >= view.target_failed) return false;
  return !view.last_end || view.target_failed > view.last_end;
}

std::string Standing(const View& view) {
  if (view.running) {
    std::string text = "running: " + (view.phase.empty() ? "begins" : view.phase);
    if (view.done > 0 || view.of > 0) text += ' ' + WithThousands(view.done);
    if (view.of > 0) text += " of " + WithThousands(view.of);
    if (IsOutage(view)) text += "; the target fails for the moment, trying again";
    return text;
  }
  if (!view.outcome) return "no run has ended yet";
  std::string text(Word(*view.outcome));
  if (view.last_end) text += " since " + FormatInstant(*view.last_end);
  if (view.failures > 1) text += ", " + WithThousands(view.failures) + " times in a row";
  if (view.left > 0) text += ", " + Counted(view.left, "change") + " left to the next run";
  if (!view.message.empty()) text += ": " + Shorten(OneLine(view.message), 200);
  return text;
}

}  // namespace

void Recall(const std::vector<RunRecord>& runs, View& view) {
  const auto last = std::find_if_not(runs.begin(), runs.end(), &report::IsForOnePerson);
  if (last != runs.end()) {
    view.outcome = last->outcome;
    view.last_run = last->id;
    view.last_end = last->ended;
    view.message = last->message;
    view.left = report::LeftBy(*last);
  }
  const auto success = std::find_if(runs.begin(), runs.end(), [](const RunRecord& run) {
    const bool is_whole =
        run.outcome == ExitCode::kConverged || (run.outcome == ExitCode::kPartial && report::LeftBy(run) == 0);
    return is_whole && !report::IsForOnePerson(run);
  });
  if (success != runs.end()) view.last_success = success->ended;
}

bool RecallOther(const std::vector<RunRecord>& runs, View& view) {
  const auto last = std::find_if(runs.begin(), runs.end(), [](const RunRecord& run) {
    return run.outcome.has_value() && !report::IsForOnePerson(run);
  });
  if (last == runs.end() || last->id == view.last_run) return false;
  if (view.last_end && last->ended <= view.last_end) return false;
  if (last->outcome != ExitCode::kConverged && last->outcome != ExitCode::kPartial) return false;
  view.outcome = last->outcome;
  view.last_run = last->id;
  view.last_end = last->ended;
  view.message = last->message;
  view.left = report::LeftBy(*last);
  view.failures = 0;
  if (view.left == 0) view.last_success = last->ended;
  return true;
}

std::optional<Instant> LastUse(const std::vector<RunRecord>& runs) {
  if (runs.empty()) return std::nullopt;
  const auto used = std::find_if(runs.begin(), runs.end(), [](const RunRecord& run) {
    const bool came_to_something =
        run.outcome == ExitCode::kConverged || run.outcome == ExitCode::kPartial || run.outcome == ExitCode::kHeld;
    return came_to_something && !report::IsForOnePerson(run);
  });
  return used != runs.end() ? used->started : runs.back().started - Duration(1);
}

std::string Describe(const View& view) {
  if (view.stopping) return view.running ? "stopping: what is in flight is waited for" : "stopping";
  std::string text = Standing(view);
  if (!view.running && view.next_look) {
    text += (view.is_resting() ? "; tried again " : "; next look ") + FormatInstant(*view.next_look);
  }
  return text;
}

}  // namespace ucaas_sync::service