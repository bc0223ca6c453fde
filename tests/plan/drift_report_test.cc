// drift: report, which tells what somebody else changed at the target and leaves it so.
#include <doctest/doctest.h>

#include "tests/plan/company.h"

namespace ucaas_sync::plan {
namespace {

using Texts = std::vector<std::string>;

/// A company whose configuration says drift: report.
struct Reporting : Company {
  Reporting() { policy.drift = config::Drift::kReport; }
};

TEST_CASE("drift: report makes no operation and tells how many and who") {
  Reporting company;
  company.Shows("E1", kUserDesignation, Field::Value("Boss"));
  company.Shows("E2", kUserStatus, Field::Value("S"));
  company.IsGone(Kind::kUser, "E3");
  const auto result = company.Plan();
  CHECK(result.plan.operations.empty());
  CHECK(result.notes.accepted.empty());
  CHECK(Warns(result,
              "left so (drift: report): 3 users: E1 (designation is \"Boss\", was \"Engineer\"), "
              "E2 (is suspended there) and E3 (is gone there)"));
}

TEST_CASE("drift: report still sends what changed in the source") {
  Reporting company;
  company.Shows("E1", kUserDesignation, Field::Value("Boss"));
  company.Get(Kind::kUser, "E1").fields["department"] = "Finance";
  CHECK(Operations(company.Plan().plan).front().reason == "department changed");
}

TEST_CASE("drift: report tells every field that was changed of somebody, of contacts too") {
  Reporting company;
  company.Shows(Kind::kUser, "E1", {{kUserDepartment, Field::Value("Mine")}, {kUserDesignation, Field::Value("Boss")}});
  company.Shows(Kind::kContact, "E2", {{kContactName, Field::Value("Me")}});
  const auto result = company.Plan();
  CHECK(result.plan.operations.empty());
  CHECK(Warns(result, "E1 (department is \"Mine\", was \"Sales\", designation is \"Boss\", was \"Engineer\")"));
  CHECK(Warns(result, "1 contact: E2 (name is \"Me\", was \"Name E2\")"));
}

TEST_CASE("drift: report tells of a contact whose groups were changed, and leaves them") {
  Reporting company;
  company.ShowsIn("E2", {"Sales"});
  const auto result = company.Plan();
  CHECK(result.plan.operations.empty());
  CHECK(Warns(result, "1 contact: E2 (its groups differ)"));
}

TEST_CASE("drift: report tells of who was suspended and is let in by hand") {
  Reporting company;
  company.Get(Kind::kUser, "E1").fields["status"] = "S";
  company.Sync();
  company.Shows("E1", kUserStatus, Field::Value("A"));
  const auto result = company.Plan();
  CHECK(result.plan.operations.empty());
  CHECK(Warns(result, "1 user: E1 (status is \"A\", was \"S\")"));
}

TEST_CASE("drift: report deletes nobody who was suspended long enough and is let in by hand") {
  Reporting company;
  company.policy.rules[0].delete_after = std::chrono::hours(240);
  company.Get(Kind::kUser, "E1").standing = Standing::kLeft;
  company.Sync();
  company.Pass(std::chrono::hours(241));
  company.Shows("E1", kUserStatus, Field::Value("A"));
  const auto kept = company.Plan();
  CHECK(kept.plan.operations.empty());
  CHECK(Warns(kept, "1 user: E1 (was suspended and is active there, so that it is not deleted)"));
  company.state.drift.clear();
  CHECK(Lines(company.Plan().plan) == Texts{"user delete E1"});
}

TEST_CASE("drift: report says nothing of a status that the plan changes anyway") {
  Reporting company;
  company.Get(Kind::kUser, "E1").standing = Standing::kLeft;
  company.Sync();
  company.Shows("E1", kUserStatus, Field::Value("I"));
  company.Get(Kind::kUser, "E1").standing = Standing::kPresent;
  const auto result = company.Plan();
  REQUIRE(Lines(result.plan) == Texts{"user reactivate E1"});
  CHECK(Operations(result.plan)[0].reason == "back again");
  CHECK(result.plan.warnings.empty());
}

TEST_CASE("drift: report lets nobody have the e-mail that somebody else gave up by hand") {
  Reporting company;
  company.Shows("E1", kUserEmail, Field::Value("boss@example.com"));
  company.Add(User("E9", {{"email", "e1@example.com"}}));
  const auto result = company.Plan();
  CHECK(result.plan.operations.empty());
  CHECK(result.plan.quarantine.size() == 2);
  CHECK(Warns(result, "E1 (email is \"boss@example.com\", was \"e1@example.com\")"));
}

}  // namespace
}  // namespace ucaas_sync::plan
