// Keys and addresses: duplicates, hand-overs, circles, changed keys, adoption.
#include <doctest/doctest.h>

#include <sstream>
#include <utility>
#include <vector>

#include "daemon/plan/plan_json.h"
#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

using std::chrono::hours;
using Texts = std::vector<std::string>;

TEST_CASE("the same key twice with different content sets it aside, naming every line") {
  World world;
  world.Add(User("E1"));
  world.Sync();
  world.rows.clear();
  for (const std::string name : {"A", "B", "C"}) world.Add(User("E1", {{"last_name", name}}));
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].reason == "the same key with different content: lines 2, 3 and 4 of hr");
  CHECK(plan.summary_of(Kind::kUser).unchanged == 0);
}

TEST_CASE("byte-identical records collapse into one") {
  World world;
  world.Add(User("E1"));
  world.Add(User("E1"));
  CHECK(Lines(world.Plan().plan) == Texts{"user create E1"});
}

TEST_CASE("two rules that make one key set it aside") {
  World world;
  Row other = User("E1");
  other.rule = 3;
  world.Add(User("E1"));
  other.line = 2;
  world.Add(other);
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].reason == "two rules make this key of line 2 of hr");
}

TEST_CASE("a record out of one rule's scope does not contradict another rule") {
  World world;
  Row other = User("E1");
  other.rule = 3;
  other.standing = Standing::kOutOfScope;
  SUBCASE("before") {
    world.Add(other);
    world.Add(User("E1"));
  }
  SUBCASE("after") {
    world.Add(User("E1"));
    world.Add(other);
  }
  CHECK(Lines(world.Plan().plan) == Texts{"user create E1"});
}

TEST_CASE("keys that differ only in case are set aside, a known one among them too") {
  World world;
  world.Add(User("e1", {{"email", "a@example.com"}}));
  world.Sync();
  world.Add(User("E1", {{"email", "b@example.com"}}));
  world.Add(Contact("E1"));
  const auto plan = world.Plan().plan;
  CHECK(Lines(plan) == Texts{"contact create E1"});
  REQUIRE(plan.quarantine.size() == 2);
  CHECK(plan.quarantine[0].reason == "keys that differ only in case: E1 (line 3 of hr) and e1 (line 2 of hr)");
}

TEST_CASE("a record that cannot be mapped freezes its person, and is new only once") {
  World world;
  world.Add(User("E1"));
  world.Sync();
  Row& row = world.Get(Kind::kUser, "E1");
  row.standing = Standing::kQuarantined;
  row.reason = "e-mail missing";
  auto plan = world.Sync().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].reason == "e-mail missing");
  CHECK(plan.quarantine[0].is_new);
  plan = world.Sync().plan;
  CHECK_FALSE(plan.quarantine.at(0).is_new);
}

TEST_CASE("one e-mail in other case for two newcomers sets both aside, with both lines") {
  World world;
  world.Add(User("E1", {{"email", "Ada@Example.com"}}));
  world.Add(User("E2", {{"email", "ada@example.com"}}));
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 2);
  CHECK(plan.quarantine[0].reason == "the same e-mail for 2 keys: E1 (line 2 of hr) and E2 (line 3 of hr)");
}

TEST_CASE("an e-mail that an unchanged person's record has too sets both aside") {
  World world;
  world.Add(User("E1"));
  world.Sync();
  world.Add(User("E2", {{"email", "e1@example.com"}}));
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  CHECK(plan.quarantine.size() == 2);
}

TEST_CASE("an e-mail still held by somebody who is frozen sets the newcomer aside, naming both") {
  World world;
  world.Add(User("E1"));
  world.Sync();
  world.state.holds = {{.key = "E1", .reason = "", .until = {}}};
  world.Get(Kind::kUser, "E1").fields["email"] = "other@example.com";
  world.Add(User("E2", {{"email", "e1@example.com"}}));
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].key == "E2");
  CHECK(Contains(plan.quarantine[0].reason, "still held by E1"));
}

TEST_CASE("a vanished and an appeared key with one e-mail are a proposal to rekey, both are frozen") {
  World world;
  world.Add(User("E1"));
  world.Add(User("E3"));
  world.Sync();
  for (RulePolicy& rule : world.policy.rules) rule.absent_after = Duration::zero();
  world.Remove(Kind::kUser, "E1");
  world.Add(User("N1", {{"email", "E1@example.com"}}));
  world.Get(Kind::kUser, "E3").fields["last_name"] = "New";
  const auto plan = world.Plan().plan;
  CHECK(Lines(plan) == Texts{"user update E3"});
  REQUIRE(plan.quarantine.size() == 2);
  CHECK(Contains(plan.quarantine[0].reason + plan.quarantine[1].reason, "N1 appeared with the same e-mail"));
}

