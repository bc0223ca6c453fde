#include "daemon/service/view.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

namespace ucaas_sync::service {
namespace {

const Instant kNow = *ParseInstant("2026-11-24T12:00:00Z");

/// Begun `ago` before now, and ended a second later.
RunRecord Run(Duration ago, std::optional<ExitCode> outcome, const std::string& trigger = "change") {
  RunRecord run;
  run.id = "run-" + std::to_string(ago.count());
  run.trigger = trigger;
  run.started = kNow - ago;
  run.ended = run.started + std::chrono::seconds(1);
  run.outcome = outcome;
  return run;
}

using std::chrono::hours;

/// A run reads hr, an hour after the last one ended.
View Running() {
  View view;
  view.running = true;
  view.phase = "read hr";
  view.last_end = kNow - hours(1);
  return view;
}

}  // namespace

TEST_CASE("one person's run says nothing of how things stand for all others") {
  const std::vector<RunRecord> runs = {Run(hours(1), ExitCode::kConverged, "command --only"),
                                       Run(hours(2), ExitCode::kRefused), Run(hours(30), ExitCode::kConverged)};
  View view;
  Recall(runs, view);
  CHECK(view.outcome == ExitCode::kRefused);
  CHECK(view.last_success == runs[2].ended);
  CHECK_FALSE(RecallOther(runs, view));
  CHECK_FALSE(view.is_ready());
  CHECK(view.last_success == runs[2].ended);
}

TEST_CASE("a run for everybody that somebody else made is the last word, also behind one person's") {
  View view;
  Recall({Run(hours(5), ExitCode::kRefused)}, view);
  const std::vector<RunRecord> runs = {Run(hours(1), ExitCode::kConverged, "command --only"),
                                       Run(hours(2), ExitCode::kConverged, "command"),
                                       Run(hours(5), ExitCode::kRefused)};
  CHECK(RecallOther(runs, view));
  CHECK(view.is_ready());
  CHECK(view.last_success == runs[1].ended);
}

TEST_CASE("a run that waits for the target says so, for as long as nothing is answered") {
  View view = Running();
  view.target_answered = kNow - hours(1);
  CHECK(Describe(view) == "running: read hr");
  view.target_failed = kNow;
  CHECK(Describe(view) == "running: read hr; the target fails for the moment, trying again");
  view.target_answered = kNow + Duration(1);
  CHECK(Describe(view) == "running: read hr");
}

TEST_CASE("a failure of the run before says nothing of the target while the next one has not asked it") {
  View view = Running();
  view.target_failed = view.last_end;
  CHECK(Describe(view) == "running: read hr");
}

TEST_CASE("an opening was made use of by the last run that something came of, not by one that failed or was cut off") {
  CHECK_FALSE(LastUse({}).has_value());
  const RunRecord held = Run(hours(9), ExitCode::kHeld);
  CHECK(LastUse({Run(hours(1), std::nullopt), Run(hours(2), ExitCode::kSource),
                 Run(hours(3), ExitCode::kConverged, "command --only"), held}) == held.started);
  const RunRecord oldest = Run(hours(3), ExitCode::kUnavailable);
  CHECK(*LastUse({Run(hours(1), std::nullopt), oldest}) < oldest.started);
}

}  // namespace ucaas_sync::service
