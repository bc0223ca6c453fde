#include "daemon/report/runs.h"

#include <ostream>

#include "daemon/model/json_text.h"
#include "daemon/model/text.h"
#include "daemon/report/paint.h"
#include "daemon/report/words.h"

namespace ucaas_sync::report {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

Ink InkOf(const RunRecord& run) {
  if (!run.outcome) return Ink::kCareful;
  if (*run.outcome == ExitCode::kConverged) return Ink::kGood;
  return *run.outcome == ExitCode::kPartial || *run.outcome == ExitCode::kHeld ? Ink::kCareful : Ink::kBad;
}

std::string Padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

}  // namespace

std::string OutcomeOf(const RunRecord& run) {
  if (run.outcome) return std::string(Word(*run.outcome));
  return run.ended ? "cut off" : "running";
}

std::uint64_t PlannedIn(const RunRecord& run) {
  std::uint64_t planned = 0;
  for (const KindSummary& summary : run.summary) {
    for (const std::uint64_t count : summary.actions) planned += count;
  }
  return planned;
}

std::uint64_t LeftBy(const RunRecord& run) {
  // One that failed as a whole is told by its outcome.
  return run.outcome == ExitCode::kPartial ? run.left : 0;
}

bool IsForOnePerson(const RunRecord& run) {
  return run.trigger.ends_with("--only");
}

std::string ChangesOf(const RunRecord& run) {
  std::string text;
  for (const Kind kind : kAllKinds) {
    for (const Action action : kAllActions) {
      const std::uint64_t count = run.summary[Index(kind)].of(action);
      if (count == 0) continue;
      text += (text.empty() ? "" : ", ") + std::string(Name(action)) + ' ' + Counted(count, Name(kind), Plural(kind));
    }
  }
  return text.empty() ? "no change" : text;
}

void WriteRunsText(const std::vector<RunRecord>& runs, bool colour, std::ostream& out) {
  if (runs.empty()) {
    out << "No run yet. `ucaas-sync plan` shows what the first would do.\n";
    return;
  }
  constexpr std::size_t kColumns = 76;
  out << Paint(Padded("run", 22) + Padded("started", 22) + Padded("outcome", 13) + Padded("took", 10) + "trigger",
               Ink::kFaint, colour)
      << '\n';
  for (const RunRecord& run : runs) {
    // When one that was cut off ended nobody knows; its end is when that was found.
    const std::string took = run.ended && run.outcome ? FormatDuration(*run.ended - run.started) : "-";
    out << Padded(run.id, 22) << Padded(FormatInstant(run.started), 22)
        << Paint(Padded(OutcomeOf(run), 13), InkOf(run), colour) << Padded(took, 10) << Shorten(run.trigger, 12)
        << '\n';
    const std::uint64_t planned = PlannedIn(run);
    if (planned == 0) {
      out << "  no change planned";
    } else {
      out << "  " << WithThousands(planned) << " planned, " << WithThousands(run.done) << " done, "
          << WithThousands(run.failed) << " failed";
    }
    out << '\n';
    if (planned != 0) out << "  " << Shorten(ChangesOf(run), kColumns) << '\n';
    if (!run.message.empty()) out << "  " << Shorten(OneLine(run.message), kColumns) << '\n';
  }
}

void WriteRunsJson(const std::vector<RunRecord>& runs, std::ostream& out) {
  out << "{\"runs\":[";
  for (const RunRecord& run : runs) {
    out << (&run == &runs.front() ? "" : ",\n") << "{\"id\":" << Quoted(run.id)
        << ",\"outcome\":" << (run.outcome || run.ended ? Quoted(OutcomeOf(run)) : "null")
        << ",\"started\":" << Quoted(FormatInstant(run.started))
        << ",\"ended\":" << (run.ended ? Quoted(FormatInstant(*run.ended)) : "null")
        << ",\"trigger\":" << Quoted(run.trigger) << ",\"planned\":" << PlannedIn(run) << ",\"done\":" << run.done
        << ",\"failed\":" << run.failed << ",\"message\":" << Quoted(run.message) << '}';
  }
  out << "]}\n";
}

}  // namespace ucaas_sync::report
