#include "daemon/report/overview.h"

#include <algorithm>

#include "daemon/model/text.h"
#include "daemon/report/html.h"
#include "daemon/report/naming.h"
#include "daemon/report/page.h"
#include "daemon/report/quarantine.h"
#include "daemon/report/run_chart.h"
#include "daemon/report/runs.h"

namespace ucaas_sync::report {
namespace {

constexpr std::size_t kPageLength = 50;
constexpr std::size_t kMostDue = 20;
constexpr std::size_t kRunsListed = 20;

struct Headline {
  const char* tone;
  std::string text;
};

std::string At(Instant instant) {
  const std::string text = FormatInstant(instant);
  return "<time datetime=\"" + text + "\">" + text + "</time>";
}

std::string Ago(Instant then, Instant now) {
  return now >= then ? FormatDuration(now - then) + " ago" : "in " + FormatDuration(then - now);
}

Headline HeadlineOf(const Overview& overview) {
  if (overview.status.held && overview.status.held->approved_by.empty()) {
    return {"bad", "A person must decide: a guard holds the changes"};
  }
  // A run that is under way or was cut off says nothing yet.
  const auto last = std::find_if(overview.status.runs.begin(), overview.status.runs.end(),
                                 [](const RunRecord& run) { return run.outcome.has_value(); });
  if (last == overview.status.runs.end()) return {"careful", "Nothing was synced yet"};
  switch (*last->outcome) {
    case ExitCode::kConverged:
      return {"good", "The cloud is up to date"};
    case ExitCode::kPartial:
      return {"careful", "The cloud is up to date, but for those who are set aside"};
    case ExitCode::kHeld:
      return {"careful", "Approved: the next run does it"};
    case ExitCode::kSource:
      return {"bad", "Not up to date: a source cannot be used"};
    case ExitCode::kRefused:
      return {"bad", "Not up to date: the cloud refuses our credentials or rights"};
    case ExitCode::kUnavailable:
      return {"bad", "Not up to date: the cloud cannot be reached or keeps failing"};
    case ExitCode::kBusy:
      return {"careful", "Another run is under way"};
    default:
      return {"bad", "Not up to date: the last run failed"};
  }
}

void WriteStanding(const Overview& overview, Instant now, std::string& out) {
  const Headline headline = HeadlineOf(overview);
  out += std::string("<div class=\"standing ") + headline.tone + "\" role=\"status\"><h1>" + EscapeHtml(headline.text) +
         "</h1>\n<p>";
  if (overview.last_success) {
    out += "HR's truth last reached the cloud " + EscapeHtml(Ago(*overview.last_success, now)) + ", " +
           At(*overview.last_success) + '.';
  } else {
    out += "No run has succeeded yet.";
  }
  if (overview.running) {
    out += " A run is under way: " + EscapeHtml(overview.activity.empty() ? "it begins" : overview.activity) + '.';
  } else if (overview.next_look) {
    out += " Next look " + EscapeHtml(Ago(*overview.next_look, now)) + '.';
  }
  out += "</p>\n";
  if (!overview.status.runs.empty() && !overview.status.runs.front().message.empty()) {
    const std::string message = Shorten(overview.status.runs.front().message, 400);
    out += "<p>The last run: " + EscapeHtml(message) + "</p>\n";
  }
  out += "</div>\n";
}

void WriteHeld(const Status::Held& held, Instant now, std::string& out) {
  out += "<h2>Held for " + EscapeHtml(FormatDuration(now - held.since)) + "</h2>\n<ul>\n";
  for (const ConsentGuard& guard : held.scope.guards) {
    out += "<li><strong>" + EscapeHtml(guard.name) +
           (guard.subject.empty() ? "" : " (" + EscapeHtml(guard.subject) + ')') +
           "</strong>: " + WithThousands(guard.actual) + ", limit " + WithThousands(guard.limit) + "</li>\n";
  }
  out += "</ul>\n";
  if (held.approved_by.empty()) {
    out += "<p>See whom it is about: <code>ucaas-sync plan</code>. If it is right: <code>ucaas-sync approve " +
           EscapeHtml(held.run) + "</code></p>\n";
  } else {
    out += "<p>Approved by " + EscapeHtml(held.approved_by) + ".</p>\n";
  }
}

void WriteChange(const Overview& overview, Instant now, std::string& out) {
  out += "<section><h2>What changed last</h2>\n";
  const auto changed = std::find_if(overview.status.runs.begin(), overview.status.runs.end(), [](const RunRecord& run) {
    return run.outcome && *run.outcome != ExitCode::kHeld && PlannedIn(run) > 0;
  });
  if (changed == overview.status.runs.end()) {
    out += "<p class=\"faint\">Nothing in the runs that are listed below.</p></section>\n";
    return;
  }
  out += "<p><a href=\"/runs/" + EscapeHtml(changed->id) + "\">" + EscapeHtml(ChangesOf(*changed)) + "</a>, " +
         EscapeHtml(Ago(changed->started, now)) +
         (changed->failed > 0 ? ", <span class=\"bad\">" + WithThousands(changed->failed) + " failed</span>" : "") +
         "</p></section>\n";
}

void WriteSources(const Overview& overview, Instant now, std::string& out) {
  out += "<section><h2>Sources</h2>\n<ul>\n";
  for (const SourceStanding& source : overview.sources) {
    out += "<li><strong>" + EscapeHtml(source.name) + "</strong>: ";
    if (!source.problem.empty()) {
      out += "<span class=\"bad\">" + EscapeHtml(source.problem) + "</span>";
    } else if (source.written_at) {
      const bool is_stale = source.max_age && now - *source.written_at > *source.max_age;
      out += std::string("<span class=\"") + (is_stale ? "bad" : "good") + "\">written " +
             EscapeHtml(Ago(*source.written_at, now)) + (is_stale ? ", too old" : "") + "</span>";
    } else {
      out += "asked anew on each run";
    }
    if (source.read_at) {
      out += "; " + Counted(source.records, "record") + " read " + EscapeHtml(Ago(*source.read_at, now));
    } else {
      out += "; never read in full yet";
    }
    out += "</li>\n";
  }
  out += "</ul></section>\n";
}

void WriteDue(const Overview& overview, std::string& out) {
  const std::vector<DueItem>& due = overview.status.due;
  out += "<section><h2>Coming removals: " + WithThousands(due.size()) + "</h2>\n";
  if (!due.empty()) out += "<ul>\n";
  for (std::size_t i = 0; i < std::min(due.size(), kMostDue); ++i) {
    out += "<li>" + At(due[i].at) + ' ' + std::string(Name(due[i].action)) + ' ' + std::string(Name(due[i].kind)) +
           " <strong>" + EscapeHtml(due[i].key) + "</strong>: " + EscapeHtml(due[i].reason) + "</li>\n";
  }
  if (!due.empty()) out += "</ul>\n";
  if (due.size() > kMostDue) {
    out += "<p class=\"faint\">… and " + WithThousands(due.size() - kMostDue) +
           " more: <code>ucaas-sync status</code></p>\n";
  }
  out += "</section>\n";
}

void WriteQuarantine(const Overview& overview, std::size_t page, Instant now, std::string& out) {
  const std::vector<StoredQuarantine>& items = overview.status.quarantine;
  out += "<h2 id=\"quarantine\">Set aside: " + WithThousands(items.size()) + "</h2>\n";
  if (items.empty()) return;
  const std::size_t pages = (items.size() + kPageLength - 1) / kPageLength;
  const std::size_t shown = std::clamp<std::size_t>(page, 1, pages);
  out +=
      "<p class=\"faint\">Neither updated nor removed until they are well again.</p>\n<div class=\"scroll\"><table>\n"
      "<tr><th scope=\"col\">Who</th><th scope=\"col\">Why</th><th scope=\"col\">Since</th>"
      "<th scope=\"col\">What ends it</th></tr>\n";
  for (std::size_t i = (shown - 1) * kPageLength; i < std::min(items.size(), shown * kPageLength); ++i) {
    const StoredQuarantine& item = items[i];
    out += "<tr><td>" + EscapeHtml(item.kind) + ' ' + EscapeHtml(item.key) + "</td><td>" + EscapeHtml(item.reason) +
           "</td><td>" + EscapeHtml(Ago(item.since, now)) + "</td><td>" +
           EscapeHtml(Discreet(WhatToDo(item), overview.people)) + "</td></tr>\n";
  }
  out += "</table></div>\n";
  if (pages == 1) return;
  out += "<nav aria-label=\"Pages of those set aside\"><p>Page " + WithThousands(shown) + " of " + WithThousands(pages);
  const auto link = [&out](std::size_t to, const char* text) {
    out += " · <a href=\"/?page=" + std::to_string(to) + "#quarantine\">" + text + "</a>";
  };
  if (shown > 1) link(shown - 1, "before");
  if (shown < pages) link(shown + 1, "next");
  out += "</p></nav>\n";
}

void WriteRuns(const Overview& overview, Instant now, std::string& out) {
  const std::vector<RunRecord>& runs = overview.status.runs;
  out += "<h2>Runs</h2>\n" + RunChart(runs);
  if (runs.empty()) {
    out += "<p>None yet.</p>\n";
    return;
  }
  out +=
      "<div class=\"scroll\"><table>\n<tr><th scope=\"col\">Run</th><th scope=\"col\">Began</th>"
      "<th scope=\"col\">Outcome</th><th scope=\"col\">Changes</th><th scope=\"col\">Took</th></tr>\n";
  for (std::size_t i = 0; i < std::min(runs.size(), kRunsListed); ++i) {
    const RunRecord& run = runs[i];
    out += "<tr><td><a href=\"/runs/" + EscapeHtml(run.id) + "\">" + EscapeHtml(run.id) +
           "</a> <span class=\"faint\">" + EscapeHtml(run.trigger) + "</span></td><td>" +
           EscapeHtml(Ago(run.started, now)) + "</td><td class=\"" + std::string(ToneOf(run)) + "\">" +
           EscapeHtml(OutcomeOf(run)) + "</td><td>" + EscapeHtml(ChangesOf(run)) +
           (run.failed > 0 ? ", " + WithThousands(run.failed) + " failed" : "") + "</td><td>" +
           (run.ended ? EscapeHtml(FormatDuration(*run.ended - run.started)) : "") + "</td></tr>\n";
  }
  out += "</table></div>\n";
}

}  // namespace

std::string OverviewPage(Overview overview, Instant now, std::size_t page) {
  Conceal(overview.status, overview.people);
  std::string out = PageHead("ucaas-sync: " + HeadlineOf(overview).text);
  WriteStanding(overview, now, out);
  if (overview.status.held) WriteHeld(*overview.status.held, now, out);
  out += "<div class=\"panels\">\n";
  WriteChange(overview, now, out);
  WriteSources(overview, now, out);
  WriteDue(overview, out);
  out += "</div>\n";
  WriteQuarantine(overview, page, now, out);
  WriteRuns(overview, now, out);
  return out + PageFoot();
}

}  // namespace ucaas_sync::report
