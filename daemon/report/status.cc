#include "daemon/report/status.h"

#include <algorithm>
#include <ostream>

#include "daemon/model/json_text.h"
#include "daemon/model/text.h"
#include "daemon/report/naming.h"
#include "daemon/report/paint.h"
#include "daemon/report/quarantine.h"
#include "daemon/report/runs.h"
#include "daemon/report/words.h"

namespace ucaas_sync::report {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

std::string QuotedInstant(const std::optional<Instant>& instant) {
  return instant ? Quoted(FormatInstant(*instant)) : "null";
}

void WriteSummaryJson(const std::array<KindSummary, kKindCount>& summary, std::ostream& out) {
  out << '{';
  for (const Kind kind : kAllKinds) {
    out << (kind == kAllKinds.front() ? "" : ",") << Quoted(Name(kind)) << ":{";
    for (const Action action : kAllActions)
      out << Quoted(Name(action)) << ':' << summary[Index(kind)].of(action) << ',';
    out << "\"unchanged\":" << summary[Index(kind)].unchanged << '}';
  }
  out << '}';
}

void WriteRunJson(const RunRecord& run, std::ostream& out) {
  out << "{\"id\":" << Quoted(run.id) << ",\"outcome\":"
      << (run.outcome ? Quoted(Word(*run.outcome))
          : run.ended ? Quoted("cut off")
                      : "null")
      << ",\"started\":" << Quoted(FormatInstant(run.started)) << ",\"ended\":" << QuotedInstant(run.ended)
      << ",\"trigger\":" << Quoted(run.trigger) << ",\"message\":" << Quoted(run.message)
      << ",\"failed\":" << run.failed << ",\"summary\":";
  WriteSummaryJson(run.summary, out);
  out << '}';
}

Ink InkOf(const RunRecord& run) {
  if (!run.outcome) return Ink::kCareful;
  if (*run.outcome == ExitCode::kConverged) return Ink::kGood;
  return *run.outcome == ExitCode::kPartial || *run.outcome == ExitCode::kHeld ? Ink::kCareful : Ink::kBad;
}

std::string Ago(Instant then, Instant now) {
  return now >= then ? FormatDuration(now - then) + " ago" : "in " + FormatDuration(then - now);
}

template <typename T>
void WriteRest(const std::vector<T>& items, std::size_t shown, std::ostream& out) {
  if (items.size() > shown)
    out << "  … and " << WithThousands(items.size() - shown) << " more; --format json has them all\n";
}

constexpr std::string_view kLeftAloneEnds =
    "when the source says another value, or the target keeps the one it says: change it in the source or the mapping, "
    "or mend what rewrites it and set it at the target by hand; the refresh after that finds it equal";

void WriteLeftAloneText(const std::vector<LeftAlone>& items, std::ostream& out) {
  constexpr std::size_t kItemsShown = 20;
  const auto value = [](const std::string& text) { return text.empty() ? "empty" : '"' + Shorten(text, 40) + '"'; };
  out << "\nLeft alone, because the target keeps rewriting it: " << WithThousands(items.size()) << '\n';
  for (std::size_t i = 0; i < std::min(items.size(), kItemsShown); ++i) {
    const LeftAlone& item = items[i];
    out << "  " << Name(item.kind) << ' ' << Printable(item.key) << ": " << FieldsOf(item.kind)[item.field].name
        << " is " << Printable(value(item.shown)) << " there, wanted " << Printable(value(item.wanted)) << ", since "
        << FormatInstant(item.since) << '\n';
  }
  WriteRest(items, kItemsShown, out);
  out << "  It ends " << kLeftAloneEnds << ".\n";
}

constexpr std::string_view kKeptEnds =
    "when the source has it again, when it is deleted in the account by hand, or with `delete_adopted: true` in its "
    "rule";

void WriteKeptText(const std::vector<StoredDecision>& items, std::ostream& out) {
  constexpr std::size_t kItemsShown = 20;
  out << "\nGone from the source, and kept because it was adopted: " << WithThousands(items.size()) << '\n';
  for (std::size_t i = 0; i < std::min(items.size(), kItemsShown); ++i) {
    out << "  " << items[i].kind << ' ' << Printable(items[i].key) << ", since " << FormatInstant(items[i].at) << '\n';
  }
  WriteRest(items, kItemsShown, out);
  out << "  It ends " << kKeptEnds << ".\n";
}

constexpr std::string_view kDriftEnds =
    "when a run puts it back (drift: repair), or the target shows it as written again; `ucaas-sync plan --refresh` "
    "shows both values";

void WriteDriftText(const Status& status, std::ostream& out) {
  constexpr std::size_t kItemsShown = 20;
  out << "\nChanged at the target by hand, when last looked: " << WithThousands(status.drifted_count) << '\n';
  const std::size_t shown = std::min(status.drifted.size(), kItemsShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const Status::Drifted& item = status.drifted[i];
    out << "  " << Name(item.kind) << ' ' << Printable(item.key) << ": ";
    if (item.missing) out << "not there any more";
    for (std::size_t j = 0; j < item.attributes.size(); ++j) out << (j > 0 ? ", " : "") << item.attributes[j];
    out << '\n';
  }
  if (status.drifted_count > shown) {
    out << "  … and " << WithThousands(status.drifted_count - shown) << " more\n";
  }
  out << "  It ends " << kDriftEnds << ".\n";
}

/// Whether the service lets it rest before it tries again, however due it is.
bool RestsAfter(const RunRecord& run) {
  return run.outcome == ExitCode::kSource || run.outcome == ExitCode::kRefused ||
         run.outcome == ExitCode::kUnavailable || run.outcome == ExitCode::kError || run.outcome == ExitCode::kConfig;
}

void WriteNextText(const RunRecord& last, const std::optional<Instant>& next, Instant now, std::ostream& out) {
  if (RestsAfter(last)) {
    out << "Next run: when the service tries again; its page and `systemctl status` say when. `ucaas-sync sync` tries "
           "now\n";
    return;
  }
  out << "Next run: due ";
  if (!next) {
    out << "when a source changes\n";
  } else if (*next <= now) {
    out << "now\n";
  } else {
    out << Ago(*next, now) << " (" << FormatInstant(*next) << "), or when a source changes\n";
  }
}

std::string ApproveCommand(const Status::Held& held) {
  return "ucaas-sync approve " + held.run;
}

void WriteHeldJson(const Status::Held& held, std::ostream& out) {
  out << "{\"run\":" << Quoted(held.run) << ",\"since\":" << Quoted(FormatInstant(held.since)) << ",\"guards\":[";
  for (std::size_t i = 0; i < held.scope.guards.size(); ++i) {
    const ConsentGuard& guard = held.scope.guards[i];
    out << (i == 0 ? "" : ",") << "{\"name\":" << Quoted(guard.name) << ",\"subject\":" << Quoted(guard.subject)
        << ",\"limit\":" << guard.limit << ",\"actual\":" << guard.actual << '}';
  }
  out << "],\"approve\":" << Quoted(ApproveCommand(held));
  if (!held.approved_by.empty()) {
    out << ",\"approved_by\":" << Quoted(held.approved_by) << ",\"approved_why\":" << Quoted(held.approved_why);
  }
  out << '}';
}

void WriteHeldText(const Status::Held& held, Instant now, bool colour, std::ostream& out) {
  const bool holds_everything = std::any_of(held.scope.guards.begin(), held.scope.guards.end(),
                                            [](const ConsentGuard& guard) { return guard.holds_everything; });
  out << Paint(held.approved_by.empty() ? "Waiting for a person" : "Approved, waiting for the next run", Ink::kBad,
               colour)
      << ", since " << FormatInstant(held.since) << " (" << Ago(held.since, now)
      << "): " << (holds_everything ? "nothing is written." : "group removals wait, the rest goes on.") << '\n';
  for (const ConsentGuard& guard : held.scope.guards) {
    out << "  " << guard.name << (guard.subject.empty() ? "" : " (" + Printable(guard.subject) + ')') << ": "
        << WithThousands(guard.actual) << ", limit " << WithThousands(guard.limit);
    if (!guard.covers.empty()) out << ": " << guard.covers;
    out << '\n';
  }
  if (held.approved_by.empty()) {
    if (!held.ended.empty()) {
      out << "  It was approved by " << Printable(held.ended) << ", and that time is over: approve it anew.\n";
    }
    out << "  See whom it is about:  ucaas-sync plan\n  If it is right:        " << ApproveCommand(held) << '\n';
  } else {
    out << "  Approved by " << Printable(held.approved_by)
        << (held.approved_why.empty() ? "" : ": " + Printable(held.approved_why)) << ".\n";
  }
}

void WriteSourcesText(const Status& status, Instant now, bool colour, std::ostream& out) {
  out << "\nSources:\n";
  for (const SourceStanding& source : status.sources) {
    out << "  " << Printable(source.name) << ": ";
    if (source.read_at) {
      out << Counted(source.records, "record") << " read " << Ago(*source.read_at, now);
    } else {
      out << "never read in full yet";
    }
    if (const std::string trouble = TroubleOf(source, status, now); !trouble.empty()) {
      out << "; " << Paint(Printable(trouble), Ink::kBad, colour);
    } else if (source.written_at) {
      out << ", written " << Ago(*source.written_at, now);
    }
    out << '\n';
  }
}

}  // namespace

