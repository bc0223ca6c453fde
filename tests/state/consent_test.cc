// What guards held and who agreed: kept with the run, pruned, and marked on the removals that pass by it.
#include <doctest/doctest.h>

#include "tests/state/support.h"

namespace ucaas_sync::state {
namespace {

ConsentScope ScopeWith(std::uint64_t leavers) {
  ConsentGuard guard{.name = "user.suspend",
                     .subject = "",
                     .limit = 3,
                     .actual = leavers,
                     .covers = "suspend users",
                     .examples = {"E1 Ada", "E2 Bob"},
                     .operations = {}};
  for (std::uint64_t i = 0; i < leavers; ++i) guard.operations.push_back({.high = i, .low = ~i});
  ConsentGuard source{
      .name = "source_drop", .subject = "hr", .limit = 1, .actual = 2, .covers = {}, .examples = {}, .operations = {}};
  source.holds_everything = false;
  return {.guards = {guard, source}};
}

Approval ApprovalOf(const std::string& run, const ConsentScope& scope, Instant at) {
  return {
      .subject = run, .who = "ada", .reason = "ticket 4711", .at = at, .until = at + kApprovalLasts, .scope = scope};
}

}  // namespace

TEST_CASE("what a run held is kept with it, and since when") {
  const TemporaryDirectory dir;
  {
    const auto store = OpenForTest(dir);
    CHECK_FALSE(store->Held());
    store->RecordHeld("r1", ScopeWith(4), {}, At(0));
    store->RecordHeld("r2", ScopeWith(4), {}, At(300));
  }
  const auto store = OpenForTest(dir, OpenMode::kReadOnly);
  REQUIRE(store->Held());
  CHECK(store->Held()->run == "r2");
  CHECK(store->Held()->since == At(0));
  CHECK(store->Held()->scope.guards.size() == 2);
  CHECK(store->Held()->scope.guards[0].covers == "suspend users");
  CHECK(*store->ScopeOfRun("r1") == ScopeWith(4));
  CHECK(*store->ScopeOfRun("r2") == ScopeWith(4));
  CHECK_FALSE(store->ScopeOfRun("r3"));
}

TEST_CASE("when a run passes nothing is held, and what earlier ones held can still be read") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  store->RecordHeld("r1", ScopeWith(4), {}, At(0));
  store->ClearHeld();
  CHECK_FALSE(store->Held());
  CHECK(store->ScopeOfRun("r1"));
}

TEST_CASE("an approval serves until its end and no longer") {
  const TemporaryDirectory dir;
  {
    const auto store = OpenForTest(dir);
    store->RecordHeld("r1", ScopeWith(4), {}, At(0));
    store->RecordApproval(ApprovalOf("r1", ScopeWith(4), At(10)));
    CHECK(store->DueAt() == At(10));
  }
  const auto store = OpenForTest(dir);
  const auto approvals = store->Approvals(At(10 + 86'399));
  REQUIRE(approvals.size() == 1);
  CHECK(approvals[0].who == "ada");
  CHECK(approvals[0].reason == "ticket 4711");
  CHECK(approvals[0].until == At(10 + 86'400));
  CHECK(approvals[0].scope == ScopeWith(4));
  CHECK(store->Approvals(At(10 + 86'400)).empty());
}

TEST_CASE("an approval that a clock far ahead has given does not serve once the clock is right") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  constexpr std::int64_t kYear = 365 * 86'400;
  store->RecordApproval(ApprovalOf("r1", ScopeWith(4), At(kYear)));
  store->RecordApproval(ApprovalOf("r2", ScopeWith(4), At(10)));
  REQUIRE(store->Approvals(At(5)).size() == 1);
  CHECK(store->Approvals(At(5))[0].subject == "r2");
  CHECK(store->Approvals(At(kYear)).size() == 1);
}

TEST_CASE("of many different held runs only the last are kept, and never one that was approved is lost") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  store->RecordHeld("r0", ScopeWith(100), {}, At(0));
  store->RecordApproval(ApprovalOf("r0", ScopeWith(100), At(0)));
  for (std::uint64_t i = 1; i <= 30; ++i) {
    store->RecordHeld("r" + std::to_string(i), ScopeWith(i), {}, At(static_cast<std::int64_t>(i)));
  }
  CHECK_FALSE(store->ScopeOfRun("r1"));
  CHECK(*store->ScopeOfRun("r30") == ScopeWith(30));
  REQUIRE(store->Approvals(At(100)).size() == 1);
  CHECK(store->Approvals(At(100))[0].scope == ScopeWith(100));
}

TEST_CASE("removals that passed by an approval are marked, others are not") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  RunOf(*store, {User("E1"), User("E2")});
  const std::string run = store->BeginRun({.trigger = "command", .at = At(100)});
  Plan plan = PlanOf({For(User("E1"), Action::kSuspend), For(User("E2"), Action::kDelete)});
  GuardVerdict verdict;
  verdict.name = "user.suspend.week";
  verdict.approved_by = "ada until later";
  plan.guards = {verdict};
  store->StorePlan(run, plan);
  store->AdvanceMark(run, 2);
  store->RecordOutcomes(run, std::vector{Done(1, std::nullopt, At(100)), Done(2, std::nullopt, At(101))});
  const auto removals = store->RemovalsSince(At(0));
  REQUIRE(removals.size() == 2);
  CHECK(removals[0].action == Action::kSuspend);
  CHECK(removals[0].approved);
  CHECK(removals[1].action == Action::kDelete);
  CHECK_FALSE(removals[1].approved);
}

}  // namespace ucaas_sync::state
