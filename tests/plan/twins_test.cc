// Keys that come more than once, in one source and in two, alike and almost alike.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

using std::chrono::hours;
using Texts = std::vector<std::string>;

Row As(Row row, Standing standing, const std::string& reason = {}) {
  row.standing = standing;
  row.reason = reason;
  return row;
}

TEST_CASE(
    "many keys that differ only in case are one item each, whichever of them is known, and other kinds are no twins") {
  World world;
  world.Add(User("aa", {{"email", "0@example.com"}}));
  world.Add(User("AA", {{"email", "1@example.com"}}));
  world.Add(User("Aa", {{"email", "2@example.com"}}));
  world.Add(Contact("aA"));
  world.Add(User("b", {{"email", "b@example.com"}}));
  const auto plan = world.Plan().plan;
  CHECK(Lines(plan) == Texts{"user create b", "contact create aA"});
  REQUIRE(plan.quarantine.size() == 3);
  for (const QuarantineItem& item : plan.quarantine) {
    CHECK(item.reason == "keys that differ only in case: AA (line 3 of hr), Aa (line 4 of hr) and aa (line 2 of hr)");
  }
}

TEST_CASE("a key that two sources name with different content is set aside, with the line in each") {
  World world;
  world.Add(User("E1"));
  world.Add(OfOther(User("E1", {{"last_name", "Other"}})));
  const auto result = world.Plan();
  CHECK(result.plan.operations.empty());
  REQUIRE(result.plan.quarantine.size() == 1);
  CHECK(result.plan.quarantine[0].reason == "the same key with different content: line 2 of hr and line 3 of other");
  CHECK(result.notes.repeated == std::vector<std::uint64_t>{0, 1});
}

TEST_CASE("each line of a key that comes many times is named once, the first record's before the others") {
  World world;
  const auto add = [&](std::uint64_t line, std::uint16_t rule, const std::string& name) {
    Row row = User("E1", {{"last_name", name}});
    row.line = line;
    row.rule = rule;
    world.Add(row);
  };
  add(5, 0, "A");
  add(2, 0, "B");
  add(2, 3, "B");
  add(9, 3, "C");
  add(5, 3, "A");
  add(9, 0, "C");
  const auto plan = world.Plan().plan;
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].reason == "the same key with different content: lines 5, 2 and 9 of hr");
}

// Compared each with each, they would take minutes.
TEST_CASE("a key column with one key in all its lines is told with every line") {
  constexpr std::uint64_t kLines = 200'000;
  World world;
  Planner planner(world.state, world.policy, world.now, world.state.drift);
  const FieldSet fields = Fields(Kind::kUser, User("E1").fields);
  EntityView entity;
  entity.key = "E1";
  entity.fields = View(fields);
  for (entity.line = 1; entity.line <= kLines; ++entity.line) {
    entity.record_hash = HashOf(std::to_string(entity.line));
    planner.OnEntity(entity);
  }
  Planner::Inputs inputs;
  for (Snapshot& snapshot : world.snapshots) {
    snapshot.records = kLines;
    inputs.sources.push_back({.snapshot = &snapshot, .name = snapshot.source});
  }
  const auto plan = planner.Finish(inputs).plan;
  REQUIRE(plan.quarantine.size() == 1);
  const std::string& reason = plan.quarantine[0].reason;
  CHECK(reason.starts_with("the same key with different content: lines 1, 2, 3, "));
  CHECK(reason.ends_with(", 199999 and 200000 of hr"));
}

TEST_CASE("keys that differ only in case are set aside whatever their letters and their length") {
  World world;
  const std::string tail(80, 'x');
  for (const std::string& key : {std::string("Ärztin"), std::string("ärztin"), "E" + tail, "e" + tail}) {
    world.Add(User(key, {{"email", "m" + std::to_string(world.rows.size()) + "@example.com"}}));
  }
  world.Add(User("Öl"));
  const auto plan = world.Plan().plan;
  CHECK(Lines(plan) == Texts{"user create Öl"});
  REQUIRE(plan.quarantine.size() == 4);
  for (const QuarantineItem& item : plan.quarantine) {
    CHECK(Contains(item.reason, "keys that differ only in case"));
  }
}

/// Two keys of whose hashes without case the part is the same that the table keeps.
std::pair<std::string, std::string> KeysOfOnePart() {
  std::map<std::uint32_t, std::string> keys;
  for (int i = 0;; ++i) {
    const std::string key = "k" + std::to_string(i);
    const auto [it, is_new] = keys.emplace(static_cast<std::uint32_t>(HashOf(key).low), key);
    if (!is_new) return {it->second, key};
  }
}

TEST_CASE("keys of whose hashes only a part is the same are nobody's twins") {
  const auto [one, other] = KeysOfOnePart();
  World world;
  world.Add(User(one));
  world.Add(User(other));
  CHECK(Lines(world.Plan().plan) ==
        Texts{"user create " + std::min(one, other), "user create " + std::max(one, other)});
  world.Add(User("K" + one.substr(1), {{"email", "third@example.com"}}));
  const auto plan = world.Plan().plan;
  CHECK(Lines(plan) == Texts{"user create " + other});
  CHECK(plan.quarantine.size() == 2);
}

