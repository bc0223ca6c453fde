// One seeded history: a company lives for some weeks, its exports are good and bad, runs come at all hours and some are
// cut off, and after each step the invariants are checked. The same seed is the same history on every machine.
// Owns everything it touches; single-threaded. A broken promise is a value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/invariants.h"
#include "tests/sim/machine.h"
#include "tests/sim/random.h"
#include "tests/sim/world.h"

namespace ucaas_sync::sim {

class History {
 public:
  explicit History(std::uint64_t seed);

  /// Lives until the first violation, or to the end; what was violated.
  Violations Live();
  /// The steps so far, for people.
  std::string Trace() const;
  std::size_t runs() const { return runs_; }

 private:
  bool Day();
  void PassTime();
  void LetThingsHappen();
  void TouchByHand();
  void MakeByHand();
  /// One run on `today_`, audited.
  bool Run();
  void Approve(const RunReport& report);
  /// A plan of the same files: nothing to do, and time changes it no earlier than `due_at` said.
  void CheckNextPlan(const RunReport& report);
  Date Today() const;
  /// Good days without a change, until nothing is left to do.
  void Rest();
  void Say(const std::string& line) { trace_.push_back(line); }

  std::uint64_t seed_;
  Random random_;
  Settings settings_;
  Machine machine_;
  World world_;
  Auditor auditor_;
  Export today_;
  bool must_repeat_ = false;  // the last run was cut off: the next one finds the same files
  bool has_foreign_ = false;
  std::size_t runs_ = 0;
  std::optional<Instant> due_at_;
  Violations violations_;
  std::vector<std::string> trace_;
};

}  // namespace ucaas_sync::sim
