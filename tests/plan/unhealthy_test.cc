// A source that is not whole: who was set aside because of it stays aside, and nobody else.
#include <doctest/doctest.h>

#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

using Texts = std::vector<std::string>;

StoredQuarantine SetAside(const std::string& key, const std::string& reason) {
  return {.kind = "user",
          .key = key,
          .reason = reason,
          .since = {},
          .source = {.name = "other", .line = 3, .dn = {}},
          .fingerprint = {},
          .by_target = false};
}

TEST_CASE("who was set aside for a record of a source that is not whole now stays, by its whole name") {
  World world;
  for (const char* key : {"X1", "X2", "X3", "X4"}) world.Add(OfOther(User(key)));
  world.Sync();
  for (Row& row : world.rows) row.fields["last_name"] = "New";
  world.state.quarantine = {SetAside("X1", "the same e-mail for 2 keys: X1 (line 3 of other) and E1 (line 2 of hr)"),
                            SetAside("X2", "two rules make this key: line 3 of other and line 2 of hr"),
                            SetAside("X3", "the same key with different content: lines 2 and 3 of hr-old")};
  world.healthy[0] = false;
  const auto plan = world.Plan().plan;
  CHECK(Lines(plan) == Texts{"user update X3", "user update X4"});
  REQUIRE(plan.quarantine.size() == 2);
  CHECK(plan.quarantine[0].key == "X1");
  CHECK(plan.quarantine[1].key == "X2");
}

TEST_CASE("who was set aside and has no record any more is kept in mind while the source is not whole") {
  World world = CompanyOf(3);
  world.state.quarantine = {SetAside("N9", "the same key with different content: lines 5 and 6 of hr")};
  world.healthy[0] = false;
  const auto plan = world.Plan().plan;
  CHECK(plan.operations.empty());
  REQUIRE(plan.quarantine.size() == 1);
  CHECK(plan.quarantine[0].key == "N9");
  CHECK_FALSE(plan.quarantine[0].is_new);
}

}  // namespace
}  // namespace ucaas_sync::plan
