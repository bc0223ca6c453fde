// A target that writes its own value again, however often ours is put back.
#include <doctest/doctest.h>

#include "tests/plan/company.h"

namespace ucaas_sync::plan {
namespace {

using Texts = std::vector<std::string>;

TEST_CASE("an attribute that the target rewrote twice is left alone, with a warning, until the source changes it") {
  Company company;
  company.Shows("E1", kUserDesignation, Field::Value("ENGINEER"));
  company.HasPutBack("E1", kUserDesignation, "Engineer", 1);
  CHECK(Lines(company.Plan().plan) == Texts{"user update E1"});

  company.state.repairs.front().rounds = 2;
  const auto result = company.Plan();
  CHECK(result.plan.operations.empty());
  CHECK(result.notes.accepted.empty());
  CHECK(Warns(result, "the target keeps writing designation of 1 user anew"));
  CHECK(Warns(result, "E1 (\"ENGINEER\" there, wanted \"Engineer\")"));

  company.Get(Kind::kUser, "E1").fields["designation"] = "Director";
  CHECK(Lines(company.Plan().plan) == Texts{"user update E1"});
}

TEST_CASE("leaving one attribute alone leaves the others in our hands") {
  Company company;
  company.Shows(Kind::kUser, "E1",
                {{kUserDepartment, Field::Value("Boss's")}, {kUserDesignation, Field::Value("ENGINEER")}});
  company.HasPutBack("E1", kUserDesignation, "Engineer", 2);
  const auto operations = Operations(company.Plan().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations.front().changes.size() == 1);
  CHECK(operations.front().changes.front().field == kUserDepartment);
}

TEST_CASE("who must not be let in is suspended again however often the target lets them in") {
  Company company;
  company.Get(Kind::kUser, "E1").fields["status"] = "S";
  company.Sync();
  company.Shows("E1", kUserStatus, Field::Value("A"));
  company.HasPutBack("E1", kUserStatus, "S", 5);
  CHECK(Lines(company.Plan().plan) == Texts{"user suspend E1"});
}

TEST_CASE("who is suspended by hand again and again is left so, and other changes of theirs are sent") {
  Company company;
  company.Shows("E1", kUserStatus, Field::Value("S"));
  company.HasPutBack("E1", kUserStatus, "A", 2);
  const auto result = company.Plan();
  CHECK(result.plan.operations.empty());
  CHECK(Warns(result, "the target keeps writing status of 1 user anew"));
  company.Get(Kind::kUser, "E1").fields["department"] = "Finance";
  const auto operations = Operations(company.Plan().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations[0].action == Action::kUpdate);
  CHECK(operations[0].reason == "department changed");
}

TEST_CASE("who was suspended by hand is reactivated, though the target keeps writing another field of theirs anew") {
  Company company;
  company.Shows(Kind::kUser, "E1", {{kUserStatus, Field::Value("S")}, {kUserDesignation, Field::Value("ENGINEER")}});
  company.HasPutBack("E1", kUserDesignation, "Engineer", 2);
  const auto operations = Operations(company.Plan().plan);
  REQUIRE(operations.size() == 1);
  CHECK(operations[0].action == Action::kReactivate);
  CHECK(operations[0].changes.size() == 1);
}

TEST_CASE("what the target keeps writing is taken over once the source says it too") {
  Company company;
  company.Shows("E1", kUserDesignation, Field::Value("ENGINEER"));
  company.HasPutBack("E1", kUserDesignation, "Engineer", 2);
  company.Get(Kind::kUser, "E1").fields["designation"] = "ENGINEER";
  const auto result = company.Plan();
  CHECK(result.plan.operations.empty());
  CHECK(result.plan.warnings.empty());
  REQUIRE(result.notes.accepted.size() == 1);
  CHECK(result.notes.accepted[0].shown.size() == 1);
}

}  // namespace
}  // namespace ucaas_sync::plan
