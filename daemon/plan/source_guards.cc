#include "daemon/plan/source_guards.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "daemon/model/text.h"

namespace ucaas_sync::plan {
namespace {

/// Keys that repeat mean that the column is not a key any more. There is no setting for it: a company with so many
/// people of one number needs another key, or `prefer`.
constexpr double kRepeatedPercent = 1;

std::string Percent(std::uint64_t part, std::uint64_t whole) {
  const double share = whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  return std::to_string(std::lround(share)) + " %";
}

std::optional<GuardVerdict> JudgeColumn(const GuardContext& context, const SourceState& source,
                                        const SnapshotHistory& last, const std::string& attribute,
                                        std::uint64_t filled) {
  const auto before = std::find_if(last.filled.begin(), last.filled.end(),
                                   [&](const auto& column) { return column.first == attribute; });
  if (before == last.filled.end() || last.records == 0) return std::nullopt;
  // The source may have grown or shrunk meanwhile, which is not the column's fault.
  const std::uint64_t records = source.snapshot->records;
  const auto expected = static_cast<std::uint64_t>(std::llround(
      static_cast<double>(before->second) / static_cast<double>(last.records) * static_cast<double>(records)));
  if (filled >= expected) return std::nullopt;
  config::GuardLimit guard;
  guard.percent = context.policy.guards.fill_drop;
  GuardVerdict verdict;
  verdict.name = "fill_drop";
  verdict.subject = source.name + ' ' + attribute;
  verdict.limit = *LimitOf(guard, expected, UsualFloor(records));
  verdict.actual = expected - filled;
  verdict.held = verdict.actual > verdict.limit;
  if (verdict.held) {
    verdict.examples.push_back(Shorten(attribute, 40) + ": " + Percent(before->second, last.records) + " → " +
                               Percent(filled, records) + " of the records have a value");
    verdict.advice = "See whether " + Shorten(attribute, 40) + " of source " + source.name +
                     " was emptied or moved to another column since " + FormatInstant(last.read_at) +
                     ". If the values are meant to be gone, approve it with `ucaas-sync approve`.";
  }
  return verdict;
}

std::optional<GuardVerdict> JudgeKeys(const SourceState& source, std::uint64_t repeated) {
  if (repeated == 0) return std::nullopt;
  config::GuardLimit guard;
  guard.percent = kRepeatedPercent;
  GuardVerdict verdict;
  verdict.name = "distinct_keys";
  verdict.subject = source.name;
  verdict.limit = *LimitOf(guard, source.snapshot->records, UsualFloor(source.snapshot->records));
  verdict.actual = repeated;
  verdict.held = verdict.actual > verdict.limit;
  if (verdict.held) {
    verdict.meaning = Counted(repeated, "record") + " of source " + source.name +
                      (repeated == 1 ? " repeats" : " repeat") +
                      " the key of another one; the lines are under quarantine.";
    verdict.advice =
        "Most often the key column was cut or "
        "rewritten by a spreadsheet: mend the export. If people really have several records, name the one "
        "that leads with \"prefer:\". If the rest of it can be trusted, approve it with `ucaas-sync "
        "approve`.";
  }
  return verdict;
}

}  // namespace

std::vector<std::uint64_t> RepeatedRecords(const Workspace& work, std::size_t sources) {
  std::vector<std::tuple<std::uint16_t, std::uint64_t, std::uint16_t>> lines;  // source, line, rule
  for (const Repeat& repeat : work.repeats) {
    const Slot& slot = work.table[repeat.slot];
    // Two rules that make one key of one record are a slip in the configuration, and the record repeats nothing.
    const bool is_same_record = slot.source == repeat.source && slot.line == repeat.line && slot.rule != repeat.rule;
    if (slot.kind != Kind::kGroup && !is_same_record) lines.emplace_back(repeat.source, repeat.line, repeat.rule);
  }
  std::sort(lines.begin(), lines.end());
  std::vector<std::uint64_t> repeated(sources);
  for (auto line = lines.begin(); line != lines.end();) {
    const std::uint16_t source = std::get<0>(*line);
    const std::uint64_t number = std::get<1>(*line);
    // A record counts once, whatever rules read it; a rule meets the number again in another file of the source.
    std::uint64_t most = 0;
    while (line != lines.end() && std::get<0>(*line) == source && std::get<1>(*line) == number) {
      const auto end = std::upper_bound(line, lines.end(), *line);
      most = std::max(most, static_cast<std::uint64_t>(end - line));
      line = end;
    }
    if (source < sources) repeated[source] += most;
  }
  return repeated;
}

std::vector<GuardVerdict> JudgeSourceContent(const GuardContext& context) {
  std::vector<GuardVerdict> verdicts;
  const auto add = [&](std::optional<GuardVerdict> verdict) {
    if (verdict) verdicts.push_back(std::move(*verdict));
  };
  for (std::size_t i = 0; i < context.sources.size(); ++i) {
    const SourceState& source = context.sources[i];
    if (source.snapshot == nullptr || !source.healthy) continue;
    if (const auto last = context.state.LastGoodSnapshot(source.name)) {
      for (const auto& [attribute, filled] : source.filled) {
        add(JudgeColumn(context, source, *last, attribute, filled));
      }
    }
    if (i < context.repeated.size()) add(JudgeKeys(source, context.repeated[i]));
  }
  return verdicts;
}

}  // namespace ucaas_sync::plan
