// The refresh in slices: over a real state and a fake target, with every page counted.
#include "daemon/run/refresh.h"

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

using testing::Says;

class RecordingObserver final : public Observer {
 public:
  std::vector<std::string> events;
  std::string last_text;
  void OnEvent(const Event& event) override {
    events.emplace_back(TypeOf(event.id).name);
    last_text = event.text;
  }
};

/// Ten users of a state and a target that agree, in pages of two.
struct Scene {
  static constexpr std::int64_t kUsers = 10;

  Scene() {
    plan::RulePolicy rule;
    rule.kind = Kind::kUser;
    policy.sources = {"hr"};
    policy.rules = {rule};
    const std::string run = store->BeginRun({.trigger = "command", .at = clock.now});
    std::vector<Operation> operations;
    std::vector<OperationOutcome> outcomes;
    for (std::int64_t i = 1; i <= kUsers; ++i) {
      StoredEntity user;
      user.kind = Kind::kUser;
      user.key = "E" + std::to_string(i);
      user.source = "hr";
      user.fields[kUserEmail] = Field::Value("e" + std::to_string(i) + "@x.org");
      user.fields[kUserDepartment] = Field::Value("Sales");
      user.remote_id =
          target.Add(Kind::kUser, {{"email", "e" + std::to_string(i) + "@x.org"}, {"department", "Sales"}});
      operations.push_back(state::For(user, Action::kCreate));
      outcomes.push_back(state::Done(static_cast<std::uint64_t>(i), user));
    }
    store->StorePlan(run, state::PlanOf(operations));
    store->AdvanceMark(run, kUsers);
    store->RecordOutcomes(run, outcomes);
  }

  /// One run's slice; `pages` at most are read (each takes as long as the target's latency).
  void Continue(std::int64_t pages = 1000, std::uint32_t per_commit = 1) {
    ucaas::Client client(target, ucaas::Routes::BuiltIn(), ucaas::Codes::BuiltIn(), 2);
    apply::Gate gate({.concurrency = 8, .rate = 1'000'000, .retry = {}, .seed = 1}, clock.ticks);
    apply::Caller caller(client, gate, clock, observer, [this] { return stop; });
    Refresh(*store, caller, policy, clock, observer,
            {.slice = target.latency * pages, .pages_per_commit = per_commit, .commit_after = std::chrono::hours(1)})
        .Continue();
  }
  testing::FakeTarget::Object& User(std::size_t number) { return target.objects[Kind::kUser][number - 1]; }
  std::size_t Pages() const { return target.CountRequests("GET users?"); }
  std::vector<std::string> Missing() const {
    std::vector<std::string> keys;
    for (const DriftFinding& finding : store->Drift()) {
      if (finding.missing) keys.push_back(store->Load(finding.entity_id).key);
    }
    return keys;
  }

  state::TemporaryDirectory dir;
  std::unique_ptr<state::SqliteStore> store = state::OpenForTest(dir);
  testing::FakeClock clock;
  std::vector<std::string> log;
  RecordingObserver observer;
  testing::FakeTarget target{clock, log};
  plan::Policy policy;
  bool stop = false;
};

RefreshCursor Finished(std::optional<Instant> at) {
  RefreshCursor cursor;
  cursor.finished_at = at;
  return cursor;
}

using Texts = std::vector<std::string>;
constexpr Duration kDay = std::chrono::hours(24);

}  // namespace

TEST_CASE("a refresh is due when the last whole one is older than schedule.refresh, or none was ever made") {
  const Instant now = state::At(0);
  CHECK(RefreshDue({}, kDay, now) <= now);
  CHECK(RefreshDue(Finished(now - kDay + Duration(1)), kDay, now) == now + Duration(1));
  CHECK(RefreshDue(Finished(now - kDay), kDay, now) <= now);
  CHECK(RefreshDue(Finished(now + 30 * kDay), kDay, now) <= now);  // the clock was set back
  RefreshCursor given_up = Finished(now - kDay);
  given_up.not_before = now + Duration(5);
  CHECK(RefreshDue(given_up, kDay, now) == now + Duration(5));
  RefreshCursor under_way = Finished(now);
  under_way.started_at = now - Duration(9);
  CHECK(RefreshDue(under_way, kDay, now) <= now);
}

