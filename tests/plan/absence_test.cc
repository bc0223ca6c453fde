// Absence: what proves it, what a rule says of it, and who is told of a removal to come.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "daemon/model/trace.h"
#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

using std::chrono::hours;
using Texts = std::vector<std::string>;
using Word = PlanNotes::Standstill::Word;

constexpr const char* kFilter = "the filter of users from hr (config.yaml:7)";

World Company(int people) {
  World world = CompanyOf(people);
  for (RulePolicy& rule : world.policy.rules) rule.absent_after = Duration::zero();
  return world;
}

World CompanyWithAdoptedContact() {
  World world = Company(0);
  world.Add(Contact("C1"));
  world.Add(Contact("C2"));
  world.Sync();
  world.state.rows.begin()->second.entity.ownership = Ownership::kAdopted;
  return world;
}

void FilterOut(World& world, const std::string& key) {
  world.Get(Kind::kUser, key).standing = Standing::kFilteredOut;
  world.Get(Kind::kUser, key).reason = kFilter;
}

TEST_CASE("a source without a single record removes nobody, and says why when asked") {
  World world = Company(2);
  world.rows.clear();
  Trace trace("E1");
  world.trace = &trace;
  const auto result = world.Plan();
  CHECK(result.plan.operations.empty());
  CHECK(result.notes.absences.empty());
  const EntityTrace* entity = trace.Find(Kind::kUser, "E1");
  REQUIRE(entity != nullptr);
  REQUIRE(entity->notes.size() == 1);
  CHECK(Contains(entity->notes[0].text, "source hr has no records; the clock stands still"));
}

TEST_CASE("whose source is not in the configuration any more stays, with no source named") {
  World world = Company(2);
  world.state.Add(Kind::kUser, "E9", Fields(Kind::kUser, {{"email", "e9@example.com"}}), "old");
  const auto result = world.Plan();
  CHECK(result.plan.operations.empty());
  REQUIRE(result.plan.warnings.size() == 1);
  CHECK(Contains(result.plan.warnings[0], "1 entity came from a source that no rule reads"));
  REQUIRE(result.notes.standstills.size() == 1);
  CHECK(result.notes.standstills[0].word == Word::kUndecided);
  CHECK(result.notes.standstills[0].source.name.empty());
}

TEST_CASE("an absence that was noted of a row which is no more is dropped") {
  World world = Company(2);
  world.state.absences = {{.entity_id = 4711, .since = world.now, .reads = 3}};
  CHECK(world.Plan().notes.absences.empty());
}

TEST_CASE("with absent_after 0s whom a filter keeps out goes at once, and the reason names the filter") {
  World world = Company(2);
  FilterOut(world, "E2");
  const auto operations = Operations(world.Plan().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations[0].action == Action::kSuspend);
  CHECK(operations[0].reason == std::string("does not match ") + kFilter);
}

TEST_CASE("a filter that keeps out who was deleted before says nothing of them") {
  World world = Company(2);
  world.policy.rules[0].absent = config::AbsentPolicy::kDelete;
  world.Get(Kind::kUser, "E2").standing = Standing::kLeft;
  REQUIRE(Lines(world.Sync().plan) == Texts{"user delete E2"});
  FilterOut(world, "E2");
  const auto result = world.Plan();
  CHECK(result.plan.operations.empty());
  CHECK(result.plan.warnings.empty());
  CHECK(result.notes.standstills.empty());
}

TEST_CASE("an adopted contact that is missing stays with absent: keep, as anybody, and goes with delete_adopted") {
  World world = CompanyWithAdoptedContact();
  world.Remove(Kind::kContact, "C1");
  SUBCASE("absent: keep") {
    world.policy.rules[2].absent = config::AbsentPolicy::kKeep;
    const auto result = world.Plan();
    CHECK(result.plan.operations.empty());
    CHECK(result.plan.warnings.empty());
    REQUIRE(result.notes.standstills.size() == 1);
    CHECK(result.notes.standstills[0].word == Word::kAbsent);
  }
  SUBCASE("delete_adopted") {
    world.policy.rules[2].delete_adopted = true;
    CHECK(Lines(world.Plan().plan) == Texts{"contact delete C1"});
  }
}

TEST_CASE("of a date in the record is told only who would then be removed") {
  World world = CompanyWithAdoptedContact();
  world.policy.timezone = "UTC";
  world.Add(User("E1", {{"status", "S"}}));
  world.Add(User("E2"));
  world.Sync();
  world.Add(Contact("C9"));
  const Date last{std::chrono::floor<std::chrono::days>(world.now) + std::chrono::days(30)};
  for (Row& row : world.rows) row.leaves_on = last;
  // C1 was adopted and is never deleted, E1 is suspended already, and C9 is yet to come.
  const auto due = world.Plan().plan.due;
  REQUIRE(due.size() == 2);
  CHECK(due[0].key == "E2");
  CHECK(due[1].key == "C2");
  world.policy.timezone = "Middle_Earth/Shire";
  CHECK_MESSAGE(world.Plan().plan.due.empty(), "when a day begins there nobody knows");
}

TEST_CASE("who was made active again by hand is deleted all the same, when the rule says so by now") {
  World world = Company(2);
  world.Get(Kind::kUser, "E2").standing = Standing::kLeft;
  REQUIRE(Lines(world.Sync().plan) == Texts{"user suspend E2"});
  world.policy.rules[0].absent = config::AbsentPolicy::kDelete;
  world.state.drift.push_back({.entity_id = world.state.Find(Kind::kUser, "E2")->id,
                               .missing = false,
                               .shown = {{kUserStatus, Field::Value("A")}},
                               .groups = {}});
  const auto operations = Operations(world.Plan().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations[0].action == Action::kDelete);
  CHECK(operations[0].reason == "left: (status=terminated)");
}

