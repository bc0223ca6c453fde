#include <algorithm>
#include <ostream>
#include <set>
#include <utility>

#include "daemon/model/text.h"
#include "daemon/report/explain.h"
#include "daemon/report/explain_words.h"
#include "daemon/report/paint.h"
#include "daemon/report/quarantine.h"
#include "daemon/report/words.h"

namespace ucaas_sync::report {
namespace {

class Story {
 public:
  Story(const Explanation& explanation, bool colour, std::ostream& out)
      : all_(explanation), colour_(colour), out_(out) {}

  void Write() {
    const auto subjects = Subjects(all_);
    Heading(subjects);
    if (all_.run) {
      PastRun();
      return;
    }
    if (!all_.source_trouble.empty()) {
      out_ << '\n' << Paint("The sources cannot be used now:", Ink::kBad, colour_) << '\n';
      Lines(all_.source_trouble);
    }
    for (const RejectTrace& reject : all_.trace->rejects()) {
      Section("Rejected", reject.source + " line " + std::to_string(reject.line) + " names it: " + reject.reason);
    }
    if (subjects.empty() && all_.source_trouble.empty()) NotThere();
    for (const auto& [kind, key] : subjects) Subject(kind, key);
    Guards();
    Past();
  }

 private:
  void Heading(const std::vector<std::pair<Kind, std::string>>& subjects) {
    std::string keys;
    for (const std::string& key : all_.keys) keys += (keys.empty() ? "" : ", ") + Printable(key);
    std::string title = Printable(all_.who);
    if (keys != title) title += ": " + keys;
    for (const StoredEntity& stored : all_.stored) {
      const std::string name = DisplayName(stored.kind, View(stored.fields));
      if (name.empty() || name == stored.key) continue;
      title += ", " + Printable(name);
      break;
    }
    out_ << Paint(title, Ink::kBold, colour_) << '\n';
    for (const FormerKey& former : all_.former_keys) {
      out_ << "  " << Printable(former.key) << " is " << Printable(former.now) << " since " << FormatInstant(former.at)
           << ", by `ucaas-sync quarantine release " << ShellWord(former.now) << " --as " << ShellWord(former.key)
           << "`\n";
    }
    for (const std::string& key : all_.once_had_who) {
      out_ << "  " << Printable(all_.who) << " was the e-mail of " << Printable(key) << " in the past\n";
    }
    if (all_.forgotten) {
      out_ << "  forgotten on request on " << FormatInstant(*all_.forgotten)
           << ": what was kept until then was erased\n";
    }
    for (const StoredEntity& stored : all_.stored) {
      out_ << "  " << Name(stored.kind) << ' ' << Printable(stored.key) << ": ";
      if (stored.lifecycle == Lifecycle::kGone) {
        out_ << "deleted at the target";
      } else {
        out_ << WordOf(stored.lifecycle) << " at the target as " << Printable(stored.remote_id);
        const DriftFinding* drift = DriftOf(all_, stored.kind, stored.key);
        if (drift != nullptr && drift->missing) out_ << Paint(" until somebody removed it there", Ink::kBad, colour_);
        if (drift != nullptr && !drift->missing)
          out_ << Paint(", changed there by somebody else", Ink::kCareful, colour_);
      }
      out_ << ", " << WordOf(stored.ownership) << ", from " << Printable(stored.source);
      if (stored.suspended_at) out_ << ", suspended " << FormatInstant(*stored.suspended_at);
      out_ << '\n';
    }
    if (all_.stored.empty() && !subjects.empty())
      out_ << "  not known to the state: never created or adopted by a run\n";
    if (all_.run) return;
    for (const StoredQuarantine& item : WithHolds(all_.quarantine, all_.holds)) {
      out_ << "  " << (item.kind == "hold" ? "on hold" : Printable(item.kind) + " set aside") << " since "
           << FormatInstant(item.since) << ": " << Printable(item.reason) << '\n';
    }
  }

  void NotThere() {
    out_ << "\nNobody has this key or e-mail: it is in no record that was read, and not in the state.\n";
    for (const PlanSource& source : all_.sources) {
      Section("Read", source.name + ": " + Counted(source.records, "record") + " of " + source.location +
                          (source.rejected == 0 ? "" : ", " + WithThousands(source.rejected) + " rejected") +
                          (source.complete ? ", complete" : ", not usable now"));
    }
    for (const std::string& near : all_.trace->near()) {
      Section("But", "there is " + near + ", which differs in upper and lower case alone");
    }
    out_ << "\nA key is written exactly as in the source, an e-mail as it comes out of the rule.\n"
            "`ucaas-sync read SOURCE` shows what a source has.\n";
  }

