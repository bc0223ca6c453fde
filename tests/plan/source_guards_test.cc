// What a source's columns and keys say of its health.
#include "daemon/plan/source_guards.h"

#include <doctest/doctest.h>

#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

World Company(int people, std::uint64_t titles_before) {
  World world;
  for (int i = 1; i <= people; ++i) world.Add(User("E" + std::to_string(i)));
  world.Sync();
  world.policy.guards = DefaultGuards();
  world.state.snapshots["hr"] = {.source = "hr",
                                 .records = static_cast<std::uint64_t>(people),
                                 .hash = "",
                                 .files = {},
                                 .filled = {{"title", titles_before}},
                                 .read_at = world.now};
  return world;
}

TEST_CASE("a mapped column that lost more than a fifth of its values is held, with its former and present share") {
  World world = Company(300, 300);
  world.filled = {{"title", 240}};
  auto plan = world.Plan().plan;
  CHECK_FALSE(plan.held);
  REQUIRE(FindGuard(plan, "fill_drop", "hr title") != nullptr);
  CHECK(FindGuard(plan, "fill_drop")->limit == 60);
  world.filled = {{"title", 36}};
  plan = world.Plan().plan;
  CHECK(plan.held);
  const GuardVerdict* verdict = FindGuard(plan, "fill_drop", "hr title");
  CHECK(verdict->actual == 264);
  REQUIRE(verdict->examples.size() == 1);
  CHECK(verdict->examples[0] == "title: 100 % → 12 % of the records have a value");
  CHECK(Contains(verdict->advice, "ucaas-sync approve"));
}

TEST_CASE("a share is judged, not a number: a source that shrank is not its column's fault") {
  World world = Company(300, 150);
  for (int i = 281; i <= 300; ++i) world.Remove(Kind::kUser, "E" + std::to_string(i));
  world.filled = {{"title", 140}};
  CHECK(FindGuard(world.Plan().plan, "fill_drop") == nullptr);
  world.filled = {{"title", 111}};
  const auto plan = world.Plan().plan;
  CHECK(FindGuard(plan, "fill_drop")->actual == 29);
  CHECK(FindGuard(plan, "fill_drop")->limit == 28);
  CHECK(plan.held);
}

TEST_CASE("in small companies one or three values may go") {
  World five = Company(5, 5);
  five.filled = {{"title", 4}};
  CHECK_FALSE(five.Plan().plan.held);
  five.filled = {{"title", 3}};
  CHECK(five.Plan().plan.held);
  World fifteen = Company(15, 6);
  fifteen.filled = {{"title", 3}};
  CHECK_FALSE(fifteen.Plan().plan.held);
  fifteen.filled = {{"title", 2}};
  CHECK(fifteen.Plan().plan.held);
}

TEST_CASE("a column that is new, or was never filled, cannot drop") {
  World world = Company(300, 0);
  world.filled = {{"title", 0}, {"nickname", 0}};
  CHECK(FindGuard(world.Plan().plan, "fill_drop") == nullptr);
}

TEST_CASE("keys under 99 percent distinct are held, a few are only set aside") {
  World world = Company(400, 400);
  const auto repeat = [&](int from, int to) {
    for (int i = from; i <= to; ++i) world.Add(User("E" + std::to_string(i), {{"last_name", "Other"}}));
  };
  repeat(1, 4);
  auto result = world.Plan();
  CHECK_FALSE(result.plan.held);
  CHECK(result.plan.quarantine.size() == 4);
  CHECK(result.notes.repeated == std::vector<std::uint64_t>{4, 0});
  CHECK(FindGuard(result.plan, "distinct_keys", "hr")->limit == 4);
  repeat(5, 5);
  result = world.Plan();
  CHECK(result.plan.held);
  CHECK(FindGuard(result.plan, "distinct_keys", "hr")->actual == 5);
  CHECK(Contains(FindGuard(result.plan, "distinct_keys")->meaning, "5 records of source hr repeat the key"));
}

TEST_CASE("keys that come again in another file of their source are repeated, whatever line they are on") {
  World world = Company(400, 400);
  for (int file = 0; file < 2; ++file) {
    for (int i = 1; i <= 3; ++i) {
      Row row = User("E" + std::to_string(i), {{"last_name", "Other" + std::to_string(file)}});
      row.line = world.Get(Kind::kUser, row.key).line;
      world.Add(row);
    }
  }
  const auto result = world.Plan();
  CHECK(result.notes.repeated == std::vector<std::uint64_t>{6, 0});
  CHECK(FindGuard(result.plan, "distinct_keys", "hr")->held);
}

