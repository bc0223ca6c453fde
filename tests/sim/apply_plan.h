// A plan sent to the fake target by the real executor, without a network between. Single-threaded.
#pragma once

#include <string>

#include "connectors/ucaas/client.h"
#include "daemon/apply/caller.h"
#include "daemon/apply/executor.h"
#include "daemon/apply/gate.h"
#include "tests/sim/store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_target.h"

namespace ucaas_sync::sim {

/// What came of it; nothing when the plan has no operation. Throws what `target` and `store` throw (Crash).
inline apply::ApplyResult ApplyPlan(const std::string& run, const Plan& plan, Store& store, testing::FakeTarget& target,
                                    testing::FakeClock& clock) {
  if (plan.operations.empty()) return {};
  clock.ticks = {};
  SilentObserver observer;
  ucaas::Client client(target, ucaas::Routes::BuiltIn(), ucaas::Codes::BuiltIn(), 100);
  apply::Gate gate({.concurrency = 8, .rate = 1'000'000, .retry = {}, .seed = 1}, clock.ticks);
  apply::Caller caller(client, gate, clock, observer, {});
  apply::Executor executor(store, caller, clock, observer, {});
  return executor.Apply(run, plan);
}

}  // namespace ucaas_sync::sim
