#include "daemon/plan/guards.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

#include "daemon/model/text.h"
#include "daemon/plan/guard_reach.h"
#include "daemon/plan/source_guards.h"

namespace ucaas_sync::plan {
namespace {

constexpr std::size_t kMostExamples = 10;
constexpr std::uint64_t kCreateFloor = 10;
constexpr std::string_view kApprove = "approve it with `ucaas-sync approve`";
constexpr std::string_view kWeekEnd = ".week";
constexpr Duration kDay = std::chrono::hours(24);
constexpr Duration kWeek = std::chrono::hours(7 * 24);

/// Whole entities in `percent` of `base`; a hair is added since 5 % of 1200 must be 60 in binary too.
std::uint64_t Share(double percent, std::uint64_t base) {
  return static_cast<std::uint64_t>(std::floor(percent * static_cast<double>(base) / 100.0 + 1e-9));
}

std::string ValueOf(const Field& field) {
  return field.state == FieldState::kValue ? Shorten(field.text, 40) : "(empty)";
}

/// "suspends", and so on: what a plan does, as a verb.
std::string_view VerbFor(std::string_view word) {
  if (word == "create") return "adds";
  if (word == "update") return "changes";
  return word == "suspend" ? "suspends" : "deletes";
}

/// What a limit on a number of operations means, with the numbers of this plan.
std::string Meaning(Kind kind, std::string_view word, std::uint64_t planned, std::uint64_t past, std::uint64_t limit,
                    std::uint64_t active) {
  const bool is_week = word.ends_with(kWeekEnd);
  if (is_week) word.remove_suffix(kWeekEnd.size());
  std::string text = "This plan " + std::string(VerbFor(word)) + ' ' + Counted(planned, Name(kind));
  if (past != 0) text += ", after " + WithThousands(past) + (is_week ? " in the last 7 days" : " in the last 24 hours");
  const bool is_removal = word == "suspend" || word == "delete";
  const std::string_view window = !is_removal ? "at once" : is_week ? "in 7 days" : "in 24 hours";
  return text + ". With " + WithThousands(active) + " active it may be " + WithThousands(limit) + ' ' +
         std::string(window) + " without a person's word.";
}

class Judge {
 public:
  Judge(const Tally& tally, const OperationList& operations, const GuardContext& context)
      : tally_(tally), operations_(operations), context_(context) {
    past_ = context.state.RemovalsSince(context.now - kWeek);
  }

  std::vector<GuardVerdict> Run() {
    for (const Kind kind : kAllKinds) {
      // A revert also undoes what rules made that are gone from the configuration.
      if (context_.policy.has_rule_for(kind) || IsPlanned(kind)) JudgeKind(kind);
    }
    for (const Kind kind : kAllKinds) JudgeRewrites(kind);
    JudgeMembersLost();
    for (std::size_t i = 0; i < context_.sources.size(); ++i) {
      JudgeSource(context_.sources[i], i < context_.rejected.size() ? context_.rejected[i] : 0);
    }
    for (GuardVerdict& verdict : JudgeSourceContent(context_)) verdicts_.push_back(std::move(verdict));
    return std::move(verdicts_);
  }

 private:
  bool IsPlanned(Kind kind) const {
    const auto& actions = tally_.kinds[Index(kind)].actions;
    return std::any_of(actions.begin(), actions.end(), [](std::uint64_t count) { return count != 0; });
  }

  void JudgeKind(Kind kind) {
    const Tally::OfKind& counts = tally_.kinds[Index(kind)];
    const config::KindGuards& guards = context_.policy.guards.kinds[Index(kind)];
    const auto count = [&](Action action) { return counts.actions[Index(action)]; };
    const std::uint64_t base = counts.active;

    if (context_.state.FirstRunFinished()) {
      JudgeCount(kind, "create", LimitOf(guards.create, base, kCreateFloor),
                 count(Action::kCreate) - PlannedBefore(kind) + count(Action::kReactivate), 0);
    }
    const std::uint64_t changeable = counts.changeable();
    JudgeCount(kind, "update", LimitOf(guards.update, changeable, UsualFloor(changeable)),
               count(Action::kUpdate) + counts.adopts_with_differences, 0);
    if (kind == Kind::kUser) JudgeRemovals(kind, Action::kSuspend, guards.suspend, base);
    JudgeRemovals(kind, Action::kDelete, guards.remove, base);
  }

