#include "daemon/plan/guard_reach.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace ucaas_sync::plan {
namespace {

Operation On(Kind kind, Action action, std::vector<FieldId> changed = {}) {
  Operation operation;
  operation.kind = kind;
  operation.action = action;
  for (const FieldId field : changed) operation.changes.push_back({.field = field, .before = {}, .after = {}});
  return operation;
}

bool Holds(std::string_view name, std::string_view subject, const Operation& operation) {
  const auto reach = GuardReach::Of(name, subject);
  REQUIRE(reach.has_value());
  return reach->Holds(operation);
}

TEST_CASE("a guard on a source, or of a name that is none, has no operation under it") {
  const std::vector<std::pair<std::string, std::string>> guards{
      {"source_drop", "hr"}, {"rejects", "hr"},    {"fill_drop", "hr.title"}, {"user", ""},
      {"user.vanish", ""},   {"robot.delete", ""}, {"rewrite", "user"},       {"rewrite", "user.shoe_size"}};
  for (const auto& guard : guards) {
    CAPTURE(guard.first);
    CAPTURE(guard.second);
    CHECK_FALSE(GuardReach::Of(guard.first, guard.second));
  }
}

TEST_CASE("under a guard on creates stand creates and reactivations of that kind") {
  CHECK(Holds("user.create", "", On(Kind::kUser, Action::kCreate)));
  CHECK(Holds("user.create", "", On(Kind::kUser, Action::kReactivate)));
  CHECK_FALSE(Holds("user.create", "", On(Kind::kUser, Action::kAdopt)));
  CHECK_FALSE(Holds("user.create", "", On(Kind::kContact, Action::kCreate)));
}

TEST_CASE("under a guard on updates stand updates, and adopts that change something") {
  CHECK(Holds("user.update", "", On(Kind::kUser, Action::kUpdate, {kUserDepartment})));
  CHECK(Holds("user.update", "", On(Kind::kUser, Action::kAdopt, {kUserDepartment})));
  CHECK_FALSE(Holds("user.update", "", On(Kind::kUser, Action::kAdopt)));
  CHECK_FALSE(Holds("user.update", "", On(Kind::kUser, Action::kSuspend)));
}

TEST_CASE("a guard on removals is the same for a day and for a week") {
  for (const char* name : {"user.suspend", "user.suspend.week"}) {
    CHECK(Holds(name, "", On(Kind::kUser, Action::kSuspend)));
    CHECK_FALSE(Holds(name, "", On(Kind::kUser, Action::kDelete)));
  }
  for (const char* name : {"contact.delete", "contact.delete.week"}) {
    CHECK(Holds(name, "", On(Kind::kContact, Action::kDelete)));
    CHECK_FALSE(Holds(name, "", On(Kind::kUser, Action::kDelete)));
  }
}

TEST_CASE("a field is rewritten by updates, adopts and reactivations that change it, and by nothing else") {
  for (const Action action : {Action::kUpdate, Action::kAdopt, Action::kReactivate}) {
    CHECK(Holds("rewrite", "user.department", On(Kind::kUser, action, {kUserDepartment})));
    CHECK_FALSE(Holds("rewrite", "user.department", On(Kind::kUser, action, {kUserDesignation})));
  }
  for (const Action action : {Action::kCreate, Action::kSuspend, Action::kDelete}) {
    CHECK_FALSE(Holds("rewrite", "user.department", On(Kind::kUser, action, {kUserDepartment})));
  }
}

TEST_CASE("coming back rewrites no status: that is what the guard on creates counts") {
  CHECK(Holds("rewrite", "user.status", On(Kind::kUser, Action::kUpdate, {kUserStatus})));
  CHECK_FALSE(Holds("rewrite", "user.status", On(Kind::kUser, Action::kReactivate, {kUserStatus})));
}

TEST_CASE("a group loses a contact that is in it before and not after, and is not deleted itself") {
  Operation leaves = On(Kind::kContact, Action::kUpdate);
  leaves.groups = {.before = {"Finance", "Sales"}, .after = {"Sales"}};
  CHECK(Holds("members_lost", "Finance", leaves));
  CHECK_FALSE(Holds("members_lost", "Sales", leaves));
  CHECK_FALSE(Holds("members_lost", "Legal", leaves));
  CHECK_FALSE(Holds("members_lost", "Finance", On(Kind::kContact, Action::kUpdate)));
  leaves.action = Action::kDelete;
  CHECK_FALSE(Holds("members_lost", "Finance", leaves));
}

}  // namespace
}  // namespace ucaas_sync::plan
