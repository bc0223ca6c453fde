#include "daemon/mapping/prefer.h"

#include <limits>
#include <utility>

#include "daemon/model/text.h"

namespace ucaas_sync::mapping {

Preference Preference::Compile(std::span<const config::Text> clauses, const Filter::Resolve& resolve,
                               config::Diagnostics& diagnostics) {
  Preference preference;
  for (const config::Text& text : clauses) {
    const std::string_view trimmed = Trim(text.value);
    Clause clause;
    if (trimmed.starts_with('(')) {
      clause.filter = Filter::Compile(text, resolve, diagnostics);
      preference.clauses_.push_back(std::move(clause));
      continue;
    }
    const auto space = trimmed.find(' ');
    const std::string_view word = trimmed.substr(0, space);
    const bool is_newest = EqualsIgnoreAsciiCase(word, "newest");
    if (space == std::string_view::npos || !(is_newest || EqualsIgnoreAsciiCase(word, "oldest"))) {
      diagnostics.Error(text, 0, "\"" + Shorten(trimmed, 60) + "\" is no preference",
                        "write \"(filter)\", \"newest ATTRIBUTE\" or \"oldest ATTRIBUTE\"");
      continue;
    }
    const std::string_view name = Trim(trimmed.substr(space));
    clause.order = is_newest ? Order::kNewest : Order::kOldest;
    clause.slot = resolve(name, static_cast<std::size_t>(name.data() - text.value.data()));
    preference.clauses_.push_back(std::move(clause));
  }
  return preference;
}

void Preference::SetToday(Date today) {
  for (Clause& clause : clauses_) clause.filter.SetToday(today);
}

std::optional<std::vector<std::int64_t>> Preference::Rank(const Facts& facts, const DateReader& dates,
                                                          Findings& findings) const {
  std::vector<std::int64_t> rank;
  rank.reserve(clauses_.size());
  for (const Clause& clause : clauses_) {
    if (clause.order == Order::kMatching) {
      const Verdict verdict = clause.filter.Judge(facts, {&dates, 1}, findings);
      if (verdict == Verdict::kUndefined) return std::nullopt;
      rank.push_back(verdict == Verdict::kYes ? 1 : 0);
      continue;
    }
    const std::string_view value = facts.record.First(clause.slot);
    if (value.empty()) {
      rank.push_back(std::numeric_limits<std::int64_t>::min());
      continue;
    }
    const auto date = dates.Read(value);
    if (!date) {
      findings.cause = {.why = Findings::Why::kNoDate, .slot = clause.slot, .value = value};
      return std::nullopt;
    }
    const std::int64_t day = date->time_since_epoch().count();
    rank.push_back(clause.order == Order::kNewest ? day : -day);
  }
  return rank;
}

}  // namespace ucaas_sync::mapping
