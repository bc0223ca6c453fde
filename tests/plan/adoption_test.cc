// What the target's own list says of whom we are about to create.
#include <doctest/doctest.h>

#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

using Texts = std::vector<std::string>;

TargetListing::Object Remote(Kind kind, const std::string& id, const Values& values) {
  return {.kind = kind, .remote_id = id, .fields = Fields(kind, values), .group_ids = {}};
}

TEST_CASE("a list of the target that broke off is used as far as it goes, and the plan says what that may mean") {
  World world;
  world.Add(User("E1"));
  world.Add(User("E2"));
  TargetListing listing;
  listing.objects[Index(Kind::kUser)] = {Remote(Kind::kUser, "9", {{"email", "e1@example.com"}})};
  listing.complete = false;
  world.listing = &listing;
  const auto plan = world.Plan().plan;
  CHECK(Lines(plan) == Texts{"user adopt E1", "user create E2"});
  REQUIRE(plan.warnings.size() == 1);
  CHECK(plan.warnings[0] ==
        "the list of what the target holds broke off: somebody who is planned as a create may be there already");
}

TEST_CASE("of a kind that the account could not list nobody is created, and that is told") {
  World world = CompanyOf(2);
  world.Add(User("E3"));
  world.Add(Contact("E1"));
  world.unlisted = {Kind::kContact};
  for (int read = 0; read < 2; ++read) {
    const auto plan = world.Sync().plan;
    CHECK(Lines(plan) == (read == 0 ? Texts{"user create E3"} : Texts{}));
    REQUIRE(plan.warnings.size() == 1);
    CHECK(plan.warnings[0] ==
          "1 contact not created yet: who is in the account already is not known, since it could not be listed");
  }
  world.unlisted.clear();
  CHECK(Lines(world.Plan().plan) == Texts{"contact create E1"});
}

TEST_CASE("an object at the target that has no e-mail is nobody's") {
  World world;
  world.Add(User("E1"));
  world.Add(User("E2", {{"email", ""}}));
  TargetListing listing;
  listing.objects[Index(Kind::kUser)] = {Remote(Kind::kUser, "8", {{"last_name", "Console"}}),
                                         Remote(Kind::kUser, "9", {{"email", "e1@example.com"}})};
  world.listing = &listing;
  CHECK(Lines(world.Plan().plan) == Texts{"user adopt E1", "user create E2"});
}

TEST_CASE("whoever was deleted at the target is ours no more: what is there with their e-mail or name is adopted") {
  World world;
  world.policy.rules[0].absent = config::AbsentPolicy::kDelete;
  world.Add(User("E1"));
  world.Add(Group("Sales"));
  world.Add(Contact("C1", {"Sales"}));
  world.Sync();
  const std::string user = world.state.Find(Kind::kUser, "E1")->remote_id;
  const std::string group = world.state.Find(Kind::kGroup, "Sales")->remote_id;
  for (Row& row : world.rows) row.standing = Standing::kLeft;
  world.Sync();
  REQUIRE(world.state.Find(Kind::kGroup, "Sales")->lifecycle == Lifecycle::kGone);
  for (Row& row : world.rows) row.standing = Standing::kPresent;
  TargetListing listing;
  listing.objects[Index(Kind::kUser)] = {Remote(Kind::kUser, user, {{"email", "e1@example.com"}})};
  listing.objects[Index(Kind::kGroup)] = {Remote(Kind::kGroup, group, {{"name", "Sales"}})};
  world.listing = &listing;
  const auto plan = world.Sync().plan;
  CHECK(Lines(plan) == Texts{"group adopt Sales", "user adopt E1", "contact create C1"});
  CHECK(Operations(plan)[2].groups->after == Texts{"Sales"});
  world.listing = nullptr;
  CHECK(world.Plan().plan.operations.empty());
}

TEST_CASE("who is suspended at the target is adopted as they are while nobody can tell whether they left") {
  World world;
  world.Add(User("E1", {{"last_name", "New"}}));
  world.Get(Kind::kUser, "E1").reason = "whether it left cannot be told: no record in dir with emp E1";
  TargetListing listing;
  Values there = User("E1").fields;
  there["status"] = "S";
  listing.objects[Index(Kind::kUser)] = {Remote(Kind::kUser, "9", there)};
  world.listing = &listing;
  auto result = world.Sync();
  CHECK(Lines(result.plan) == Texts{"user adopt E1"});
  CHECK(Operations(result.plan)[0].changes.empty());
  CHECK(Contains(Operations(result.plan)[0].reason, "but suspended, and stays so: whether it left cannot be told"));
  CHECK_MESSAGE(result.notes.due_at == world.now, "the next plan says it of somebody who is known");
  world.listing = nullptr;
  result = world.Sync();
  CHECK(result.plan.operations.empty());
  REQUIRE(result.plan.quarantine.size() == 1);
  CHECK(Contains(result.plan.quarantine[0].reason, "whether it left cannot be told"));
  world.Get(Kind::kUser, "E1").reason.clear();
  CHECK(Lines(world.Sync().plan) == Texts{"user reactivate E1"});
}

TEST_CASE("an adopted contact that is in a group of ours already is not put into it again") {
  World world;
  world.Add(Group("Sales"));
  world.Sync();
  world.Add(Contact("C1", {"Sales"}));
  TargetListing listing;
  listing.objects[Index(Kind::kContact)] = {Remote(Kind::kContact, "6", Contact("C1").fields)};
  listing.objects[Index(Kind::kContact)][0].group_ids = {world.state.Find(Kind::kGroup, "Sales")->remote_id};
  world.listing = &listing;
  const auto operations = Operations(world.Plan().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations[0].action == Action::kAdopt);
  CHECK_FALSE(operations[0].groups);
  CHECK(operations[0].existing->groups == Texts{"Sales"});
}

