// Between a plan and its requests time passes: what moved meanwhile is left undone, and said.
#include <doctest/doctest.h>

#include "tests/apply/bench.h"

namespace ucaas_sync::apply {
namespace {

Operation Suspend(Bench& bench, const StoredEntity& row) {
  return bench.At(row, Action::kSuspend, {Bench::Change(kUserStatus, "A", "S")});
}

TEST_CASE("who is put on hold after the plan was made is left as they are, and the journal says why") {
  Bench bench;
  const StoredEntity ada = bench.Known(Kind::kUser, "E1");
  const StoredEntity bob = bench.Known(Kind::kUser, "E2");
  bench.Plan({Suspend(bench, ada), Suspend(bench, bob)});
  bench.store.holds = {{.key = "E1", .reason = "on leave", .until = std::nullopt, .since = bench.clock.Now()}};
  const ApplyResult result = bench.Apply();
  CHECK(result.done == 1);
  CHECK(result.failed == 1);
  CHECK(bench.target.CountRequests("PATCH users/" + ada.remote_id) == 0);
  CHECK(bench.target.CountRequests("PATCH users/" + bob.remote_id) == 1);
  CHECK(bench.store.Load(ada.id).lifecycle == Lifecycle::kActive);
  CHECK(bench.store.outcomes.at(1).message == "was put on hold meanwhile: left as it is");
}

TEST_CASE("an operation on a row that moved since the plan was made is left undone, and the journal says why") {
  Bench bench;
  const StoredEntity ada = bench.Known(Kind::kUser, "E1");
  bench.Plan({Suspend(bench, ada)});
  StoredEntity& row = bench.store.rows.at(ada.id).entity;
  SUBCASE("it has another object") {
    row.remote_id = "70099";
  }
  SUBCASE("it has another key") {
    row.key = "E9";
  }
  SUBCASE("it is gone") {
    row.lifecycle = Lifecycle::kGone;
  }
  const ApplyResult result = bench.Apply();
  CHECK(result.failed == 1);
  CHECK(bench.target.CountRequests() == 0);
  CHECK(bench.store.outcomes.at(1).message ==
        "has changed since the plan was made: left as it is; the next run plans it anew");
}

}  // namespace
}  // namespace ucaas_sync::apply
