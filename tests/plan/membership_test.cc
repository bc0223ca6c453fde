// Which contact belongs to which group.
#include <doctest/doctest.h>

#include "tests/plan/directory.h"

namespace ucaas_sync::plan {
namespace {

using Texts = std::vector<std::string>;

TEST_CASE("a member that is blank names nobody, not even a group without a DN") {
  World world = Directory();
  world.Add(DirectoryContact("C1"));
  Row outer = DirectoryGroup("Outer", {""});
  Row inner = DirectoryGroup("Inner", {Dn("C1")});
  inner.dn.clear();
  world.Add(outer);
  world.Add(inner);
  CHECK(Find(Operations(world.Plan().plan), "C1")->groups->after == Texts{"Inner"});
}

TEST_CASE("a contact joins the groups that its record names, created in the same plan") {
  World world;
  world.Add(Contact("C1", {"Sales", "All"}));
  world.Add(Group("Sales"));
  world.Add(Group("Sales"));
  world.Add(Group("All"));
  const auto operations = Operations(world.Sync().plan);
  CHECK(operations.size() == 3);
  REQUIRE(Find(operations, "C1") != nullptr);
  CHECK(Find(operations, "C1")->groups->after == Texts{"All", "Sales"});
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("a moved contact is one update of its groups, though no field differs") {
  World world;
  world.Add(Contact("C1", {"Sales"}));
  world.Add(Group("Sales"));
  world.Add(Group("Finance"));
  world.Sync();
  world.Get(Kind::kContact, "C1").groups = {"Finance"};
  const auto operations = Operations(world.Sync().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations[0].reason == "groups changed");
  CHECK(operations[0].groups->before == Texts{"Sales"});
  CHECK(operations[0].groups->after == Texts{"Finance"});
  world.state.loads = 0;
  CHECK(world.Plan().plan.operations.empty());
  CHECK(world.state.loads == 0);
}

TEST_CASE("a group that no rule makes is left out and named once") {
  World world;
  world.Add(Contact("C1", {"Nowhere"}));
  world.Add(Contact("C2", {"Nowhere"}));
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.size() == 2);
  REQUIRE(plan.warnings.size() == 1);
  CHECK(Contains(plan.warnings[0], "\"Nowhere\""));
}

TEST_CASE("the same group with different fields is set aside and its members stay") {
  World world;
  world.Add(Contact("C1", {"Sales"}));
  world.Add(Group("Sales"));
  world.Sync();
  world.Add(Group("Sales", {{"desc", "other"}}));
  world.Get(Kind::kGroup, "Sales").fields["desc"] = "one";
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  CHECK(plan.quarantine.size() == 1);
}

TEST_CASE("members by DN in any spelling and by key, strangers are counted") {
  World world = Directory();
  world.Add(DirectoryContact("C1"));
  world.Add(DirectoryContact("C2"));
  world.Add(DirectoryGroup("Staff", {Dn("C1"), "C2", Dn("service")}));
  const auto plan = world.Sync().plan;
  const auto operations = Operations(plan);
  CHECK(Find(operations, "C1")->groups->after == Texts{"Staff"});
  CHECK(Find(operations, "C2")->groups->after == Texts{"Staff"});
  REQUIRE(plan.warnings.size() == 1);
  CHECK(Contains(plan.warnings[0], "1 member"));
}

TEST_CASE("nested groups are laid flat, and a circle is reported, not followed for ever") {
  World world = Directory();
  world.Add(DirectoryContact("C1"));
  world.Add(DirectoryGroup("Inner", {Dn("C1"), "cn=Outer,ou=groups,dc=example,dc=com"}));
  world.Add(DirectoryGroup("Outer", {"cn=Inner,ou=groups,dc=example,dc=com"}));
  const auto plan = world.Sync().plan;
  CHECK(Find(Operations(plan), "C1")->groups->after == Texts{"Inner", "Outer"});
  REQUIRE(plan.warnings.size() == 1);
  CHECK(Contains(plan.warnings[0], "Inner > Outer > Inner"));
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("of many circles the first twenty are told, a long one by its first twenty groups, the others are counted") {
  World world = Directory();
  for (int i = 10; i < 50; ++i) {
    Texts others;
    for (int j = 10; j < 50; ++j) {
      if (j != i) others.push_back("cn=G" + std::to_string(j) + ",ou=groups,dc=example,dc=com");
    }
    world.Add(DirectoryGroup("G" + std::to_string(i), others));
  }
  const auto plan = world.Plan().plan;
  REQUIRE(plan.warnings.size() == 1);
  const std::string& warning = plan.warnings[0];
  CHECK(Contains(warning, "each gets the members of all: G10 > G11 > G10, G10 > G11 > G12 > G10, "));
  CHECK(warning.ends_with(" > G28 > G29 > … and 760 more"));
  CHECK_FALSE(Contains(warning, "G30"));
}

TEST_CASE("a circle is told once, though its groups name one another by DN and by key") {
  World world = Directory();
  world.Add(DirectoryGroup("Inner", {"cn=Outer,ou=groups,dc=example,dc=com", "Outer"}));
  world.Add(DirectoryGroup("Outer", {"cn=Inner,ou=groups,dc=example,dc=com", "Inner"}));
  const auto plan = world.Plan().plan;
  REQUIRE(plan.warnings.size() == 1);
  CHECK(plan.warnings[0].ends_with("each gets the members of all: Inner > Outer > Inner"));
}

TEST_CASE("a range without its tail loses nobody and still lets people in") {
  World world = Directory();
  world.Add(DirectoryContact("C1"));
  world.Add(DirectoryContact("C2"));
  world.Add(DirectoryGroup("Staff", {Dn("C1")}));
  world.Sync();
  Row& staff = world.Get(Kind::kGroup, "Staff");
  staff.members = {Dn("C2")};
  staff.members_known = false;
  const auto operations = Operations(world.Plan().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations[0].key == "C2");
  staff.members_known = true;
  CHECK(world.Plan().plan.operations.size() == 2);
}

TEST_CASE("a directory group that is missing takes nobody's membership before it goes itself") {
  World world = Directory();
  world.Add(DirectoryContact("C1"));
  world.Add(DirectoryGroup("Staff", {Dn("C1")}));
  world.Sync();
  world.Remove(Kind::kGroup, "Staff");
  CHECK(world.Sync().plan.operations.empty());
  world.Pass(std::chrono::hours(24));
  CHECK(Lines(world.Sync().plan) == Texts{"group delete Staff"});
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("groups that cannot be known stay as they are") {
  World world;
  world.Add(Contact("C1", {"Sales"}));
  world.Add(Group("Sales"));
  world.Sync();
  world.Get(Kind::kContact, "C1").groups.clear();
  world.Get(Kind::kContact, "C1").groups_known = false;
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("membership: off neither compares nor writes") {
  World world;
  world.policy.membership = false;
  world.Add(Contact("C1", {"Sales"}));
  world.Add(Group("Sales"));
  for (const Operation& operation : Operations(world.Sync().plan)) CHECK_FALSE(operation.groups);
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("a contact's DN says nothing when no rule maps members, and what is no DN is nobody's") {
  World world;
  Row contact = Contact("C1", {"Sales"});
  contact.dn = "uid=C1,ou=people,dc=example,dc=com";
  SUBCASE("no rule maps members") {
    world.Add(Group("Sales"));
  }
  SUBCASE("neither the contact nor the group has a DN") {
    world.policy.rules[1].maps_members = true;
    contact.dn = "row 7";
    Row group = DirectoryGroup("Sales", {"C1", "row 7"});
    SUBCASE("and the group's is empty") {
      group.dn.clear();
    }
    SUBCASE("and the group's is something else") {
      group.dn = "row 8";
    }
    world.Add(group);
  }
  world.Add(contact);
  CHECK(Find(Operations(world.Sync().plan), "C1")->groups->after == Texts{"Sales"});
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("nobody joins a group that is deleted in the same plan, and a group that changes is joined") {
  World world;
  world.Add(Group("Sales"));
  world.Add(Group("Finance"));
  world.Sync();
  world.Get(Kind::kGroup, "Sales").standing = Standing::kLeft;
  world.Get(Kind::kGroup, "Finance").fields["desc"] = "Money";
  world.Add(Contact("C1", {"Sales", "Finance"}));
  const auto plan = world.Sync().plan;
  CHECK(Lines(plan) == Texts{"group update Finance", "contact create C1", "group delete Sales"});
  CHECK(Find(Operations(plan), "C1")->groups->after == Texts{"Finance"});
}

TEST_CASE("one DN in the records of two contacts is a member by both of them") {
  World world = Directory();
  world.Add(DirectoryContact("C1"));
  Row other = DirectoryContact("C2");
  other.dn = world.Get(Kind::kContact, "C1").dn;
  world.Add(other);
  world.Add(DirectoryGroup("Staff", {Dn("C1")}));
  const auto operations = Operations(world.Plan().plan);
  CHECK(Find(operations, "C1")->groups->after == Texts{"Staff"});
  CHECK(Find(operations, "C2")->groups->after == Texts{"Staff"});
}

TEST_CASE("a group among the members that has no members of its own brings nobody, and is no stranger") {
  World world = Directory();
  world.Add(DirectoryContact("C1"));
  world.Add(Group("Plain"));
  world.Add(DirectoryGroup("Staff", {Dn("C1"), "Plain"}));
  const auto plan = world.Plan().plan;
  CHECK(plan.warnings.empty());
  CHECK(Find(Operations(plan), "C1")->groups->after == Texts{"Staff"});
}

TEST_CASE("nested: false leaves the members of an inner group out of the outer one, and knows no circle") {
  World world = Directory();
  world.policy.rules[1].nested = false;
  world.Add(DirectoryContact("C1"));
  world.Add(DirectoryContact("C2"));
  world.Add(DirectoryGroup("Inner", {Dn("C1"), "cn=Outer,ou=groups,dc=example,dc=com"}));
  world.Add(DirectoryGroup("Outer", {Dn("C2"), "cn=Inner,ou=groups,dc=example,dc=com"}));
  const auto plan = world.Plan().plan;
  CHECK(plan.warnings.empty());
  CHECK(Find(Operations(plan), "C1")->groups->after == Texts{"Inner"});
  CHECK(Find(Operations(plan), "C2")->groups->after == Texts{"Outer"});
}

TEST_CASE("a group that is reached in two ways is no circle, and its members count once") {
  World world = Directory();
  const auto dn_of = [](const std::string& group) { return "cn=" + group + ",ou=groups,dc=example,dc=com"; };
  world.Add(DirectoryContact("C1"));
  world.Add(DirectoryGroup("All", {dn_of("North"), dn_of("South")}));
  world.Add(DirectoryGroup("North", {dn_of("Sales")}));
  world.Add(DirectoryGroup("South", {dn_of("Sales")}));
  world.Add(DirectoryGroup("Sales", {Dn("C1")}));
  const auto plan = world.Plan().plan;
  CHECK(plan.warnings.empty());
  CHECK(Find(Operations(plan), "C1")->groups->after == Texts{"All", "North", "Sales", "South"});
}

}  // namespace
}  // namespace ucaas_sync::plan