TEST_CASE(
    "an export that writes all its keys otherwise is told in one sentence, whoever gets a new number alone is not") {
  World world;
  for (int i = 1; i <= 5; ++i) world.Add(User("00" + std::to_string(i)));
  world.Sync();
  const auto renumber = [&world](int i) {
    const std::string old = "00" + std::to_string(i);
    world.Remove(Kind::kUser, old);
    world.Add(User(std::to_string(i), {{"email", old + "@example.com"}}));
  };
  for (int i = 1; i <= 4; ++i) renumber(i);
  CHECK(world.Plan().plan.warnings.empty());
  renumber(5);
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.warnings.size() == 1);
  CHECK(plan.warnings[0].starts_with(
      "5 users have new keys and the e-mails of keys that are gone from the source (001 is 1 now): see whether"));
}

TEST_CASE("an address that moves along a chain is released before it is taken") {
  World world;
  world.Add(User("A", {{"email", "1@example.com"}}));
  world.Add(User("B", {{"email", "2@example.com"}}));
  world.Add(User("C", {{"email", "3@example.com"}}));
  world.Sync();
  world.Get(Kind::kUser, "A").fields["email"] = "2@example.com";
  world.Get(Kind::kUser, "B").fields["email"] = "3@example.com";
  world.Get(Kind::kUser, "C").fields["email"] = "4@example.com";
  world.Add(User("0", {{"email", "1@example.com"}}));
  CHECK(Lines(world.Sync().plan) == Texts{"user update C", "user update B", "user update A", "user create 0"});
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("a suspend that takes the address of who is deleted waits for the delete") {
  World world;
  world.policy.rules[0].absent = config::AbsentPolicy::kDelete;
  world.Add(User("A", {{"email", "1@example.com"}}));
  world.Add(User("B", {{"email", "2@example.com"}}));
  world.Sync();
  world.Get(Kind::kUser, "A").fields["email"] = "2@example.com";
  world.Get(Kind::kUser, "A").fields["status"] = "S";
  world.Get(Kind::kUser, "B").standing = Standing::kLeft;
  CHECK(Lines(world.Sync().plan) == Texts{"user delete B", "user suspend A"});
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("a circle of addresses is set aside, and so is who waits for it") {
  World world;
  world.Add(User("A", {{"email", "1@example.com"}}));
  world.Add(User("B", {{"email", "2@example.com"}}));
  world.Add(User("C", {{"email", "3@example.com"}}));
  world.Sync();
  world.Get(Kind::kUser, "A").fields["email"] = "2@example.com";
  world.Get(Kind::kUser, "B").fields["email"] = "1@example.com";
  world.Get(Kind::kUser, "C").fields["last_name"] = "New";
  const auto plan = world.Plan().plan;
  CHECK(Lines(plan) == Texts{"user update C"});
  REQUIRE(plan.quarantine.size() == 2);
  CHECK(Contains(plan.quarantine[0].reason, "in a circle"));
}

TEST_CASE("a contact that is deleted gives up its e-mail in the same plan") {
  World world;
  world.Add(Contact("C1", {}, {{"email", "desk@example.com"}}));
  world.Sync();
  world.Get(Kind::kContact, "C1").standing = Standing::kLeft;
  world.Add(Contact("C0", {}, {{"email", "desk@example.com"}}));
  CHECK(Lines(world.Sync().plan) == Texts{"contact delete C1", "contact create C0"});
}

TEST_CASE("who the target called invalid waits for other fields, another configuration, or a day") {
  World world;
  world.Add(User("E1"));
  const Hash128 refused = Operations(world.Plan().plan)[0].fingerprint;
  world.state.quarantine = {{.kind = "user",
                             .key = "E1",
                             .reason = "invalid e-mail",
                             .since = world.now,
                             .source = {},
                             .fingerprint = RefusalMark(refused, world.config_hash),
                             .by_target = true}};
  auto result = world.Plan();
  CHECK(result.plan.operations.empty());
  REQUIRE(result.plan.quarantine.size() == 1);
  CHECK_FALSE(result.plan.quarantine[0].is_new);
  CHECK(*result.notes.due_at == world.now + hours(24));
  world.Get(Kind::kUser, "E1").fields["last_name"] = "Other";
  CHECK(Lines(world.Plan().plan) == Texts{"user create E1"});
  world.Get(Kind::kUser, "E1").fields["last_name"] = "LastE1";
  world.config_hash = "c1";
  CHECK(Lines(world.Plan().plan) == Texts{"user create E1"});
  world.config_hash = "c0";
  CHECK(world.Plan().plan.operations.empty());
  world.Pass(hours(24));
  CHECK(Lines(world.Plan().plan) == Texts{"user create E1"});
}

TargetListing::Object Remote(Kind kind, const std::string& id, const Values& values) {
  return {.kind = kind, .remote_id = id, .fields = Fields(kind, values), .group_ids = {}};
}

TEST_CASE("with no state, one match ignoring case adopts and shows the differences") {
  World world;
  TargetListing listing;
  listing.objects[Index(Kind::kUser)] = {
      Remote(
          Kind::kUser, "9",
          {{"user_type", "moderator"}, {"first_name", "FirstE1"}, {"last_name", "Old"}, {"email", "E1@EXAMPLE.com"}}),
      Remote(Kind::kUser, "10", {{"email", "foreign@example.com"}})};
  world.listing = &listing;
  world.Add(User("E1"));
  world.Add(User("E2"));
  const auto operations = Operations(world.Sync().plan);
  REQUIRE(operations.size() == 2);
  CHECK(operations[0].action == Action::kAdopt);
  CHECK(operations[0].remote_id == "9");
  REQUIRE(operations[0].changes.size() == 1);
  CHECK(operations[0].changes[0].before == Field::Value("Old"));
  CHECK(operations[1].action == Action::kCreate);
}

TEST_CASE("what a run that was cut off may have made is not adopted from a stranger") {
  World world;
  world.Add(User("E1"));
  world.Add(User("E2"));
  TargetListing listing;
  listing.objects[Index(Kind::kUser)] = {Remote(Kind::kUser, "8", {{"email", "e1@example.com"}}),
                                         Remote(Kind::kUser, "9", {{"email", "e2@example.com"}})};
  world.listing = &listing;
  world.state.unknown_creates = {{.kind = Kind::kUser, .key = "E1", .address = "E1@example.com"}};
  // Apply looks E1 up before it sends anything, and knows whose it is.
  CHECK(Lines(world.Plan().plan) == Texts{"user create E1", "user adopt E2"});
  // Nor does it matter to users what was made of a contact.
  world.state.unknown_creates.push_back({.kind = Kind::kContact, .key = "E2", .address = "e2@example.com"});
  CHECK(Lines(world.Plan().plan) == Texts{"user create E1", "user adopt E2"});
  // Unless it had been there before that run.
  world.state.others = {{Kind::kUser, "8"}};
  CHECK(Lines(world.Plan().plan) == Texts{"user adopt E1", "user adopt E2"});
}

TEST_CASE("nobody is adopted whose own account may be there with an address that a cut-off run had for them") {
  World world;
  world.Add(User("E1"));
  TargetListing listing;
  listing.objects[Index(Kind::kUser)] = {Remote(Kind::kUser, "8", {{"email", "e1@example.com"}}),
                                         Remote(Kind::kUser, "9", {{"email", "old@example.com"}})};
  world.listing = &listing;
  world.state.unknown_creates = {{.kind = Kind::kUser, .key = "E1", .address = "older@example.com"},
                                 {.kind = Kind::kUser, .key = "E1", .address = "Old@example.com"}};
  CHECK(Lines(world.Plan().plan) == Texts{"user create E1"});
  SUBCASE("unless that one had been there before") {
    world.state.others = {{Kind::kUser, "9"}};
    CHECK(Lines(world.Plan().plan) == Texts{"user adopt E1"});
  }
  SUBCASE("unless it is not there") {
    listing.objects[Index(Kind::kUser)].pop_back();
    CHECK(Lines(world.Plan().plan) == Texts{"user adopt E1"});
    listing.complete = false;
    CHECK(Lines(world.Plan().plan) == Texts{"user create E1"});
  }
}

TEST_CASE("two matches set the person aside, and so does existing: quarantine") {
  World world;
  TargetListing listing;
  listing.objects[Index(Kind::kUser)] = {Remote(Kind::kUser, "9", {{"email", "e1@example.com"}}),
                                         Remote(Kind::kUser, "8", {{"email", "E1@example.com"}})};
  world.listing = &listing;
  world.Add(User("E1"));
  auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  CHECK(Contains(plan.quarantine.at(0).reason, "2 users with this e-mail: 8 and 9"));
  listing.objects[Index(Kind::kUser)].pop_back();
  world.policy.rules[0].existing = config::ExistingPolicy::kQuarantine;
  plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  CHECK(Contains(plan.quarantine.at(0).reason, "existing: quarantine"));
}

TEST_CASE("whom the list of the target bars is not created by the next plan, which has no list") {
  World world;
  TargetListing listing;
  listing.objects[Index(Kind::kUser)] = {Remote(Kind::kUser, "9", {{"email", "e1@example.com"}}),
                                         Remote(Kind::kUser, "8", {{"email", "E1@example.com"}})};
  world.listing = &listing;
  world.Add(User("E1"));
  world.Sync();
  world.listing = nullptr;
  auto plan = world.Sync().plan;
  CHECK(plan.operations.empty());
  CHECK(Contains(plan.quarantine.at(0).reason, "2 users with this e-mail"));
  CHECK_FALSE(plan.quarantine[0].is_new);
  world.Get(Kind::kUser, "E1").fields["email"] = "other@example.com";
  CHECK(Lines(world.Plan().plan) == Texts{"user create E1"});
}

TEST_CASE("who is protected is adopted without a change, and neither created nor changed afterwards") {
  World world;
  world.policy.protect = [](Kind, const FieldSetView& fields) {
    return fields[kUserEmail].text == "e1@example.com" || fields[kContactEmail].text == "c1@example.com";
  };
  TargetListing listing;
  listing.objects[Index(Kind::kUser)] = {Remote(
      Kind::kUser, "9",
      {{"user_type", "moderator"}, {"first_name", "FirstE1"}, {"last_name", "Old"}, {"email", "e1@example.com"}})};
  listing.objects[Index(Kind::kContact)] = {
      Remote(Kind::kContact, "6", {{"name", "Name C1"}, {"email", "c1@example.com"}})};
  world.listing = &listing;
  world.Add(Group("Sales"));
  world.Add(User("E1"));
  world.Add(Contact("C1", {"Sales"}));
  const auto plan = world.Sync().plan;
  CHECK(Lines(plan) == Texts{"group create Sales", "user adopt E1", "contact adopt C1"});
  for (const Operation& operation : Operations(plan)) {
    if (operation.action != Action::kAdopt) continue;
    CHECK(operation.changes.empty());
    CHECK_FALSE(operation.groups);
    CHECK(Contains(operation.reason, "guards.protect forbids to change it"));
  }
  CHECK(plan.warnings.size() == 1);
  world.listing = nullptr;
  CHECK(Lines(world.Plan().plan) == Texts{});
  world.policy.protect = nullptr;
  CHECK(Lines(world.Plan().plan) == Texts{"user update E1", "contact update C1"});
}

TEST_CASE("what the state knows as ours is not adopted a second time by another key") {
  World world;
  world.Add(User("E1"));
  world.Sync();
  TargetListing listing;
  listing.objects[Index(Kind::kUser)] = {Remote(Kind::kUser, "70001", {{"email", "e2@example.com"}})};
  world.listing = &listing;
  world.Add(User("E2"));
  CHECK(Lines(world.Plan().plan) == Texts{"user create E2"});
}

TEST_CASE("an adopted contact keeps the groups it has and gains those it lacks") {
  World world;
  TargetListing listing;
  listing.objects[Index(Kind::kGroup)] = {Remote(Kind::kGroup, "5", {{"name", "sales"}})};
  listing.objects[Index(Kind::kContact)] = {
      Remote(Kind::kContact, "6", {{"name", "Name C1"}, {"email", "c1@example.com"}})};
  listing.objects[Index(Kind::kContact)][0].group_ids = {"5", "77"};
  world.listing = &listing;
  world.Add(Group("Sales"));
  world.Add(Group("All"));
  world.Add(Contact("C1", {"Sales", "All"}));
  const auto operations = Operations(world.Plan().plan);
  REQUIRE(operations.size() == 3);
  CHECK(operations[2].action == Action::kAdopt);
  REQUIRE(operations[2].groups);
  CHECK(operations[2].groups->before == Texts{"Sales"});
  CHECK(operations[2].groups->after == Texts{"All", "Sales"});
}

TEST_CASE("an adopt carries all that the target holds, so that the state knows it afterwards, also from a file") {
  World world;
  TargetListing listing;
  listing.objects[Index(Kind::kGroup)] = {Remote(Kind::kGroup, "5", {{"name", "Sales"}})};
  listing.objects[Index(Kind::kContact)] = {
      Remote(Kind::kContact, "6", {{"name", "Name C1"}, {"email", "c1@example.com"}, {"company", "Elsewhere"}})};
  listing.objects[Index(Kind::kContact)][0].group_ids = {"77", "5"};
  world.listing = &listing;
  world.Add(Group("Sales"));
  world.Add(Contact("C1", {"Sales"}));
  const Plan plan = world.Plan().plan;
  const auto operations = Operations(plan);
  REQUIRE(operations.size() == 2);
  REQUIRE(operations[1].existing);
  CHECK(operations[1].existing->groups == Texts{"Sales"});
  using Known = std::vector<std::pair<FieldId, Field>>;
  CHECK(operations[1].existing->fields == Known{{kContactName, Field::Value("Name C1")},
                                                {kContactEmail, Field::Value("c1@example.com")},
                                                {kContactCompany, Field::Value("Elsewhere")}});
  std::stringstream file;
  WritePlan(plan, file);
  CHECK(ReadPlan(file, "file").operations.At(1).existing == operations[1].existing);
}

}  // namespace
}  // namespace ucaas_sync::plan