std::string TroubleOf(const SourceStanding& source, const Status& status, Instant now) {
  if (!source.problem.empty()) return source.problem;
  if (!source.written_at) return {};
  const std::string written = "written " + Ago(*source.written_at, now);
  if (source.max_age && now - *source.written_at > *source.max_age) return written + ", too old";
  // A run that is held, or does a plan that was made before, has not judged the source: it may be as good as ever.
  const RunRecord* last = status.runs.empty() ? nullptr : &status.runs.front();
  const bool has_judged = last != nullptr && last->started > *source.written_at &&
                          (last->outcome == ExitCode::kSource || last->outcome == ExitCode::kConverged ||
                           last->outcome == ExitCode::kPartial) &&
                          !last->trigger.starts_with("apply") && !last->trigger.starts_with("revert") &&
                          !IsForOnePerson(*last);
  if (has_judged && source.read_at.value_or(Instant{}) < *source.written_at)
    return written + ", and not read in full since";
  return {};
}

void Conceal(Status& status, config::People people) {
  if (people == config::People::kFull) return;
  for (RunRecord& run : status.runs) run.message = DiscreetMessage(run.message, people);
  for (StoredQuarantine& item : status.quarantine) {
    // A rejected record goes by its place in the source.
    if (item.kind != "record") item.key = NameOf(item.key, people);
    item.reason = item.by_target ? "the target refused it; `ucaas-sync quarantine list` has its words"
                                 : Discreet(item.reason, people);
  }
  if (status.held) status.held->approved_why.clear();  // a person's own words may name anybody
  for (LeftAlone& item : status.left_alone) {
    item.key = NameOf(item.key, people);
    item.shown = item.wanted = "(not shown)";
  }
  for (StoredDecision& item : status.kept)
    item.key = item.kind == Name(Kind::kGroup) ? item.key : NameOf(item.key, people);
  for (Status::Drifted& item : status.drifted) {
    if (item.kind != Kind::kGroup) item.key = NameOf(item.key, people);
  }
  for (DueItem& item : status.due) {
    item.key = NameOf(item.key, people);
    item.reason = Discreet(item.reason, people);
  }
}

