// Consent to what a guard holds: what it covers, and what it does not.
#include "daemon/plan/consent.h"

#include <doctest/doctest.h>

#include <sstream>

#include "daemon/plan/plan_json.h"
#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

using std::chrono::hours;

World Company(int people) {
  World world;
  for (int i = 1; i <= people; ++i) world.Add(User("E" + std::to_string(i), {{"department", "Sales"}}));
  world.Sync();
  world.policy.guards = DefaultGuards();
  return world;
}

void Leave(World& world, int from, int count) {
  for (int i = from; i < from + count; ++i) {
    world.Get(Kind::kUser, "E" + std::to_string(i)).standing = Standing::kLeft;
  }
}

/// A person agrees to what `result` holds.
void Approve(World& world, const Planner::Result& result) {
  world.state.approvals.push_back({.subject = "run-1",
                                   .who = "ada",
                                   .reason = "",
                                   .at = world.now,
                                   .until = world.now + kApprovalLasts,
                                   .scope = result.notes.consent});
}

}  // namespace

TEST_CASE("an approved plan passes, says who agreed, and its removals count in no sum") {
  World world = Company(15);
  Leave(world, 1, 4);
  const auto held = world.Plan();
  REQUIRE(held.plan.held);
  REQUIRE(held.notes.consent.guards.size() == 2);
  CHECK(held.notes.consent.guards[0].name == "user.suspend");
  CHECK(held.notes.consent.guards[0].covers == "suspend 4 users");
  CHECK(held.notes.consent.guards[0].operations.size() == 4);
  Approve(world, held);
  const auto passed = world.Sync();
  CHECK_FALSE(passed.plan.held);
  CHECK(passed.notes.consent.empty());
  const GuardVerdict* verdict = FindGuard(passed.plan, "user.suspend");
  CHECK(verdict->actual == 4);
  CHECK(verdict->approved_by == "ada until 2026-11-02T00:00:00Z");
  CHECK(passed.notes.due_at == world.now + kApprovalLasts);
  // Three more the same day pass by the ordinary limit, since those that were approved do not count.
  Leave(world, 5, 3);
  const auto later = world.Plan();
  CHECK_FALSE(later.plan.held);
  CHECK(FindGuard(later.plan, "user.suspend")->actual == 3);
}

TEST_CASE("an approval serves though joiners came since, and though some that it covers are done") {
  World world = Company(15);
  Leave(world, 1, 5);
  Approve(world, world.Plan());
  world.Get(Kind::kUser, "E5").standing = Standing::kPresent;
  for (int i = 20; i < 23; ++i) world.Add(User("E" + std::to_string(i)));
  const auto plan = world.Plan().plan;
  CHECK_FALSE(plan.held);
  CHECK(Lines(plan).size() == 7);
}

TEST_CASE("one leaver beyond the approved ones is held again, and named") {
  World world = Company(15);
  Leave(world, 1, 4);
  Approve(world, world.Plan());
  Leave(world, 9, 1);
  const auto result = world.Plan();
  CHECK(result.plan.held);
  const GuardVerdict* verdict = FindGuard(result.plan, "user.suspend");
  REQUIRE(verdict->examples.size() == 5);
  CHECK(verdict->examples[0] == "E9 FirstE9 LastE9 <e9@example.com>  (not approved)");
  CHECK(verdict->examples[1] == "E1 FirstE1 LastE1 <e1@example.com>");
  CHECK(Contains(verdict->advice, "ada until 2026-11-02T00:00:00Z does not cover 1 operation"));
  // The new scope has all five, so that one more word is enough.
  CHECK(result.notes.consent.guards[0].operations.size() == 5);
}

TEST_CASE("an approval ends after 24 hours") {
  World world = Company(15);
  Leave(world, 1, 4);
  Approve(world, world.Plan());
  world.Pass(hours(24) - Duration(1));
  CHECK_FALSE(world.Plan().plan.held);
  world.Pass(Duration(1));
  CHECK(world.Plan().plan.held);
}

TEST_CASE("another guard that breaches holds the plan though the first one is approved") {
  World world = Company(15);
  Leave(world, 1, 4);
  Approve(world, world.Plan());
  for (int i = 100; i < 111; ++i) world.Add(User("E" + std::to_string(i)));
  const auto result = world.Plan();
  CHECK(result.plan.held);
  CHECK_FALSE(FindGuard(result.plan, "user.suspend")->held);
  CHECK(FindGuard(result.plan, "user.create")->held);
  for (const ConsentGuard& guard : result.notes.consent.guards) CHECK(guard.name == "user.create");
  Approve(world, result);
  CHECK_FALSE(world.Plan().plan.held);
}

TEST_CASE("a rewrite is approved by its values: another value is held again") {
  World world = Company(300);
  for (Row& row : world.rows) row.fields["department"] = "Retail";
  Approve(world, world.Plan());
  CHECK_FALSE(world.Plan().plan.held);
  world.Get(Kind::kUser, "E7").fields["department"] = "Space";
  const auto plan = world.Plan().plan;
  CHECK(plan.held);
  CHECK(Contains(FindGuard(plan, "rewrite", "user.department")->examples[0], "E7"));
}

