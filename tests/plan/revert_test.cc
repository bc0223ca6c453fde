// The inverse of a run, and the hold that keeps the next run from doing it again.
#include "daemon/plan/revert.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "daemon/plan/source_mark.h"
#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

World Company(int people = 12) {
  World world;
  for (int i = 1; i <= people; ++i) {
    const std::string key = "E" + std::to_string(i);
    world.Add(User(key, {{"department", "Sales"}, {"status", "A"}}));
    world.Add(Contact(key, {"Sales"}));
  }
  world.Add(Group("Sales"));
  world.Sync();
  return world;
}

Revert RevertOf(const World& world, const ucaas_sync::Plan& run, std::uint64_t forgotten = 0) {
  return PlanRevert({.run = "R1",
                     .done = Operations(run),
                     .forgotten = forgotten,
                     .outdated = forgotten * 2,
                     .config_hash = "c0",
                     .new_id = {}},
                    world.state, world.policy, world.now);
}

/// Applies it and holds who was touched, as a run does. `mark`: of what the source says of everybody.
void Apply(World& world, const Revert& revert, Hash128 mark = {}) {
  world.state.Apply(revert.plan, {}, world.now);
  for (const Operation& undo : Operations(revert.plan)) {
    world.state.holds.push_back(
        {.key = undo.key, .reason = "reverted R1", .until = std::nullopt, .kind = undo.kind, .mark = mark});
  }
}

bool Says(const std::vector<std::string>& lines, const std::string& part) {
  return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) { return Contains(line, part); });
}

}  // namespace

TEST_CASE("a marriage is reverted field by field, and what changed since is left and said") {
  World world = Company();
  world.Get(Kind::kUser, "E1").fields["last_name"] = "Married";
  world.Get(Kind::kUser, "E1").fields["email"] = "married@example.com";
  const auto wedding = world.Sync().plan;
  world.Get(Kind::kUser, "E1").fields["email"] = "later@example.com";
  world.Sync();
  const Revert revert = RevertOf(world, wedding);
  REQUIRE(Lines(revert.plan) == std::vector<std::string>{"user update E1"});
  const Operation undo = revert.plan.operations.At(0);
  REQUIRE(undo.changes.size() == 1);
  CHECK(undo.changes[0].before.text == "Married");
  CHECK(undo.changes[0].after.text == "LastE1");
  CHECK(Says(revert.plan.warnings, "user E1: email changed since"));
}

TEST_CASE("a suspended user is reactivated, and the next run leaves them so while the source says what it said") {
  World world = Company();
  world.Get(Kind::kUser, "E2").standing = Standing::kLeft;
  const auto leaving = world.Sync().plan;
  const Revert revert = RevertOf(world, leaving);
  CHECK(Lines(revert.plan) == std::vector<std::string>{"user reactivate E2"});
  Apply(world, revert, kGoneMark);
  CHECK(world.Sync().plan.operations.empty());
  world.Remove(Kind::kUser, "E2");
  world.Pass(std::chrono::hours(48));
  world.Sync();
  world.Pass(std::chrono::hours(48));
  CHECK_MESSAGE(world.Sync().plan.operations.empty(), "a record that went as well says the same: gone");
  world.Add(User("E2", {{"department", "Legal"}, {"status", "A"}}));
  CHECK(Lines(world.Sync().plan) == std::vector<std::string>{"user update E2"});
  CHECK(world.state.holds.empty());
}

TEST_CASE("an adopt that let somebody in is undone by a suspension, which counts as one") {
  World world;
  world.policy.guards = DefaultGuards();
  world.Add(User("E1"));
  TargetListing listing;
  FieldSet there = Fields(Kind::kUser, User("E1").fields);
  there[kUserStatus] = Field::Value("blocked");
  listing.objects[Index(Kind::kUser)] = {{.kind = Kind::kUser, .remote_id = "9", .fields = there, .group_ids = {}}};
  world.listing = &listing;
  const Revert revert = RevertOf(world, world.Sync().plan);
  world.listing = nullptr;
  REQUIRE(Lines(revert.plan) == std::vector<std::string>{"user suspend E1"});
  CHECK(FindGuard(revert.plan, "user.suspend")->actual == 1);
  CHECK(FindChange(revert.plan.operations.At(0), kUserStatus)->after.text == "blocked");
  Apply(world, revert);
  CHECK(world.state.Find(Kind::kUser, "E1")->lifecycle == Lifecycle::kSuspended);
  CHECK(world.Sync().plan.operations.empty());
}

TEST_CASE("a hold without a mark learns at the first read and ends when the record changes") {
  World world = Company();
  world.Get(Kind::kUser, "E3").fields["department"] = "Legal";
  const Revert revert = RevertOf(world, world.Sync().plan);
  Apply(world, revert);
  CHECK(world.Sync().plan.operations.empty());
  CHECK_FALSE(world.state.holds.front().mark.is_zero());
  CHECK(world.Sync().plan.operations.empty());
  world.Get(Kind::kUser, "E3").fields["last_name"] = "New";
  CHECK(Lines(world.Sync().plan) == std::vector<std::string>{"user update E3"});
  CHECK(world.Sync().plan.operations.empty());
  world.Get(Kind::kUser, "E3").fields["last_name"] = "LastE3";
  CHECK_MESSAGE(Lines(world.Sync().plan).size() == 1, "the old value does not bring the hold back");
}

