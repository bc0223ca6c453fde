// Which contact belongs to which group.
#include <doctest/doctest.h>

#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

using Texts = std::vector<std::string>;

Row DirectoryGroup(const std::string& name, Texts members) {
  Row row = Group(name);
  row.dn = "cn=" + name + ",ou=groups,dc=example,dc=com";
  row.maps_members = true;
  row.members = std::move(members);
  return row;
}

Row DirectoryContact(const std::string& key) {
  Row row = Contact(key);
  row.maps_groups = false;
  row.dn = "uid=" + key + ",ou=people,dc=example,dc=com";
  return row;
}

std::string Dn(const std::string& key) {
  return "UID=" + key + ", OU=People,DC=example,DC=com";
}

World Directory() {
  World world;
  world.policy.rules[1].maps_members = true;
  world.policy.rules[1].nested = true;
  return world;
}

const Operation* Find(const std::vector<Operation>& operations, const std::string& key) {
  for (const Operation& operation : operations) {
    if (operation.key == key) return &operation;
  }
  return nullptr;
}

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

TEST_CASE("a group whose records contradict one another takes nobody out, not even of the groups around it") {
  World world = Directory();
  world.Add(DirectoryContact("C1"));
  world.Add(DirectoryGroup("Inner", {Dn("C1")}));
  world.Add(DirectoryGroup("Outer", {"cn=Inner,ou=groups,dc=example,dc=com"}));
  world.Sync();
  world.Get(Kind::kGroup, "Inner").members.clear();
  CHECK(Lines(world.Plan().plan) == Texts{"contact update C1"});
  Row again = DirectoryGroup("Inner", {});
  again.fields["desc"] = "other";
  world.Add(again);
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].key == "Inner");
}

TEST_CASE("the same group with other members is set aside with every line, whichever comes first, and nobody moves") {
  const auto berlin = [] {
    Row row = DirectoryGroup("Team", {Dn("C1"), Dn("C2")});
    row.dn = "cn=Team,ou=Berlin,dc=example,dc=com";
    return row;
  };
  const auto aachen = [] {
    Row row = DirectoryGroup("Team", {Dn("C2"), Dn("C3")});
    row.dn = "cn=Team,ou=Aachen,dc=example,dc=com";
    return row;
  };
  // A group around it names it by the one's DN or by the other's.
  for (const char* place : {"Berlin", "Aachen"}) {
    for (const bool is_berlin_first : {true, false}) {
      CAPTURE(place);
      CAPTURE(is_berlin_first);
      World world = Directory();
      for (const char* key : {"C1", "C2", "C3"}) world.Add(DirectoryContact(key));
      Row outer = DirectoryGroup("Outer", {"cn=Team,ou=Berlin,dc=example,dc=com"});
      world.Add(outer);
      world.Add(berlin());
      world.Sync();
      REQUIRE(world.state.Find(Kind::kContact, "C1")->groups == Texts{"Outer", "Team"});
      world.rows.pop_back();
      world.Get(Kind::kGroup, "Outer").members = {std::string("cn=Team,ou=") + place + ",dc=example,dc=com"};
      world.Add(is_berlin_first ? berlin() : aachen());
      world.Add(is_berlin_first ? aachen() : berlin());
      const auto plan = world.Sync().plan;
      CHECK(plan.operations.empty());
      REQUIRE(plan.quarantine.size() == 1);
      CHECK(plan.quarantine[0].key == "Team");
      CHECK(plan.quarantine[0].reason == "the same key with different content: lines 6 and 7 of hr");
      world.rows.pop_back();
      CHECK_MESSAGE(world.Plan().plan.quarantine.empty(), "one alone is believed");
    }
  }
}

TEST_CASE("the same group is one whose members come in another order or spelling, and either DN names it") {
  World world = Directory();
  world.Add(DirectoryContact("C1"));
  world.Add(DirectoryContact("C2"));
  world.Add(DirectoryGroup("Team", {Dn("C1"), Dn("C2")}));
  Row again = DirectoryGroup("Team", {"uid=c2,ou=people,dc=example,dc=com", Dn("C1"), Dn("C2")});
  again.dn = "cn=Team,ou=Aachen,dc=example,dc=com";
  world.Add(again);
  world.Add(DirectoryGroup("Outer", {"cn=Team,ou=Aachen,dc=example,dc=com"}));
  const auto plan = world.Plan().plan;
  CHECK(plan.quarantine.empty());
  CHECK(plan.warnings.empty());
  CHECK(Find(Operations(plan), "C1")->groups->after == Texts{"Outer", "Team"});
}

TEST_CASE("the same group with its members known and not, or said and not, is set aside") {
  World world = Directory();
  world.Add(DirectoryContact("C1"));
  world.Add(DirectoryGroup("Team", {}));
  Row again = DirectoryGroup("Team", {});
  SUBCASE("not known") {
    again.members_known = false;
  }
  SUBCASE("another rule says nothing of them") {
    world.policy.rules.push_back(world.policy.rules[1]);
    again.rule = 4;
    again.maps_members = false;
  }
  SUBCASE("another rule says nothing of them, and comes first") {
    world.policy.rules.push_back(world.policy.rules[1]);
    again.rule = 4;
    again.maps_members = false;
    std::swap(world.Get(Kind::kGroup, "Team"), again);
  }
  world.Add(again);
  const auto plan = world.Plan().plan;
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].key == "Team");
}

