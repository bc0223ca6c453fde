#include "daemon/report/run_chart.h"

#include <algorithm>
#include <cmath>

#include "daemon/model/text.h"
#include "daemon/report/html.h"
#include "daemon/report/runs.h"

namespace ucaas_sync::report {
namespace {

constexpr std::size_t kMostRuns = 100;
constexpr int kStep = 8;
constexpr int kBar = 6;
constexpr int kHeight = 60;
constexpr int kFoot = 3;  // also a run without changes is seen

double Share(double value, double most) {
  return most <= 0 ? 0 : std::log1p(value) / std::log1p(most);
}

const char* ClassOf(const RunRecord& run) {
  if (!run.outcome) return "failed";
  switch (*run.outcome) {
    case ExitCode::kConverged:
      return PlannedIn(run) == 0 ? "none" : "done";
    case ExitCode::kPartial:
    case ExitCode::kHeld:
      return "held";
    default:
      return "failed";
  }
}

double SecondsOf(const RunRecord& run) {
  return run.ended ? static_cast<double>((*run.ended - run.started).count()) / 1'000 : 0;
}

}  // namespace

std::string RunChart(const std::vector<RunRecord>& runs) {
  const std::size_t count = std::min(runs.size(), kMostRuns);
  if (count == 0) return {};
  // So few bars that each can be hit are not squeezed to the edge.
  const std::size_t places = std::clamp<std::size_t>(count, 40, kMostRuns);
  double most_changes = 1;
  double most_seconds = 1;
  std::size_t failed = 0;
  for (std::size_t i = 0; i < count; ++i) {
    most_changes = std::max(most_changes, static_cast<double>(PlannedIn(runs[i])));
    most_seconds = std::max(most_seconds, SecondsOf(runs[i]));
    failed += std::string_view(ClassOf(runs[i])) == "failed" ? 1U : 0U;
  }
  const std::string label = "The last " + Counted(count, "run") + ": " + WithThousands(failed) + " failed; at most " +
                            Counted(static_cast<std::uint64_t>(most_changes), "change") + " and " +
                            FormatDuration(Duration(static_cast<std::int64_t>(most_seconds * 1'000)));
  std::string svg = "<svg viewBox=\"0 0 " + std::to_string(places * kStep) + ' ' + std::to_string(kHeight) +
                    "\" preserveAspectRatio=\"none\" role=\"group\" aria-label=\"" + EscapeHtml(label) + "\">\n";
  std::string line;
  for (std::size_t i = 0; i < count; ++i) {
    const RunRecord& run = runs[count - 1 - i];
    const auto x = (places - count + i) * kStep;
    const int height =
        kFoot + static_cast<int>(Share(static_cast<double>(PlannedIn(run)), most_changes) * (kHeight - kFoot - 2));
    const std::string title = FormatInstant(run.started) + ", " + OutcomeOf(run) + ": " + ChangesOf(run) +
                              (run.failed > 0 ? ", " + WithThousands(run.failed) + " failed" : "") +
                              (run.ended ? ", in " + FormatDuration(*run.ended - run.started) : "");
    svg += "<a href=\"/runs/" + EscapeHtml(run.id) + "\" aria-label=\"" + EscapeHtml(title) + "\"><rect class=\"" +
           ClassOf(run) + "\" x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(kHeight - height) + "\" width=\"" +
           std::to_string(kBar) + "\" height=\"" + std::to_string(height) + "\"><title>" + EscapeHtml(title) +
           "</title></rect></a>\n";
    line += (line.empty() ? "" : " ") + std::to_string(x + kBar / 2) + ',' +
            std::to_string(kHeight - 2 - static_cast<int>(Share(SecondsOf(run), most_seconds) * (kHeight - 4)));
  }
  return svg + "<polyline class=\"took\" points=\"" + line + "\"/></svg>\n<p class=\"faint\">" + EscapeHtml(label) +
         ". Bars: changes (green: done, amber: partial or held, red: failed); the line: how long.</p>\n";
}

}  // namespace ucaas_sync::report
