#include "tests/sim/limits.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <set>

namespace ucaas_sync::sim {
namespace {

constexpr Duration kDay = std::chrono::hours(24);
constexpr Duration kWeek = std::chrono::hours(7 * 24);

/// The manual's words in numbers: a share of the active ones, but never under 3, or 1 where there are fewer than ten.
std::uint64_t Limit(double percent, std::uint64_t base) {
  const std::uint64_t floor = base < 10 ? 1 : 3;
  return std::max(static_cast<std::uint64_t>(std::floor(percent * static_cast<double>(base) / 100 + 1e-9)), floor);
}

/// The guards that count an operation, but for the sums of a week, which count the same removals.
std::vector<std::string> GuardsOver(const Operation& operation) {
  const std::string kind(Name(operation.kind));
  const bool is_return = operation.action == Action::kReactivate;
  const bool is_update =
      operation.action == Action::kUpdate || (operation.action == Action::kAdopt && !operation.changes.empty());
  std::vector<std::string> guards;
  if (operation.action == Action::kCreate || is_return) guards.push_back(kind + ".create");
  if (is_update) guards.push_back(kind + ".update");
  if (operation.action == Action::kSuspend) guards.push_back(kind + ".suspend");
  if (operation.action == Action::kDelete) guards.push_back(kind + ".delete");
  // Whom somebody put in by hand, the group has not lost.
  const bool is_put_back = operation.reason.starts_with("changed at the target");
  if (operation.groups && is_update && !is_put_back) {
    const std::vector<std::string>& after = operation.groups->after;
    for (const std::string& group : operation.groups->before) {
      if (std::find(after.begin(), after.end(), group) == after.end()) guards.push_back("members_lost " + group);
    }
  }
  if (!is_update && !is_return) return guards;
  for (const FieldChange& change : operation.changes) {
    if (is_return && change.field == kUserStatus) continue;
    guards.push_back("rewrite " + kind + '.' + std::string(FieldsOf(operation.kind)[change.field].name));
  }
  return guards;
}

bool Stands(const Operation& operation, const std::string& guard) {
  const std::vector<std::string> guards = GuardsOver(operation);
  return std::any_of(guards.begin(), guards.end(),
                     [&](const std::string& name) { return name == guard || name + ".week" == guard; });
}

std::string TextOf(const Operation& operation) {
  std::string text = std::string(Name(operation.kind)) + ' ' + std::string(Name(operation.action)) + ' ' +
                     operation.key + ' ' + operation.remote_id;
  for (const FieldChange& change : operation.changes) {
    // What an object had that goes is nothing that anybody agrees to.
    if (change.after.state != FieldState::kValue && change.after.state != FieldState::kEmpty) continue;
    text += '\n' + std::to_string(change.field) + (change.after.state == FieldState::kValue ? '=' : '-');
    text += change.after.text;
  }
  if (!operation.groups) return text;
  text += "\ngroups";
  for (const std::string& group : operation.groups->after) text += ' ' + group;
  return text;
}

bool WasApproved(const RunReport& report, const std::string& guard) {
  return std::any_of(report.plan.guards.begin(), report.plan.guards.end(), [&](const GuardVerdict& verdict) {
    return verdict.name == guard && !verdict.approved_by.empty();
  });
}

std::map<std::string, std::uint64_t> CountsOf(const Plan& plan) {
  std::map<std::string, std::uint64_t> counts;
  plan.operations.ForEach([&](const Operation& operation) {
    for (const std::string& guard : GuardsOver(operation)) ++counts[guard];
  });
  return counts;
}

/// Who leaves a group and comes into another one.
std::uint64_t MovesFrom(const Plan& plan, const std::string& group) {
  std::uint64_t moves = 0;
  plan.operations.ForEach([&](const Operation& operation) {
    if (!operation.groups || !Stands(operation, "members_lost " + group)) return;
    const std::set<std::string> before(operation.groups->before.begin(), operation.groups->before.end());
    const std::set<std::string> after(operation.groups->after.begin(), operation.groups->after.end());
    if (!std::ranges::includes(before, after)) ++moves;
  });
  return moves;
}

bool IsRemoved(const Plan& plan, const std::string& group) {
  bool is_removed = false;
  const auto look = [&](const Operation& operation) {
    is_removed =
        is_removed || (operation.kind == Kind::kGroup && operation.action == Action::kDelete && operation.key == group);
  };
  plan.operations.ForEach(look);
  plan.waiting.ForEach(look);
  return is_removed;
}

/// Whoever is adopted was in the account all along.
std::uint64_t ChangeableOf(const Plan& plan, Kind kind, std::uint64_t active) {
  return active + plan.summary_of(kind).of(Action::kAdopt);
}

/// Nothing for guards of which the auditor keeps no base.
std::optional<std::uint64_t> LimitNamed(const std::string& guard, const std::array<std::uint64_t, kKindCount>& active,
                                        const Plan& plan) {
  for (const Kind kind : kAllKinds) {
    const std::uint64_t base = active[Index(kind)];
    const std::string name(Name(kind));
    if (guard.starts_with("rewrite " + name) || guard == name + ".update") {
      return Limit(30, ChangeableOf(plan, kind, base));
    }
    if (guard == name + ".create") return std::max<std::uint64_t>(10, Limit(20, base));
    if (guard == name + ".suspend") return Limit(5, base);
    if (guard == name + ".delete") return Limit(kind == Kind::kGroup ? 20 : 5, base);
    if (guard == name + ".suspend.week" || guard == name + ".delete.week") return Limit(10, base);
  }
  return std::nullopt;
}

/// Of whoever somebody let in or shut out by hand the program knows when it has looked.
std::uint64_t BaseOf(const GuardBook::Before& before, Kind kind) {
  return before.most_active[Index(kind)];
}

}  // namespace

void GuardBook::NoteApproval(const RunReport& report, Instant at) {
  Consent& consent = consents_.emplace_back();
  consent.until = at + kDay;
  for (const GuardVerdict& verdict : report.plan.guards) {
    if (!verdict.held) continue;
    const std::string guard = verdict.name + (verdict.subject.empty() ? "" : ' ' + verdict.subject);
    if (verdict.name == "source_drop" || verdict.name == "rejects") {
      consent.counts[guard] = verdict.actual;
      continue;
    }
    std::set<std::string>& operations = consent.operations[guard];
    const auto note = [&](const Operation& operation) {
      if (Stands(operation, guard)) operations.insert(TextOf(operation));
    };
    report.plan.operations.ForEach(note);
    report.plan.waiting.ForEach(note);
  }
}

Violations GuardBook::JudgeLimits(const RunReport& report, const Before& before) {
  violations_.clear();
  JudgeRemovalLimit(Kind::kUser, Action::kSuspend, 5, report, before);
  JudgeRemovalLimit(Kind::kUser, Action::kDelete, 5, report, before);
  JudgeRemovalLimit(Kind::kContact, Action::kDelete, 5, report, before);
  JudgeRemovalLimit(Kind::kGroup, Action::kDelete, 20, report, before);
  std::map<std::string, std::uint64_t> counts = CountsOf(report.plan);
  for (const Kind kind : kAllKinds) {
    const std::uint64_t base = BaseOf(before, kind);
    const std::string name(Name(kind));
    // Too many creates or updates of groups hold nothing but the groups' removals.
    if (kind != Kind::kGroup) {
      JudgeSize(name + ".update", counts[name + ".update"], Limit(30, ChangeableOf(report.plan, kind, base)), report);
      if (before.creates_are_limited) {
        const std::uint64_t limit = std::max<std::uint64_t>(10, Limit(20, base));
        JudgeSize(name + ".create", counts[name + ".create"], limit, report);
      }
    }
    for (const FieldSpec& field : FieldsOf(kind)) {
      const std::string guard = "rewrite " + name + '.' + std::string(field.name);
      JudgeSize(guard, counts[guard], Limit(30, ChangeableOf(report.plan, kind, base)), report);
    }
  }
  for (const auto& [group, members] : before.members) {
    if (IsRemoved(report.plan, group)) continue;
    std::uint64_t lost = counts["members_lost " + group];
    // A department that is called otherwise now has lost nobody.
    if (before.missing.contains(group)) lost -= MovesFrom(report.plan, group);
    JudgeSize("members_lost " + group, lost, Limit(50, members), report);
  }
  // An inverse reads no source.
  if (report.plan.sources.empty()) return std::move(violations_);
  const PlanSource& hr = report.plan.sources.front();
  JudgeSize("rejects hr", hr.rejected, Limit(5, hr.records + hr.rejected), report);
  if (before.last_good_records == 0) return std::move(violations_);
  const std::uint64_t lost = before.last_good_records > hr.records ? before.last_good_records - hr.records : 0;
  JudgeSize("source_drop hr", lost, Limit(20, before.last_good_records), report);
  return std::move(violations_);
}

Violations GuardBook::JudgeHeld(const RunReport& report, const Before& before) const {
  Violations wrong;
  std::map<std::string, std::uint64_t> counts = CountsOf(report.plan);
  for (const GuardVerdict& verdict : report.plan.guards) {
    if (!verdict.held) continue;
    const std::string guard = verdict.name + (verdict.subject.empty() ? "" : ' ' + verdict.subject);
    if (verdict.actual <= verdict.limit) wrong.push_back(guard + " holds, and nothing is beyond its limit");
    const auto limit = LimitNamed(guard, before.most_active, report.plan);
    const auto least = LimitNamed(guard, before.least_active, report.plan);
    const auto between = std::minmax(least, limit);
    if (limit && (verdict.limit < *between.first || verdict.limit > *between.second)) {
      wrong.push_back(guard + " holds at " + std::to_string(verdict.limit) + ", the limit is " +
                      std::to_string(*limit));
    }
    const bool counts_this_plan = guard.ends_with(".update") || guard.starts_with("rewrite ");
    if (counts_this_plan && verdict.actual != counts[guard]) {
      wrong.push_back(guard + " holds for " + std::to_string(verdict.actual) + ", the plan has " +
                      std::to_string(counts[guard]));
    }
  }
  return wrong;
}

void GuardBook::JudgeRemovalLimit(Kind kind, Action action, double percent, const RunReport& report,
                                  const Before& before) {
  const std::string guard = std::string(Name(kind)) + '.' + std::string(Name(action));
  const bool is_approved = WasApproved(report, guard) || WasApproved(report, guard + ".week");
  bool removes = false;
  for (Removal& removal : removals_) {
    if (removal.kind != kind || removal.action != action || removal.at != report.at) continue;
    removes = true;
    removal.approved = is_approved;
  }
  if (!removes) return;
  const auto since = [&](Duration window) {
    return static_cast<std::uint64_t>(std::count_if(removals_.begin(), removals_.end(), [&](const Removal& removal) {
      const bool counts = !removal.approved || removal.at == report.at;
      return counts && removal.kind == kind && removal.action == action && removal.at > report.at - window;
    }));
  };
  constexpr double kWeekPercent = 10;
  JudgeSize(guard, since(kDay), Limit(percent, BaseOf(before, kind)), report);
  JudgeSize(guard + ".week", since(kWeek), Limit(kWeekPercent, BaseOf(before, kind)), report);
}

void GuardBook::JudgeSize(const std::string& guard, std::uint64_t count, std::uint64_t limit, const RunReport& report) {
  if (count <= limit || IsApproved(guard, count, report)) return;
  violations_.push_back(guard + " passed with " + std::to_string(count) + ", the limit is " + std::to_string(limit) +
                        " and nobody agreed to it");
}

bool GuardBook::IsApproved(const std::string& guard, std::uint64_t count, const RunReport& report) const {
  std::set<std::string> planned;
  report.plan.operations.ForEach([&](const Operation& operation) {
    if (Stands(operation, guard)) planned.insert(TextOf(operation));
  });
  return std::any_of(consents_.begin(), consents_.end(), [&](const Consent& consent) {
    if (consent.until <= report.at) return false;
    if (const auto agreed = consent.counts.find(guard); agreed != consent.counts.end()) return count <= agreed->second;
    const auto agreed = consent.operations.find(guard);
    return agreed != consent.operations.end() &&
           std::includes(agreed->second.begin(), agreed->second.end(), planned.begin(), planned.end());
  });
}

}  // namespace ucaas_sync::sim