  /// Creates of those whom a run that was cut off still had to create, and of nobody else.
  std::uint64_t PlannedBefore(Kind kind) const {
    const std::vector<Hash128> pending = context_.state.PendingCreates(kind);
    std::uint64_t planned = 0;
    if (pending.empty()) return planned;
    operations_.ForEach([&](const Operation& operation) {
      if (operation.kind != kind || operation.action != Action::kCreate) return;
      if (std::binary_search(pending.begin(), pending.end(), HashOf(operation.key))) ++planned;
    });
    return planned;
  }

  void JudgeRemovals(Kind kind, Action action, const config::GuardLimit& guard, std::uint64_t base) {
    const std::uint64_t planned = tally_.kinds[Index(kind)].actions[Index(action)];
    const std::set<std::int64_t> planned_again = PlannedAgain(kind, action);
    const auto past_in = [&](Duration window) -> std::uint64_t {
      // What is past cannot be held: a plan without such operations passes, whatever the sums say.
      if (planned == 0) return 0;
      // However often a removal that nobody answers is sent, it removes one.
      std::set<std::int64_t> unanswered;
      return static_cast<std::uint64_t>(std::count_if(past_.begin(), past_.end(), [&](const PastRemoval& past) {
        return past.kind == kind && past.action == action && !past.approved && IsWithin(past.at, window) &&
               !planned_again.contains(past.unanswered) &&
               (past.unanswered == 0 || unanswered.insert(past.unanswered).second);
      }));
    };
    const std::string word(Name(action));
    JudgeCount(kind, word, LimitOf(guard, base, UsualFloor(base)), planned, past_in(kDay));
    if (!guard.week) return;
    config::GuardLimit week;
    week.percent = guard.week;
    week.at_least = guard.at_least;
    JudgeCount(kind, word + std::string(kWeekEnd), LimitOf(week, base, UsualFloor(base)), planned, past_in(kWeek));
  }

  /// What a clock that was far ahead has noted would count until that time comes.
  bool IsWithin(Instant at, Duration window) const { return at > context_.now - window && at <= context_.now + kWeek; }

  /// Rows whose removal nobody answered, and which the plan removes once more: they count once.
  std::set<std::int64_t> PlannedAgain(Kind kind, Action action) const {
    std::set<std::int64_t> past;
    for (const PastRemoval& removal : past_) {
      if (removal.kind == kind && removal.action == action && removal.unanswered != 0) past.insert(removal.unanswered);
    }
    std::set<std::int64_t> again;
    if (past.empty()) return again;
    operations_.ForEach([&](const Operation& operation) {
      if (operation.kind != kind || operation.action != action) return;
      if (past.contains(operation.entity_id)) again.insert(operation.entity_id);
    });
    return again;
  }

  void JudgeCount(Kind kind, const std::string& word, std::optional<std::uint64_t> limit, std::uint64_t planned,
                  std::uint64_t past) {
    if (!limit) return;
    GuardVerdict verdict;
    verdict.name = std::string(Name(kind)) + '.' + word;
    verdict.limit = *limit;
    verdict.actual = planned + past;
    verdict.holds_everything = kind != Kind::kGroup;
    // A breach by groups holds their removals alone: without any there is nothing to wait for.
    const bool can_hold =
        verdict.holds_everything || tally_.kinds[Index(Kind::kGroup)].actions[Index(Action::kDelete)] != 0;
    verdict.held = verdict.actual > *limit && can_hold;
    if (verdict.held) {
      AddExamples(verdict, planned);
      verdict.meaning = Meaning(kind, word, planned, past, *limit, BaseOf(kind, word));
      if (context_.may_exist && word == Name(Action::kCreate)) {
        verdict.advice =
            "Whoever is in the account already will be adopted instead: `ucaas-sync plan --refresh` asks "
            "it, and so does a sync. ";
      }
      verdict.advice += "Look at the plan. If every one is meant, " + std::string(kApprove) +
                        "; if not, see what changed in the source.";
    }
    verdicts_.push_back(std::move(verdict));
  }

