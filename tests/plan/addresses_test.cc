// Who holds an e-mail or a name that somebody else is to get, and what is said of it.
#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>

#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

using Texts = std::vector<std::string>;

/// E1 is known, and E2 is to be created with E1's e-mail.
World Contested() {
  World world;
  world.Add(User("E1"));
  world.Sync();
  world.Add(User("E2", {{"email", "e1@example.com"}}));
  return world;
}

/// E1 was there and is gone, and nobody waits before acting on that.
World WithoutE1() {
  World world;
  world.Add(User("E1"));
  world.Sync();
  for (RulePolicy& rule : world.policy.rules) rule.absent_after = Duration::zero();
  world.Remove(Kind::kUser, "E1");
  return world;
}

/// A group whose key is another one than its name.
Row NamedGroup(const std::string& key, const std::string& name) {
  Row row = Group(key);
  row.fields["name"] = name;
  return row;
}

TEST_CASE("whoever has no e-mail contests nobody's") {
  World world;
  world.Add(User("E1", {{"email", ""}}));
  world.Add(User("E2", {{"email", ""}}));
  const auto plan = world.Plan().plan;
  CHECK(Lines(plan) == Texts{"user create E1", "user create E2"});
  CHECK(plan.quarantine.empty());
}

TEST_CASE("of thousands of newcomers exactly those are set aside whose e-mail somebody else has or wants") {
  // The plain way: a count for each address without case, of who is there and of who comes.
  std::mt19937 random(20261128);
  World world;
  world.policy.guards = WideGuards();
  std::map<std::string, int> wanted_by;
  for (int i = 0; i < 300; ++i) {
    world.Add(User("K" + std::to_string(i)));
    ++wanted_by["k" + std::to_string(i) + "@example.com"];
  }
  world.Sync();
  std::vector<std::pair<std::string, std::string>> newcomers;
  for (int i = 0; i < 5'000; ++i) {
    std::string address = "k" + std::to_string(random() % 20'000) + "@example.com";
    ++wanted_by[address];
    const std::string key = "N" + std::to_string(i);
    newcomers.emplace_back(key, address);
    if (random() % 2 == 0) address[0] = 'K';
    world.Add(User(key, {{"email", address}}));
  }
  std::set<std::string> created;
  for (const auto& [key, address] : newcomers) {
    if (wanted_by[address] == 1) created.insert(key);
  }
  std::set<std::string> planned;
  const auto plan = world.Plan().plan;
  for (const Operation& operation : Operations(plan)) {
    CHECK(operation.action == Action::kCreate);
    planned.insert(operation.key);
  }
  CHECK(planned == created);
  CHECK(created.size() > 3'000);
  CHECK(created.size() < 4'500);
}

TEST_CASE("who is gone is spared while somebody new with their e-mail is set aside") {
  World world;
  world.Add(User("E1"));
  world.Add(Contact("C1"));
  world.Add(User("E3"));
  world.Sync();
  for (RulePolicy& rule : world.policy.rules) rule.absent_after = Duration::zero();
  world.Remove(Kind::kUser, "E1");
  world.Remove(Kind::kContact, "C1");
  world.Remove(Kind::kUser, "E3");
  const std::string held = "c1@example.com";
  world.Add(User("N1", {{"email", "E1@example.com"}}));
  world.Get(Kind::kUser, "N1").standing = Standing::kQuarantined;
  world.Get(Kind::kUser, "N1").reason = "first_name missing";
  world.Add(Contact("N2", {}, {{"email", held}}));
  world.state.holds = {{.key = "N2", .reason = "", .until = {}}};
  const auto plan = world.Plan().plan;
  CHECK(Lines(plan) == Texts{"user suspend E3"});
  REQUIRE(plan.quarantine.size() == 3);
  CHECK(plan.quarantine[0].key == "C1");
  CHECK(Contains(plan.quarantine[0].reason, "gone from the source while N2 (line "));
  CHECK(plan.quarantine[1].key == "E1");
  CHECK(Contains(plan.quarantine[1].reason, "gone from the source while N1 (line "));
  CHECK(Contains(plan.quarantine[1].reason, "is set aside or held; see to that one first"));
  CHECK(plan.quarantine[2].key == "N1");
}

TEST_CASE("nobody is announced as a coming removal who is set aside for the sake of a new key") {
  World world;
  for (const std::string key : {"E1", "E2", "E3"}) world.Add(User(key));
  world.Sync();
  for (const std::string key : {"E1", "E2", "E3"}) world.Remove(Kind::kUser, key);
  world.Add(User("N1", {{"email", "e1@example.com"}}));
  world.Add(User("N2", {{"email", "e2@example.com"}}));
  world.Get(Kind::kUser, "N2").standing = Standing::kQuarantined;
  world.Get(Kind::kUser, "N2").reason = "first_name missing";
  const auto plan = world.Plan().plan;
  CHECK(plan.quarantine.size() == 4);
  REQUIRE(plan.due.size() == 1);
  CHECK(plan.due[0].key == "E3");
}

TEST_CASE("who is gone is spared while a record with their e-mail is undecided, and both are listed then") {
  World world = WithoutE1();
  Row newcomer = User("N1");
  newcomer.standing = Standing::kUndecided;
  newcomer.reason = "no record in dir with emp N1";
  SUBCASE("its first record has it") {
    newcomer.fields["email"] = "e1@example.com";
    world.Add(newcomer);
  }
  SUBCASE("a later record has it") {
    world.Add(newcomer);
    newcomer.fields["email"] = "e1@example.com";
    world.Add(newcomer);
  }
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 2);
  CHECK(Contains(plan.quarantine[0].reason + plan.quarantine[1].reason, "gone from the source while N1 (line "));
  CHECK(Contains(plan.quarantine[0].reason + plan.quarantine[1].reason, newcomer.reason));
}

TEST_CASE("who is gone is spared while any of the records of one new key has their e-mail") {
  World world = WithoutE1();
  world.Add(User("N1"));
  world.Add(User("N1", {{"email", "e1@example.com"}}));
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  CHECK(plan.quarantine.size() == 2);
}

TEST_CASE("who is gone is spared while two new ones have their e-mail") {
  World world = WithoutE1();
  for (const std::string key : {"N1", "N2"}) world.Add(User(key, {{"email", "e1@example.com"}}));
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  CHECK(plan.quarantine.size() == 3);
}

TEST_CASE("two new ones with the e-mail of somebody who is there set all three aside, naming each") {
  World world;
  world.Add(User("E1"));
  world.Add(User("E2"));
  world.Sync();
  world.Get(Kind::kUser, "E1").fields["last_name"] = "New";
  for (const std::string key : {"N1", "N2"}) world.Add(User(key, {{"email", "e1@example.com"}}));
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 3);
  for (const QuarantineItem& item : plan.quarantine)
    CHECK(Contains(item.reason, "the same e-mail for 3 keys: E1 (line "));
}

TEST_CASE("two new ones with the e-mail that somebody gives up leave that one alone") {
  World world;
  world.Add(User("E1"));
  world.Sync();
  world.Get(Kind::kUser, "E1").fields["email"] = "other@example.com";
  for (const std::string key : {"N1", "N2"}) world.Add(User(key, {{"email", "e1@example.com"}}));
  const auto plan = world.Plan().plan;
  CHECK(Lines(plan) == Texts{"user update E1"});
  CHECK(plan.quarantine.size() == 2);
}

TEST_CASE("a group is renamed though its new name differs from the old one in case only") {
  World world;
  world.Add(NamedGroup("g1", "Sales"));
  world.Sync();
  world.Get(Kind::kGroup, "g1").fields["name"] = "SALES";
  const auto plan = world.Sync().plan;
  CHECK(Lines(plan) == Texts{"group update g1"});
  CHECK(plan.quarantine.empty());
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE(
    "an e-mail is not free while who has it keeps it, though their record has another one or none that is known") {
  World world = Contested();
  Row& holder = world.Get(Kind::kUser, "E1");
  SUBCASE("the rule writes e-mails on creation only") {
    world.policy.rules[0].create_only |= Bit(kUserEmail);
    holder.fields["email"] = "other@example.com";
    SUBCASE("and changes nothing of its holder") {}
    SUBCASE("and changes something else of its holder") {
      holder.fields["last_name"] = "New";
    }
  }
  SUBCASE("the e-mail of its holder is not known in this read") {
    holder.fields["email"] = "?";
  }
  const auto plan = world.Plan().plan;
  for (const std::string& line : Lines(plan)) CHECK(line == "user update E1");
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].key == "E2");
  CHECK(plan.quarantine[0].reason == "its e-mail is still held by E1 (line 2 of hr)");
}

