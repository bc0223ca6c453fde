#include "daemon/report/plan_html.h"

#include <algorithm>
#include <ostream>
#include <string>

#include "daemon/model/text.h"
#include "daemon/report/html.h"
#include "daemon/report/words.h"

namespace ucaas_sync::report {
namespace {

// Beyond this a browser is no help; the JSON form has every operation.
constexpr std::size_t kMostOperations = 5'000;
constexpr std::size_t kMostQuarantine = 1'000;

constexpr const char* kHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>ucaas-sync plan</title>
<style>
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #5b6470; --line: #d5dae0; --paper: #ffffff; --panel: #f4f6f8;
  --good: #176639; --careful: #7a5200; --bad: #a4201d; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --faint: #9aa4b0; --line: #363d46; --paper: #14171b;
  --panel: #1d2127; --good: #6fcf97; --careful: #e5b94e; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0 .75rem; }
.faint { color: var(--faint); }
.banner { border-left: 4px solid var(--bad); background: var(--panel); padding: .75rem 1rem; margin: 1rem 0; }
.banner strong { color: var(--bad); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
.counts td, .counts th + th { text-align: right; font-variant-numeric: tabular-nums; }
.op { border: 1px solid var(--line); border-radius: 6px; margin: .6rem 0; padding: .6rem .8rem; }
.op h3 { font-size: 1rem; margin: 0 0 .3rem; font-weight: 600; overflow-wrap: anywhere; }
.op td:first-child { color: var(--faint); white-space: nowrap; width: 1%; }
.op td { overflow-wrap: anywhere; border: 0; padding: .1rem .6rem .1rem 0; }
.create, .adopt, .reactivate { color: var(--good); } .update { color: var(--careful); } .suspend, .delete { color: var(--bad); }
del { color: var(--faint); } ins { text-decoration: none; font-weight: 600; }
code { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere; }
</style>
</head>
<body>
<main>
)";

void WriteCounts(const Plan& plan, std::ostream& out) {
  out << "<div class=\"scroll\"><table class=\"counts\">\n<tr><th scope=\"col\">Kind</th>";
  for (const Action action : kAllActions) out << "<th scope=\"col\">" << Name(action) << "</th>";
  out << "<th scope=\"col\">unchanged</th></tr>\n";
  for (const Kind kind : kAllKinds) {
    out << "<tr><th scope=\"row\">" << Plural(kind) << "</th>";
    for (const Action action : kAllActions) {
      const std::uint64_t count = plan.summary_of(kind).of(action);
      out << "<td" << (count > 0 ? " class=\"" + std::string(Name(action)) + '"' : "") << '>'
          << (Applies(kind, action) ? WithThousands(count) : "–") << "</td>";
    }
    out << "<td>" << WithThousands(plan.summary_of(kind).unchanged) << "</td></tr>\n";
  }
  out << "</table></div>\n";
}

void WriteSources(const Plan& plan, std::ostream& out) {
  out << "<h2>Sources</h2>\n<ul>\n";
  for (const PlanSource& source : plan.sources) {
    out << "<li><strong>" << EscapeHtml(source.name) << "</strong>: " << Counted(source.records, "record");
    if (source.rejected > 0) out << ", " << WithThousands(source.rejected) << " rejected";
    if (!source.complete) out << ", <strong>incomplete</strong>";
    out << " <code>" << EscapeHtml(source.location) << "</code></li>\n";
  }
  out << "</ul>\n";
}

void WriteHeld(const Plan& plan, std::ostream& out) {
  for (const GuardVerdict& guard : plan.guards) {
    if (!guard.approved_by.empty()) {
      out << "<p class=\"update\">Approved: " << EscapeHtml(HeldLine(guard)) << "; by " << EscapeHtml(guard.approved_by)
          << "</p>\n";
    }
    if (!guard.held) continue;
    out << "<div class=\"banner\" role=\"alert\"><strong>Held by " << EscapeHtml(HeldLine(guard)) << ".</strong> "
        << (guard.holds_everything ? "Nothing will be written." : "These removals wait; the rest goes on.") << ' '
        << EscapeHtml(guard.meaning) << ' ' << EscapeHtml(guard.advice) << "\n<ul>\n";
    for (const std::string& example : guard.examples) out << "<li>" << EscapeHtml(example) << "</li>\n";
    if (guard.more != 0) out << "<li>… and " << WithThousands(guard.more) << " more</li>\n";
    out << "</ul></div>\n";
  }
}

void WriteOperation(const Operation& operation, std::ostream& out) {
  const std::string action(Name(operation.action));
  out << "<section class=\"op\"><h3><span class=\"" << action << "\">" << action << ' ' << Name(operation.kind)
      << "</span> " << EscapeHtml(operation.key);
  if (const std::string person = WhoOf(operation); !person.empty()) {
    out << " <span class=\"faint\">" << EscapeHtml(person) << "</span>";
  }
  out << "</h3>\n<table>\n";
  for (const ShownChange& change : ShownChanges(operation)) {
    out << "<tr><td>" << EscapeHtml(change.attribute) << "</td><td>";
    if (change.has_before) out << "<del>" << EscapeHtml(change.before) << "</del>";
    if (change.has_before && change.has_after) out << " → ";
    if (change.has_after) out << "<ins>" << EscapeHtml(change.after) << "</ins>";
    out << "</td></tr>\n";
  }
  out << "<tr><td>why</td><td>" << EscapeHtml(operation.reason);
  if (const std::string place = PlaceOf(operation.source); !place.empty()) {
    out << " <span class=\"faint\">(" << EscapeHtml(place) << ")</span>";
  }
  out << "</td></tr>\n</table></section>\n";
}

void WriteOperations(const Plan& plan, std::ostream& out) {
  const std::size_t count = plan.operations.size();
  out << "<h2>Changes: " << WithThousands(count) << "</h2>\n";
  if (count == 0) out << "<p>Nothing to do: the account is as the sources say.</p>\n";
  const std::size_t shown = std::min(count, kMostOperations);
  for (std::size_t i = 0; i < shown; ++i) WriteOperation(plan.operations.At(i), out);
  if (shown < count) {
    out << "<p>… and " << WithThousands(count - shown) << " more; <code>plan --format json</code> has every one.</p>\n";
  }
}

void WriteQuarantine(const Plan& plan, std::ostream& out) {
  if (plan.quarantine.empty()) return;
  out << "<h2>In quarantine: " << WithThousands(plan.quarantine.size()) << "</h2>\n"
      << "<p class=\"faint\">Frozen: neither updated nor removed until they are well again.</p>\n"
      << "<div class=\"scroll\"><table>\n<tr><th scope=\"col\">Kind</th><th scope=\"col\">Key</th>"
         "<th scope=\"col\">Reason</th><th scope=\"col\">Source</th></tr>\n";
  const std::size_t shown = std::min(plan.quarantine.size(), kMostQuarantine);
  for (std::size_t i = 0; i < shown; ++i) {
    const QuarantineItem& item = plan.quarantine[i];
    out << "<tr><td>" << EscapeHtml(item.kind) << "</td><td>" << EscapeHtml(item.key)
        << (item.is_new ? " <em>(new)</em>" : "") << "</td><td>" << EscapeHtml(item.reason) << "</td><td>"
        << EscapeHtml(PlaceOf(item.source)) << "</td></tr>\n";
  }
  out << "</table></div>\n";
  if (shown < plan.quarantine.size()) {
    out << "<p>… and " << WithThousands(plan.quarantine.size() - shown) << " more.</p>\n";
  }
}

void WriteWarnings(const Plan& plan, std::ostream& out) {
  if (plan.warnings.empty()) return;
  out << "<h2>Warnings</h2>\n<ul>\n";
  for (const std::string& warning : plan.warnings) out << "<li>" << EscapeHtml(warning) << "</li>\n";
  out << "</ul>\n";
}

}  // namespace

void WritePlanHtml(const Plan& plan, std::ostream& out) {
  out << kHead << "<h1>"
      << (plan.held                 ? "This plan is held"
          : plan.operations.empty() ? "Nothing to do"
                                    : "What would change")
      << "</h1>\n<p class=\"faint\">Plan " << EscapeHtml(plan.id) << ", made " << FormatInstant(plan.created_at)
      << ". Nothing was written.</p>\n";
  WriteHeld(plan, out);
  WriteCounts(plan, out);
  WriteWarnings(plan, out);
  WriteOperations(plan, out);
  WriteQuarantine(plan, out);
  WriteSources(plan, out);
  out << "<p class=\"faint\">Hash <code>" << EscapeHtml(plan.hash) << "</code></p>\n</main>\n</body>\n</html>\n";
}

}  // namespace ucaas_sync::report
