// Scopes: whoever is outside a rule's is nobody's to change or to miss.
#include <doctest/doctest.h>

#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

using Texts = std::vector<std::string>;

TEST_CASE("out of scope is neither changed nor absent") {
  World world = CompanyOf(3);
  world.policy.rules[0].absent_after = Duration::zero();
  Row& row = world.Get(Kind::kUser, "E2");
  row.standing = Standing::kOutOfScope;
  row.fields["department"] = "Elsewhere";
  const auto result = world.Plan();
  CHECK(result.plan.operations.empty());
  CHECK(result.notes.absences.empty());
}

TEST_CASE("who was outside the scope when last seen, and then vanishes, is not removed for that") {
  World world = CompanyWithOneOutside(4, "E2");
  for (int read = 0; read < 3; ++read) {
    const auto result = world.Sync();
    CHECK(result.plan.operations.empty());
    CHECK(result.notes.absences.empty());
    REQUIRE(result.plan.warnings.size() == 1);
    CHECK(Contains(result.plan.warnings[0], "outside the rule's scope: left as they are"));
  }
  // Whoever comes back inside and then vanishes is absent as anybody.
  world.Add(User("E2"));
  world.Sync();
  world.Remove(Kind::kUser, "E2");
  CHECK(Lines(world.Plan().plan) == Texts{"user suspend E2"});
}

TEST_CASE("without a scope in the rule it does not count that somebody was once outside it") {
  World world = CompanyWithOneOutside(4, "E2");
  world.policy.rules[0].has_scope = false;
  CHECK(Lines(world.Plan().plan) == Texts{"user suspend E2"});
}

TEST_CASE("who comes back inside the scope and is kept out by the rule's filter is absent as anybody") {
  World world = CompanyOf(4);
  world.policy.rules[0].has_scope = true;
  world.policy.rules[0].absent_after = Duration::zero();
  Row& row = world.Get(Kind::kUser, "E2");
  row.standing = Standing::kOutOfScope;
  world.Sync();
  row.standing = Standing::kFilteredOut;
  row.reason = "the filter of users from hr (config.yaml:7)";
  CHECK_MESSAGE(world.Plan().plan.operations.empty(), "the source's own filter comes before any scope");
  row.is_in_scope = true;
  CHECK(Lines(world.Sync().plan) == Texts{"user suspend E2"});
  // What was noted of the scope then is no reason against a later absence.
  row.standing = Standing::kPresent;
  row.reason.clear();
  world.Sync();
  world.Remove(Kind::kUser, "E2");
  CHECK(Lines(world.Plan().plan) == Texts{"user suspend E2"});
}

/// Four people, and rules that all have a scope and do not wait.
World CompanyWithScopes() {
  World world = CompanyOf(4);
  for (RulePolicy& rule : world.policy.rules) {
    rule.has_scope = true;
    rule.absent_after = Duration::zero();
  }
  world.Get(Kind::kUser, "E2").standing = Standing::kOutOfScope;
  return world;
}

/// What another rule says of the record: in its scope, and kept out by its filter.
Row KeptOut(const Row& outside) {
  Row row = outside;
  row.standing = Standing::kFilteredOut;
  row.is_in_scope = true;
  return row;
}

TEST_CASE(
    "whose one record is in a rule's scope and kept out by its filter is absent, whatever another rule says of it") {
  for (const bool comes_first : {true, false}) {
    for (const bool is_own_source : {true, false}) {
      for (const bool is_same_record : {true, false}) {
        CAPTURE(comes_first);
        CAPTURE(is_own_source);
        CAPTURE(is_same_record);
        World world = CompanyWithScopes();
        const Row& outside = world.Get(Kind::kUser, "E2");
        Row kept_out = KeptOut(outside);
        kept_out.rule = 3;
        kept_out.source = is_own_source ? 0 : 1;
        // Of several records one outside every scope is enough to leave somebody alone.
        if (!is_same_record) kept_out.line = outside.line + 100;
        world.rows.insert(comes_first ? world.rows.begin() : world.rows.end(), kept_out);
        const bool goes = is_own_source && is_same_record;
        CHECK(Lines(world.Plan().plan) == (goes ? Texts{"user suspend E2"} : Texts{}));
      }
    }
  }
}

TEST_CASE("who has several records outside the scope is left alone, whatever is said of one of them") {
  for (const bool comes_first : {true, false}) {
    CAPTURE(comes_first);
    World world = CompanyWithScopes();
    const Row outside = world.Get(Kind::kUser, "E2");
    Row second = outside;
    second.line = outside.line + 100;
    world.Add(second);
    world.rows.insert(comes_first ? world.rows.begin() : world.rows.end(), KeptOut(outside));
    CHECK(world.Plan().plan.operations.empty());
    for (Row& row : world.rows) {
      if (row.key == "E2") row.line = outside.line;
    }
    CHECK_MESSAGE(Lines(world.Plan().plan) == Texts{"user suspend E2"}, "two rules may leave out one record");
  }
}

}  // namespace
}  // namespace ucaas_sync::plan
