// One seeded history: a company lives for some weeks, its exports are good and bad, runs come at all hours and some are
// cut off, and after each step the invariants are checked. The same seed is the same history on every machine.
// Owns everything it touches; single-threaded. A broken promise is a value.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/installation.h"
#include "tests/sim/invariants.h"
#include "tests/sim/random.h"
#include "tests/sim/world.h"

namespace ucaas_sync::sim {

class History {
 public:
  using Install = std::function<std::unique_ptr<Installation>(const Settings& settings, Instant start)>;
  /// Lives through at least `days`, and up to twice as many.
  History(std::uint64_t seed, const Install& install, std::size_t days = 6);

  /// Lives until the first violation, or to the end; what was violated.
  Violations Live();
  /// The steps so far, for people.
  std::string Trace() const;
  std::size_t runs() const { return runs_; }
  const Installation& installation() const { return *machine_; }

 private:
  bool Day();
  void PassTime();
  void LetThingsHappen();
  void TouchByHand();
  void MakeByHand();
  /// Somebody changes or deletes an object at the target.
  void ChangeByHand();
  /// A past run is undone.
  void RevertSomething();
  /// Somebody who is gone asks to be forgotten.
  void ForgetSomebody();
  void LoseState();
  void ReleaseAll();
  bool Audit(const RunReport& report);
  /// One run on `today_`, as the auditor sees it begin.
  RunReport Sync();
  /// The same, audited.
  bool Run();
  void Approve(const RunReport& report);
  /// A plan of the same files: nothing to do, and time changes it no earlier than `due_at` said.
  void CheckNextPlan(const RunReport& report);
  /// A plan of the same files that a guard held is held still, or the next run is due.
  void CheckHeldPlan(const RunReport& report);
  Date Today() const;
  /// Good days without a change, until nothing is left to do.
  void Rest();
  void Say(const std::string& line) { trace_.push_back(line); }

  std::uint64_t seed_;
  std::size_t days_;
  Random random_;
  Settings settings_;
  std::unique_ptr<Installation> machine_;
  bool has_learned_ = false;  // the last run, before it planned
  World world_;
  Auditor auditor_;
  Export today_;
  bool must_repeat_ = false;  // the last run was cut off: the next one finds the same files
  bool has_foreign_ = false;
  bool has_reverted_ = false;
  std::map<std::string, StoredHold> holds_;  // by people
  std::set<std::string> touched_;            // remote ids
  std::vector<RunReport> past_;              // runs that did something
  std::size_t runs_ = 0;
  std::optional<Instant> due_at_;
  Violations violations_;
  std::vector<std::string> trace_;
};

}  // namespace ucaas_sync::sim
