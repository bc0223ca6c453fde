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

}  // namespace
}  // namespace ucaas_sync::plan