TEST_CASE("a target that agrees leaves nothing in the state but when it was looked at") {
  Scene scene;
  const std::uint64_t version = scene.store->Version();
  scene.Continue();
  CHECK(scene.Pages() == 6);  // five and the empty one
  CHECK(scene.store->Drift().empty());
  CHECK(scene.store->RefreshSeen().empty());
  CHECK(scene.store->Version() == version);
  CHECK(scene.store->Refresh() == Finished(scene.clock.now));
  CHECK(scene.store->DueAt() == scene.clock.now + kDay);
}

TEST_CASE("a whole look remembers what is others', and takes nothing for theirs that a create may have made") {
  Scene scene;
  const std::string theirs = scene.target.Add(Kind::kUser, {{"email", "boss@x.org"}});
  scene.Continue();
  CHECK(scene.store->WasOthers(Kind::kUser, theirs));
  CHECK_FALSE(scene.store->WasOthers(Kind::kContact, theirs));
  CHECK_FALSE(scene.store->WasOthers(Kind::kUser, scene.User(1).id));
  CHECK_FALSE(scene.store->WasOthers(Kind::kUser, "unheard of"));

  const std::string cut = scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  scene.store->StorePlan(cut, state::PlanOf({state::For(state::User("N1"), Action::kCreate)}));
  scene.store->AdvanceMark(cut, 1);
  scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  const std::string made = scene.target.Add(Kind::kUser, {{"email", "n1@x.org"}});
  scene.clock.now = scene.clock.now + kDay;
  scene.Continue();
  CHECK_FALSE(scene.store->WasOthers(Kind::kUser, made));
  CHECK(scene.store->WasOthers(Kind::kUser, theirs));
}

TEST_CASE("a refresh goes on with the next page in the next run, and nothing is asked for twice") {
  Scene scene;
  scene.User(1).fields["department"] = "Boss";
  scene.User(9).fields["department"] = "Boss";
  scene.Continue(2);
  CHECK(scene.Pages() == 2);
  CHECK(scene.observer.events == Texts{"refresh_paused"});
  CHECK(scene.store->Refresh().position == 2);
  CHECK(scene.store->Drift().size() == 1);  // what differs counts at once
  CHECK(scene.store->DueAt() == scene.clock.now);
  scene.Continue(2);
  scene.Continue();
  CHECK(scene.Pages() == 6);
  CHECK(scene.target.CountRequests() == 6);
  REQUIRE(scene.store->Drift().size() == 2);
  CHECK(scene.store->Drift()[1].shown ==
        std::vector<std::pair<FieldId, Field>>{{kUserDepartment, Field::Value("Boss")}});
  CHECK(scene.store->DueAt() <= scene.clock.now);
}

TEST_CASE("a refresh that is cut off by a crash goes on from its last commit") {
  Scene scene;
  scene.target.on_request = [&](const HttpRequest&) {
    if (scene.Pages() == 4) throw std::runtime_error("killed");
  };
  CHECK_THROWS_AS(scene.Continue(1000, 3), std::runtime_error);
  scene.store.reset();
  scene.store = state::OpenForTest(scene.dir);
  CHECK(scene.store->Refresh().position == 3);
  scene.target.on_request = {};
  scene.Continue();
  CHECK(scene.Missing().empty());
  CHECK(scene.store->Refresh().finished_at);
  CHECK(scene.target.CountRequests("GET users/") == 0);  // nobody was forgotten who was seen before
}

TEST_CASE("a signal ends a slice, and the next run goes on") {
  Scene scene;
  scene.target.on_request = [&](const HttpRequest&) { scene.stop = scene.Pages() == 2; };
  scene.Continue();
  CHECK(scene.observer.events.back() == "refresh_paused");
  scene.stop = false;
  scene.target.on_request = {};
  scene.Continue();
  CHECK(scene.store->Refresh().finished_at);
}

TEST_CASE("whom no page showed is looked up before they count as gone") {
  Scene scene;
  // One is deleted, one has slipped to a page that was read already.
  scene.target.objects[Kind::kUser].erase(scene.target.objects[Kind::kUser].begin() + 4);
  bool moved = false;
  scene.target.on_request = [&](const HttpRequest&) {
    if (scene.Pages() != 3 || moved) return;
    moved = true;
    auto& list = scene.target.objects[Kind::kUser];
    const auto object = list.back();
    list.pop_back();
    list.insert(list.begin(), object);
  };
  scene.Continue();
  CHECK(scene.Missing() == Texts{"E5"});
  CHECK(scene.observer.last_text.find("1 is gone") != std::string::npos);
}

