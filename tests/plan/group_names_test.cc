// Groups that are called otherwise than before, by some records or by all: who is in them stays.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

using Texts = std::vector<std::string>;

Row Named(const std::string& key, const std::string& name) {
  Row row = Group(name);
  row.key = key;
  return row;
}

/// Two contacts in Sales, which is Group("Sales"), and one in Ops.
World Departments() {
  World world;
  world.policy.rules[1].absent_after = world.policy.rules[2].absent_after = Duration::zero();
  world.Add(Group("Sales"));
  world.Add(Group("Ops"));
  world.Add(Contact("C1", {"Sales"}));
  world.Add(Contact("C2", {"Sales"}));
  world.Add(Contact("C3", {"Ops"}));
  world.Sync();
  return world;
}

Texts GroupsOf(const World& world, const std::string& contact) {
  Texts groups = world.state.Find(Kind::kContact, contact)->groups;
  std::sort(groups.begin(), groups.end());
  return groups;
}

TEST_CASE("a department that one record writes in another case loses nobody, whichever comes first") {
  World world = Departments();
  Row typed = Group("sales");
  SUBCASE("first") {
    world.rows.insert(world.rows.begin(), typed);
  }
  SUBCASE("last") {
    world.Add(typed);
  }
  SUBCASE("and a member's own record writes it so") {
    world.rows.insert(world.rows.begin(), typed);
    world.Get(Kind::kContact, "C1").groups = {"sales"};
  }
  world.Add(Contact("N1", {"sales"}));
  const auto plan = world.Plan().plan;
  CHECK_MESSAGE(Lines(plan) == Texts{"contact create N1"}, "a group that is set aside gets nobody either");
  CHECK(!Operations(plan)[0].groups);
  CHECK(plan.quarantine.size() == 2);
  // Nobody can tell yet who means which of the two.
  world.Get(Kind::kContact, "C2").groups = {"Ops"};
  world.Sync();
  CHECK(GroupsOf(world, "C2") == Texts{"Ops", "Sales"});
}

TEST_CASE("a group with a key of its own and two names keeps whoever is named by either") {
  World world;
  world.Add(Named("D1", "Sales"));
  world.Add(Contact("C1", {"Sales"}));
  world.Add(Contact("C2", {"Sales"}));
  world.Sync();
  SUBCASE("the other name comes first") {
    world.rows.insert(world.rows.begin(), Named("D1", "Slaes"));
  }
  SUBCASE("the other name comes later") {
    world.Add(Named("D1", "Slaes"));
  }
  world.Get(Kind::kContact, "C2").groups = {"Slaes"};
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  CHECK_MESSAGE(plan.warnings.empty(), "it is no group that nobody makes");
  CHECK(plan.quarantine.size() == 1);
}

TEST_CASE("a department that all records write in another case keeps its members until the new one has them") {
  World world = Departments();
  world.Remove(Kind::kGroup, "Sales");
  world.Add(Group("SALES"));
  for (const char* key : {"C1", "C2"}) world.Get(Kind::kContact, key).groups = {"SALES"};
  world.Add(Contact("N1", {"SALES"}));
  SUBCASE("ours goes first, and at once the new one takes them") {
    const auto first = world.Sync();
    CHECK(Lines(first.plan) == Texts{"contact create N1", "group delete Sales"});
    CHECK(first.notes.due_at == world.now);
    CHECK(Lines(world.Sync().plan) ==
          Texts{"group create SALES", "contact update C1", "contact update C2", "contact update N1"});
    CHECK(world.Plan().plan.operations.empty());
  }
  SUBCASE("ours waits for absent_after") {
    world.policy.rules[1].absent_after = std::chrono::hours(24);
    CHECK(Lines(world.Sync().plan) == Texts{"contact create N1"});
    CHECK(GroupsOf(world, "C1") == Texts{"Sales"});
    CHECK(GroupsOf(world, "N1") == Texts{"Sales"});
  }
  SUBCASE("an adopted one stays, and gets newcomers too") {
    const std::int64_t id = world.state.Find(Kind::kGroup, "Sales")->id;
    world.state.rows.at(id).entity.ownership = Ownership::kAdopted;
    for (int read = 0; read < 3; ++read) world.Sync();
    for (const char* key : {"C1", "C2", "N1"}) CHECK(GroupsOf(world, key) == Texts{"Sales"});
  }
}

TEST_CASE("who moves leaves a group that a rejected record names") {
  World world = Departments();
  world.bad_rows = {{.line = 9, .values = {"Ada", "Sales"}}};
  world.Get(Kind::kContact, "C1").groups = {"Ops"};
  world.Sync();
  CHECK(GroupsOf(world, "C1") == Texts{"Ops"});
}

TEST_CASE("who moves joins a group that a rejected record names, as newcomers do") {
  World world = Departments();
  world.bad_rows = {{.line = 9, .values = {"Ada", "Ops"}}};
  world.Get(Kind::kContact, "C1").groups = {"Ops"};
  world.Add(Contact("N1", {"Ops"}));
  world.Sync();
  CHECK(GroupsOf(world, "C1") == Texts{"Ops"});
  CHECK(GroupsOf(world, "N1") == Texts{"Ops"});
}

TEST_CASE(
    "nobody is put into a group that is gone at the target while a rejected record keeps it from being made anew") {
  World world = Departments();
  world.bad_rows = {{.line = 9, .values = {"Ada", "Sales"}}};
  for (const char* key : {"C1", "C2"}) {
    world.state.drift.push_back({.entity_id = world.state.Find(Kind::kContact, key)->id,
                                 .missing = false,
                                 .shown = {},
                                 .groups = std::vector<std::string>{}});
  }
  world.state.drift.push_back(
      {.entity_id = world.state.Find(Kind::kGroup, "Sales")->id, .missing = true, .shown = {}, .groups = {}});
  CHECK(world.Plan().plan.operations.empty());
  world.bad_rows.clear();
  CHECK(Lines(world.Plan().plan) == Texts{"group create Sales", "contact update C1", "contact update C2"});
}

TEST_CASE("who moves stays in a group that a person holds as it is") {
  World world = Departments();
  world.state.holds = {{.key = "Sales", .reason = "", .until = {}}};
  world.Get(Kind::kContact, "C1").groups = {"Ops"};
  world.Sync();
  CHECK(GroupsOf(world, "C1") == Texts{"Ops", "Sales"});
}

}  // namespace
}  // namespace ucaas_sync::plan