TEST_CASE("whoever waits for the e-mail of somebody out of scope is told so") {
  World world = Contested();
  world.Get(Kind::kUser, "E1").standing = Standing::kOutOfScope;
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].reason == "its e-mail is still held by E1, who is out of scope");
}

TEST_CASE("two who are both known are never taken for one person, though one is gone and the other gets their e-mail") {
  World world;
  world.Add(User("E1"));
  world.Add(User("E2"));
  world.Sync();
  world.Remove(Kind::kUser, "E1");
  world.Get(Kind::kUser, "E2").fields["email"] = "e1@example.com";
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].key == "E2");
  CHECK(plan.quarantine[0].reason == "its e-mail is still held by E1, who is gone from the source but not removed yet");
}

/// E1 and E2, of whom the first is gone and leaves at once.
World WithE1Gone() {
  World world;
  world.policy.rules[0].absent_after = Duration::zero();
  world.Add(User("E1"));
  world.Add(User("E2"));
  world.Sync();
  world.Remove(Kind::kUser, "E1");
  return world;
}

TEST_CASE("an address of somebody whom no time removes is told with what frees it") {
  World world = WithE1Gone();
  const auto taken = [&world] {
    world.Get(Kind::kUser, "E2").fields["email"] = "e1@example.com";
    const auto plan = world.Plan().plan;
    CHECK(plan.operations.empty());
    REQUIRE(plan.quarantine.size() == 1);
    CHECK(plan.quarantine[0].key == "E2");
    return plan.quarantine[0].reason;
  };
  const std::string held = "its e-mail is still held by E1, who is gone from the source and ";
  SUBCASE("suspended") {
    REQUIRE(Lines(world.Sync().plan) == Texts{"user suspend E1"});
    CHECK(taken() == held + "suspended; it is free once that account is deleted (delete_after, or by hand)");
  }
  SUBCASE("suspended and adopted") {
    world.state.rows.at(world.state.Find(Kind::kUser, "E1")->id).entity.ownership = Ownership::kAdopted;
    REQUIRE(Lines(world.Sync().plan) == Texts{"user suspend E1"});
    CHECK(taken() == held + "suspended; it is free once that account is deleted by hand");
  }
  SUBCASE("kept") {
    world.policy.rules[0].absent = config::AbsentPolicy::kKeep;
    CHECK(taken() == held + "kept (adopted, or by absent: keep); it is free once that one is deleted by hand");
  }
}

