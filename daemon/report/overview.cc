#include "daemon/report/overview.h"

#include <algorithm>
#include <initializer_list>

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
constexpr std::size_t kDueAtOnce = 3;  // so that all else is on the first screen too
constexpr std::size_t kMostDue = 50;
constexpr std::size_t kRunsListed = 20;

struct Headline {
  const char* tone;
  std::string text;
};

// To the minute: "2026-11-27 08:00 UTC".
std::string At(Instant instant) {
  const std::string text = FormatInstant(instant);
  constexpr std::size_t kDate = 10;
  constexpr std::size_t kTime = 5;
  return "<time datetime=\"" + text + "\">" + text.substr(0, kDate) + ' ' + text.substr(kDate + 1, kTime) +
         " UTC</time>";
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
                                 [](const RunRecord& run) { return run.outcome.has_value() && !IsForOnePerson(run); });
  if (last == overview.status.runs.end()) return {"careful", "Nothing was synced yet"};
  switch (*last->outcome) {
    case ExitCode::kConverged:
      return {"good", "The cloud is up to date"};
    case ExitCode::kPartial:
      if (const std::uint64_t left = LeftBy(*last); left > 0) {
        return {"bad", "Not up to date: the last run stopped, and left " + Counted(left, "change")};
      }
      if (last->failed > 0) return {"careful", "The cloud is up to date, but for those who failed or are set aside"};
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

// A part of the page: a region that a screen reader lists by its heading.
std::string PartHead(std::string_view id, const std::string& heading, std::string_view more = {}) {
  const std::string name(id);
  return "<section id=\"" + name + "\" aria-labelledby=\"" + name + "-heading\"" + std::string(more) + "><h2 id=\"" +
         name + "-heading\">" + heading + "</h2>\n";
}

// A wide table scrolls by itself, with the keyboard too.
std::string TableHead(std::string_view heading_id, std::initializer_list<std::string_view> columns) {
  const std::string id(heading_id);
  std::string out =
      "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table aria-labelledby=\"" + id +
      "\">\n<thead><tr>";
  for (const std::string_view column : columns) out += "<th scope=\"col\">" + std::string(column) + "</th>";
  return out + "</tr></thead>\n<tbody>\n";
}

constexpr const char* kTableFoot = "</tbody></table></div>\n";

void WriteStanding(const Overview& overview, Instant now, std::string& out) {
  const Headline headline = HeadlineOf(overview);
  out += std::string("<div id=\"standing\" class=\"standing ") + headline.tone + "\" role=\"status\"><h1>" +
         EscapeHtml(headline.text) + "</h1>\n<p>";
  if (overview.last_success) {
    out += "HR's truth last reached the cloud " + EscapeHtml(Ago(*overview.last_success, now)) + ", " +
           At(*overview.last_success) + '.';
  } else {
    out += "No run has succeeded yet.";
  }
  if (overview.running) {
    out += " A run is under way: " + EscapeHtml(overview.activity.empty() ? "it begins" : overview.activity) + '.';
  } else if (overview.next_look) {
    out += overview.is_resting ? " It is tried again " : " Next look ";
    out += (*overview.next_look > now ? EscapeHtml(Ago(*overview.next_look, now)) : "now") + '.';
  }
  out += "</p>\n";
  // What a guard holds is told below, with what to do.
  if (!overview.status.held && !overview.status.runs.empty() && !overview.status.runs.front().message.empty()) {
    const std::string message = Shorten(OneLine(overview.status.runs.front().message), 400);
    out += "<p>The last run: " + EscapeHtml(message) + "</p>\n";
  }
  out += "</div>\n";
}

void WriteHeld(const Status::Held& held, Instant now, std::string& out) {
  out += PartHead("held", "Held for " + EscapeHtml(FormatDuration(now - held.since)), " class=\"standing careful\"") +
         "<ul>\n";
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
  out += "</section>\n";
}

void WriteChange(const Overview& overview, Instant now, std::string& out) {
  out += PartHead("changed", "What changed last");
  const auto changed = std::find_if(overview.status.runs.begin(), overview.status.runs.end(), [](const RunRecord& run) {
    return run.outcome && *run.outcome != ExitCode::kHeld && run.done > 0;
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

// By the last run that tells, and by the last replies: the page itself never asks the target.
Headline TargetStands(const Overview& overview, Instant now) {
  const TargetStanding& target = overview.target;
  std::optional<Instant> answered = target.answered_at;
  for (const RunRecord& run : overview.status.runs) {
    if (run.done > 0 && run.ended) answered = std::max(answered.value_or(*run.ended), *run.ended);
  }
  const std::string seen = answered ? "last answered " + Ago(*answered, now) : "has not answered yet";
  const auto last = std::find_if(overview.status.runs.begin(), overview.status.runs.end(), [](const RunRecord& run) {
    return run.outcome && *run.outcome != ExitCode::kSource && *run.outcome != ExitCode::kBusy;
  });
  if (last != overview.status.runs.end() && *last->outcome == ExitCode::kRefused) {
    return {"bad", "refuses our credentials or rights"};
  }
  if (last != overview.status.runs.end() && *last->outcome == ExitCode::kUnavailable) {
    return {"bad", "cannot be reached or keeps failing; " + seen};
  }
  if (target.failed_at && (!answered || *target.failed_at > *answered)) {
    return {"careful", "failed " + Ago(*target.failed_at, now) + "; " + seen};
  }
  if (!answered) return {"faint", "was not asked yet"};
  return {"good", "well: " + seen};
}

void WriteTarget(const Overview& overview, Instant now, std::string& out) {
  const Headline stands = TargetStands(overview, now);
  const std::string name = overview.target.name.empty() ? "the built-in sandbox" : overview.target.name;
  out += PartHead("target", "Target") + "<p>" + EscapeHtml(name) + ": <span class=\"" + stands.tone + "\">" +
         EscapeHtml(stands.text) + "</span></p></section>\n";
}

void WriteSources(const Overview& overview, Instant now, std::string& out) {
  out += PartHead("sources", "Sources") + "<ul>\n";
  for (const SourceStanding& source : overview.status.sources) {
    out += "<li><strong>" + EscapeHtml(source.name) + "</strong>: ";
    if (const std::string trouble = TroubleOf(source, overview.status, now); !trouble.empty()) {
      out += "<span class=\"bad\">" + EscapeHtml(trouble) + "</span>";
    } else if (source.written_at) {
      out += "<span class=\"good\">written " + EscapeHtml(Ago(*source.written_at, now)) + "</span>";
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

void WriteDueItems(const std::vector<DueItem>& due, std::size_t from, std::size_t to, std::string& out) {
  out += "<ul>\n";
  for (std::size_t i = from; i < to; ++i) {
    out += "<li>" + At(due[i].at) + ' ' + std::string(Name(due[i].action)) + ' ' + std::string(Name(due[i].kind)) +
           " <strong>" + EscapeHtml(due[i].key) + "</strong>: " + EscapeHtml(due[i].reason) + "</li>\n";
  }
  out += "</ul>\n";
}

void WriteDue(const Overview& overview, std::string& out) {
  const std::vector<DueItem>& due = overview.status.due;
  out += PartHead("due", "Coming suspends and deletes: " + WithThousands(due.size()));
  const std::size_t first = std::min(due.size(), kDueAtOnce);
  const std::size_t listed = std::min(due.size(), kMostDue);
  if (due.empty()) out += "<p class=\"faint\">Nobody is about to be removed.</p>\n";
  if (first > 0) WriteDueItems(due, 0, first, out);
  if (listed > first) {
    out += "<details><summary>" + WithThousands(due.size() - first) + " more</summary>\n";
    WriteDueItems(due, first, listed, out);
    if (due.size() > listed) {
      out += "<p class=\"faint\">… and " + WithThousands(due.size() - listed) +
             " more: <code>ucaas-sync status</code></p>\n";
    }
    out += "</details>\n";
  }
  out += "</section>\n";
}

void WriteQuarantinePages(std::size_t shown, std::size_t pages, std::string& out) {
  out += "<nav aria-label=\"Pages of those set aside\"><p>Page " + WithThousands(shown) + " of " + WithThousands(pages);
  const auto link = [&out](std::size_t to, const char* text) {
    out += " · <a href=\"/?page=" + std::to_string(to) + "#quarantine\">" + text + "</a>";
  };
  if (shown > 1) {
    link(1, "first");
    link(shown - 1, "before");
  }
  if (shown < pages) {
    link(shown + 1, "next");
    link(pages, "last");
  }
  out += "</p></nav>\n";
}

void WriteQuarantine(const Overview& overview, std::size_t page, Instant now, std::string& out) {
  const std::vector<StoredQuarantine>& items = overview.status.quarantine;
  out += PartHead("quarantine", "Set aside: " + WithThousands(items.size()));
  if (items.empty()) {
    out += "<p class=\"faint\">Nobody.</p></section>\n";
    return;
  }
  const std::size_t pages = (items.size() + kPageLength - 1) / kPageLength;
  const std::size_t shown = std::clamp<std::size_t>(page, 1, pages);
  out += "<p class=\"faint\">Neither updated nor removed until they are well again.</p>\n" +
         TableHead("quarantine-heading", {"Who", "Why", "Since", "What ends it"});
  for (std::size_t i = (shown - 1) * kPageLength; i < std::min(items.size(), shown * kPageLength); ++i) {
    const StoredQuarantine& item = items[i];
    out += "<tr><td>" + EscapeHtml(item.kind) + ' ' + EscapeHtml(item.key) + "</td><td>" + EscapeHtml(item.reason) +
           "</td><td class=\"time\">" + EscapeHtml(Ago(item.since, now)) + "</td><td>" +
           EscapeHtml(Discreet(WhatToDo(item), overview.people)) + "</td></tr>\n";
  }
  out += kTableFoot;
  if (pages > 1) WriteQuarantinePages(shown, pages, out);
  out += "</section>\n";
}

void WriteRuns(const Overview& overview, Instant now, std::string& out) {
  const std::vector<RunRecord>& runs = overview.status.runs;
  out += PartHead("runs", "Runs") + RunChart(runs);
  if (runs.empty()) {
    out += "<p>None yet.</p></section>\n";
    return;
  }
  out += TableHead("runs-heading", {"Run", "Began", "Outcome", "Changes", "Took"});
  for (std::size_t i = 0; i < std::min(runs.size(), kRunsListed); ++i) {
    const RunRecord& run = runs[i];
    out += "<tr><td><a href=\"/runs/" + EscapeHtml(run.id) + "\">" + EscapeHtml(run.id) +
           "</a> <span class=\"faint\">" + EscapeHtml(run.trigger) + "</span></td><td class=\"time\">" +
           EscapeHtml(Ago(run.started, now)) + "</td><td class=\"" + std::string(ToneOf(run)) + "\">" +
           EscapeHtml(OutcomeOf(run)) + "</td><td>" + EscapeHtml(ChangesOf(run)) +
           (run.failed > 0 ? ", " + WithThousands(run.failed) + " failed" : "") + "</td><td class=\"time\">" +
           (run.ended ? EscapeHtml(FormatDuration(*run.ended - run.started)) : "") + "</td></tr>\n";
  }
  out += std::string(kTableFoot) + "</section>\n";
}

}  // namespace

std::string OverviewPage(Overview overview, Instant now, std::size_t page) {
  Conceal(overview.status, overview.people);
  std::string out = PageHead("ucaas-sync: " + HeadlineOf(overview).text);
  WriteStanding(overview, now, out);
  if (overview.status.held) WriteHeld(*overview.status.held, now, out);
  out += "<div class=\"panels\">\n";
  out += "<div>\n";
  WriteChange(overview, now, out);
  WriteTarget(overview, now, out);
  out += "</div>\n";
  WriteSources(overview, now, out);
  WriteDue(overview, out);
  out += "</div>\n";
  WriteQuarantine(overview, page, now, out);
  WriteRuns(overview, now, out);
  return out + PageFoot();
}

}  // namespace ucaas_sync::report
