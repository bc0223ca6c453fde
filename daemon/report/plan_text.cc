#include "daemon/report/plan_text.h"

#include <algorithm>
#include <array>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/text.h"
#include "daemon/report/paint.h"
#include "daemon/report/words.h"

namespace ucaas_sync::report {
namespace {

constexpr std::size_t kIndent = 4;

std::string PadRight(std::string text, std::size_t width) {
  const std::size_t columns = DisplayWidth(text);
  if (columns < width) text.append(width - columns, ' ');
  return text;
}

std::string PadLeft(std::string text, std::size_t width) {
  const std::size_t columns = DisplayWidth(text);
  if (columns < width) text.insert(0, width - columns, ' ');
  return text;
}

/// Bytes of the longest beginning of `text` (UTF-8, not empty) that fits; one character at least.
std::size_t FittingPrefix(std::string_view text, std::size_t columns) {
  std::size_t end = 0;
  while (end < text.size()) {
    std::size_t next = end + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0U) == 0x80U) ++next;
    if (end > 0 && DisplayWidth(text.substr(0, next)) > columns) break;
    end = next;
  }
  return end;
}

/// Lines of at most `columns`, broken at spaces, and inside a word only where it is wider than a line.
std::vector<std::string> Wrapped(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines;
  std::string line;
  const auto end_line = [&] {
    if (!line.empty()) lines.push_back(std::move(line));
    line.clear();
  };
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    std::string_view word = text.substr(at, end - at);
    at = end + 1;
    if (!line.empty() && DisplayWidth(line) + 1 + DisplayWidth(word) > columns) end_line();
    while (DisplayWidth(word) > columns) {
      const std::size_t fits = FittingPrefix(word, columns);
      lines.emplace_back(word.substr(0, fits));
      word.remove_prefix(fits);
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  end_line();
  return lines;
}

void WriteWrapped(std::ostream& out, std::string_view text, std::size_t indent, std::size_t width) {
  const std::size_t columns = width - std::min(width - 1, indent);
  for (const std::string& line : Wrapped(text, columns)) out << std::string(indent, ' ') << line << '\n';
}

struct Mark {
  char sign;
  Ink ink;
};

Mark MarkOf(Action action) {
  switch (action) {
    case Action::kCreate:
      return {'+', Ink::kGood};
    case Action::kAdopt:
      return {'=', Ink::kGood};
    case Action::kReactivate:
      return {'^', Ink::kGood};
    case Action::kUpdate:
      return {'~', Ink::kCareful};
    case Action::kSuspend:
      return {'!', Ink::kBad};
    case Action::kDelete:
      return {'-', Ink::kBad};
  }
  return {' ', Ink::kPlain};
}

class Writer {
 public:
  Writer(const PlanTextOptions& options, std::ostream& out) : options_(options), out_(out) {}

  void Sources(const Plan& plan) {
    for (const PlanSource& source : plan.sources) {
      std::string line = source.name + ": " + Counted(source.records, "record");
      if (source.rejected > 0) line += ", " + WithThousands(source.rejected) + " rejected";
      if (!source.complete) line += ", INCOMPLETE";
      line += "  (" + Printable(source.location) + ')';
      out_ << Shorten(line, options_.width) << '\n';
    }
    out_ << '\n';
  }

  void Counts(const Plan& plan) {
    static constexpr std::array<Action, kActionCount> kOrder{Action::kCreate,  Action::kAdopt,      Action::kUpdate,
                                                             Action::kSuspend, Action::kReactivate, Action::kDelete};
    constexpr std::size_t kLabel = 9;
    constexpr std::size_t kUnchanged = 11;
    std::string head(kLabel, ' ');
    for (const Action action : kOrder) head += PadLeft(std::string(Name(action)), ColumnOf(action));
    out_ << Paint(head + PadLeft("unchanged", kUnchanged), Ink::kFaint, options_.colour) << '\n';
    for (const Kind kind : kAllKinds) {
      const KindSummary& summary = plan.summary_of(kind);
      std::string line = PadRight(Plural(kind), kLabel);
      for (const Action action : kOrder) {
        const std::uint64_t count = summary.of(action);
        const std::string cell = PadLeft(Applies(kind, action) ? WithThousands(count) : "-", ColumnOf(action));
        line += count > 0 ? Paint(cell, MarkOf(action).ink, options_.colour) : cell;
      }
      out_ << line << PadLeft(WithThousands(summary.unchanged), kUnchanged) << '\n';
    }
    out_ << '\n';
  }

  void Held(const Plan& plan) {
    const GuardVerdict* before = nullptr;
    for (const GuardVerdict& guard : plan.guards) {
      if (!guard.held) continue;
      for (const std::string& line : Wrapped("HELD by " + Printable(HeldLine(guard)), options_.width)) {
        out_ << Paint(line, Ink::kBad, options_.colour) << '\n';
      }
      // What is to be done is said once for all that come to the same.
      const bool is_same_advice =
          before != nullptr && before->advice == guard.advice && before->holds_everything == guard.holds_everything;
      std::string text = Printable(guard.meaning);
      if (!is_same_advice) {
        if (!text.empty()) text += ' ';
        text += guard.holds_everything ? "Nothing will be written." : "These removals wait; the rest goes on.";
        if (!guard.advice.empty()) text += ' ' + Printable(guard.advice);
      }
      WriteWrapped(out_, text, 2, options_.width);
      const bool is_repeat = before != nullptr && before->examples == guard.examples && before->more == guard.more;
      Examples(guard, is_repeat);
      out_ << '\n';
      before = &guard;
    }
  }

  void Approved(const Plan& plan) {
    bool is_any = false;
    for (const GuardVerdict& guard : plan.guards) {
      if (guard.approved_by.empty()) continue;
      is_any = true;
      const std::string line = "Approved: " + Printable(HeldLine(guard)) + "; by " + Printable(guard.approved_by);
      for (const std::string& part : Wrapped(line, options_.width)) {
        out_ << Paint(part, Ink::kCareful, options_.colour) << '\n';
      }
    }
    if (is_any) out_ << '\n';
  }

  void Warnings(const Plan& plan) {
    for (const std::string& warning : plan.warnings) {
      out_ << Paint("Warning:", Ink::kCareful, options_.colour) << '\n';
      WriteWrapped(out_, Printable(warning), 2, options_.width);
    }
    if (!plan.warnings.empty()) out_ << '\n';
  }

  void Operations(const Plan& plan) {
    const std::size_t count = plan.operations.size();
    const std::size_t shown = options_.operations == 0 ? count : std::min(count, options_.operations);
    for (std::size_t i = 0; i < shown; ++i) OneOperation(plan.operations.At(i));
    if (shown > 0 && shown == count) out_ << '\n';
    if (shown < count) {
      out_ << "… and " << Counted(count - shown, "more change", "more changes") << "; plan --all shows every one.\n\n";
    }
  }

  void Quarantine(const Plan& plan) {
    if (plan.quarantine.empty()) return;
    const std::size_t count = plan.quarantine.size();
    const std::size_t shown = options_.quarantine == 0 ? count : std::min(count, options_.quarantine);
    out_ << Paint("In quarantine (frozen: neither updated nor removed): " + WithThousands(count), Ink::kCareful,
                  options_.colour)
         << '\n';
    for (std::size_t i = 0; i < shown; ++i) {
      const QuarantineItem& item = plan.quarantine[i];
      std::string line = "? " + item.kind + ' ' + Printable(item.key);
      // A reject's key is its place.
      if (item.kind != "record" && !item.source.name.empty()) line += "  " + Printable(PlaceOf(item.source));
      const std::string_view is_new = item.is_new ? "  (new)" : "";
      out_ << Shorten(line, options_.width - is_new.size()) << is_new << '\n';
      WriteWrapped(out_, Printable(item.reason), kIndent, options_.width);
    }
    if (shown < count) out_ << "… and " << WithThousands(count - shown) << " more; plan --all shows every one.\n";
    out_ << '\n';
  }

  void Due(const Plan& plan) {
    constexpr std::size_t kMost = 10;
    if (plan.due.empty()) return;
    out_ << Paint("Not yet: " + Counted(plan.due.size(), "removal") + " will come due if nothing changes",
                  Ink::kCareful, options_.colour)
         << '\n';
    for (std::size_t i = 0; i < std::min(plan.due.size(), kMost); ++i) {
      const DueItem& item = plan.due[i];
      const std::string line = FormatInstant(item.at) + "  " + std::string(Name(item.action)) + ' ' +
                               std::string(Name(item.kind)) + ' ' + Printable(item.key) + "  " + Printable(item.reason);
      out_ << Shorten("  " + line, options_.width) << '\n';
    }
    if (plan.due.size() > kMost) out_ << "… and " << WithThousands(plan.due.size() - kMost) << " more\n";
    out_ << '\n';
  }

  void End(const Plan& plan) {
    if (plan.held) {
      out_ << Paint("This plan is held. Nothing will be written.", Ink::kBad, options_.colour) << '\n';
    } else if (IsEmptyPlan(plan)) {
      const bool is_as_said =
          plan.quarantine.empty() && plan.warnings.empty() && plan.due.empty() && plan.waiting.empty();
      out_ << (is_as_said ? "Nothing to do: the account is as the sources say.\n"
                          : "Nothing to do now; what is left as it is stands above.\n");
    } else {
      out_ << Counted(plan.operations.size(), "change") << " to make.\n";
    }
    const bool is_any_held =
        std::any_of(plan.guards.begin(), plan.guards.end(), [](const GuardVerdict& guard) { return guard.held; });
    // Never wrapped: it is there to be copied.
    if (is_any_held && !options_.approve.empty()) {
      out_ << "If what is held is right: " << Printable(options_.approve) << '\n';
    }
  }

 private:
  // A day's limit and a week's are often passed by the same people: they are named once.
  void Examples(const GuardVerdict& guard, bool is_repeat) {
    if (guard.examples.empty()) return;
    if (is_repeat) {
      out_ << "    the same as above\n";
      return;
    }
    for (const std::string& example : guard.examples) {
      out_ << "    " << Shorten(example, options_.width - kIndent) << '\n';
    }
    if (guard.more != 0) out_ << "    … and " << WithThousands(guard.more) << " more\n";
  }

  static std::size_t ColumnOf(Action action) { return std::max<std::size_t>(Name(action).size() + 2, 9); }

  void OneOperation(const Operation& operation) {
    const Mark mark = MarkOf(operation.action);
    const std::string head = std::string(1, mark.sign) + ' ' + std::string(Name(operation.action)) + ' ' +
                             std::string(Name(operation.kind)) + ' ' + Printable(operation.key);
    const std::string person = WhoOf(operation);
    std::string rest;
    if (!person.empty()) rest += "  " + Printable(person);
    const std::string shown_head = Shorten(head, options_.width);
    const std::size_t left = options_.width - std::min(options_.width, DisplayWidth(shown_head));
    out_ << Paint(shown_head, mark.ink, options_.colour) << (left > 8 ? Shorten(rest, left) : "") << '\n';
    const auto changes = ShownChanges(operation);
    std::size_t label = 3;
    for (const ShownChange& change : changes) label = std::max(label, change.attribute.size());
    for (const ShownChange& change : changes) OneChange(change, label);
    std::string why = operation.reason;
    if (const std::string place = PlaceOf(operation.source); !place.empty()) why += " (" + place + ')';
    WriteReason(why, label);
  }

  void OneChange(const ShownChange& change, std::size_t label) {
    const std::string name = std::string(kIndent, ' ') + PadRight(change.attribute, label) + "  ";
    const std::size_t left = options_.width - std::min(options_.width, DisplayWidth(name));
    const std::string before = Printable(change.before);
    const std::string after = Printable(change.after);
    if (!change.has_before || !change.has_after) {
      out_ << name << Shorten(change.has_after ? after : before, left) << '\n';
      return;
    }
    constexpr std::string_view kArrow = " → ";
    if (DisplayWidth(before) + DisplayWidth(after) + 3 <= left) {
      out_ << name << Paint(before, Ink::kFaint, options_.colour) << kArrow << after << '\n';
      return;
    }
    out_ << name << Paint(Shorten(before, left), Ink::kFaint, options_.colour) << '\n';
    out_ << std::string(DisplayWidth(name) - 2, ' ') << "→ " << Shorten(after, left) << '\n';
  }

  void WriteReason(const std::string& reason, std::size_t label) {
    if (reason.empty()) return;
    const std::size_t indent = kIndent + label + 2;
    const std::string name = std::string(kIndent, ' ') + "why";
    if (indent + DisplayWidth(Printable(reason)) <= options_.width) {
      const std::string text = PadRight(name, kIndent + label) + "  " + Printable(reason);
      out_ << Paint(text, Ink::kFaint, options_.colour) << '\n';
      return;
    }
    out_ << Paint(name, Ink::kFaint, options_.colour) << '\n';
    WriteWrapped(out_, Printable(reason), kIndent + 2, options_.width);
  }

  const PlanTextOptions& options_;
  std::ostream& out_;
};

}  // namespace

