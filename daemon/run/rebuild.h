// A state that was lost or cannot be trusted is made anew from what the target and the sources show; one that belongs
// to another address or credential of the same account is bound to it. Neither writes anything to the target.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "daemon/run/pipeline.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::run {

struct RebuildResult {
  std::string run;
  std::optional<std::filesystem::path> moved_to;    ///< The old state; nothing when there was none.
  std::string not_taken_over;                       ///< Why nothing was taken from the old state; empty when it was.
  std::array<std::uint64_t, kKindCount> matched{};  ///< Found at the target for somebody in the sources.
  std::array<std::uint64_t, kKindCount> kept{};     ///< Not found so, but known to the old state, and there still.
  /// Keys in the sources whose e-mail or name led to another's object, or away from their own: nobody was matched by
  /// it.
  std::array<std::uint64_t, kKindCount> disputed{};
  /// "user E5": the old state knew them, but under their remote id is somebody else by name and address.
  std::vector<std::string> lost;
  /// Keys whose creates nobody answered: taken over, and for the next run to look up.
  std::array<std::uint64_t, kKindCount> unanswered{};
  std::array<std::uint64_t, kKindCount> strangers{};  ///< At the target, and nobody we know.
  std::array<std::uint64_t, kKindCount> not_there{};  ///< In the sources, and not at the target.
};

/// Under the run lock. The old state is moved away only once the new one is whole, so that wherever this is killed one
/// of the two is the state. Throws Failure (kBusy), and the old one stays, when somebody has written to it meanwhile.
RebuildResult Rebuild(const Context& context);

struct RebindPlan {
  std::optional<state::BoundAccount> from;
  state::BoundAccount to;
  std::uint64_t known = 0;  ///< Objects that the state looks after, of the kinds that rules speak of.
  std::uint64_t found = 0;  ///< Of those, how many the new account has under the same id with the same address.
  bool is_needed() const { return from != to; }
  /// Fewer than half is another account.
  bool is_same_account() const { return found * 2 >= known; }
};

/// Lists the account that the configuration names; writes nothing.
RebindPlan PlanRebind(const Context& context);
/// Binds the state, under the run lock, if it is still bound as `plan` says.
void Rebind(const Context& context, const RebindPlan& plan);

}  // namespace ucaas_sync::run