  void Subject(Kind kind, const std::string& key) {
    out_ << '\n' << Paint(std::string(Name(kind)) + ' ' + Printable(key), Ink::kBold, colour_) << '\n';
    section_.clear();
    bool has_record = false;
    for (const RecordTrace& record : all_.trace->records()) {
      if (record.kind != kind || record.key != key) continue;
      // A group comes out of the records of all its people, mostly the same from each.
      if (kind == Kind::kGroup && has_record) {
        Section("Source", PlaceOf(record.source) + " too");
      } else {
        Record(record);
      }
      has_record = true;
    }
    if (has_record && all_.trace->records_left_out() != 0) {
      Section("Source", "and " + Counted(all_.trace->records_left_out(), "more record") + ", not shown");
    }
    if (!has_record && all_.source_trouble.empty()) {
      for (const PlanSource& source : all_.sources) {
        Section("Source", source.name + ": not among " + Counted(source.records, "record") + " of " + source.location);
      }
    }
    for (const EntityTrace& entity : all_.trace->entities()) {
      if (entity.kind == kind && entity.key == key) Compare(entity);
    }
    const Decision decision = DecisionOn(all_, kind, key);
    const bool is_calm = decision.word == "unchanged";
    Section("Decision", decision.text, is_calm ? Ink::kGood : Ink::kCareful);
    for (const EntityTrace& entity : all_.trace->entities()) {
      if (entity.kind == kind && entity.key == key && entity.operation) Changes(*entity.operation);
    }
  }

  void Record(const RecordTrace& record) {
    Section("Source", PlaceOf(record.source));
    Section("Rule", std::string(Name(record.kind)) + "s from " + record.source.name +
                        (record.prefer.empty() ? "" : "; this record " + record.prefer));
    for (const JoinTrace& join : record.joins) Section("Join", JoinText(join));
    for (const FilterTrace& filter : record.filters) Filter(filter);
    for (const FieldTrace& field : record.fields) {
      std::string text = field.name + " = ";
      text += field.secret ? "(not shown)" : Shown(Field(field.state, field.value));
      if (!field.written.empty() && '"' + field.written + '"' != Shown(Field(field.state, field.value))) {
        text += "   from " + field.written;
      }
      Section("Fields", text);
    }
    if (!record.groups.empty()) {
      std::string groups;
      for (const std::string& group : record.groups) groups += (groups.empty() ? "" : ", ") + group;
      Section("Groups", groups);
    }
    if (!record.reason.empty()) Section("Trouble", record.reason, Ink::kBad);
  }

  void Filter(const FilterTrace& filter) {
    std::string text = filter.name + ": " + WordOf(filter.verdict);
    std::string why;
    for (const FilterTrace::Value& value : filter.values) {
      why += (why.empty() ? "" : ", ") + value.attribute + " is ";
      if (value.values.empty()) why += "not there";
      for (std::size_t i = 0; i < value.values.size(); ++i) why += (i == 0 ? "\"" : ", \"") + value.values[i] + '"';
    }
    if (filter.clause != filter.text) text += ", decided by " + filter.clause;
    if (filter.clause == filter.text) text += ", " + filter.text;
    Section("Filters", why.empty() ? text : text + ": " + why);
  }

  void Compare(const EntityTrace& entity) {
    if (entity.drift && entity.drift->missing) {
      Section("Compare", "the last look at the account did not find it there any more", Ink::kCareful);
      return;
    }
    std::size_t equal = 0;
    for (const ComparisonTrace& field : entity.comparison) {
      const std::string name(FieldsOf(entity.kind)[field.field].name);
      switch (field.verdict) {
        case ComparisonTrace::Verdict::kEqual:
          if (field.found) {
            Section("Compare", name + " is equal: " + ThereOf(field));
          } else {
            ++equal;
          }
          break;
        case ComparisonTrace::Verdict::kDifferent:
          Section("Compare", name + " differs: " + ThereOf(field) + ", the record wants " + Shown(field.desired));
          break;
        case ComparisonTrace::Verdict::kNotCompared:
          Section("Compare",
                  name + " is not compared: " + field.why + (field.found ? "; " + ThereOf(field) : std::string()));
          break;
      }
    }
    if (entity.drift && entity.drift->groups && entity.stored) {
      Section("Compare", "groups: the account has " + ListOfGroups(*entity.drift->groups) +
                             ", changed there by somebody else (it was " + ListOfGroups(entity.stored->groups) + ')');
    }
    if (equal != 0) Section("Compare", Counted(equal, "field is", "fields are") + " equal");
  }