void WriteStatusJson(const Status& status, Instant now, std::ostream& out) {
  out << "{\"runs\":[";
  for (std::size_t i = 0; i < status.runs.size(); ++i) {
    if (i > 0) out << ",\n";
    WriteRunJson(status.runs[i], out);
  }
  out << "],\n\"quarantine\":[";
  for (std::size_t i = 0; i < status.quarantine.size(); ++i) {
    const StoredQuarantine& item = status.quarantine[i];
    if (i > 0) out << ",\n";
    out << QuarantineItemJson(item);
  }
  out << "],\n\"held\":";
  if (status.held) {
    WriteHeldJson(*status.held, out);
  } else {
    out << "null";
  }
  out << ",\n\"left_alone\":[";
  for (std::size_t i = 0; i < status.left_alone.size(); ++i) {
    const LeftAlone& item = status.left_alone[i];
    if (i > 0) out << ",\n";
    out << "{\"kind\":" << Quoted(Name(item.kind)) << ",\"key\":" << Quoted(item.key)
        << ",\"attribute\":" << Quoted(FieldsOf(item.kind)[item.field].name) << ",\"wanted\":" << Quoted(item.wanted)
        << ",\"shown\":" << Quoted(item.shown) << ",\"since\":" << Quoted(FormatInstant(item.since))
        << ",\"ends\":" << Quoted(kLeftAloneEnds) << '}';
  }
  out << "],\n\"kept\":[";
  for (std::size_t i = 0; i < status.kept.size(); ++i) {
    const StoredDecision& item = status.kept[i];
    if (i > 0) out << ",\n";
    out << "{\"kind\":" << Quoted(item.kind) << ",\"key\":" << Quoted(item.key)
        << ",\"since\":" << Quoted(FormatInstant(item.at)) << ",\"reason\":" << Quoted(item.reason)
        << ",\"ends\":" << Quoted(kKeptEnds) << '}';
  }
  out << "],\n\"drift\":{\"count\":" << status.drifted_count << ",\"first\":[";
  for (std::size_t i = 0; i < status.drifted.size(); ++i) {
    const Status::Drifted& item = status.drifted[i];
    if (i > 0) out << ",\n";
    out << "{\"kind\":" << Quoted(Name(item.kind)) << ",\"key\":" << Quoted(item.key)
        << ",\"missing\":" << (item.missing ? "true" : "false") << ",\"attributes\":[";
    for (std::size_t j = 0; j < item.attributes.size(); ++j) out << (j > 0 ? "," : "") << Quoted(item.attributes[j]);
    out << "]}";
  }
  out << "]},\n\"sources\":[";
  for (std::size_t i = 0; i < status.sources.size(); ++i) {
    const SourceStanding& source = status.sources[i];
    if (i > 0) out << ",\n";
    out << "{\"name\":" << Quoted(source.name) << ",\"records\":" << source.records
        << ",\"read_at\":" << QuotedInstant(source.read_at) << ",\"written_at\":" << QuotedInstant(source.written_at)
        << ",\"problem\":" << Quoted(TroubleOf(source, status, now)) << '}';
  }
  out << "],\n\"due\":[";
  for (std::size_t i = 0; i < status.due.size(); ++i) {
    const DueItem& item = status.due[i];
    if (i > 0) out << ",\n";
    out << "{\"kind\":" << Quoted(Name(item.kind)) << ",\"action\":" << Quoted(Name(item.action))
        << ",\"key\":" << Quoted(item.key) << ",\"at\":" << Quoted(FormatInstant(item.at))
        << ",\"reason\":" << Quoted(item.reason) << '}';
  }
  out << "],\n\"next_run\":" << QuotedInstant(status.next_run) << "}\n";
}

