// One installation under a virtual clock, as a history lives with it: runs of the program, and what people do beside
// them. Two kinds: the pure core with a state in memory (machine.h), and the whole pipeline with its journal on a disk
// and a bad network (household.h). Single-threaded.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/objects.h"
#include "tests/sim/report.h"
#include "tests/sim/world.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_target.h"

namespace ucaas_sync::sim {

/// The process is gone.
struct Crash {};

/// Throws Crash at its end; unlit (negative) it never does.
struct Fuse {
  int left = -1;
  void Burn() {
    if (left >= 0 && left-- == 0) throw Crash{};
  }
};

/// What `plan` says.
struct Foreseen {
  ucaas_sync::Plan plan;
  PlanNotes notes;
};

class Installation {
 public:
  Installation() = default;
  virtual ~Installation() = default;
  Installation(const Installation&) = delete;
  Installation& operator=(const Installation&) = delete;

  virtual RunReport Sync(const Export& day) = 0;
  /// What `plan` would say at `now`; writes nothing.
  virtual std::optional<Foreseen> Plan(const Export& day, Instant now) = 0;
  /// Undoes that past run.
  virtual RunReport Revert(const Export& day, const RunReport& past) = 0;
  /// False, and nothing is erased, when it may not be yet.
  virtual bool Forget(const Export& day, const std::string& key) = 0;
  /// A person agrees to what the guards held of that run.
  virtual void Approve(const RunReport& report) = 0;
  virtual void Hold(const StoredHold& hold) = 0;
  virtual void Release(const std::string& key) = 0;
  /// The state's files are gone.
  virtual void LoseState() = 0;
  /// Somebody changed this object at the target by hand.
  virtual void NoteTouched(Kind /*kind*/, const std::string& /*remote_id*/) {}
  /// From now on the network and the target do no wrong.
  virtual void CalmDown() {}
  /// What is wrong with what lies on the disk.
  virtual std::vector<std::string> Problems() { return {}; }
  /// Every request and event so far, a line each.
  virtual std::string Trace() const { return {}; }
  /// Valid until the next call of anything here.
  virtual Scene scene() = 0;

  testing::FakeClock clock;
  std::vector<std::string> log;  // requests
  testing::FakeTarget target{clock, log};
  Fuse fuse;  ///< Of the next run.
  /// A run under way has found what requests of earlier ones have made that nobody answered, and has not planned yet:
  /// the state is another one now than it was before.
  std::function<void()> on_learned;
};

}  // namespace ucaas_sync::sim