TEST_CASE("for a source the approved count or a better one passes, a worse one does not") {
  World world = Company(300);
  world.state.snapshots["hr"] = {
      .source = "hr", .records = 400, .hash = "", .files = {}, .filled = {}, .read_at = world.now - hours(24)};
  Approve(world, world.Plan());
  CHECK_FALSE(world.Plan().plan.held);
  world.Add(User("E301"));
  CHECK_FALSE(world.Plan().plan.held);
  world.Remove(Kind::kUser, "E301");
  world.Remove(Kind::kUser, "E300");
  const auto plan = world.Plan().plan;
  CHECK(plan.held);
  CHECK(Contains(FindGuard(plan, "source_drop", "hr")->advice, "was for 100"));
}

TEST_CASE("an approval of a drop serves for no other one, once the file that it was for is the last good one") {
  World world = Company(300);
  world.filled = {{"title", 100}};
  SnapshotHistory& last = world.state.snapshots["hr"];
  last = {.source = "hr",
          .records = 400,
          .hash = "",
          .files = {},
          .filled = {{"title", 300}},
          .read_at = world.now - hours(24)};
  const auto first = world.Plan();
  REQUIRE(FindGuard(first.plan, "source_drop", "hr")->actual == 100);
  REQUIRE(FindGuard(first.plan, "fill_drop", "hr title")->actual == 125);
  Approve(world, first);
  CHECK_FALSE(world.Plan().plan.held);
  // The run that took it, and another that drops a little less.
  last.read_at = world.now + hours(1);
  last.records = 390;
  last.filled = {{"title", 290}};
  world.Pass(hours(2));
  const auto second = world.Plan();
  CHECK(second.plan.held);
  for (const char* name : {"source_drop", "fill_drop"}) {
    CAPTURE(name);
    const GuardVerdict* verdict = FindGuard(second.plan, name);
    CHECK(verdict->held);
    CHECK(verdict->actual <= FindGuard(first.plan, name)->actual);
    CHECK_FALSE(Contains(verdict->advice, "it is more now"));
  }
  Approve(world, second);
  CHECK_FALSE(world.Plan().plan.held);
  // Noted by a clock that was ahead: no approval could ever be later.
  last.read_at = world.now + hours(1000);
  CHECK_FALSE(world.Plan().plan.held);
}

TEST_CASE("group removals that wait can be approved though the rest went on") {
  World world;
  for (const std::string name : {"A", "B", "C", "D", "E"}) world.Add(Group(name));
  world.Sync();
  world.policy.guards = DefaultGuards();
  for (const std::string name : {"A", "B"}) world.Get(Kind::kGroup, name).standing = Standing::kLeft;
  const auto waits = world.Sync();
  CHECK_FALSE(waits.plan.held);
  CHECK(waits.plan.operations.empty());
  Approve(world, waits);
  CHECK(Lines(world.Plan().plan) == std::vector<std::string>{"group delete A", "group delete B"});
}

TEST_CASE("a protected or held person is in no plan, whatever was approved") {
  World world = Company(15);
  Leave(world, 1, 5);
  Approve(world, world.Plan());
  world.state.holds.push_back({.key = "E1", .reason = "legal", .until = {}});
  world.policy.protect = [](Kind, const FieldSetView& fields) { return fields[kUserLastName].text == "LastE2"; };
  const auto plan = world.Plan().plan;
  CHECK_FALSE(plan.held);
  CHECK(Lines(plan) == std::vector<std::string>{"user suspend E3", "user suspend E4", "user suspend E5"});
  CHECK(plan.quarantine.empty());
}

TEST_CASE("an operation is another one when its key, remote id, action or a value differs") {
  Operation operation;
  operation.kind = Kind::kUser;
  operation.action = Action::kUpdate;
  operation.key = "E1";
  operation.remote_id = "70001";
  operation.changes = {{.field = kUserDepartment, .before = Field::Value("A"), .after = Field::Value("B")}};
  const Hash128 hash = ConsentHash(operation);
  Operation other = operation;
  other.changes[0].before = Field::Value("C");
  other.reason = "another";
  other.fingerprint = HashOf("x");
  CHECK(ConsentHash(other) == hash);
  other.changes.push_back({.field = kUserPassword, .before = {}, .after = Field::Value("secret")});
  CHECK(ConsentHash(other) == hash);
  for (const auto change : std::vector<void (*)(Operation&)>{
           [](Operation& op) { op.key = "E2"; }, [](Operation& op) { op.remote_id = "70002"; },
           [](Operation& op) { op.action = Action::kReactivate; },
           [](Operation& op) { op.changes[0].after.text = "D"; }, [](Operation& op) { op.changes.clear(); }}) {
    Operation changed = operation;
    change(changed);
    CHECK(ConsentHash(changed) != hash);
  }
  Operation nobody = operation;
  nobody.changes.clear();  // a field's number means another field in another kind
  Operation contact = nobody;
  contact.kind = Kind::kContact;
  CHECK(ConsentHash(contact) != ConsentHash(nobody));
}

TEST_CASE("a plan file keeps by whom a guard was approved") {
  World world = Company(15);
  Leave(world, 1, 4);
  Approve(world, world.Plan());
  const std::string json = AsJson(world.Plan().plan);
  CHECK(Contains(json, R"("approved_by":"ada until 2026-11-02T00:00:00Z")"));
  std::istringstream in(json);
  CHECK(AsJson(ReadPlan(in, "plan.json")) == json);
}

}  // namespace ucaas_sync::plan