void WriteStatusText(const Status& status, Instant now, bool colour, std::ostream& out) {
  constexpr std::size_t kRunsShown = 10;
  constexpr std::size_t kItemsShown = 20;
  if (status.runs.empty()) {
    out << "No run yet. `ucaas-sync plan` shows what the first would do.\n";
  } else {
    const RunRecord& last = status.runs.front();
    out << "Last run: " << Paint(OutcomeOf(last), InkOf(last), colour) << ", " << Ago(last.started, now) << '\n';
    if (const std::uint64_t left = LeftBy(last); left > 0) {
      out << Paint("Not up to date: " + Counted(left, "change") + " left to the next run", Ink::kBad, colour) << '\n';
    }
    WriteNextText(last, status.next_run, now, out);
  }
  if (status.held) WriteHeldText(*status.held, now, colour, out);
  if (!status.sources.empty()) WriteSourcesText(status, now, colour, out);
  if (!status.due.empty()) {
    out << "\nComing removals:\n";
    for (std::size_t i = 0; i < std::min(status.due.size(), kItemsShown); ++i) {
      const DueItem& item = status.due[i];
      out << "  " << FormatInstant(item.at) << (item.at <= now ? " (due) " : "  ") << Name(item.action) << ' '
          << Name(item.kind) << ' ' << Printable(item.key) << "  " << Printable(item.reason) << '\n';
    }
    WriteRest(status.due, kItemsShown, out);
  }
  if (!status.quarantine.empty()) {
    const auto holds = static_cast<std::size_t>(std::count_if(status.quarantine.begin(), status.quarantine.end(),
                                                              [](const auto& item) { return item.kind == "hold"; }));
    out << "\nIn quarantine: " << WithThousands(status.quarantine.size() - holds);
    if (holds > 0) out << ", on hold: " << WithThousands(holds);
    out << '\n';
    for (std::size_t i = 0; i < std::min(status.quarantine.size(), kItemsShown); ++i) {
      const StoredQuarantine& item = status.quarantine[i];
      out << "  " << item.kind << ' ' << Printable(item.key) << ": " << Printable(item.reason) << '\n';
    }
    WriteRest(status.quarantine, kItemsShown, out);
    out << "  What ends each: ucaas-sync quarantine list\n";
  }
  if (!status.left_alone.empty()) WriteLeftAloneText(status.left_alone, out);
  if (!status.kept.empty()) WriteKeptText(status.kept, out);
  if (status.drifted_count != 0) WriteDriftText(status, out);
  if (status.runs.empty()) return;
  out << "\nRuns, newest first:\n";
  for (std::size_t i = 0; i < std::min(status.runs.size(), kRunsShown); ++i) {
    const RunRecord& run = status.runs[i];
    out << "  " << FormatInstant(run.started) << "  " << Paint(OutcomeOf(run), InkOf(run), colour) << "  "
        << ChangesOf(run);
    if (run.failed > 0) out << ", " << WithThousands(run.failed) << " failed";
    out << "  (" << run.id << ", " << run.trigger << ")\n";
    if (run.message.empty()) continue;
    // What fails for hours fails alike.
    const bool is_told = i > 0 && status.runs[i - 1].message == run.message;
    out << "    " << (is_told ? "the same" : Shorten(OneLine(run.message), 200)) << '\n';
  }
}

}  // namespace ucaas_sync::report
