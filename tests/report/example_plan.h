// A plan with one operation of each class, for the tests of what people read.
#pragma once

#include "daemon/model/plan.h"

namespace ucaas_sync::report {

inline Operation ExampleOperation(Action action, const std::string& key) {
  Operation operation;
  operation.action = action;
  operation.key = key;
  operation.source = {.name = "hr", .line = 18, .dn = {}};
  operation.who = action == Action::kCreate ? "" : "Ada Lovelace <ada@example.com>";
  operation.reason = "department changed";
  operation.changes = {{.field = kUserDepartment,
                        .before = action == Action::kCreate ? Field{} : Field::Value("Sales"),
                        .after = action == Action::kDelete ? Field{} : Field::Value("Finance")}};
  return operation;
}

inline Plan ExamplePlan() {
  Plan plan;
  plan.id = "p1";
  plan.sources = {
      {.name = "hr", .location = "/srv/hr/people.csv", .records = 1200, .rejected = 1, .complete = true, .hash = ""}};
  for (const Action action : kAllActions) {
    plan.operations.Add(ExampleOperation(action, "E" + std::to_string(Index(action))));
    plan.summary_of(Kind::kUser).actions[Index(action)] = 1;
  }
  plan.summary_of(Kind::kUser).unchanged = 1197;
  return plan;
}

}  // namespace ucaas_sync::report