  std::uint64_t BaseOf(Kind kind, std::string_view word) const {
    const Tally::OfKind& counts = tally_.kinds[Index(kind)];
    return word == "update" ? counts.changeable() : counts.active;
  }

  void JudgeRewrites(Kind kind) {
    const Tally::OfKind& counts = tally_.kinds[Index(kind)];
    config::GuardLimit guard;
    guard.percent = context_.policy.guards.rewrite;
    const std::uint64_t base = counts.changeable();
    const auto limit = LimitOf(guard, base, UsualFloor(base));
    const auto specs = FieldsOf(kind);
    for (std::size_t i = 0; i < specs.size(); ++i) {
      if (counts.rewritten[i] == 0) continue;
      GuardVerdict verdict;
      verdict.name = "rewrite";
      verdict.subject = std::string(Name(kind)) + '.' + std::string(specs[i].name);
      verdict.limit = *limit;
      verdict.actual = counts.rewritten[i];
      verdict.held = verdict.actual > verdict.limit;
      if (verdict.held) {
        constexpr std::size_t kMostRewrites = 3;
        const auto reach = GuardReach::Of(verdict.name, verdict.subject);
        for (std::size_t at = 0; at < operations_.size() && verdict.examples.size() < kMostRewrites; ++at) {
          const Operation operation = operations_.At(at);
          if (!reach->Holds(operation)) continue;
          const FieldChange* change = FindChange(operation, static_cast<FieldId>(i));
          verdict.examples.push_back(Shorten(operation.key, 40) + ": " + ValueOf(change->before) + " → " +
                                     ValueOf(change->after));
        }
        verdict.more = verdict.actual - verdict.examples.size();
        verdict.meaning = "This plan changes " + std::string(specs[i].name) + " of " + WithThousands(verdict.actual) +
                          " of " + Counted(base, Name(kind)) + '.';
        verdict.advice = "See whether a column was renamed, swapped or blanked. If every change is meant, " +
                         std::string(kApprove) + '.';
      }
      verdicts_.push_back(std::move(verdict));
    }
  }

  void JudgeMembersLost() {
    config::GuardLimit guard;
    guard.percent = context_.policy.guards.members_lost;
    for (const auto& [key, group] : tally_.groups) {
      GuardVerdict verdict;
      verdict.name = "members_lost";
      verdict.subject = key;
      verdict.limit = *LimitOf(guard, group.members, UsualFloor(group.members));
      verdict.actual = group.lost;
      verdict.held = verdict.actual > verdict.limit;
      if (!verdict.held) continue;
      AddExamples(verdict, group.lost);
      verdict.meaning =
          "The group has " + Counted(group.members, "member") + " and would lose " + WithThousands(group.lost) + '.';
      verdict.advice = "See whether the group is whole in the source. If it is, " + std::string(kApprove) + '.';
      verdicts_.push_back(std::move(verdict));
    }
  }

  void JudgeSource(const SourceState& source, std::uint64_t rejected) {
    if (source.snapshot == nullptr || !source.healthy) return;
    const Snapshot& snapshot = *source.snapshot;
    if (const auto last = context_.state.LastGoodSnapshot(source.name)) {
      config::GuardLimit guard;
      guard.percent = context_.policy.guards.source_drop;
      GuardVerdict verdict;
      verdict.name = "source_drop";
      verdict.subject = source.name;
      verdict.limit = *LimitOf(guard, last->records, UsualFloor(last->records));
      verdict.actual = last->records > snapshot.records ? last->records - snapshot.records : 0;
      verdict.held = verdict.actual > verdict.limit;
      if (verdict.held) {
        verdict.meaning = "Source " + source.name + " had " + Counted(last->records, "record") + " on " +
                          FormatInstant(last->read_at) + " and has " + WithThousands(snapshot.records) + " now.";
        verdict.advice = "See whether the export is whole. If it is, " + std::string(kApprove) + '.';
      }
      verdicts_.push_back(std::move(verdict));
    }
    const std::uint64_t all = snapshot.records + snapshot.rejected;
    config::GuardLimit guard;
    guard.percent = context_.policy.guards.rejects;
    GuardVerdict verdict;
    verdict.name = "rejects";
    verdict.subject = source.name;
    verdict.limit = *LimitOf(guard, all, UsualFloor(all));
    verdict.actual = rejected;
    verdict.held = verdict.actual > verdict.limit;
    if (verdict.held) {
      verdict.meaning = Counted(rejected, "record") + " of " + source.name + " cannot be used.";
      verdict.advice =
          "The plan's quarantine names each with its line and what is wrong. Mend the export. If the rest of it can be "
          "trusted, " +
          std::string(kApprove) + '.';
    }
    verdicts_.push_back(std::move(verdict));
  }