  static std::string ThereOf(const ComparisonTrace& field) {
    if (!field.found) return "the account has " + Shown(field.stored);
    return "the account has " + Shown(*field.found) + ", changed there by somebody else (it was " +
           Shown(field.stored) + ')';
  }

  static std::string ListOfGroups(const std::vector<std::string>& groups) {
    std::string text;
    for (const std::string& group : groups) text += (text.empty() ? "" : ", ") + group;
    return text.empty() ? "none" : text;
  }

  void Changes(const Operation& operation) {
    for (const ShownChange& change : ShownChanges(operation)) {
      std::string text = change.attribute + ": ";
      if (change.has_before) text += change.before + " -> ";
      text += change.has_after ? change.after : "(gone)";
      Section("Change", text);
    }
  }

  void Guards() {
    if (all_.guards.empty()) return;
    out_ << '\n' << Paint("Guards", Ink::kBold, colour_) << '\n';
    for (const GuardVerdict& guard : all_.guards) {
      Section(guard.held ? "HELD" : "passed", HeldLine(guard), guard.held ? Ink::kBad : Ink::kPlain);
    }
  }

  void Past() {
    if (!all_.decisions.empty()) {
      out_ << '\n' << Paint("Decisions of past runs, newest first", Ink::kBold, colour_) << '\n';
      for (const StoredDecision& decision : all_.decisions) Decided(decision);
    }
    if (Subjects(all_).empty() && all_.operations.empty()) return;
    out_ << '\n' << Paint("Requests, newest first", Ink::kBold, colour_) << '\n';
    if (all_.operations.empty()) out_ << "  none: no run has planned anything for it\n";
    for (const PastOperation& past : all_.operations) Done(past);
  }

  void PastRun() {
    const RunRecord& run = *all_.run;
    const std::string outcome = run.outcome ? std::string(Word(*run.outcome)) : run.ended ? "cut off" : "running";
    out_ << "\nRun " << run.id << " (" << Printable(run.trigger) << ") began " << FormatInstant(run.started) << ": "
         << outcome << '\n';
    if (!run.message.empty()) Lines(run.message);
    bool is_news = false;
    for (const StoredDecision& decision : all_.decisions) {
      if (decision.run != run.id) continue;
      is_news = true;
      Decided(decision);
    }
    for (const PastOperation& past : all_.operations) {
      if (past.run.id != run.id) continue;
      is_news = true;
      Done(past);
    }
    if (is_news) return;
    const bool was_held = run.outcome == ExitCode::kHeld;
    if (all_.forgotten && all_.decisions.empty() && all_.operations.empty()) return;  // nobody knows any more
    out_
        << (was_held
                ? "  that run was held, so nothing was written to anybody; what it decided of this key does not differ "
                  "from\n  the time before, or it held more people than are noted one by one\n"
                : "  nothing changed in that run: no operation, and no decision that differs from the one before\n");
    Before();
  }

  void Before() {
    std::set<std::pair<std::string, std::string>> subjects;  // kind, key
    for (const StoredDecision& decision : all_.decisions) subjects.emplace(decision.kind, decision.key);
    for (const PastOperation& past : all_.operations) {
      subjects.emplace(Name(past.operation.kind), past.operation.key);
    }
    if (subjects.empty()) {
      out_ << "  no run before it did or decided anything about this key either\n";
      return;
    }
    out_ << "\nThe last word before it:\n";
    for (const auto& subject : subjects) {
      const auto decision = std::find_if(all_.decisions.begin(), all_.decisions.end(), [&](const auto& candidate) {
        return candidate.kind == subject.first && candidate.key == subject.second;
      });
      const auto past = std::find_if(all_.operations.begin(), all_.operations.end(), [&](const auto& candidate) {
        return Name(candidate.operation.kind) == subject.first && candidate.operation.key == subject.second;
      });
      const bool has_operation = past != all_.operations.end();
      if (decision != all_.decisions.end() && (!has_operation || decision->at >= past->run.started)) {
        Decided(*decision);
      } else {
        Done(*past);
      }
    }
  }

