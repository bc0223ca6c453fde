// What the plan tells a trace: the match, the comparison, what stands in the way, and what it comes to.
#include "daemon/model/trace.h"

#include <doctest/doctest.h>

#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

using std::chrono::hours;
using Verdict = ComparisonTrace::Verdict;

World Company() {
  World world;
  for (const char* key : {"E1", "E2", "E3"}) world.Add(User(key, {{"department", "Sales"}}));
  world.Sync();
  return world;
}

/// The entity's part of the trace of a plan for `who`.
EntityTrace Traced(World& world, const std::string& who, const std::string& key = "E2") {
  Trace trace(who);
  world.trace = &trace;
  world.Plan();
  world.trace = nullptr;
  const EntityTrace* entity = trace.Find(Kind::kUser, key);
  REQUIRE(entity != nullptr);
  return *entity;
}

const ComparisonTrace* FieldOf(const EntityTrace& entity, FieldId field) {
  for (const ComparisonTrace& comparison : entity.comparison) {
    if (comparison.field == field) return &comparison;
  }
  return nullptr;
}

TEST_CASE("a plan is the same with a trace and without") {
  World world = Company();
  world.Get(Kind::kUser, "E2").fields["department"] = "Finance";
  world.Remove(Kind::kUser, "E3");
  const std::string without = AsJson(world.Plan().plan);
  Trace trace("E2");
  world.trace = &trace;
  CHECK(AsJson(world.Plan().plan) == without);
}

TEST_CASE("who is unchanged shows every field as equal, though the fingerprint spared the comparison") {
  World world = Company();
  const EntityTrace entity = Traced(world, "E2");
  REQUIRE(entity.stored);
  CHECK(entity.stored->key == "E2");
  CHECK_FALSE(entity.operation);
  CHECK(entity.notes.empty());
  REQUIRE(FieldOf(entity, kUserDepartment) != nullptr);
  CHECK(FieldOf(entity, kUserDepartment)->verdict == Verdict::kEqual);
}

TEST_CASE("a difference is shown with both sides, and the operation that it became") {
  World world = Company();
  world.Get(Kind::kUser, "E2").fields["department"] = "Finance";
  const EntityTrace entity = Traced(world, "e2@EXAMPLE.com");
  REQUIRE(FieldOf(entity, kUserDepartment) != nullptr);
  CHECK(FieldOf(entity, kUserDepartment)->verdict == Verdict::kDifferent);
  CHECK(FieldOf(entity, kUserDepartment)->stored == Field::Value("Sales"));
  CHECK(FieldOf(entity, kUserDepartment)->desired == Field::Value("Finance"));
  REQUIRE(entity.operation);
  CHECK(entity.operation->reason == "department changed");
}

TEST_CASE("a field that is not compared says why") {
  World world = Company();
  world.Get(Kind::kUser, "E2").fields["department"] = "";
  world.Get(Kind::kUser, "E2").fields["designation"] = "?";
  const EntityTrace entity = Traced(world, "E2");
  REQUIRE(FieldOf(entity, kUserDepartment) != nullptr);
  CHECK(FieldOf(entity, kUserDepartment)->verdict == Verdict::kNotCompared);
  CHECK(FieldOf(entity, kUserDepartment)->why == "empty, and the rule says empty: keep");
  CHECK(FieldOf(entity, kUserDesignation)->why == "not known in this read");
}

TEST_CASE("who is absent shows the clock and when it would act") {
  World world = Company();
  world.Remove(Kind::kUser, "E2");
  const Instant since = world.now;
  world.Sync();
  world.Pass(hours(2));
  const EntityTrace entity = Traced(world, "E2");
  REQUIRE(entity.absence);
  CHECK(entity.absence->since == since);
  REQUIRE(entity.acts_at);
  CHECK(*entity.acts_at == since + hours(24));
  REQUIRE(entity.notes.size() == 1);
  CHECK(entity.notes[0].step == "absence");
  CHECK(Contains(entity.notes[0].text, "in 2 complete reads"));
}

TEST_CASE("who is held, quarantined, out of scope or frozen says by what") {
  World world = Company();
  SUBCASE("held") {
    world.state.holds.push_back({.key = "E2", .reason = "on leave", .until = std::nullopt});
    const EntityTrace entity = Traced(world, "E2");
    REQUIRE(entity.notes.size() == 1);
    CHECK(entity.notes[0] == EntityTrace::Note{"held", "a person holds it as it is: on leave"});
  }
  SUBCASE("quarantined") {
    world.Get(Kind::kUser, "E2").standing = Standing::kQuarantined;
    world.Get(Kind::kUser, "E2").reason = "e-mail missing";
    const EntityTrace entity = Traced(world, "E2");
    REQUIRE(entity.notes.size() == 1);
    CHECK(entity.notes[0] == EntityTrace::Note{"quarantine", "e-mail missing"});
  }
  SUBCASE("out of scope") {
    world.Get(Kind::kUser, "E2").standing = Standing::kOutOfScope;
    const EntityTrace entity = Traced(world, "E2");
    REQUIRE(entity.notes.size() == 1);
    CHECK(entity.notes[0].step == "scope");
  }
  SUBCASE("a source that is not whole") {
    world.healthy[0] = false;
    const EntityTrace entity = Traced(world, "E2");
    REQUIRE(entity.notes.size() == 1);
    CHECK(entity.notes[0].step == "frozen");
    CHECK(Contains(entity.notes[0].text, "source hr is not whole"));
  }
}

TEST_CASE("a rejected record that carries the key is shown with its line, those of others are not") {
  World world = Company();
  world.bad_rows = {{.line = 7, .values = {"E2", "Last"}}, {.line = 8, .values = {"E3"}}};
  Trace trace("E2");
  world.trace = &trace;
  world.Plan();
  REQUIRE(trace.rejects().size() == 1);
  CHECK(trace.rejects()[0].source == "hr");
  CHECK(trace.rejects()[0].line == 7);
}

TEST_CASE("notes name everybody who stands still, filtered out or absent, and nobody else") {
  using Word = PlanNotes::Standstill::Word;
  World world = Company();
  CHECK(world.Plan().notes.standstills.empty());
  world.Remove(Kind::kUser, "E1");
  world.Get(Kind::kUser, "E2").standing = Standing::kFilteredOut;
  world.Get(Kind::kUser, "E2").reason = "the filter of users from hr (config.yaml:7)";
  Row stranger = User("E9");
  stranger.standing = Standing::kFilteredOut;
  world.Add(stranger);
  const auto standstills = world.Plan().notes.standstills;
  REQUIRE(standstills.size() == 2);
  CHECK(standstills[0].word == Word::kAbsent);
  CHECK(standstills[0].reason == "in no record of hr");
  CHECK(standstills[1].word == Word::kFilteredOut);
  CHECK(standstills[1].reason == "does not match the filter of users from hr (config.yaml:7)");
}

}  // namespace
}  // namespace ucaas_sync::plan
