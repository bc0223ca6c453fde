// Whom the target refused, and what one read can say of them.
#include <doctest/doctest.h>

#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

using std::chrono::hours;
using Texts = std::vector<std::string>;

/// The target called `key` invalid just now. A zero fingerprint: it refused the removal.
void Refuse(World& world, const std::string& key, const Hash128& fingerprint) {
  world.state.quarantine = {
      {.kind = "user",
       .key = key,
       .reason = "invalid",
       .since = world.now,
       .source = {.name = "hr", .line = 2, .dn = {}},
       .fingerprint = fingerprint.is_zero() ? Hash128{} : RefusalMark(fingerprint, world.config_hash),
       .by_target = true}};
}

/// E1 is known, and a new last name of theirs was refused.
World Refused() {
  World world;
  world.Add(User("E1"));
  world.Add(User("E2"));
  world.Sync();
  world.Get(Kind::kUser, "E1").fields["last_name"] = "New";
  Refuse(world, "E1", Operations(world.Plan().plan).at(0).fingerprint);
  REQUIRE(world.Plan().plan.quarantine.size() == 1);
  return world;
}

TEST_CASE("a newcomer whom the target refused, and who is gone from the source again, is nobody's business") {
  World world;
  world.Add(User("E1"));
  Refuse(world, "E1", Operations(world.Plan().plan).at(0).fingerprint);
  REQUIRE(world.Plan().plan.quarantine.size() == 1);
  world.rows.clear();
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  CHECK(plan.quarantine.empty());
}

TEST_CASE("whose record says again what the target has is set aside no more") {
  World world = Refused();
  world.Get(Kind::kUser, "E1").fields["last_name"] = "LastE1";
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  CHECK(plan.quarantine.empty());
  CHECK(plan.summary_of(Kind::kUser).unchanged == 2);
}

TEST_CASE("a read that does not know every field is no reason to try again what the target refused") {
  World world = Refused();
  world.Get(Kind::kUser, "E1").fields["designation"] = "?";
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].reason == "invalid");
}

TEST_CASE("that the target refused somebody's fields does not keep them from being removed") {
  World world = Refused();
  world.Get(Kind::kUser, "E1").standing = Standing::kLeft;
  CHECK(Lines(world.Plan().plan) == Texts{"user suspend E1"});
}

TEST_CASE("a removal that the target refused is tried again after a day") {
  World world;
  world.Add(User("E1"));
  world.Sync();
  world.Get(Kind::kUser, "E1").standing = Standing::kLeft;
  Refuse(world, "E1", {});
  const auto result = world.Plan();
  CHECK(result.plan.operations.empty());
  REQUIRE(result.plan.quarantine.size() == 1);
  CHECK(*result.notes.due_at == world.now + hours(24));
  world.Pass(hours(24));
  CHECK(Lines(world.Plan().plan) == Texts{"user suspend E1"});
}

TEST_CASE("while a source is not whole, whom the target refused and the file does not show is not called set aside") {
  World world = Refused();
  world.Remove(Kind::kUser, "E1");
  world.healthy[0] = false;
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  CHECK(plan.quarantine.empty());
}

TEST_CASE("a source that was not read removes and changes nobody, and the plan shows it as not complete") {
  World world;
  world.Add(User("E1"));
  world.Sync();
  world.rows.clear();
  for (RulePolicy& rule : world.policy.rules) rule.absent_after = Duration::zero();
  world.is_read[0] = false;
  const auto result = world.Plan();
  CHECK(result.plan.operations.empty());
  REQUIRE(result.plan.sources.size() == 2);
  CHECK(result.plan.sources[0].name == "hr");
  CHECK_FALSE(result.plan.sources[0].complete);
  CHECK(result.plan.sources[0].records == 0);
  CHECK(result.plan.sources[0].hash.empty());
}

TEST_CASE("a source that is not whole does not hold up those who come from another one, or from none any more") {
  World world;
  world.state.Add(Kind::kUser, "E1", Fields(Kind::kUser, User("E1").fields), "old");
  world.Add(User("E2"));
  Row guest = User("X1");
  guest.rule = 3;
  guest.source = 1;
  world.Add(guest);
  world.healthy[0] = false;
  Trace trace("E1");
  world.trace = &trace;
  CHECK(Lines(world.Plan().plan) == Texts{"user create X1"});
  REQUIRE(trace.Find(Kind::kUser, "E1") != nullptr);
  for (const EntityTrace::Note& note : trace.Find(Kind::kUser, "E1")->notes) CHECK(note.step != "frozen");
}

}  // namespace
}  // namespace ucaas_sync::plan