  void Decided(const StoredDecision& decision) {
    out_ << "  " << FormatInstant(decision.at) << "  run " << decision.run << "\n    " << decision.kind << ' '
         << Printable(decision.key) << ' ' << decision.word << ": " << Printable(decision.reason);
    if (!decision.source.name.empty()) out_ << " (" << Printable(PlaceOf(decision.source)) << ')';
    out_ << '\n';
  }

  void Done(const PastOperation& past) {
    const Operation& operation = past.operation;
    out_ << "  " << FormatInstant(past.outcome ? past.outcome->at : past.run.started) << "  run " << past.run.id
         << "\n    " << Name(operation.action) << ' ' << Name(operation.kind) << ' ' << Printable(operation.key)
         << ": ";
    if (!past.outcome) {
      out_ << Paint("no answer is known", Ink::kCareful, colour_) << '\n';
    } else {
      const bool has_failed = !past.outcome->done && past.outcome->verdict != kVerdictUnsent;
      const char* const word = past.outcome->done      ? "done"
                               : has_failed            ? "failed"
                               : past.requests.empty() ? "not sent"
                                                       : "not done";
      out_ << Paint(word, past.outcome->done ? Ink::kGood : has_failed ? Ink::kBad : Ink::kCareful, colour_) << '\n';
    }
    section_.clear();
    Section("because",
            operation.reason + (operation.source.name.empty() ? "" : " (" + PlaceOf(operation.source) + ")"));
    Changes(operation);
    for (const Attempt& attempt : past.requests) {
      Section("request", FormatInstant(attempt.at) + ' ' + attempt.call + ": " +
                             Reply(attempt.verdict, attempt.http_status, attempt.result, attempt.latency,
                                   attempt.request_id, attempt.message));
    }
    if (!past.outcome) return;
    const OperationOutcome& outcome = *past.outcome;
    if (past.requests.empty() && outcome.verdict != kVerdictUnsent) {
      Section("reply", Reply(outcome.verdict, outcome.http_status, outcome.result, outcome.latency, outcome.request_id,
                             outcome.message));
    } else if (!outcome.done) {
      Section("result", outcome.message);
    }
  }

  static std::string Reply(const std::string& verdict, int status, const std::string& result,
                           std::chrono::microseconds latency, const std::string& request_id,
                           const std::string& message) {
    std::string text = verdict;
    if (status != 0) text += ", HTTP " + std::to_string(status);
    if (!result.empty()) text += ", result " + result;
    if (latency.count() != 0) text += ", " + FormatDuration(std::chrono::ceil<Duration>(latency));
    if (!request_id.empty()) text += ", request id " + request_id;
    return message.empty() ? text : text + ": " + message;
  }

  void Lines(const std::string& text) {
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      out_ << "  " << Printable(std::string_view(text).substr(at, end - at)) << '\n';
      at = end + 1;
    }
  }

  /// A line under a name that is said once, broken between words where it is longer than a terminal is wide.
  void Section(std::string_view name, const std::string& text, Ink ink = Ink::kPlain) {
    constexpr std::size_t kNameWidth = 10;
    constexpr std::size_t kTextWidth = 67;
    std::string label(name == section_ ? std::string_view() : name);
    section_ = name;
    label.resize(kNameWidth, ' ');
    const std::string printable = Printable(text);
    std::string_view rest = printable;
    while (!rest.empty() || !label.empty()) {
      std::size_t end = rest.size();
      if (DisplayWidth(rest) > kTextWidth) {
        const std::size_t space = rest.substr(0, kTextWidth).rfind(' ');
        if (space != std::string_view::npos && space > 0) end = space;
      }
      out_ << "  " << (label.empty() ? std::string(kNameWidth + 2, ' ') : Paint(label, Ink::kFaint, colour_))
           << Paint(rest.substr(0, end), ink, colour_) << '\n';
      label.clear();
      rest.remove_prefix(std::min(rest.size(), end + 1));
    }
  }

  const Explanation& all_;
  bool colour_;
  std::ostream& out_;
  std::string section_;  // the name above the last line
};

}  // namespace

void WriteExplanationText(const Explanation& explanation, bool colour, std::ostream& out) {
  Story(explanation, colour, out).Write();
}

}  // namespace ucaas_sync::report