TEST_CASE("a hold stays while a source is not whole, and while a rejected record may be the held one") {
  World world = Company();
  world.Get(Kind::kUser, "E3").fields["department"] = "Legal";
  Apply(world, RevertOf(world, world.Sync().plan));
  world.Sync();
  world.Remove(Kind::kUser, "E3");
  world.healthy[0] = false;
  world.Sync();
  CHECK(world.state.holds.size() == 1);
  world.healthy[0] = true;
  world.bad_rows.push_back({.line = 9, .values = {"E3"}});
  world.Sync();
  CHECK(world.state.holds.size() == 1);
}

TEST_CASE("a contact that was deleted comes back with its groups, under a new id that is said") {
  World world = Company();
  world.Get(Kind::kContact, "E4").standing = Standing::kLeft;
  const auto run = world.Sync().plan;
  REQUIRE(Lines(run) == std::vector<std::string>{"contact delete E4"});
  const Revert revert = RevertOf(world, run);
  REQUIRE(Lines(revert.plan) == std::vector<std::string>{"contact create E4"});
  CHECK(revert.plan.operations.At(0).groups->after == std::vector<std::string>{"Sales"});
  CHECK(Says(revert.cannot, "new id"));
  Apply(world, revert, kGoneMark);
  CHECK(world.Sync().plan.operations.empty());
}

TEST_CASE("an object that is known to be gone from the account is not made anew to undo an adopt or an update of it") {
  for (const Action action : {Action::kAdopt, Action::kUpdate}) {
    CAPTURE(std::string(Name(action)));
    World world = Company();
    world.Get(Kind::kUser, "E5").fields["department"] = "Legal";
    Operation done = world.Sync().plan.operations.At(0);
    done.action = action;
    const auto revert = [&] {
      return PlanRevert({.run = "R1", .done = {done}, .config_hash = "c0", .new_id = {}}, world.state, world.policy,
                        world.now);
    };
    REQUIRE(Lines(revert().plan) == std::vector<std::string>{"user update E5"});
    world.state.drift = {
        {.entity_id = world.state.Find(Kind::kUser, "E5")->id, .missing = true, .shown = {}, .groups = {}}};
    CHECK(revert().plan.operations.empty());
    CHECK(Says(revert().plan.warnings, "user E5: not there any more, left as it is"));
  }
}

TEST_CASE("what a run created: users are suspended and never deleted, contacts and empty groups are deleted") {
  World world = Company();
  world.Add(User("N1"));
  world.Add(Contact("N1", {"New"}));
  world.Add(Group("New"));
  const auto run = world.Sync().plan;
  const Revert revert = RevertOf(world, run);
  CHECK(Lines(revert.plan) == std::vector<std::string>{"user suspend N1", "contact delete N1", "group delete New"});
  CHECK(Says(revert.cannot, "suspended, not deleted"));
  Apply(world, revert);
  CHECK(world.Sync().plan.operations.empty());

  SUBCASE("a second revert of the same run finds nothing") {
    CHECK(RevertOf(world, run).plan.operations.empty());
  }
}

TEST_CASE("whoever has moved on since keeps the groups that they have now, whatever the run changed") {
  World world = Company();
  world.Add(Group("Research"));
  world.Add(Group("Nova"));
  world.Sync();
  world.Get(Kind::kContact, "E5").groups = {"Research"};
  const auto moved = world.Sync().plan;
  world.Get(Kind::kContact, "E6").groups = {};
  const auto left = world.Sync().plan;
  world.Get(Kind::kContact, "E7").groups = {"Research"};
  const auto grew = world.Sync().plan;
  for (const char* key : {"E5", "E6"}) world.Get(Kind::kContact, key).groups = {"Nova"};
  world.Get(Kind::kContact, "E7").groups = {"Nova", "Research"};
  world.Sync();

  for (const auto* run : {&moved, &left}) {
    const Revert revert = RevertOf(world, *run);
    CHECK(revert.plan.operations.empty());
    CHECK(Says(revert.plan.warnings, "its groups changed since, left as it is"));
  }
  // Of two that the run brought one is gone: neither ends, and it is said.
  world.Get(Kind::kContact, "E8").groups = {"Nova", "Research", "Sales"};
  const auto two = world.Sync().plan;
  world.Get(Kind::kContact, "E8").groups = {"Research", "Sales"};
  world.Sync();
  CHECK(RevertOf(world, two).plan.operations.empty());
  CHECK(Says(RevertOf(world, two).plan.warnings, "contact E8: its groups changed since"));
  // Where what the run brought is still there, a group that came beside it is no move.
  const Revert revert = RevertOf(world, grew);
  REQUIRE(Lines(revert.plan) == std::vector<std::string>{"contact update E7"});
  CHECK(revert.plan.operations.At(0).groups->after == std::vector<std::string>{"Nova", "Sales"});
}

