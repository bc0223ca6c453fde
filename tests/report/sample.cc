#include "tests/report/sample.h"

namespace ucaas_sync::report {

const std::string kHostile =
    "\"><script src=\"http://evil.example/x.js\">alert('1')</script>\r\nHELD by nobody\x1b[2J\x07\u202Eabc & co";

FieldChange Change(FieldId field, const std::string& before, const std::string& after) {
  return {.field = field,
          .before = before.empty() ? Field{} : Field::Value(before),
          .after = after.empty() ? Field{} : Field::Value(after)};
}

Operation On(Kind kind, Action action, const std::string& key, const std::string& reason,
             std::vector<FieldChange> changes) {
  Operation operation;
  operation.kind = kind;
  operation.action = action;
  operation.key = key;
  operation.reason = reason;
  operation.changes = std::move(changes);
  operation.source = {.name = "hr", .line = 18, .dn = {}};
  return operation;
}

Plan SamplePlan() {
  Plan plan;
  plan.id = "p1";
  plan.created_at = *ParseInstant("2026-11-23T09:00:00Z");
  plan.hash = "abcdef";
  plan.sources = {{.name = "hr", .location = "/srv/hr/people.csv", .records = 1200, .rejected = 1, .hash = {}}};
  Operation suspend =
      On(Kind::kUser, Action::kSuspend, "E3", "left: (status=terminated)", {Change(kUserStatus, "A", "S")});
  suspend.who = "Charles Babbage <charles@example.com>";
  Operation group = On(Kind::kGroup, Action::kCreate, "Finance", "joined: not in the account before",
                       {Change(kGroupName, {}, "Finance")});
  Operation create = On(Kind::kUser, Action::kCreate, "E1", "joined: not in the account before",
                        {Change(kUserFirstName, {}, "Ada"), Change(kUserLastName, {}, "Lovelace"),
                         Change(kUserEmail, {}, "ada@example.com"), Change(kUserPassword, {}, "Tr0ub4dor")});
  Operation update =
      On(Kind::kUser, Action::kUpdate, "E2", "department changed", {Change(kUserDepartment, "Sales", "Finance")});
  update.who = "Grace Hopper <grace@example.com>";
  Operation back = On(Kind::kUser, Action::kReactivate, "E4", "back again", {Change(kUserStatus, "S", "A")});
  Operation adopt = On(Kind::kContact, Action::kAdopt, "E2", "in the account already with this e-mail", {});
  adopt.who = "Grace Hopper <grace@example.com>";
  adopt.groups = GroupsChange{.before = {"Sales"}, .after = {"Finance"}};
  Operation remove = On(Kind::kGroup, Action::kDelete, "Old", "absent since 2026-11-01 in 2 complete reads",
                        {Change(kGroupName, "Old", {})});
  for (const Operation& operation : {suspend, group, create, update, back, adopt, remove}) {
    plan.operations.Add(operation);
    ++plan.summary_of(operation.kind).actions[Index(operation.action)];
  }
  plan.summary_of(Kind::kUser).unchanged = 1195;
  plan.quarantine = {{.kind = "user",
                      .key = "E99",
                      .reason = "e-mail missing",
                      .is_new = true,
                      .source = {.name = "hr", .line = 101, .dn = {}}}};
  return plan;
}

Plan HostilePlan() {
  Plan plan = SamplePlan();
  plan.operations = {};
  Operation operation =
      On(Kind::kUser, Action::kUpdate, kHostile, kHostile, {Change(kUserDepartment, kHostile, kHostile + "2")});
  operation.who = kHostile;
  operation.source.dn = kHostile;
  operation.groups = GroupsChange{.before = {kHostile}, .after = {kHostile, kHostile}};
  plan.operations.Add(operation);
  plan.quarantine = {{.kind = "user",
                      .key = kHostile,
                      .reason = kHostile,
                      .is_new = true,
                      .source = {.name = kHostile, .line = 1, .dn = kHostile}}};
  plan.warnings = {kHostile};
  plan.sources.front().location = kHostile;
  plan.sources.front().name = kHostile;
  plan.guards = {{.name = "user.update",
                  .limit = 1,
                  .actual = 30,
                  .held = true,
                  .subject = kHostile,
                  .examples = {kHostile},
                  .advice = kHostile}};
  plan.held = true;
  return plan;
}

}  // namespace ucaas_sync::report
