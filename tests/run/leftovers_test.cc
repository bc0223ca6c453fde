// What a cut-off run may have created for people whom nobody asks for any more: over a real state and a fake target.
#include "daemon/run/leftovers.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "connectors/ucaas/client.h"
#include "daemon/apply/gate.h"
#include "tests/state/support.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_target.h"

namespace ucaas_sync::run {
namespace {

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
    ucaas::Client client(target, ucaas::Routes::BuiltIn(), ucaas::Codes::BuiltIn(), 2);
    apply::Gate gate({.concurrency = 8, .rate = 1'000'000, .retry = {}, .seed = 1}, clock.ticks);
    apply::Caller caller(client, gate, clock, observer, [] { return false; });
    SettleLeftovers(*store, caller, clock, observer, plan);
  }
  std::string Create() { return target.Add(Kind::kUser, {{"email", "e1@example.com"}, {"status", "A"}}); }

  state::TemporaryDirectory dir;
  std::unique_ptr<state::SqliteStore> store = state::OpenForTest(dir);
  testing::FakeClock clock;
  std::vector<std::string> log;
  SilentObserver observer;
  testing::FakeTarget target{clock, log};
};

}  // namespace

TEST_CASE("an account that a cut-off run made for somebody no longer wanted becomes ours, and the next run is due") {
  Scene scene;
  const std::string id = scene.Create();
  scene.Settle();
  const auto row = scene.store->Find(Kind::kUser, "E1");
  REQUIRE(row);
  CHECK(row->remote_id == id);
  CHECK(row->ownership == Ownership::kCreated);
  CHECK(row->lifecycle == Lifecycle::kActive);
  CHECK(row->source == "hr");
  CHECK(scene.store->UnknownCreates().empty());
  CHECK(scene.store->DueAt() == scene.clock.now);
}

TEST_CASE("a create of a cut-off run that had no effect is forgotten, and makes no run due") {
  Scene scene;
  scene.Settle();
  CHECK_FALSE(scene.store->Find(Kind::kUser, "E1"));
  CHECK(scene.store->UnknownCreates().empty());
  CHECK_FALSE(scene.store->DueAt());
}

TEST_CASE("a look-up that fails leaves the create unknown, and the next run is due") {
  Scene scene;
  scene.Create();
  HttpReply refused;
  refused.status = 403;
  scene.target.faults.push_back({.request = "GET users", .reply = refused, .times = 1000});
  scene.Settle();
  CHECK_FALSE(scene.store->Find(Kind::kUser, "E1"));
  CHECK(scene.store->UnknownCreates().size() == 1);
  CHECK(scene.store->DueAt() == scene.clock.now);
}

TEST_CASE("whoever the plan speaks of is left to the plan") {
  Scene scene;
  scene.Create();
  scene.Settle(state::PlanOf({state::For(state::User("E1"), Action::kCreate)}));
  CHECK(scene.log.empty());
  CHECK(scene.store->UnknownCreates().size() == 1);
}

}  // namespace ucaas_sync::run