TEST_CASE("a group that others have joined since stays") {
  World world = Company();
  world.Add(Group("New"));
  world.Add(Contact("N1", {"New"}));
  const auto run = world.Sync().plan;
  world.Get(Kind::kContact, "E5").groups = {"Sales", "New"};
  world.Sync();
  const Revert revert = RevertOf(world, run);
  CHECK(Lines(revert.plan) == std::vector<std::string>{"contact delete N1"});
  CHECK(Says(revert.plan.warnings, "other members"));
}

TEST_CASE("addresses that moved along a chain move back in the other order, and one that is taken by now is left") {
  World world = Company();
  world.Get(Kind::kUser, "E1").fields["email"] = "new@example.com";
  world.Get(Kind::kUser, "E2").fields["email"] = "e1@example.com";
  const auto run = world.Sync().plan;
  REQUIRE(Lines(run) == std::vector<std::string>{"user update E1", "user update E2"});
  CHECK(Lines(RevertOf(world, run).plan) == std::vector<std::string>{"user update E2", "user update E1"});

  world.Get(Kind::kUser, "E2").fields["email"] = "e2@example.com";
  world.Get(Kind::kUser, "E3").fields["email"] = "e1@example.com";
  world.Sync();
  const Revert late = RevertOf(world, run);
  CHECK(late.plan.operations.empty());
  CHECK(Says(late.plan.warnings, "belongs to E3 by now"));
}

TEST_CASE("who keeps an address because their former one is taken does not give it up to the next of the chain") {
  World world = Company();
  world.Get(Kind::kUser, "E1").fields["email"] = "new@example.com";
  world.Get(Kind::kUser, "E2").fields["email"] = "e1@example.com";
  const auto run = world.Sync().plan;
  world.Get(Kind::kUser, "E3").fields["email"] = "e2@example.com";
  world.Sync();
  const Revert late = RevertOf(world, run);
  CHECK(late.plan.operations.empty());
  CHECK(Says(late.plan.warnings, "user E2: its former address belongs to E3 by now"));
  CHECK(Says(late.plan.warnings, "user E1: its former address belongs to E2 by now"));
}

TEST_CASE("the guards judge a revert as any plan") {
  World world = Company(40);
  for (int i = 1; i <= 20; ++i) world.Get(Kind::kUser, "E" + std::to_string(i)).standing = Standing::kLeft;
  const auto run = world.Sync().plan;
  world.policy.guards = DefaultGuards();
  const Revert revert = RevertOf(world, run);
  CHECK(revert.plan.held);
  const GuardVerdict* verdict = FindGuard(revert.plan, "user.create");
  REQUIRE(verdict != nullptr);
  CHECK(verdict->actual == 20);
  CHECK(revert.consent.guards.size() >= 1);
  world.state.approvals.push_back({.subject = "R2",
                                   .who = "ada",
                                   .reason = "",
                                   .at = world.now,
                                   .until = world.now + std::chrono::hours(24),
                                   .scope = revert.consent});
  CHECK_FALSE(RevertOf(world, run).plan.held);
}

TEST_CASE("the guards judge the revert of a kind that no rule makes any more") {
  World world = Company();
  for (int i = 1; i <= 10; ++i) world.Add(Contact("N" + std::to_string(i)));
  const auto run = world.Sync().plan;
  world.policy.rules.resize(2);
  world.policy.guards = DefaultGuards();
  const Revert revert = RevertOf(world, run);
  REQUIRE(revert.plan.operations.size() == 10);
  CHECK(revert.plan.held);
  const GuardVerdict* verdict = FindGuard(revert.plan, "contact.delete");
  REQUIRE(verdict != nullptr);
  CHECK(verdict->held);
  CHECK(verdict->actual == 10);
}

TEST_CASE("a revert touches neither whom a person holds nor whom protect names, and counts who is forgotten") {
  World world = Company();
  for (const char* key : {"E1", "E2"}) world.Get(Kind::kUser, key).fields["last_name"] = "Other";
  const auto run = world.Sync().plan;
  world.state.holds.push_back({.key = "E1", .reason = "ask Ann", .until = std::nullopt});
  world.policy.protect = [](Kind, const FieldSetView& fields) { return fields[kUserEmail].text == "e2@example.com"; };
  const Revert revert = RevertOf(world, run, 3);
  CHECK(revert.plan.operations.empty());
  CHECK(Says(revert.plan.warnings, "E1: held by a person"));
  CHECK(Says(revert.plan.warnings, "E2: guards.protect"));
  CHECK(Says(revert.cannot, "3 changes of people who were forgotten"));
  CHECK(Says(revert.cannot, "6 operations of that run are older than journal.keep"));
}

}  // namespace ucaas_sync::plan