TEST_CASE("a group that two rules make alike without members stays one group") {
  World world;
  world.policy.rules.push_back(world.policy.rules[1]);
  Row again = Group("Sales");
  again.rule = 4;
  SUBCASE("no rule maps members") {}
  SUBCASE("a rule for other groups does") {
    world.policy.rules.push_back(world.policy.rules[1]);
    world.policy.rules.back().maps_members = true;
    Row other = DirectoryGroup("Team", {});
    other.rule = 5;
    world.Add(other);
  }
  world.Add(Group("Sales"));
  world.Add(again);
  world.Add(Group("Sales"));
  CHECK(world.Plan().plan.quarantine.empty());
}

TEST_CASE("a contact whose DN is not known stays in every group that names somebody who is not found") {
  World world = Directory();
  for (const char* key : {"C1", "C2", "C3"}) world.Add(DirectoryContact(key));
  world.Add(DirectoryGroup("All", {"cn=Duo,ou=groups,dc=example,dc=com", "C3"}));
  world.Add(DirectoryGroup("Duo", {Dn("C1"), Dn("C2")}));
  world.Add(DirectoryGroup("Solo", {Dn("C1"), Dn("C3")}));
  world.Sync();
  REQUIRE(world.state.Find(Kind::kContact, "C1")->groups == Texts{"All", "Duo", "Solo"});
  const auto forget_dn = [&](const char* key) {
    world.Get(Kind::kContact, key).dn.clear();
    world.Get(Kind::kContact, key).dn_known = false;
  };
  forget_dn("C1");
  SUBCASE("one record is missing") {
    const auto plan = world.Sync().plan;
    CHECK(plan.operations.empty());
    REQUIRE(plan.warnings.size() == 1);
    CHECK(plan.warnings[0] ==
          "2 members of groups are not found, in Duo and Solo; they may be contacts whose DN is not known, because a "
          "record that they are joined with is missing (1 contact): none of those is taken out of these groups");
  }
  SUBCASE("none can be read") {
    forget_dn("C2");
    forget_dn("C3");
    CHECK(world.Sync().plan.operations.empty());
  }
  SUBCASE("a group that finds all whom it names has nobody else, and who is found may go") {
    world.Get(Kind::kGroup, "Solo").members = {Dn("C3")};
    world.Get(Kind::kGroup, "Duo").members = {Dn("C1")};
    const auto operations = Operations(world.Sync().plan);
    REQUIRE(operations.size() == 2);
    CHECK(Find(operations, "C1")->groups->after == Texts{"All", "Duo"});
    CHECK(Find(operations, "C2")->groups->after == Texts{});
  }
  SUBCASE("what is named by key is found without a DN") {
    world.Get(Kind::kGroup, "Duo").members = {"C1", Dn("C2")};
    world.Get(Kind::kGroup, "Solo").members = {Dn("C3"), "row 7"};
    const auto operations = Operations(world.Sync().plan);
    REQUIRE(operations.size() == 1);
    CHECK(operations[0].groups->after == Texts{"All", "Duo"});
  }
  SUBCASE("and joins what it is named in by key") {
    world.Add(DirectoryGroup("New", {"C1"}));
    CHECK(Find(Operations(world.Sync().plan), "C1")->groups->after == Texts{"All", "Duo", "New", "Solo"});
  }
}

TEST_CASE("a group that cannot be used takes nobody out of the groups around it") {
  World world = Directory();
  world.Add(DirectoryContact("C1"));
  world.Add(DirectoryGroup("Inner", {Dn("C1")}));
  world.Add(DirectoryGroup("Outer", {"cn=Inner,ou=groups,dc=example,dc=com"}));
  SUBCASE("which name it by its DN") {}
  SUBCASE("which name it by its key") {
    world.Get(Kind::kGroup, "Outer").members = {"Inner"};
  }
  world.Sync();
  world.Get(Kind::kGroup, "Inner").standing = Standing::kQuarantined;
  world.Get(Kind::kGroup, "Inner").reason = "name missing";
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  CHECK(plan.warnings.empty());
  CHECK(plan.quarantine.size() == 1);
}

TEST_CASE("a group that a person holds keeps its members, whatever the directory says by now") {
  World world = Directory();
  world.Add(DirectoryContact("C1"));
  world.Add(DirectoryContact("C2"));
  world.Add(DirectoryGroup("Staff", {Dn("C1")}));
  world.Sync();
  world.Get(Kind::kGroup, "Staff").members = {Dn("C2")};
  world.state.holds = {{.key = "Staff", .reason = "", .until = {}}};
  CHECK(world.Plan().plan.operations.empty());
  world.state.holds.clear();
  CHECK(world.Plan().plan.operations.size() == 2);
}

TEST_CASE("whose record names a group no more stays in it while nobody else can say who belongs to it") {
  World world;
  world.Add(Contact("C1", {"Sales"}));
  world.Add(Group("Sales"));
  world.Sync();
  world.Get(Kind::kContact, "C1").groups.clear();
  world.Remove(Kind::kGroup, "Sales");
  CHECK(Lines(world.Plan().plan) == Texts{"contact update C1"});
  SUBCASE("no rule makes groups from that source any more") {
    world.policy.rules[1].source = 1;
  }
  SUBCASE("the rule of the group maps members, and its record is missing") {
    world.policy.rules[1].maps_members = true;
  }
  CHECK(world.Plan().plan.operations.empty());
}

}  // namespace
}  // namespace ucaas_sync::plan