TEST_CASE("whose change nobody answered is not called gone by a look: they are asked for with the next run") {
  Scene scene;
  const std::string cut = scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  const StoredEntity e2 = *scene.store->Find(Kind::kUser, "E2");
  Operation suspend = state::For(e2, Action::kSuspend);
  suspend.entity_id = e2.id;
  scene.store->StorePlan(cut, state::PlanOf({suspend}));
  scene.store->AdvanceMark(cut, 1);
  scene.store->BeginRun({.trigger = "command", .at = scene.clock.now});
  REQUIRE(scene.store->UnknownChanges().size() == 1);
  auto& users = scene.target.objects[Kind::kUser];
  users.erase(users.begin(), users.begin() + 2);
  scene.Continue();
  CHECK(scene.Missing() == Texts{"E1"});
}

TEST_CASE("a target that knows nobody by id is searched before anybody counts as gone") {
  Scene scene;
  const auto object = scene.User(10);
  scene.target.objects[Kind::kUser].pop_back();
  scene.target.on_request = [&](const HttpRequest& request) {
    if (request.path.starts_with("users/")) scene.target.objects[Kind::kUser].push_back(object);
  };
  scene.target.faults = {{.request = "GET users/", .reply = Says(404, "404", "no such route"), .times = 100}};
  scene.Continue();
  CHECK(scene.Missing().empty());
  CHECK(scene.store->Refresh().finished_at);
}

TEST_CASE(
    "a list that answers 404, repeats a page or has no end proves nobody gone, and is not asked for at once again") {
  Scene scene;
  scene.User(1).fields["department"] = "Boss";
  SUBCASE("404 on page 2") {
    scene.target.faults = {{.request = "GET users?", .reply = Says(404, "404", "no"), .skip = 1, .times = 100}};
  }
  SUBCASE("every page is the first") {
    scene.target.ignores_paging = true;
  }
  scene.Continue();
  CHECK(scene.observer.events.back() == "refresh_given_up");
  CHECK(scene.Missing().empty());
  CHECK(scene.store->Drift().size() == 1);
  CHECK_FALSE(scene.store->Refresh().started_at);
  CHECK_FALSE(scene.store->Refresh().finished_at);
  CHECK(RefreshDue(scene.store->Refresh(), kDay, scene.clock.now) == scene.clock.now + kDay / 4);
  CHECK(scene.store->RefreshSeen().empty());
}

TEST_CASE("an outage in the middle keeps what was read") {
  Scene scene;
  scene.target.faults = {{.request = "GET users?", .reply = Says(503, "503", "away"), .skip = 2, .times = 100}};
  scene.Continue();
  CHECK(scene.observer.events.back() == "refresh_paused");
  CHECK(scene.store->Refresh().position == 2);
}

TEST_CASE("what was found before and agrees now is forgotten, and so is how often it was put back") {
  Scene scene;
  scene.User(3).fields["department"] = "Boss";
  scene.Continue();
  REQUIRE(scene.store->Drift().size() == 1);
  const std::int64_t id = scene.store->Drift().front().entity_id;
  const DriftRepair repair{.entity_id = id, .field = kUserDepartment, .wanted = "Sales", .shown = "Boss"};
  scene.store->RecordRepairs(std::vector{repair}, scene.clock.now);
  scene.clock.now += kDay;
  scene.Continue();
  scene.store->RecordRepairs(std::vector{repair}, scene.clock.now);
  CHECK(scene.store->Repairs().front().rounds == 2);
  scene.User(3).fields["department"] = "Sales";
  scene.clock.now += kDay;
  scene.Continue();
  CHECK(scene.store->Drift().empty());
  CHECK(scene.store->Repairs().empty());
}

TEST_CASE("another value to put back begins the count anew") {
  Scene scene;
  DriftRepair repair{.entity_id = 1, .field = kUserDepartment, .wanted = "Sales", .shown = "Boss"};
  for (int round = 0; round < 2; ++round) scene.store->RecordRepairs(std::vector{repair}, scene.clock.now);
  repair.wanted = "Finance";
  scene.store->RecordRepairs(std::vector{repair}, scene.clock.now);
  REQUIRE(scene.store->Repairs().size() == 1);
  CHECK(scene.store->Repairs().front() == repair);
}

TEST_CASE("a refresh that rested longer than schedule.refresh begins anew") {
  Scene scene;
  scene.Continue(2);
  scene.clock.now += kDay + Duration(1);
  scene.Continue();
  CHECK(scene.Pages() == 2 + 6);
}

}  // namespace ucaas_sync::run
