#include "daemon/model/text.h"
#include "daemon/report/html.h"
#include "daemon/report/naming.h"
#include "daemon/report/overview.h"
#include "daemon/report/page.h"
#include "daemon/report/runs.h"
#include "daemon/report/words.h"

namespace ucaas_sync::report {
namespace {

// Values are people's; who may read keys alone sees which attributes changed.
std::string ChangesIn(const Operation& operation, config::People people) {
  std::string text;
  for (const ShownChange& change : ShownChanges(operation)) {
    text += text.empty() ? "" : people == config::People::kFull ? "<br>" : ", ";
    text += EscapeHtml(change.attribute);
    if (people != config::People::kFull) continue;
    text += ": ";
    if (change.has_before) text += "<del>" + EscapeHtml(change.before) + "</del>";
    if (change.has_before && change.has_after) text += " → ";
    if (change.has_after) text += EscapeHtml(change.after);
  }
  return text;
}

std::string ResultOf(const RunOperation& entry, config::People people) {
  if (!entry.outcome) return "<span class=\"careful\">not done in this run</span>";
  if (entry.outcome->done) return "<span class=\"good\">done</span>";
  std::string text = "<span class=\"bad\">" + EscapeHtml(entry.outcome->verdict) + "</span>";
  if (people == config::People::kFull) text += ' ' + EscapeHtml(entry.outcome->message);
  return text;
}

}  // namespace

std::string_view ToneOf(const RunRecord& run) {
  if (!run.outcome) return "careful";
  if (*run.outcome == ExitCode::kConverged) return "good";
  return *run.outcome == ExitCode::kPartial || *run.outcome == ExitCode::kHeld ? "careful" : "bad";
}

std::string PageHead(std::string_view title) {
  return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
         EscapeHtml(title) + "</title>\n<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n<main>\n";
}

std::string PageFoot() {
  return "</main>\n</body>\n</html>\n";
}

std::string RunPage(const RunRecord& run, const std::vector<RunOperation>& operations, std::size_t first, bool more,
                    config::People people) {
  std::string out = PageHead("ucaas-sync: run " + run.id);
  out += "<nav aria-label=\"Back\"><p><a href=\"/\">How things stand</a></p></nav>\n<div class=\"standing " +
         std::string(ToneOf(run)) + "\"><h1>Run " + EscapeHtml(run.id) + ": " + EscapeHtml(OutcomeOf(run)) +
         "</h1>\n<p>Began " + FormatInstant(run.started) + " (" + EscapeHtml(run.trigger) + ')';
  if (run.ended) out += ", took " + EscapeHtml(FormatDuration(*run.ended - run.started));
  out += ". Planned: " + EscapeHtml(ChangesOf(run)) + "; " + WithThousands(run.done) + " done, " +
         WithThousands(run.failed) + " failed.</p>\n";
  if (!run.message.empty()) out += "<p>" + EscapeHtml(OneLine(DiscreetMessage(run.message, people))) + "</p>\n";
  out += "</div>\n";
  if (operations.empty()) return out + "<p>It changed nothing.</p>\n" + PageFoot();
  out +=
      "<section aria-labelledby=\"operations-heading\"><h2 id=\"operations-heading\">Operations</h2>\n"
      "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\">"
      "<table aria-labelledby=\"operations-heading\">\n<thead><tr><th scope=\"col\">#</th><th scope=\"col\">What</th>"
      "<th scope=\"col\">Who</th><th scope=\"col\">Changes</th><th scope=\"col\">Why</th>"
      "<th scope=\"col\">Result</th></tr></thead>\n<tbody>\n";
  for (const RunOperation& entry : operations) {
    const Operation& operation = entry.operation;
    std::string who = EscapeHtml(NameOf(operation.key, people));
    if (people == config::People::kFull) {
      if (const std::string name = WhoOf(operation); !name.empty())
        who += " <span class=\"faint\">" + EscapeHtml(name) + "</span>";
    }
    out += "<tr><td class=\"number\">" + WithThousands(operation.seq) + "</td><td>" +
           std::string(Name(operation.action)) + ' ' + std::string(Name(operation.kind)) + "</td><td>" + who +
           "</td><td>" + ChangesIn(operation, people) + "</td><td>" + EscapeHtml(Discreet(operation.reason, people)) +
           "</td><td>" + ResultOf(entry, people) + "</td></tr>\n";
  }
  out += "</tbody></table></div>\n";
  if (first > 0 || more) {
    out += "<nav aria-label=\"Pages of operations\"><p>";
    const std::size_t length = operations.size();
    if (first > 0) out += "<a href=\"/runs/" + EscapeHtml(run.id) + "\">from the first</a> ";
    if (more) {
      out += "<a href=\"/runs/" + EscapeHtml(run.id) + "?from=" + std::to_string(first + length) + "\">next</a>";
    }
    out += "</p></nav>\n";
  }
  return out + "</section>\n" + PageFoot();
}

}  // namespace ucaas_sync::report
