#include "daemon/plan/consent.h"

#include <algorithm>
#include <array>

#include "daemon/model/text.h"
#include "daemon/plan/guard_reach.h"
#include "daemon/plan/guards.h"

namespace ucaas_sync::plan {
namespace {

constexpr std::size_t kMostNamed = 10;

/// Texts one after another, each with its length, so that no two lists of texts look alike.
void Append(std::string& bytes, std::string_view text) {
  bytes += std::to_string(text.size());
  bytes += ':';
  bytes += text;
}

using Counts = std::array<std::array<std::uint64_t, kActionCount>, kKindCount>;

std::string Covered(const Counts& counts) {
  std::string text;
  for (const Kind kind : kAllKinds) {
    for (const Action action : kAllActions) {
      const std::uint64_t count = counts[Index(kind)][Index(action)];
      if (count == 0) continue;
      text += (text.empty() ? "" : ", ") + std::string(Name(action)) + ' ' + Counted(count, Name(kind));
    }
  }
  return text;
}

/// ", after 3 in 24 hours": the sums over time count what was done before as well.
std::string AfterThose(const ConsentGuard& guard, std::uint64_t planned) {
  const std::string_view name = guard.name;
  const bool is_week = name.ends_with(".week");
  if (guard.actual <= planned || !(is_week || name.ends_with(".suspend") || name.ends_with(".delete"))) return {};
  return ", after " + WithThousands(guard.actual - planned) + (is_week ? " in 7 days" : " in 24 hours");
}

/// The source with whose last good read a guard compares this one; empty when it compares with none.
std::string_view ComparedSource(const GuardVerdict& verdict) {
  const std::string_view subject = verdict.subject;
  if (verdict.name == "source_drop") return subject;
  // "hr job title": no source has a blank in its name.
  if (verdict.name == "fill_drop") return subject.substr(0, subject.find(' '));
  return {};
}

/// When the read was that a guard compares this one with. An approval from before it was for a drop that is done. A
/// read in the future was noted by a clock that was wrong, and no approval could ever come after it.
std::optional<Instant> ComparedReadAt(const StateView& state, Instant now, const GuardVerdict& verdict) {
  const std::string_view source = ComparedSource(verdict);
  if (source.empty()) return std::nullopt;
  const std::optional<SnapshotHistory> last = state.LastGoodSnapshot(source);
  return last && last->read_at <= now ? std::optional(last->read_at) : std::nullopt;
}

const ConsentGuard* Find(const ConsentScope& scope, const GuardVerdict& verdict) {
  for (const ConsentGuard& guard : scope.guards) {
    if (guard.name == verdict.name && guard.subject == verdict.subject) return &guard;
  }
  return nullptr;
}

/// Says which operations go beyond `approval`.
void NameWhatIsBeyond(const Approval& approval, const ConsentGuard& approved, const ConsentGuard& held,
                      const OperationList& operations, GuardVerdict& verdict) {
  const std::optional<GuardReach> reach = GuardReach::Of(verdict.name, verdict.subject);
  if (!reach) {
    verdict.advice = "The approval by " + ApprovedBy(approval) + " was for " + WithThousands(approved.actual) +
                     ", and it is more now. " + verdict.advice;
    return;
  }
  std::vector<Hash128> beyond;
  std::set_difference(held.operations.begin(), held.operations.end(), approved.operations.begin(),
                      approved.operations.end(), std::back_inserter(beyond));
  const std::size_t before = verdict.examples.size();
  // Those that came since stand first and are marked; the others fill the list.
  std::vector<std::string> examples;
  std::vector<std::string> named;
  for (std::size_t i = 0; i < operations.size() && named.size() < std::min(beyond.size(), kMostNamed); ++i) {
    const Operation operation = operations.At(i);
    if (!reach->Holds(operation)) continue;
    if (!std::binary_search(beyond.begin(), beyond.end(), ConsentHash(operation))) continue;
    named.push_back(DescribePerson(operation));
    examples.push_back(named.back() + "  (not approved)");
  }
  for (std::string& example : verdict.examples) {
    if (examples.size() == kMostNamed) break;
    if (std::find(named.begin(), named.end(), example) == named.end()) examples.push_back(std::move(example));
  }
  const std::size_t all = before + verdict.more;
  verdict.examples = std::move(examples);
  verdict.more = all - std::min(all, verdict.examples.size());
  verdict.advice = "The approval by " + ApprovedBy(approval) + " does not cover " +
                   Counted(beyond.size(), "operation") + " here, marked below, that came since. " + verdict.advice;
}

}  // namespace

Hash128 ConsentHash(const Operation& operation) {
  std::string bytes;
  Append(bytes, Name(operation.kind));
  Append(bytes, Name(operation.action));
  Append(bytes, operation.key);
  Append(bytes, operation.remote_id);
  const auto specs = FieldsOf(operation.kind);
  for (const FieldChange& change : operation.changes) {
    const FieldSpec& spec = specs[change.field];
    const bool is_said = change.after.state == FieldState::kValue || change.after.state == FieldState::kEmpty;
    if (spec.secret || !is_said) continue;
    Append(bytes, spec.name);
    Append(bytes, change.after.text);
  }
  if (operation.groups) {
    Append(bytes, "groups");
    for (const std::string& group : operation.groups->after) Append(bytes, group);
  }
  return HashOf(bytes);
}

ConsentScope ScopeOf(std::span<const GuardVerdict> verdicts, const OperationList& operations) {
  ConsentScope scope;
  std::vector<std::optional<GuardReach>> reaches;
  for (const GuardVerdict& verdict : verdicts) {
    if (!verdict.held) continue;
    scope.guards.push_back({.name = verdict.name,
                            .subject = verdict.subject,
                            .limit = verdict.limit,
                            .actual = verdict.actual,
                            .holds_everything = verdict.holds_everything,
                            .covers = {},
                            .examples = verdict.examples,
                            .operations = {}});
    reaches.push_back(GuardReach::Of(verdict.name, verdict.subject));
  }
  if (scope.empty()) return scope;
  std::vector<Counts> counts(scope.guards.size());
  operations.ForEach([&](const Operation& operation) {
    std::optional<Hash128> hash;
    for (std::size_t i = 0; i < scope.guards.size(); ++i) {
      if (!reaches[i] || !reaches[i]->Holds(operation)) continue;
      if (!hash) hash = ConsentHash(operation);
      scope.guards[i].operations.push_back(*hash);
      ++counts[i][Index(operation.kind)][Index(operation.action)];
    }
  });
  for (std::size_t i = 0; i < scope.guards.size(); ++i) {
    auto& hashes = scope.guards[i].operations;
    std::sort(hashes.begin(), hashes.end());
    hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
    scope.guards[i].covers = Covered(counts[i]);
    scope.guards[i].covers += AfterThose(scope.guards[i], hashes.size());
  }
  return scope;
}

bool Covers(const ConsentGuard& approved, const ConsentGuard& held) {
  if (approved.name != held.name || approved.subject != held.subject) return false;
  if (!GuardReach::Of(held.name, held.subject)) return held.actual <= approved.actual;
  return std::includes(approved.operations.begin(), approved.operations.end(), held.operations.begin(),
                       held.operations.end());
}

bool CoversAll(const ConsentScope& approved, const ConsentScope& held) {
  return std::all_of(held.guards.begin(), held.guards.end(), [&](const ConsentGuard& guard) {
    return std::any_of(approved.guards.begin(), approved.guards.end(),
                       [&](const ConsentGuard& other) { return Covers(other, guard); });
  });
}

std::string ApprovedBy(const Approval& approval) {
  return approval.who + " until " + FormatInstant(approval.until);
}

ConsentResult UseApprovals(const StateView& state, Instant now, std::vector<GuardVerdict>& verdicts,
                           const OperationList& operations) {
  ConsentResult result{.scope = ScopeOf(verdicts, operations), .until = {}};
  const std::vector<Approval> approvals = state.Approvals(now);
  for (GuardVerdict& verdict : verdicts) {
    if (!verdict.held) continue;
    const ConsentGuard* held = Find(result.scope, verdict);
    const std::optional<Instant> read_at = ComparedReadAt(state, now, verdict);
    const Approval* nearest = nullptr;  // the newest that speaks of this guard at all
    for (const Approval& approval : approvals) {
      if (read_at && approval.at <= *read_at) continue;
      const ConsentGuard* approved = Find(approval.scope, verdict);
      if (approved == nullptr) continue;
      if (nearest == nullptr || approval.at >= nearest->at) nearest = &approval;
      if (!Covers(*approved, *held)) continue;
      verdict.held = false;
      verdict.approved_by = ApprovedBy(approval);
      verdict.approved_why = approval.reason;
      verdict.meaning.clear();
      verdict.advice.clear();
      if (!result.until || approval.until < *result.until) result.until = approval.until;
      break;
    }
    if (verdict.held && nearest != nullptr) {
      NameWhatIsBeyond(*nearest, *Find(nearest->scope, verdict), *held, operations, verdict);
    }
  }
  std::erase_if(result.scope.guards, [&](ConsentGuard& guard) {
    return std::none_of(verdicts.begin(), verdicts.end(), [&](const GuardVerdict& verdict) {
      return verdict.held && verdict.name == guard.name && verdict.subject == guard.subject;
    });
  });
  for (ConsentGuard& guard : result.scope.guards) {
    for (const GuardVerdict& verdict : verdicts) {
      if (verdict.held && verdict.name == guard.name && verdict.subject == guard.subject) {
        guard.examples = verdict.examples;
      }
    }
  }
  return result;
}

}  // namespace ucaas_sync::plan