TEST_CASE("a new key with the e-mail of somebody suspended is told how two people come apart") {
  World world = WithE1Gone();
  world.Sync();
  world.Add(User("N1", {{"email", "e1@example.com"}}));
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 2);
  for (const QuarantineItem& item : plan.quarantine) {
    CHECK(Contains(item.reason,
                   "release N1 --as E1; if not, the e-mail is free once the account of E1 is deleted by hand or has "
                   "another one there, and a refresh has seen that"));
  }
  DriftFinding seen{.entity_id = world.state.Find(Kind::kUser, "E1")->id, .missing = false, .shown = {}, .groups = {}};
  SUBCASE("deleted by hand") {
    seen.missing = true;
  }
  SUBCASE("has another e-mail by hand") {
    seen.shown = {{kUserEmail, Field::Value("former@example.com")}};
  }
  world.state.drift = {seen};
  CHECK(Lines(world.Plan().plan) == Texts{"user create N1"});
}

TEST_CASE("whose source is not in the configuration any more is not taken for somebody with a new key") {
  World world;
  world.state.Add(Kind::kUser, "E1", Fields(Kind::kUser, User("E1").fields), "old");
  world.Add(User("N1", {{"email", "e1@example.com"}}));
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].key == "N1");
  CHECK(Contains(plan.quarantine[0].reason, "still held by E1, who is gone from the source but not removed yet"));
}

TEST_CASE("the name of a group that goes is not free before the next run, for groups are deleted last") {
  World world;
  world.Add(NamedGroup("g1", "Sales"));
  world.Sync();
  world.Add(NamedGroup("g2", "Sales"));
  SUBCASE("it left") {
    world.Get(Kind::kGroup, "g1").standing = Standing::kLeft;
    const auto plan = world.Sync().plan;
    CHECK(Lines(plan) == Texts{"group delete g1"});
    REQUIRE(plan.quarantine.size() == 1);
    CHECK(plan.quarantine[0].key == "g2");
    CHECK(Contains(plan.quarantine[0].reason, "its name is still held by g1"));
    CHECK(Lines(world.Plan().plan) == Texts{"group create g2"});
  }
  SUBCASE("it is gone from the source, and nobody proposes that it has a new key") {
    world.Remove(Kind::kGroup, "g1");
    const auto plan = world.Plan().plan;
    CHECK(plan.operations.empty());
    REQUIRE(plan.quarantine.size() == 1);
    CHECK(plan.quarantine[0].reason == "its name is still held by g1, who is gone from the source but not removed yet");
  }
}

TEST_CASE(
    "an e-mail is held by a missing contact that was adopted, for good or until the rule deletes it, and that is "
    "told") {
  World world;
  for (const char* key : {"C1", "C2"}) world.Add(Contact(key));
  world.Sync();
  world.state.rows[world.state.Find(Kind::kContact, "C1")->id].entity.ownership = Ownership::kAdopted;
  world.Remove(Kind::kContact, "C1");
  world.Get(Kind::kContact, "C2").fields["email"] = "c1@example.com";
  auto plan = world.Plan().plan;
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(Contains(plan.quarantine[0].reason, "still held by C1, who is gone from the source and kept (adopted"));
  world.policy.rules[2].delete_adopted = true;
  plan = world.Plan().plan;
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(Contains(plan.quarantine[0].reason, "still held by C1, who is gone from the source but not removed yet"));
}

}  // namespace
}  // namespace ucaas_sync::plan
