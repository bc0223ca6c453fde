// Groups that are gone from the source and must not go yet.
#include "daemon/plan/inhabited.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

/// Six people with a contact each, the first so many of them in `first`, the others in Sales.
World SixPeople(int in_first, const std::string& first) {
  World world;
  world.policy.guards = WideGuards();
  for (int i = 1; i <= 6; ++i) {
    const std::string key = "E" + std::to_string(i);
    world.Add(User(key));
    world.Add(Contact(key, {i <= in_first ? first : "Sales"}));
  }
  world.Add(Group("Sales"));
  return world;
}

}  // namespace

TEST_CASE("a group that is gone stays while somebody who is not to be changed is in it, and goes when nobody is") {
  World world = SixPeople(0, "");
  world.Add(Group("Legal"));
  world.Sync();
  for (int i = 2; i <= 6; ++i) world.Get(Kind::kContact, "E" + std::to_string(i)).groups = {"Legal"};
  world.Get(Kind::kContact, "E1").groups = {"Legal"};
  std::string why;
  SUBCASE("held by a person") {
    world.state.holds = {{.key = "E1", .reason = "sabbatical", .until = world.now + std::chrono::hours(72)}};
  }
  SUBCASE("set aside for its record") {
    world.Get(Kind::kContact, "E1").standing = Standing::kQuarantined;
    world.Get(Kind::kContact, "E1").reason = "e-mail missing";
  }
  SUBCASE("out of the scope of its rule") {
    world.Get(Kind::kContact, "E1").standing = Standing::kOutOfScope;
  }
  SUBCASE("protected") {
    world.policy.protect = [](Kind kind, const FieldSetView& fields) {
      return kind == Kind::kContact && fields[kContactEmail].text.starts_with("e1@");
    };
  }
  world.Remove(Kind::kGroup, "Sales");
  world.Sync();
  world.Pass(std::chrono::hours(30));
  const auto kept = world.Sync().plan;
  const std::vector<std::string> lines = Lines(kept);
  CHECK(std::find(lines.begin(), lines.end(), "group delete Sales") == lines.end());
  CHECK(std::any_of(kept.warnings.begin(), kept.warnings.end(), [](const std::string& warning) {
    return Contains(warning, "1 group is gone from the source and kept") && Contains(warning, "Sales (E1)");
  }));

  world.state.holds.clear();
  world.policy.protect = {};
  world.Get(Kind::kContact, "E1").standing = Standing::kPresent;
  CHECK(Lines(world.Sync().plan) == std::vector<std::string>{"contact update E1", "group delete Sales"});
}

TEST_CASE("a group whose last record says that somebody left stays while somebody else in it is merely missing") {
  World world = SixPeople(2, "Navy");
  world.Add(Group("Navy"));
  world.Sync();
  const Row navy = world.Get(Kind::kGroup, "Navy");
  const Row grace = world.Get(Kind::kContact, "E1");
  world.Remove(Kind::kContact, "E1");
  world.Get(Kind::kUser, "E2").standing = Standing::kLeft;
  world.Get(Kind::kContact, "E2").standing = Standing::kLeft;
  world.Get(Kind::kGroup, "Navy").standing = Standing::kLeft;
  const auto kept = world.Sync().plan;
  CHECK(Lines(kept) == std::vector<std::string>{"user suspend E2", "contact delete E2"});
  CHECK(std::any_of(kept.warnings.begin(), kept.warnings.end(),
                    [](const std::string& warning) { return Contains(warning, "Navy (E1)"); }));
  SUBCASE("who is back keeps it") {
    world.rows.push_back(grace);
    world.Get(Kind::kGroup, "Navy").standing = Standing::kPresent;
    CHECK(Lines(world.Sync().plan).empty());
  }
  SUBCASE("who stays away goes first or with it") {
    world.Pass(std::chrono::hours(30));
    CHECK(Lines(world.Sync().plan) == std::vector<std::string>{"contact delete E1", "group delete Navy"});
  }
}

TEST_CASE("a group is there while a record of any rule names it that has not left") {
  for (const bool left_comes_first : {true, false}) {
    CAPTURE(left_comes_first);
    World world;
    for (const std::string key : {"E1", "E2"}) world.Add(Contact(key, {"Navy"}));
    world.Add(Group("Navy"));
    world.Sync();
    Row left = world.Get(Kind::kGroup, "Navy");
    left.standing = Standing::kLeft;
    left.line = 7;
    world.rows.insert(left_comes_first ? world.rows.begin() : world.rows.end(), left);
    const auto plan = world.Sync().plan;
    CHECK(plan.operations.empty());
    CHECK(plan.quarantine.empty());
  }
}

TEST_CASE("a group that is gone is not kept by a membership of nobody, nor by what is said of another group") {
  World world;
  for (const std::string key : {"E1", "E2"}) world.Add(Contact(key, {"Sales"}));
  world.Add(Group("Sales"));
  world.Sync();
  world.rows.clear();
  world.Add(User("E9"));
  const std::int64_t first = world.state.Find(Kind::kContact, "E1")->id;
  const std::int64_t second = world.state.Find(Kind::kContact, "E2")->id;
  const std::int64_t sales = world.state.Find(Kind::kGroup, "Sales")->id;
  world.state.rows.at(first).entity.lifecycle = Lifecycle::kGone;
  world.state.memberships = {{first, sales}, {4711, sales}};
  // E2 is held, and in a group of which nothing is known.
  world.state.holds = {{.key = "E2", .reason = "", .until = {}}};
  world.state.drift.push_back(
      {.entity_id = second, .missing = false, .shown = {}, .groups = std::vector<std::string>{"Elsewhere"}});
  for (RulePolicy& rule : world.policy.rules) rule.absent_after = Duration::zero();
  CHECK(Lines(world.Plan().plan) == std::vector<std::string>{"user create E9", "group delete Sales"});
}

}  // namespace ucaas_sync::plan
