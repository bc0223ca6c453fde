// The guards' limits by the manual's words, judged by books of the auditor's own: what was removed when, and what a
// person agreed to. Pure but for those books. Single-threaded.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/program.h"
#include "tests/sim/report.h"

namespace ucaas_sync::sim {

using Violations = std::vector<std::string>;

class GuardBook {
 public:
  /// What the guards look at, as it was before the run.
  struct Before {
    /// Who is active both by the state and by what the account shows, and by one of them: a look may have told the
    /// program of some whom somebody changed by hand, or a request that nobody answered.
    std::array<std::uint64_t, kKindCount> least_active{};
    std::array<std::uint64_t, kKindCount> most_active{};
    std::map<std::string, std::uint64_t> members;  ///< Of each group, by its key.
    std::set<std::string> missing;                 ///< Groups of which no record is there any more.
    bool creates_are_limited = false;
    std::size_t last_good_records = 0;  ///< Of HR's source; 0: not known.
  };

  /// Somebody agreed to what the guards held of that run.
  void NoteApproval(const RunReport& report, Instant at);
  /// The program can know nothing any more of what was removed or agreed to before.
  void NoteLostState() {
    removals_.clear();
    consents_.clear();
  }
  void NoteRemoval(Kind kind, Action action, Instant at) { removals_.push_back({kind, action, at, false}); }

  /// Of a run that wrote: what went beyond a limit without consent.
  Violations JudgeLimits(const RunReport& report, const Before& before);
  /// Of a run that a guard held: what it names was not beyond any limit.
  Violations JudgeHeld(const RunReport& report, const Before& before) const;

 private:
  struct Removal {
    Kind kind = Kind::kUser;
    Action action = Action::kSuspend;
    Instant at;
    bool approved = false;
  };
  /// What was agreed to: by guard, the operations under it as texts, or a number of records.
  struct Consent {
    Instant until;
    std::map<std::string, std::set<std::string>> operations;
    std::map<std::string, std::uint64_t> counts;
  };

  void JudgeRemovalLimit(Kind kind, Action action, double percent, const RunReport& report, const Before& before);
  /// `guard` as its verdict names it: "user.suspend", "rewrite user.department".
  void JudgeSize(const std::string& guard, std::uint64_t count, std::uint64_t limit, const RunReport& report);
  bool IsApproved(const std::string& guard, std::uint64_t count, const RunReport& report) const;

  std::vector<Removal> removals_;
  std::vector<Consent> consents_;
  Violations violations_;
};

}  // namespace ucaas_sync::sim