void WritePlanText(const Plan& plan, const PlanTextOptions& options, std::ostream& out) {
  Writer writer(options, out);
  writer.Sources(plan);
  writer.Counts(plan);
  writer.Held(plan);
  writer.Approved(plan);
  writer.Warnings(plan);
  writer.Operations(plan);
  writer.Quarantine(plan);
  writer.Due(plan);
  writer.End(plan);
}

void WriteNewQuarantine(const Plan& plan, const PlanTextOptions& options, std::ostream& out) {
  const auto count = static_cast<std::size_t>(
      std::count_if(plan.quarantine.begin(), plan.quarantine.end(), [](const auto& item) { return item.is_new; }));
  if (count == 0) return;
  const std::size_t limit = options.quarantine == 0 ? count : options.quarantine;
  out << Paint("New in quarantine (frozen: neither updated nor removed): " + WithThousands(count), Ink::kCareful,
               options.colour)
      << '\n';
  std::size_t shown = 0;
  for (const QuarantineItem& item : plan.quarantine) {
    if (!item.is_new) continue;
    if (shown++ == limit) break;
    out << "? " << item.kind << ' ' << Printable(item.key) << '\n';
    WriteWrapped(out, Printable(item.reason), kIndent, options.width);
    const auto source = std::find_if(plan.sources.begin(), plan.sources.end(),
                                     [&](const PlanSource& candidate) { return candidate.name == item.source.name; });
    if (source == plan.sources.end()) continue;
    // Never wrapped or cut: it is there to be copied.
    out << std::string(kIndent, ' ') << Printable(source->location);
    if (item.source.line != 0) out << ':' << item.source.line;
    out << '\n';
  }
  if (shown > limit) out << "… and " << WithThousands(count - limit) << " more; `ucaas-sync status` counts them all.\n";
}

}  // namespace ucaas_sync::report