TEST_CASE("somebody out of scope does not bar a newcomer whose key differs only in case") {
  World world;
  world.Add(User("e1"));
  world.Sync();
  world.Get(Kind::kUser, "e1").standing = Standing::kOutOfScope;
  world.Add(User("E1", {{"email", "another@example.com"}}));
  const auto plan = world.Plan().plan;
  CHECK(Lines(plan) == Texts{"user create E1"});
  CHECK(plan.quarantine.empty());
}

TEST_CASE("who is known and out of one record's scope is what another record says") {
  World world;
  world.Add(User("E1"));
  world.Sync();
  world.rows.insert(world.rows.begin(), OfOther(As(User("E1"), Standing::kOutOfScope)));
  CHECK(world.Plan().plan.operations.empty());
  world.Get(Kind::kUser, "E1").line = 9;
  world.rows[1].fields["department"] = "Sales";
  CHECK(Lines(world.Plan().plan) == Texts{"user update E1"});
  world.rows[1].standing = Standing::kLeft;
  CHECK(Lines(world.Plan().plan) == Texts{"user suspend E1"});
}

TEST_CASE("who left by two records left once, however the records differ") {
  World world;
  world.Add(User("E1"));
  world.Sync();
  world.rows[0].standing = Standing::kLeft;
  world.Add(As(User("E1", {{"last_name", "Other"}}), Standing::kLeft));
  const auto plan = world.Plan().plan;
  CHECK(Lines(plan) == Texts{"user suspend E1"});
  CHECK(plan.quarantine.empty());
}

TEST_CASE("who left by one record and is there by another is neither removed nor changed") {
  World world;
  world.Add(User("E1"));
  world.Sync();
  const Row there = User("E1", {{"department", "Sales"}});
  SUBCASE("there first") {
    world.rows = {there};
    world.Add(As(User("E1"), Standing::kLeft));
  }
  SUBCASE("left first") {
    world.rows = {As(User("E1"), Standing::kLeft)};
    world.Add(there);
  }
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(Contains(plan.quarantine[0].reason, "the same key with different content"));
}

TEST_CASE("an unusable record that comes twice is told once, by what is wrong with it") {
  World world;
  for (int i = 0; i < 2; ++i) world.Add(As(User("E1"), Standing::kQuarantined, "e-mail missing"));
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].reason == "e-mail missing");
}

TEST_CASE("an unusable record beside a good one of the same key sets it aside") {
  World world;
  const Row bad = As(User("E1"), Standing::kQuarantined, "e-mail missing");
  SUBCASE("the good one first") {
    world.Add(User("E1"));
    world.Add(bad);
  }
  SUBCASE("the unusable one first") {
    world.Add(bad);
    world.Add(User("E1"));
  }
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].key == "E1");
  CHECK(plan.quarantine[0].reason == "the same key with different content: lines 2 and 3 of hr");
}

TEST_CASE("a group that two rules make alike is one group") {
  World world;
  world.policy.rules.push_back(world.policy.rules[1]);
  Row again = Group("Sales");
  again.rule = 4;
  world.Add(Group("Sales"));
  world.Add(again);
  CHECK(Lines(world.Plan().plan) == Texts{"group create Sales"});
  world.rows[1].fields["desc"] = "another";
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  CHECK(plan.quarantine.size() == 1);
}

TEST_CASE("of two records that contradict each other, one that cannot be read does not leave the other right") {
  World world = CompanyOf(2);
  // Of a few records that repeat a key the guard would hold everything.
  for (int i = 0; i < 400; ++i) world.Add(OfOther(User("X" + std::to_string(i))));
  world.Sync();
  world.Get(Kind::kUser, "E2").standing = Standing::kLeft;
  Row newcomer = User("E9");
  world.Add(newcomer);
  for (Row row : {User("E2"), User("E9", {{"first_name", "Other"}})}) world.Add(OfOther(std::move(row)));
  const auto contradicted = world.Sync();
  CHECK(contradicted.plan.operations.empty());
  REQUIRE(contradicted.plan.quarantine.size() == 2);
  std::erase_if(world.rows, [](const Row& row) { return row.source == 1; });
  world.SetOtherThere(false);
  for (int reads = 0; reads < 2; ++reads) {
    const auto alone = world.Sync();
    CHECK(alone.plan.operations.empty());
    CHECK(alone.plan.quarantine.size() == 2);
    world.Pass(std::chrono::hours(25));
  }
  world.SetOtherThere(true);
  for (int i = 0; i < 400; ++i) world.Add(OfOther(User("X" + std::to_string(i))));
  CHECK(Lines(world.Plan().plan) == std::vector<std::string>{"user suspend E2", "user create E9"});
}

}  // namespace
}  // namespace ucaas_sync::plan
