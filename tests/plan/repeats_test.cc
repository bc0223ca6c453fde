// A key that comes more than once in a read: when it is the same, and what is said when it is not.
#include <doctest/doctest.h>

#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

using Texts = std::vector<std::string>;

TEST_CASE("a group that two records say has left leaves once") {
  World world;
  world.Add(Group("Sales"));
  world.Sync();
  world.Get(Kind::kGroup, "Sales").standing = Standing::kLeft;
  Row again = world.rows[0];
  again.line = 9;
  world.Add(again);
  const auto plan = world.Plan().plan;
  CHECK(Lines(plan) == Texts{"group delete Sales"});
  CHECK(plan.quarantine.empty());
}

TEST_CASE("a group whose records cannot be used for one reason is set aside once, for that reason") {
  World world;
  for (int i = 0; i < 2; ++i) {
    Row row = Group("Sales");
    row.standing = Standing::kQuarantined;
    row.reason = "desc is too long";
    world.Add(row);
  }
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].reason == "desc is too long");
}

TEST_CASE("a group is there while one record names it, whatever a filter keeps out and a rejected record may say") {
  World world;
  world.Add(Group("Sales"));
  Row out = Group("Sales");
  out.standing = Standing::kFilteredOut;
  out.reason = "the filter of groups from hr";
  out.may_be_rejected = true;
  world.Add(out);
  const auto plan = world.Plan().plan;
  CHECK(Lines(plan) == Texts{"group create Sales"});
  CHECK(plan.quarantine.empty());
}

TEST_CASE("records of one newcomer that differ, and whose e-mail is not known, set the key aside") {
  World world;
  for (const char* name : {"A", "B"}) world.Add(User("E1", {{"email", "?"}, {"last_name", name}}));
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].reason == "the same key with different content: lines 2 and 3 of hr");
}

TEST_CASE("one line number in two files of a source is told as two files") {
  World world;
  world.policy.patterns = {"/srv/hr-*.csv", ""};
  for (const char* name : {"A", "B"}) {
    Row row = User("E1", {{"last_name", name}});
    row.line = 2;
    world.Add(row);
  }
  const auto plan = world.Plan().plan;
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].reason == "the same key with different content: line 2 of hr in several files");
}

TEST_CASE("the line of a rejected record is told with its file where a source has several, as far as it is known") {
  World world = CompanyOf(3);
  world.policy.patterns = {"/srv/hr-*.csv", ""};
  world.Remove(Kind::kUser, "E2");
  world.bad_rows = {{.line = 3, .values = {"E2"}, .file = "/srv/hr-berlin.csv"}};
  auto plan = world.Plan().plan;
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].key == "hr/hr-berlin.csv:3");
  world.bad_rows[0].file = "/srv/hr-*.csv";
  plan = world.Plan().plan;
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].key == "hr:3");
}

TEST_CASE("people who are known and whose keys differ only in case stay two, however many are new") {
  World world;
  for (int i = 0; i < 60; ++i) {
    const std::string number = std::to_string(i);
    for (const char* key : {"e", "E"}) {
      const std::string place = *key == 'e' ? "berlin-" : "aachen-";
      const Row row = User(key + number, {{"email", place + number + "@example.com"}});
      world.state.Add(Kind::kUser, row.key, Fields(Kind::kUser, row.fields));
      world.Add(row);
    }
  }
  // Among so many some have a part of their hash in common with a pair.
  for (int i = 0; i < 1'000; ++i) world.Add(User("N" + std::to_string(i)));
  const auto plan = world.Plan().plan;
  CHECK(plan.quarantine.empty());
  CHECK(plan.operations.size() == 1'000);
}

TEST_CASE("a known key and a new one that differ only in case are set aside, whichever sorts first") {
  World world;
  for (char c = 'a'; c < 'i'; ++c) {
    const std::string key = std::string(1, c) + "1";
    world.Add(User(key, {{"email", "known-" + key + "@example.com"}}));
  }
  world.Sync();
  for (char c = 'A'; c < 'I'; ++c) {
    const std::string key = std::string(1, c) + "1";
    world.Add(User(key, {{"email", "new-" + key + "@example.com"}}));
  }
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  CHECK(plan.quarantine.size() == 16);
}

}  // namespace
}  // namespace ucaas_sync::plan