TEST_CASE("who left and is found suspended at the target waits all of delete_after from then on") {
  World world = Company(3);
  world.policy.rules[0].delete_after = hours(240);
  world.policy.rules[0].absent_after = hours(48);
  world.Remove(Kind::kUser, "E2");
  world.Sync();
  world.Pass(hours(24 * 20));
  // Suspended by a request of ours that nobody recorded, or by hand.
  world.state.drift.push_back({.entity_id = world.state.Find(Kind::kUser, "E2")->id,
                               .missing = false,
                               .shown = {{kUserStatus, Field::Value(std::string(kStatusSuspended))}},
                               .groups = {}});
  const auto found = world.Plan();
  CHECK(found.plan.operations.empty());
  REQUIRE(found.plan.due.size() == 1);
  CHECK(found.plan.due[0].action == Action::kDelete);
  CHECK(found.plan.due[0].at == world.now + hours(240));
  REQUIRE(found.notes.accepted.size() == 1);
  CHECK(found.notes.accepted[0].shown.size() == 1);
}

TEST_CASE("a record that is set aside or rejected ends an absence, and the next one begins anew") {
  const auto set_aside = [](World& world) {
    world.Add(User("E2"));
    world.Get(Kind::kUser, "E2").standing = Standing::kQuarantined;
    world.Get(Kind::kUser, "E2").reason = "e-mail is not an e-mail address";
  };
  const auto contradicted = [](World& world) {
    world.Add(User("E2"));
    world.rows.back().standing = Standing::kLeft;
    world.Add(User("E2", {{"last_name", "Other"}}));
  };
  const auto rejected = [](World& world) { world.bad_rows = {{.line = 3, .values = {"E2"}}}; };
  for (const std::function<void(World&)>& show : {std::function<void(World&)>(set_aside), {contradicted}, {rejected}}) {
    World world = Company(3);
    world.policy.rules[0].absent_after = hours(24);
    world.Remove(Kind::kUser, "E2");
    CHECK(Lines(world.Sync().plan).empty());
    world.Pass(hours(20));
    show(world);
    CHECK(Lines(world.Sync().plan).empty());
    for (const PlanNotes::Absence& absence : world.state.absences) CHECK(!absence.has_begun());
    world.bad_rows.clear();
    while (std::any_of(world.rows.begin(), world.rows.end(), [](const Row& row) { return row.key == "E2"; })) {
      world.Remove(Kind::kUser, "E2");
    }
    world.Pass(hours(20));
    CHECK(Lines(world.Sync().plan).empty());
    world.Pass(hours(24));
    CHECK(Lines(world.Sync().plan) == Texts{"user suspend E2"});
  }
}

TEST_CASE("who left, and was set aside before the record went, waits to be deleted like anybody who is missing") {
  World world = Company(3);
  world.policy.rules[0].absent_after = hours(24);
  world.policy.rules[0].delete_after = hours(1);
  world.Get(Kind::kUser, "E2").standing = Standing::kLeft;
  REQUIRE(Lines(world.Sync().plan) == Texts{"user suspend E2"});
  world.Get(Kind::kUser, "E2").standing = Standing::kQuarantined;
  world.Pass(hours(2));
  CHECK(Lines(world.Sync().plan).empty());
  world.Remove(Kind::kUser, "E2");
  CHECK(Lines(world.Sync().plan).empty());
  world.Pass(hours(24));
  CHECK(Lines(world.Sync().plan) == Texts{"user delete E2"});
}

TEST_CASE("a plan that is held ends an absence too, when the record is there and set aside") {
  World world = Company(30);
  world.policy.guards = DefaultGuards();
  world.policy.rules[0].absent_after = hours(24);
  world.Remove(Kind::kUser, "E2");
  world.Sync();
  REQUIRE(world.state.absences.size() == 1);
  world.Add(User("E2"));
  world.Get(Kind::kUser, "E2").standing = Standing::kQuarantined;
  for (int i = 10; i < 20; ++i) world.Get(Kind::kUser, "E" + std::to_string(i)).standing = Standing::kLeft;
  const auto held = world.Plan();
  REQUIRE(held.plan.held);
  CHECK(held.notes.absences.empty());
}

TEST_CASE("an empty value of a rejected record is nobody's key") {
  World world = Company(3);
  world.Remove(Kind::kUser, "E2");
  world.Remove(Kind::kUser, "E3");
  world.bad_rows = {{.line = 3, .values = {"E2"}}};
  CHECK(Lines(world.Plan().plan) == Texts{"user suspend E3"});
  world.bad_rows = {{.line = 3, .values = {"", "E2", ""}}};
  CHECK_MESSAGE(world.Plan().plan.operations.empty(), "its own is blank, so that it may be the record of E3");
  world.bad_rows = {{.line = 3, .values = {""}}};
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("rejected records beyond all bounds stop the clocks of their own source, and freeze whom they name") {
  World world = Company(4);
  for (const std::string key : {"X1", "X2"}) world.Add(OfOther(User(key)));
  world.Sync();
  for (const std::string key : {"E2", "E3", "X1"}) world.Remove(Kind::kUser, key);
  world.Get(Kind::kUser, "E4").standing = Standing::kLeft;
  world.bad_rows = {{.line = 3, .values = Texts(500'000, "E2")}};
  CHECK(Lines(world.Plan().plan) == Texts{"user suspend E3", "user suspend E4", "user suspend X1"});
  world.bad_rows[0].times = 8;
  world.bad_rows.push_back({.line = 4, .values = {"E4"}});
  CHECK(Lines(world.Plan().plan) == Texts{"user suspend X1"});
}

}  // namespace
}  // namespace ucaas_sync::plan