TEST_CASE("what is written on creation only is not taken over from the target, even when it tells it") {
  World world;
  world.Add(User("E1"));
  TargetListing listing;
  Values values = User("E1").fields;
  values["password"] = "shown";
  values["send_welcome_mail"] = "true";
  listing.objects[Index(Kind::kUser)] = {Remote(Kind::kUser, "9", values)};
  world.listing = &listing;
  const auto operations = Operations(world.Plan().plan);
  REQUIRE(operations.size() == 1);
  REQUIRE(operations[0].existing);
  for (const auto& [field, value] : operations[0].existing->fields) {
    CHECK(field != kUserPassword);
    CHECK(field != kUserSendWelcomeMail);
  }
  CHECK(operations[0].existing->fields.size() == 4);
}

TEST_CASE("who is protected and already as the source says is adopted, and nothing is said of it") {
  World world;
  world.policy.protect = [](Kind, const FieldSetView&) { return true; };
  world.Add(User("E1"));
  TargetListing listing;
  listing.objects[Index(Kind::kUser)] = {Remote(Kind::kUser, "9", User("E1").fields)};
  world.listing = &listing;
  const auto plan = world.Sync().plan;
  CHECK(Lines(plan) == Texts{"user adopt E1"});
  CHECK(plan.warnings.empty());
  CHECK(plan.quarantine.empty());
}

/// One user at the target who is like the export's E1, but for `more`.
TargetListing Lists(Values more) {
  Values values = User("E1").fields;
  for (auto& [name, value] : more) values[name] = value;
  TargetListing listing;
  listing.objects[Index(Kind::kUser)] = {Remote(Kind::kUser, "9", values)};
  return listing;
}

TEST_CASE("whoever is suspended in the account and named by the source is let in by the adopt itself, which shows it") {
  World world;
  world.policy.guards = DefaultGuards();
  SUBCASE("no rule says anything of the status") {
    world.Add(User("E1"));
  }
  SUBCASE("the rule maps it") {
    world.Add(User("E1", {{"status", "A"}}));
  }
  SUBCASE("the rule sets it on creation only") {
    world.policy.rules[0].create_only |= Bit(kUserStatus);
    world.Add(User("E1", {{"status", "A"}}));
  }
  // Whatever word the target has for it.
  for (const char* word : {"S", "blocked"}) {
    CAPTURE(word);
    World first = world;
    const TargetListing listing = Lists({{"status", word}});
    first.listing = &listing;
    const auto plan = first.Sync().plan;
    const auto operations = Operations(plan);
    REQUIRE(Lines(plan) == Texts{"user adopt E1"});
    CHECK(operations[0].changes ==
          std::vector<FieldChange>{{.field = kUserStatus, .before = Field::Value(word), .after = Field::Value("A")}});
    CHECK(operations[0].reason == "in the account already with this e-mail, but suspended: reactivated");
    CHECK(FindGuard(plan, "user.update")->actual == 1);
    CHECK(FindGuard(plan, "rewrite", "user.status")->actual == 1);
    CHECK(first.state.Find(Kind::kUser, "E1")->lifecycle == Lifecycle::kActive);
    CHECK(first.state.Find(Kind::kUser, "E1")->ownership == Ownership::kAdopted);
    first.listing = nullptr;
    CHECK(first.Sync().plan.operations.empty());
    first.rows[0].standing = Standing::kLeft;
    CHECK(Lines(first.Sync().plan) == Texts{"user suspend E1"});
  }
}

TEST_CASE("whoever is suspended in the account and has an empty status in the source is adopted as they are") {
  World world;
  world.Add(User("E1", {{"status", ""}}));
  const TargetListing listing = Lists({{"status", "S"}});
  world.listing = &listing;
  const auto operations = Operations(world.Sync().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations[0].action == Action::kAdopt);
  CHECK(operations[0].changes.empty());
  CHECK(world.state.Find(Kind::kUser, "E1")->lifecycle == Lifecycle::kSuspended);
  world.listing = nullptr;
  CHECK(world.Sync().plan.operations.empty());
}

TEST_CASE("an adopt that lets somebody in tells what else it changes too") {
  World world;
  world.Add(User("E1", {{"department", "Sales"}, {"designation", "Engineer"}}));
  const TargetListing listing = Lists({{"status", "S"}, {"department", "Navy"}, {"designation", ""}});
  world.listing = &listing;
  const auto operations = Operations(world.Plan().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations[0].reason ==
        "in the account already with this e-mail, but suspended: reactivated; department and designation changed");
  REQUIRE(operations[0].changes.size() == 3);
  CHECK(operations[0].changes[0].field == kUserStatus);
}

TEST_CASE("who is suspended in the account stays so when the source does not say that they are active") {
  World world;
  SUBCASE("it says the same") {
    world.Add(User("E1", {{"status", "S"}}));
  }
  SUBCASE("it is not known in this read") {
    world.Add(User("E1", {{"status", "?"}}));
  }
  SUBCASE("guards.protect forbids it") {
    world.policy.protect = [](Kind, const FieldSetView&) { return true; };
    world.Add(User("E1"));
  }
  const TargetListing listing = Lists({{"status", "S"}});
  world.listing = &listing;
  const auto plan = world.Sync().plan;
  REQUIRE(Lines(plan) == Texts{"user adopt E1"});
  CHECK(Operations(plan)[0].changes.empty());
  CHECK(world.state.Find(Kind::kUser, "E1")->lifecycle == Lifecycle::kSuspended);
  world.listing = nullptr;
  CHECK(world.Sync().plan.operations.empty());
  CHECK(world.Sync().plan.operations.empty());
}

}  // namespace
}  // namespace ucaas_sync::plan
