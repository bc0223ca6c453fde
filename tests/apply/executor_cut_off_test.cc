// Creates that a run may have sent before it was cut off, and addresses whose account is somebody's already.
#include <doctest/doctest.h>

#include <string>

#include "tests/apply/bench.h"

namespace ucaas_sync::apply {
namespace {

using testing::Breaks;
using testing::Says;

TEST_CASE("what a cut-off run may have created is looked up before anything is sent") {
  Bench bench;
  bench.store.unknown = {{.kind = Kind::kUser, .key = "E1", .address = "e1@x.org"}};
  SUBCASE("it was: nothing is sent, and it is ours") {
    bench.target.Add(
        Kind::kUser,
        {{"email", "E1@x.org"}, {"user_type", "moderator"}, {"first_name", "Ada"}, {"last_name", "Lovelace"}});
    CHECK(bench.Do({Bench::CreateUser("E1")}).code == ExitCode::kConverged);
    CHECK(bench.target.CountRequests("POST") == 0);
    CHECK(bench.store.Has(Kind::kUser, "E1")->ownership == Ownership::kCreated);
    CHECK(bench.store.FingerprintOf(Kind::kUser, "E1") == HashOf("E1"));
  }
  SUBCASE("it was not: sent once") {
    CHECK(bench.Do({Bench::CreateUser("E1")}).code == ExitCode::kConverged);
    CHECK(bench.Place("GET users?search_by=email") < bench.Place("POST users"));
    CHECK(bench.target.CountRequests("POST") == 1);
  }
  SUBCASE("the source has another address now: the old one is looked for first") {
    bench.store.unknown.front().address = "ada@x.org";
    const std::string id = bench.target.Add(Kind::kUser, {{"email", "ada@x.org"}});
    CHECK(bench.Do({Bench::CreateUser("E1")}).done == 1);
    CHECK(bench.target.CountRequests("POST") == 0);
    CHECK(bench.store.Has(Kind::kUser, "E1")->remote_id == id);
    CHECK(bench.store.Has(Kind::kUser, "E1")->fields[kUserEmail].text == "ada@x.org");
  }
}

TEST_CASE("a create under a new address is looked up there, also when somebody else has the old one by now") {
  Bench bench;
  const StoredEntity other = bench.Known(Kind::kUser, "E2");
  bench.store.unknown = {{.kind = Kind::kUser, .key = "E1", .address = other.fields[kUserEmail].text}};
  bench.target.faults = {{.request = "POST users", .reply = Breaks(TransportOutcome::kTimeout), .has_effect = true}};
  CHECK(bench.Do({Bench::CreateUser("E1")}).code == ExitCode::kConverged);
  CHECK(bench.target.CountRequests("POST users") == 1);
  CHECK(bench.target.CountOf(Kind::kUser) == 2);
  REQUIRE(bench.store.Has(Kind::kUser, "E1") != nullptr);
  CHECK(bench.store.Has(Kind::kUser, "E1")->remote_id != other.remote_id);
  CHECK(bench.store.Has(Kind::kUser, "E1")->ownership == Ownership::kCreated);
  CHECK(bench.store.Has(Kind::kUser, "E2")->remote_id == other.remote_id);
}

TEST_CASE("each address to which a create may have been sent is looked at before one is sent, the oldest first") {
  Bench bench;
  bench.store.unknown = {{.kind = Kind::kUser, .key = "E1", .address = "old@x.org", .operation = "run-1/1"},
                         {.kind = Kind::kUser, .key = "E1", .address = "older@x.org", .operation = "run-2/1"},
                         {.kind = Kind::kUser, .key = "E1", .address = "e1@x.org", .operation = "run-3/1"}};
  const auto add = [&](const std::string& email) { return bench.target.Add(Kind::kUser, {{"email", email}}); };
  SUBCASE("found at one: nothing is sent, and it is ours") {
    for (const char* email : {"old@x.org", "older@x.org", "E1@x.org"}) {
      CAPTURE(std::string(email));
      const std::string id = add(email);
      CHECK(bench.Do({Bench::CreateUser("E1")}).done == 1);
      CHECK(bench.store.Has(Kind::kUser, "E1")->remote_id == id);
      CHECK(bench.store.Has(Kind::kUser, "E1")->ownership == Ownership::kCreated);
      CHECK(bench.target.CountRequests("POST") == 0);
      bench.store.rows.clear();
      bench.target.objects[Kind::kUser].clear();
    }
  }
  SUBCASE("found at none: sent once") {
    CHECK(bench.Do({Bench::CreateUser("E1")}).code == ExitCode::kConverged);
    CHECK(bench.target.CountRequests("GET users") == 3);
    CHECK(bench.target.CountRequests("POST") == 1);
  }
  SUBCASE("found at two: set aside, naming both, and it stays known that they may be ours") {
    const std::string first = add("older@x.org");
    const std::string second = add("e1@x.org");
    CHECK(bench.Do({Bench::CreateUser("E1")}).quarantined == 1);
    CHECK(bench.target.CountRequests("POST") == 0);
    const OperationOutcome& outcome = bench.store.outcomes.at(1);
    CHECK(outcome.message.find(first) != std::string::npos);
    CHECK(outcome.message.find(second) != std::string::npos);
    CHECK(outcome.verdict == "unknown");
  }
  SUBCASE("found at two, one of which is another's by the state: the other one is ours") {
    StoredEntity other = bench.Known(Kind::kUser, "E2");
    bench.store.unknown[0].address = other.fields[kUserEmail].text;
    const std::string id = add("older@x.org");
    CHECK(bench.Do({Bench::CreateUser("E1")}).done == 1);
    CHECK(bench.store.Has(Kind::kUser, "E1")->remote_id == id);
  }
  SUBCASE("found at two, one of which was others' before: the other one is ours") {
    bench.store.others = {{Kind::kUser, add("old@x.org")}};
    const std::string id = add("older@x.org");
    CHECK(bench.Do({Bench::CreateUser("E1")}).done == 1);
    CHECK(bench.store.Has(Kind::kUser, "E1")->remote_id == id);
  }
  SUBCASE("found at two, one of which may be another's as well: the other one is ours") {
    bench.store.unknown.push_back({.kind = Kind::kUser, .key = "E2", .address = "old@x.org"});
    add("old@x.org");
    const std::string id = add("older@x.org");
    CHECK(bench.Do({Bench::CreateUser("E1")}).done == 1);
    CHECK(bench.store.Has(Kind::kUser, "E1")->remote_id == id);
  }
  SUBCASE("a look that fails at one of them: nothing is sent, and it stays unknown") {
    bench.target.faults = {
        {.request = "GET users?search_by=email&search_string=older", .reply = Says(406, "406"), .times = 9}};
    add("old@x.org");
    CHECK(bench.Do({Bench::CreateUser("E1")}).failed == 1);
    CHECK(bench.store.outcomes.empty());
    CHECK(bench.target.CountRequests("POST") == 0);
  }
}

TEST_CASE("who is found where no create of ours was sent is adopted, though one was sent elsewhere") {
  Bench bench;
  bench.store.unknown = {{.kind = Kind::kUser, .key = "E1", .address = "old@x.org"}};
  const std::string id = bench.target.Add(Kind::kUser, {{"email", "e1@x.org"}});
  CHECK(bench.Do({Bench::CreateUser("E1")}).done == 1);
  CHECK(bench.store.Has(Kind::kUser, "E1")->remote_id == id);
  CHECK(bench.store.Has(Kind::kUser, "E1")->ownership == Ownership::kAdopted);
}

TEST_CASE("an account that an unanswered create made for one is not given to another who has its address by now") {
  Bench bench;
  // E1's create had its effect; since then E2 got E1's address, and E1 a new one.
  bench.store.unknown = {{.kind = Kind::kUser, .key = "E1", .address = "ada@x.org"},
                         {.kind = Kind::kUser, .key = "E2", .address = "grace@x.org"}};
  const std::string id = bench.target.Add(Kind::kUser, {{"email", "ada@x.org"}, {"first_name", "Ada"}});
  Operation first = Bench::CreateUser("E1");
  Operation second = Bench::CreateUser("E2");
  const auto takes = [](Operation& operation, const std::string& email) {
    for (FieldChange& change : operation.changes) {
      if (change.field == kUserEmail) change.after = Field::Value(email);
    }
  };
  takes(first, "new@x.org");
  takes(second, "ada@x.org");
  SUBCASE("in the plan's order") {
    bench.Do({first, second});
  }
  SUBCASE("the other way round") {
    bench.Do({second, first});
  }
  REQUIRE(bench.store.Has(Kind::kUser, "E1") != nullptr);
  CHECK(bench.store.Has(Kind::kUser, "E1")->remote_id == id);
  CHECK(bench.store.Has(Kind::kUser, "E2") == nullptr);
}

TEST_CASE("an account that is somebody's by the state is nobody else's, whatever its address says") {
  Bench bench;
  const StoredEntity known = bench.Known(Kind::kUser, "E1");
  Operation second = Bench::CreateUser("E2");
  for (FieldChange& change : second.changes) {
    if (change.field == kUserEmail) change.after = known.fields[kUserEmail];
  }
  const ApplyResult result = bench.Do({second});
  CHECK(result.done == 0);
  CHECK(result.quarantined == 0);
  CHECK(result.needs_another);
  CHECK(bench.store.Has(Kind::kUser, "E2") == nullptr);
  CHECK(bench.store.Has(Kind::kUser, "E1")->remote_id == known.remote_id);
}

TEST_CASE("what the target held of others before is not ours because a create of unknown outcome bears its address") {
  Bench bench;
  bench.store.unknown = {{.kind = Kind::kUser, .key = "E1", .address = "e1@x.org"}};
  const std::string id = bench.target.Add(Kind::kUser, {{"email", "e1@x.org"}, {"first_name", "Augusta"}});
  bench.store.others = {{Kind::kUser, id}};
  SUBCASE("it is adopted unchanged") {
    CHECK(bench.Do({Bench::CreateUser("E1")}).code == ExitCode::kConverged);
    CHECK(bench.store.Has(Kind::kUser, "E1")->ownership == Ownership::kAdopted);
    CHECK(bench.store.FingerprintOf(Kind::kUser, "E1").is_zero());
  }
  SUBCASE("it is set aside where the rule adopts nobody") {
    ExecutorOptions options;
    options.never_adopt = {Kind::kUser};
    CHECK(bench.Do({Bench::CreateUser("E1")}, options).quarantined == 1);
    CHECK(bench.store.Has(Kind::kUser, "E1") == nullptr);
  }
  SUBCASE("so it is when the answer gets lost in this run") {
    bench.store.unknown.clear();
    bench.target.faults = {{.request = "POST users", .reply = Breaks(TransportOutcome::kTimeout)}};
    CHECK(bench.Do({Bench::CreateUser("E1")}).code == ExitCode::kConverged);
    CHECK(bench.store.Has(Kind::kUser, "E1")->ownership == Ownership::kAdopted);
  }
  CHECK(bench.target.CountOf(Kind::kUser) == 1);
}

TEST_CASE("a create of what the target lost replaces the row, and a group's old members go with it") {
  Bench bench;
  const StoredEntity group = bench.Known(Kind::kGroup, "Sales");
  const StoredEntity contact = bench.Known(Kind::kContact, "E1");
  bench.store.Join(contact.id, group.id);
  bench.target.objects[Kind::kGroup].clear();
  Operation create = Bench::On(Kind::kGroup, Action::kCreate, "Sales", {Bench::Change(kGroupName, {}, "Sales")});
  create.entity_id = group.id;
  CHECK(bench.Do({create}).code == ExitCode::kConverged);
  const StoredEntity* row = bench.store.Has(Kind::kGroup, "Sales");
  CHECK(row->id == group.id);
  CHECK(row->remote_id != group.remote_id);
  CHECK(row->lifecycle == Lifecycle::kActive);
  CHECK(bench.store.memberships.empty());
  CHECK(bench.observer.events.empty());
}

TEST_CASE("who is gone and has a new address is looked for at the old one before it is created anew") {
  Bench bench;
  const StoredEntity row = bench.Known(Kind::kUser, "E1");
  const std::string old = row.fields[kUserEmail].text;
  bench.target.objects[Kind::kUser].clear();
  Operation create = Bench::CreateUser("E1");
  create.entity_id = row.id;
  for (FieldChange& change : create.changes) {
    if (change.field == kUserEmail) change.after = Field::Value("new@x.org");
  }
  SUBCASE("back by a run that was cut off, or by hand: nothing is sent") {
    const std::string id = bench.target.Add(Kind::kUser, {{"email", old}});
    CHECK(bench.Do({create}).needs_another);
    CHECK(bench.target.CountRequests("POST") == 0);
    CHECK(bench.store.Has(Kind::kUser, "E1")->remote_id == id);
    CHECK(bench.store.Has(Kind::kUser, "E1")->fields[kUserEmail].text == old);
  }
  SUBCASE("not there: created") {
    CHECK(bench.Do({create}).code == ExitCode::kConverged);
    CHECK(bench.target.CountRequests("POST") == 1);
  }
  SUBCASE("another has it by now, as the state knows: created") {
    StoredEntity other = bench.Known(Kind::kUser, "E2");
    bench.target.objects[Kind::kUser].front().fields["email"] = old;
    CHECK(bench.Do({create}).code == ExitCode::kConverged);
    CHECK(bench.target.CountOf(Kind::kUser) == 2);
  }
  SUBCASE("the look fails: nothing is sent, and the row still says where to look") {
    bench.target.faults = {{.request = "GET users", .reply = Says(406, "406"), .times = 9}};
    CHECK(bench.Do({create}).failed == 1);
    CHECK(bench.target.CountRequests("POST") == 0);
    CHECK(bench.store.outcomes.empty());
    CHECK(bench.store.Has(Kind::kUser, "E1")->fields[kUserEmail].text == old);
  }
  SUBCASE("a create of a run in between may be there too: each is looked at") {
    bench.store.unknown = {{.kind = Kind::kUser, .key = "E1", .address = "between@x.org"}};
    const std::string id = bench.target.Add(Kind::kUser, {{"email", old}});
    CHECK(bench.Do({create}).done == 1);
    CHECK(bench.target.CountRequests("POST") == 0);
    CHECK(bench.store.Has(Kind::kUser, "E1")->remote_id == id);
  }
}

}  // namespace
}  // namespace ucaas_sync::apply