TEST_CASE("one record that two rules make a key of repeats none, and repeats another one once") {
  World world = Company(5, 5);
  RulePolicy second = world.policy.rules[0];
  world.policy.rules.push_back(second);
  Row row = world.Get(Kind::kUser, "E1");
  row.rule = 4;
  row.fields["last_name"] = "Second";
  world.Add(row);
  CHECK(world.Plan().notes.repeated == std::vector<std::uint64_t>{0, 0});
  for (const std::uint16_t rule : {std::uint16_t{0}, std::uint16_t{4}}) {
    Row other = User("E2", {{"last_name", "Other"}});
    other.rule = rule;
    other.line = 77;
    world.Add(other);
  }
  CHECK(world.Plan().notes.repeated == std::vector<std::uint64_t>{1, 0});
}

TEST_CASE("byte-identical records and the records of one group repeat no key") {
  World world = Company(5, 5);
  world.Add(Group("Sales"));
  for (int i = 1; i <= 5; ++i) {
    world.Add(User("E" + std::to_string(i)));
    world.Add(Group("Sales", {{"desc", std::to_string(i)}}));
  }
  CHECK(FindGuard(world.Plan().plan, "distinct_keys") == nullptr);
}

TEST_CASE("a source that is set aside is not judged") {
  World world = Company(300, 300);
  world.filled = {{"title", 1}};
  world.healthy[0] = false;
  CHECK(FindGuard(world.Plan().plan, "fill_drop") == nullptr);
}

TEST_CASE("a source that is not whole puts nobody newly into quarantine, and whoever is there stays there") {
  World world;
  world.Add(User("E1"));
  for (const std::string key : {"X1", "X2"}) world.Add(OfOther(User(key)));
  world.Sync();
  world.Get(Kind::kUser, "X1").standing = Standing::kQuarantined;
  world.Get(Kind::kUser, "X1").reason = "e-mail missing";
  CHECK(world.Sync().plan.quarantine.size() == 1);

  // Cut behind X2, whose e-mail is half there.
  world.Remove(Kind::kUser, "X1");
  world.Get(Kind::kUser, "X2").standing = Standing::kQuarantined;
  world.bad_rows.push_back({.line = 9, .values = {"X3"}, .source = 1});
  world.healthy[1] = false;
  for (int i = 0; i < 2; ++i) {
    const auto plan = world.Sync().plan;
    CHECK(plan.operations.empty());
    REQUIRE(plan.quarantine.size() == 1);
    CHECK(plan.quarantine.front().key == "X1");
    CHECK(plan.quarantine.front().reason == "e-mail missing");
    CHECK_FALSE(plan.quarantine.front().is_new);
  }
}

TEST_CASE("a source that was not read is not judged, and nobody who comes from it is touched") {
  World world = Company(15, 15);
  world.filled = {{"title", 1}};
  world.rows.clear();
  world.is_read[0] = false;
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  for (const char* name : {"fill_drop", "source_drop"}) CHECK(FindGuard(plan, name) == nullptr);
  CHECK(FindGuard(plan, "rejects", "hr") == nullptr);
  CHECK(FindGuard(plan, "rejects", "other") != nullptr);
}

TEST_CASE("columns of a source that had no records cannot drop") {
  World world = Company(15, 15);
  world.state.snapshots["hr"].records = 0;
  world.filled = {{"title", 0}};
  CHECK(FindGuard(world.Plan().plan, "fill_drop") == nullptr);
}

TEST_CASE("without a count of repeated keys the columns are judged all the same") {
  const World world = Company(15, 15);
  Snapshot snapshot;
  snapshot.records = 15;
  const std::vector<SourceState> sources{{.snapshot = &snapshot, .name = "hr", .filled = {{"title", 1}}}};
  const auto verdicts = JudgeSourceContent(
      {.policy = world.policy, .state = world.state, .now = world.now, .sources = sources, .repeated = {}});
  REQUIRE(verdicts.size() == 1);
  CHECK(verdicts[0].name == "fill_drop");
}

}  // namespace
}  // namespace ucaas_sync::plan
