// A real state, a fake target, and what a cut-off run has left there without an answer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "connectors/ucaas/client.h"
#include "daemon/apply/gate.h"
#include "daemon/run/leftovers.h"
#include "daemon/run/program.h"
#include "tests/state/support.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_target.h"

namespace ucaas_sync::run {

class SilentObserver final : public Observer {
 public:
  void OnEvent(const Event&) override {}
};

/// E1's create was under the mark when the run was cut off; the next run has begun.
struct Scene {
  Scene() {
    const std::string cut = store->BeginRun({.trigger = "command", .at = clock.now});
    store->StorePlan(cut, state::PlanOf({state::For(state::User("E1"), Action::kCreate)}));
    store->AdvanceMark(cut, 1);
    store->BeginRun({.trigger = "command", .at = clock.now});
  }

  void Settle(const Plan& plan = {}) {
    Ask([&](apply::Caller& caller) { SettleLeftovers(*store, caller, clock, observer, plan); });
  }
  void SettleFirst() {
    policy.rules.resize(1);
    Ask([&](apply::Caller& caller) { SettleBeforePlan(*store, caller, policy, clock, observer); });
  }
  void Ask(const std::function<void(apply::Caller&)>& what) {
    ucaas::Client client(target, ucaas::Routes::BuiltIn(), ucaas::Codes::BuiltIn(), 2);
    apply::Gate gate({.concurrency = 8, .rate = 1'000'000, .retry = {}, .seed = 1}, clock.ticks);
    apply::Caller caller(client, gate, clock, observer, [] { return false; });
    what(caller);
  }
  /// As a run is given it, over the fake target.
  Context Given() {
    return {.program = program,
            .clock = clock,
            .observer = observer,
            .stop_requested = {},
            .transport = &target,
            .random = [] { return std::uint64_t{1}; }};
  }
  std::string Create() { return target.Add(Kind::kUser, {{"email", "e1@example.com"}, {"status", "A"}}); }

  state::TemporaryDirectory dir;
  std::unique_ptr<state::SqliteStore> store = state::OpenForTest(dir);
  testing::FakeClock clock;
  std::vector<std::string> log;
  SilentObserver observer;
  testing::FakeTarget target{clock, log};
  plan::Policy policy;
  config::Diagnostics diagnostics;
  Program program = Compile(config::Config{}, diagnostics);
};

}  // namespace ucaas_sync::run
