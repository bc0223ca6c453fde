// Groups and contacts of which too little is known: who stays where they are.
#include <doctest/doctest.h>

#include <algorithm>

#include "daemon/model/trace.h"
#include "tests/plan/directory.h"

namespace ucaas_sync::plan {
namespace {

using Texts = std::vector<std::string>;

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

World Nested(const std::string& inner) {
  World world = Directory();
  for (const char* key : {"C1", "C2"}) world.Add(DirectoryContact(key));
  world.Add(DirectoryGroup("Inner", {Dn("C1")}));
  world.Add(DirectoryGroup("Outer", {inner, Dn("C2")}));
  world.Sync();
  REQUIRE(world.state.Find(Kind::kContact, "C1")->groups == Texts{"Inner", "Outer"});
  return world;
}

constexpr const char* kInnerDn = "cn=Inner,ou=groups,dc=example,dc=com";

TEST_CASE("a rejected record of a group takes nobody out of the groups around it until it is mended") {
  for (const char* name : {"Inner", kInnerDn}) {
    CAPTURE(name);
    World world = Nested(name);
    world.Remove(Kind::kGroup, "Inner");
    SUBCASE("it names the group") {
      world.bad_rows = {{.line = 3, .values = {"Inner"}}};
    }
    SUBCASE("it has no key") {
      world.bad_rows = {{.line = 3, .values = {"Nobody knows"}}};
    }
    SUBCASE("what group it is cannot be known") {
      world.hides_groups = true;
    }
    auto& members = world.Get(Kind::kGroup, "Outer").members;
    std::erase(members, Dn("C2"));
    const auto plan = world.Sync().plan;
    CHECK(plan.operations.empty());
    REQUIRE(!plan.warnings.empty());
    CHECK(std::count(plan.warnings.begin(), plan.warnings.end(),
                     "nobody is taken out of Outer until the rejected records are mended: one of them may be a group "
                     "within, since not all members are found") == 1);
    world.bad_rows.clear();
    world.hides_groups = false;
    world.Add(DirectoryGroup("Inner", {}));
    CHECK(Lines(world.Sync().plan) == Texts{"contact update C1", "contact update C2"});
  }
}

TEST_CASE("who is in a group that is missing stays in those around it until it is deleted, and others may go") {
  for (const char* name : {"Inner", kInnerDn}) {
    CAPTURE(name);
    World world = Nested(name);
    world.Remove(Kind::kGroup, "Inner");
    std::erase(world.Get(Kind::kGroup, "Outer").members, Dn("C2"));
    Trace trace("C1");
    world.trace = &trace;
    auto result = world.Sync();
    world.trace = nullptr;
    CHECK(Lines(result.plan) == Texts{"contact update C2"});
    CHECK(std::count(result.plan.warnings.begin(), result.plan.warnings.end(),
                     "who is in a group that is missing from the source (Inner) stays in those that may contain it "
                     "(Outer) until it is there again or deleted") == 1);
    REQUIRE(trace.Find(Kind::kContact, "C1") != nullptr);
    REQUIRE(!trace.Find(Kind::kContact, "C1")->notes.empty());
    CHECK(trace.Find(Kind::kContact, "C1")->notes.back().text ==
          "stays in Outer: a group within that one may be missing from the source, Inner");
    world.Pass(std::chrono::hours(25));
    result = world.Sync();
    CHECK(Lines(result.plan) == Texts{"group delete Inner"});
    CHECK(result.notes.due_at == world.now);
    CHECK(Lines(world.Sync().plan) == Texts{"contact update C1"});
    CHECK(world.Sync().plan.operations.empty());
  }
}

TEST_CASE("a missing group spares nobody in groups that are not nested or find all whom they name") {
  World world = Nested("Inner");
  world.Remove(Kind::kGroup, "Inner");
  SUBCASE("not nested") {
    world.policy.rules[1].nested = false;
  }
  SUBCASE("all found") {
    std::erase(world.Get(Kind::kGroup, "Outer").members, "Inner");
  }
  CHECK(Lines(world.Plan().plan) == Texts{"contact update C1"});
}

TEST_CASE("a group that left takes its members out of the groups around it") {
  World world = Nested(kInnerDn);
  world.Get(Kind::kGroup, "Inner").standing = Standing::kLeft;
  CHECK(Lines(world.Plan().plan) == Texts{"contact update C1", "group delete Inner"});
}

TEST_CASE("a group that is undecided takes nobody out of the groups around it, known or new") {
  for (const char* name : {"Inner", kInnerDn}) {
    CAPTURE(name);
    World world = Nested(name);
    Row& inner = world.Get(Kind::kGroup, "Inner");
    inner.standing = Standing::kUndecided;
    inner.reason = "no record in dir";
    inner.members.clear();
    SUBCASE("as its rule waits for the end of the source to say it") {
      inner.maps_members = false;
    }
    SUBCASE("at once") {}
    auto plan = world.Plan().plan;
    CHECK(plan.operations.empty());
    REQUIRE(plan.quarantine.size() == 1);
    CHECK(plan.quarantine[0].key == "Inner");
    inner.key = "Renamed";
    std::replace(world.Get(Kind::kGroup, "Outer").members.begin(), world.Get(Kind::kGroup, "Outer").members.end(),
                 std::string("Inner"), std::string("Renamed"));
    CHECK(world.Plan().plan.operations.empty());
  }
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

TEST_CASE(
    "whose record names a group no more leaves it though a rejected record has its name, but not while it is held") {
  World world;
  world.Add(Contact("C1", {"Sales"}));
  world.Add(Group("Sales"));
  world.Sync();
  world.Get(Kind::kContact, "C1").groups.clear();
  world.bad_rows = {{.line = 9, .values = {"Sales"}}};
  CHECK(Lines(world.Plan().plan) == Texts{"contact update C1"});
  SUBCASE("by a person") {
    world.state.holds = {{.key = "Sales", .reason = "", .until = {}}};
  }
  SUBCASE("for records that contradict one another") {
    world.Add(Group("Sales", {{"desc", "other"}}));
  }
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("whose record says nothing of groups any more stays in those they are in") {
  World world;
  world.Add(Contact("C1", {"Sales"}));
  world.Add(Contact("C2", {"Sales"}));
  world.Add(Group("Sales"));
  world.Sync();
  for (const char* key : {"C1", "C2"}) world.Get(Kind::kContact, key).groups.clear();
  world.Get(Kind::kContact, "C1").maps_groups = false;
  CHECK(Lines(world.Plan().plan) == Texts{"contact update C2"});
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
