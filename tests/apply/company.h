// Ada of Sales, Bob of Finance: contacts whose groups change, in each way that target.membership has.
#pragma once

#include <string>
#include <vector>

#include "tests/apply/bench.h"

namespace ucaas_sync::apply {

struct Company {
  Bench bench;
  StoredEntity sales = bench.Known(Kind::kGroup, "Sales");
  StoredEntity finance = bench.Known(Kind::kGroup, "Finance");
  StoredEntity ada = bench.Known(Kind::kContact, "E1");
  StoredEntity bob = bench.Known(Kind::kContact, "E2");
  ExecutorOptions options;

  explicit Company(config::Membership membership) {
    options.membership = membership;
    bench.store.Join(ada.id, sales.id);
    bench.store.Join(bob.id, finance.id);
    bench.target.objects[Kind::kContact][0].group_ids = {sales.remote_id};
    bench.target.objects[Kind::kContact][1].group_ids = {finance.remote_id};
  }
  /// Ada goes from Sales to Finance.
  Operation Move() {
    Operation operation = bench.At(ada, Action::kUpdate, {Bench::Change(kContactCompany, {}, "Example")});
    operation.groups = GroupsChange{.before = {"Sales"}, .after = {"Finance"}};
    return operation;
  }
  /// And to `other`, a group whose name comes before it.
  Operation MoveTo(const StoredEntity& other) {
    Operation operation = Move();
    operation.groups->after = {other.key, "Finance"};
    return operation;
  }
  std::vector<std::string> GroupsOfAda() { return bench.store.Load(ada.id).groups; }
};

inline const std::vector<std::string> kFinance{"Finance"};
inline const std::vector<std::string> kSales{"Sales"};

}  // namespace ucaas_sync::apply
