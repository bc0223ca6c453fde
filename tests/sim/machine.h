// The pure core under a virtual clock: the real mapper, planner and executor, a target and a state in memory. Sync is
// one run of the program; a run whose fuse burns through ends as a killed process does, and the next one starts from
// what the state and the target hold. Cheap: a year in a few milliseconds. Single-threaded.
#pragma once

#include <optional>
#include <string>

#include "tests/sim/installation.h"
#include "tests/sim/program.h"
#include "tests/sim/store.h"

namespace ucaas_sync::sim {

class Machine final : public Installation {
 public:
  Machine(const Settings& settings, Instant start);

  RunReport Sync(const Export& day) override;
  std::optional<Foreseen> Plan(const Export& day, Instant now) override;
  RunReport Revert(const Export& day, const RunReport& past) override;
  bool Forget(const Export& day, const std::string& key) override;
  void Approve(const RunReport& report) override;
  void Hold(const StoredHold& hold) override;
  void Release(const std::string& key) override;
  void LoseState() override;
  Scene scene() override { return {.now = clock.now, .target = target, .state = *store_}; }

 private:
  template <typename Body>
  RunReport Attempt(Body&& body);
  void Run(const Export& day, RunReport& report);
  void RunRevert(const std::string& past, RunReport& report);
  void Apply(RunReport& report);
  void Finish(RunReport& report);
  std::optional<plan::TargetListing> ListTarget() const;
  /// The daily look at the whole of the target.
  void LookAtTarget();

  std::optional<Store> store_;
  Program program_;
  std::optional<Instant> looked_at_;
};

}  // namespace ucaas_sync::sim