  /// The first of the `count` operations under the guard.
  void AddExamples(GuardVerdict& verdict, std::uint64_t count) const {
    const auto reach = GuardReach::Of(verdict.name, verdict.subject);
    for (std::size_t i = 0; i < operations_.size() && verdict.examples.size() < kMostExamples; ++i) {
      const Operation operation = operations_.At(i);
      if (reach->Holds(operation)) verdict.examples.push_back(DescribePerson(operation));
    }
    verdict.more = count - std::min<std::uint64_t>(count, verdict.examples.size());
  }

  const Tally& tally_;
  const OperationList& operations_;
  const GuardContext& context_;
  std::vector<PastRemoval> past_;
  std::vector<GuardVerdict> verdicts_;
};

}  // namespace

void Tally::Add(const Operation& operation) {
  OfKind& kind = kinds[Index(operation.kind)];
  ++kind.actions[Index(operation.action)];
  switch (operation.action) {
    case Action::kAdopt:
      if (!operation.changes.empty()) ++kind.adopts_with_differences;
      [[fallthrough]];
    case Action::kUpdate:
    case Action::kReactivate:
      for (const FieldChange& change : operation.changes) {
        // Coming back means a changed status; that is what the create guard counts.
        if (operation.action == Action::kReactivate && change.field == kUserStatus) continue;
        ++kind.rewritten[change.field];
      }
      break;
    case Action::kCreate:
    case Action::kSuspend:
    case Action::kDelete:
      break;
  }
}

std::string DescribePerson(const Operation& operation) {
  const std::string who = WhoOf(operation);
  return Shorten(operation.key, 40) + (who.empty() ? "" : ' ' + Shorten(who, 120));
}

std::uint64_t UsualFloor(std::uint64_t base) {
  return base < 10 ? 1 : 3;
}

std::optional<std::uint64_t> LimitOf(const config::GuardLimit& guard, std::uint64_t base, std::uint64_t floor) {
  std::optional<std::uint64_t> limit = guard.count;
  if (guard.percent) {
    const std::uint64_t share = Share(*guard.percent, base);
    limit = limit ? std::min(*limit, share) : share;
  }
  if (!limit) return std::nullopt;
  return std::max(*limit, guard.at_least.value_or(floor));
}

std::vector<GuardVerdict> JudgeGuards(const Tally& tally, const OperationList& operations,
                                      const GuardContext& context) {
  return Judge(tally, operations, context).Run();
}

std::optional<Instant> WindowsEase(std::span<const GuardVerdict> verdicts, const GuardContext& context) {
  std::optional<Instant> earliest;
  const std::vector<PastRemoval> past = context.state.RemovalsSince(context.now - kWeek);
  for (const PastRemoval& removal : past) {
    if (removal.approved) continue;
    const std::string name = std::string(Name(removal.kind)) + '.' + std::string(Name(removal.action));
    for (const GuardVerdict& verdict : verdicts) {
      if (!verdict.held || (verdict.name != name && verdict.name != name + ".week")) continue;
      const Instant out = removal.at + (verdict.name == name ? kDay : kWeek);
      if (out > context.now && (!earliest || out < *earliest)) earliest = out;
    }
  }
  return earliest;
}

}  // namespace ucaas_sync::plan
