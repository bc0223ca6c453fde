// Rejected records that carry somebody's e-mail: who does not leave while they do.
#include <doctest/doctest.h>

#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

using Texts = std::vector<std::string>;

TEST_CASE("nobody leaves by one record while a rejected one of the same source has their e-mail") {
  World world = CompanyOf(4);
  world.Get(Kind::kUser, "E3").standing = Standing::kLeft;
  world.bad_rows = {{.line = 5, .values = {"", "Ada", "E3@Example.com"}, .by_reader = false}};
  CHECK(world.Plan().plan.operations.empty());
  world.bad_rows[0].source = 1;
  CHECK_MESSAGE(Lines(world.Plan().plan) == Texts{"user suspend E3"}, "of another source it is somebody else's");
  world.bad_rows.clear();
  CHECK(Lines(world.Plan().plan) == Texts{"user suspend E3"});
}

TEST_CASE("the e-mails of many rejected rows are looked for one by one") {
  World world = CompanyOf(300);
  for (Row& row : world.rows) row.standing = Standing::kLeft;
  for (int i = 1; i <= 200; ++i) {
    world.bad_rows.push_back(
        {.line = 400 + std::uint64_t(i), .values = {"", "e" + std::to_string(i) + "@example.com"}, .by_reader = false});
  }
  CHECK(world.Plan().plan.operations.size() == 100);
}

TEST_CASE(
    "who came from another source until now does not leave while a rejected record of that one has their e-mail") {
  World world = CompanyOf(4);
  for (const char* key : {"E1", "E2"}) {
    world.Remove(Kind::kUser, key);
    world.Add(OfOther(User(key)));
    world.rows.back().standing = Standing::kLeft;
  }
  CHECK(Lines(world.Plan().plan) == Texts{"user suspend E1", "user suspend E2"});
  world.bad_rows = {{.line = 5, .values = {"", "e1@example.com"}, .by_reader = false}};
  CHECK(Lines(world.Plan().plan) == Texts{"user suspend E2"});
}

TEST_CASE("who was deleted and is back is made anew though a rejected record has their e-mail") {
  World world = CompanyOf(4);
  world.state.rows[world.state.Find(Kind::kUser, "E1")->id].entity.lifecycle = Lifecycle::kGone;
  world.bad_rows = {{.line = 7, .values = {"", "e1@example.com"}, .by_reader = false}};
  CHECK(Lines(world.Plan().plan) == Texts{"user create E1"});
}

TEST_CASE("a group does not leave while a rejected record has its name, be it an address") {
  World world;
  world.Add(Group("sales@example.com"));
  world.Sync();
  world.Get(Kind::kGroup, "sales@example.com").standing = Standing::kLeft;
  world.bad_rows = {{.line = 7, .values = {"E7", "sales@example.com"}}};
  CHECK(world.Plan().plan.operations.empty());
}

}  // namespace
}  // namespace ucaas_sync::plan
