// One installation under a virtual clock: the pure core, the real executor, a target and a state in memory. Sync is one
// run of the program; a run whose fuse burns through ends as a killed process does, and the next one starts from what
// the state and the target hold. Single-threaded.
#pragma once

#include <string>
#include <vector>

#include "daemon/apply/executor.h"
#include "tests/sim/program.h"
#include "tests/sim/store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_target.h"

namespace ucaas_sync::sim {

struct RunReport {
  enum class End : std::uint8_t {
    kSource,   ///< Refused for its source.
    kHeld,     ///< Held by a guard.
    kDone,     ///< Applied, as far as the target let us.
    kCrashed,  ///< Cut off.
  };
  End end = End::kDone;
  Instant at;
  bool was_planned = false;
  Plan plan;
  PlanNotes notes;
  apply::ApplyResult applied;
  std::vector<std::string> writes;  ///< Requests that change something: "PATCH users/70001".

  std::string ToString() const;
};

class Machine {
 public:
  Machine(const Settings& settings, Instant start);

  RunReport Sync(const Export& day);
  /// What `plan` would say at `now`; writes nothing.
  std::optional<Program::Planned> Plan(const Export& day, Instant now);
  /// A person agrees to what the guards held of that run.
  void Approve(const RunReport& report);
  void PassTo(Instant instant) { clock.now = instant; }

  testing::FakeClock clock;
  std::vector<std::string> log;  // requests
  testing::FakeTarget target{clock, log};
  Fuse fuse;
  Store store{fuse};
  Program program;

 private:
  void Run(const Export& day, RunReport& report);
  std::optional<plan::TargetListing> ListTarget() const;
};

}  // namespace ucaas_sync::sim
