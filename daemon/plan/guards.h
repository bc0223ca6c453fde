// The guards: limits on what one plan may do, judged before the first write. A limit is the smaller of percent and
// count, never under a floor that keeps small companies working. Pure: the past comes in as values of the state view.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/model/plan.h"
#include "daemon/model/store.h"
#include "daemon/plan/planner.h"
#include "daemon/plan/policy.h"

namespace ucaas_sync::plan {

/// What a plan does, counted as the guards look at it.
struct Tally {
  struct OfKind {
    std::uint64_t active = 0;  ///< At the start of the run.
    std::array<std::uint64_t, kActionCount> actions{};
    std::uint64_t adopts_with_differences = 0;
    std::array<std::uint64_t, kMaxFields> rewritten{};  ///< By field: updates, adopts and reactivates that change it.
    /// Whose fields the plan could change: without a state everybody is there to be adopted, and nobody known.
    std::uint64_t changeable() const { return active + actions[Index(Action::kAdopt)]; }
  };
  std::array<OfKind, kKindCount> kinds;

  struct Group {
    std::uint64_t members = 0;
    std::uint64_t lost = 0;  ///< By contacts who stay.
  };
  std::map<std::string, Group> groups;  ///< By key; only those that lose somebody and are not removed themselves.

  void Add(const Operation& operation);
  /// A create counts by its kind alone.
  void AddCreate(Kind kind) { ++kinds[Index(kind)].actions[Index(Action::kCreate)]; }
};

/// The limit for `base` entities; nothing when `guard` does not limit. `floor`: used unless the guard says at_least.
std::optional<std::uint64_t> LimitOf(const config::GuardLimit& guard, std::uint64_t base, std::uint64_t floor);
/// 3, but 1 where fewer than 10 are active.
std::uint64_t UsualFloor(std::uint64_t base);

/// "E17 Ada Lovelace <ada@example.com>", fit for one line.
std::string DescribePerson(const Operation& operation);

struct GuardContext {
  const Policy& policy;
  const StateView& state;
  Instant now;
  std::span<const SourceState> sources;
  std::span<const std::uint64_t> repeated = {};  ///< By source: see RepeatedRecords().
  std::span<const std::uint64_t> rejected = {};  ///< By source: records that nobody can use, for whatever reason.
  bool may_exist = false;  ///< The target was not listed: whom the plan creates may be there already.
};

/// All verdicts in a fixed order: by kind and class, then rewrites, members lost, sources. Those that held have
/// examples and advice.
std::vector<GuardVerdict> JudgeGuards(const Tally& tally, const OperationList& operations, const GuardContext& context);

/// When a sum over 24 h or 7 d that holds now will have become smaller; nothing when no such sum holds.
std::optional<Instant> WindowsEase(std::span<const GuardVerdict> verdicts, const GuardContext& context);

}  // namespace ucaas_sync::plan
