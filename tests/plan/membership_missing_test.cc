// Groups within groups that have no record in this read: who stays in those around them, and who goes.
#include <doctest/doctest.h>

#include "tests/plan/directory.h"

namespace ucaas_sync::plan {
namespace {

using Texts = std::vector<std::string>;

/// C1 is in Inner, which Outer names; C2 is in Outer itself. Inner is of the other source.
World NestedOfOther() {
  World world = Directory();
  world.policy.rules.push_back(world.policy.rules[1]);
  world.policy.rules.back().source = 1;
  for (const char* key : {"C1", "C2"}) world.Add(DirectoryContact(key));
  Row inner = DirectoryGroup("Inner", {Dn("C1")});
  inner.rule = 4;
  inner.source = 1;
  world.Add(inner);
  world.Add(DirectoryGroup("Outer", {"Inner", Dn("C2")}));
  world.Sync();
  REQUIRE(world.state.Find(Kind::kContact, "C1")->groups == Texts{"Inner", "Outer"});
  return world;
}

TEST_CASE("a missing group of which nobody says any more who is in it spares nobody in the groups around it") {
  World world = NestedOfOther();
  world.Remove(Kind::kGroup, "Inner");
  CHECK(world.Plan().plan.operations.empty());
  SUBCASE("its rule is gone") {
    world.policy.rules.pop_back();
  }
  SUBCASE("its rule has no members any more") {
    world.policy.rules.back().maps_members = false;
  }
  CHECK(Lines(world.Plan().plan) == Texts{"contact update C1"});
}

TEST_CASE("while a source of groups is not whole nobody is taken out of a group that names one not found") {
  World world = NestedOfOther();
  world.Remove(Kind::kGroup, "Inner");
  world.SetOtherThere(false);
  std::erase(world.Get(Kind::kGroup, "Outer").members, Dn("C2"));
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("a rejected record is no group within one that finds all whom it names") {
  World world = NestedOfOther();
  world.Remove(Kind::kGroup, "Inner");
  std::erase(world.Get(Kind::kGroup, "Outer").members, "Inner");
  world.bad_rows = {{.line = 3, .values = {"Nobody knows"}, .source = 1}};
  CHECK(Lines(world.Plan().plan) == Texts{"contact update C1"});
}

TEST_CASE("of two missing groups within one both keep who is in them, until both are deleted") {
  World world = Directory();
  for (const char* key : {"C1", "C2"}) world.Add(DirectoryContact(key));
  for (const char* name : {"Deep", "Inner"}) world.Add(DirectoryGroup(name, {Dn("C1")}));
  world.Add(DirectoryGroup("Outer", {"Inner", "Deep", Dn("C2")}));
  world.Sync();
  for (const char* name : {"Deep", "Inner"}) world.Remove(Kind::kGroup, name);
  std::erase(world.Get(Kind::kGroup, "Outer").members, Dn("C2"));
  CHECK(Lines(world.Sync().plan) == Texts{"contact update C2"});
  world.Pass(std::chrono::hours(25));
  const auto result = world.Sync();
  CHECK(Lines(result.plan) == Texts{"group delete Deep", "group delete Inner"});
  CHECK(result.notes.due_at == world.now);
  CHECK(Lines(world.Sync().plan) == Texts{"contact update C1"});
}

}  // namespace
}  // namespace ucaas_sync::plan
