#include <doctest/doctest.h>

#include <algorithm>

#include "tests/apply/bench.h"

namespace ucaas_sync::apply {
namespace {

using testing::Says;

TEST_CASE("the plan is stored, then the mark advanced, then sent, then recorded") {
  Bench bench;
  bench.Do({Bench::CreateUser("E1")});
  CHECK(bench.log == std::vector<std::string>{"plan", "mark 1", "POST users", "commit 1"});
}

TEST_CASE("nothing is sent beyond the mark, which runs ahead by one batch alone, however fast the target is") {
  for (const std::uint32_t most : {16U, 64U}) {
    Bench bench;
    const std::vector<Operation> operations = Bench::CreateUsers(400);
    ExecutorOptions options;
    options.mark_batch = 16;
    options.most_marked = most;
    options.window = 8;
    bench.target.latency = Duration(1);
    bench.Plan(operations);
    std::uint64_t sent = 0;
    bool is_within = true;
    std::uint64_t widest = 0;
    bench.target.on_request = [&](const HttpRequest&) {
      ++sent;
      is_within = is_within && sent <= bench.store.mark;
      widest = std::max(widest, bench.store.mark - bench.store.outcomes.size());
    };
    CHECK(bench.Apply(options).done == 400);
    CHECK(is_within);
    CHECK(sent == 400);
    CHECK(bench.store.mark == 400);
    // What a crash can leave unknown: the batch that is marked, what of the one before was not begun when it was, and
    // what has no answer yet.
    CHECK(widest >= most);
    CHECK(widest <= most + 2 * options.window);
  }
}

TEST_CASE("a mark is made before the one before is used up: no request waits for the disk") {
  Bench bench;
  const std::vector<Operation> operations = Bench::CreateUsers(64);
  ExecutorOptions options;
  options.mark_batch = options.most_marked = 16;
  options.window = 8;
  CHECK(bench.Do(operations, options).done == 64);
  std::vector<int> sent_before;
  int sent = 0;
  for (const std::string& line : bench.log) {
    if (line.starts_with("POST")) ++sent;
    if (line.find("mark ") != std::string::npos) sent_before.push_back(sent);
  }
  REQUIRE(sent_before.size() == 4);
  CHECK(sent_before[0] == 0);
  int used_up = 0;
  for (const int sent_by_then : {sent_before[1], sent_before[2], sent_before[3]}) {
    used_up += 16;
    CHECK(sent_by_then > 0);
    CHECK(sent_by_then < used_up);
  }
}

TEST_CASE("what was done is committed with a later batch's mark, and by itself only at the end") {
  Bench bench;
  const std::vector<Operation> operations = Bench::CreateUsers(64);
  ExecutorOptions options;
  options.mark_batch = options.most_marked = 16;
  bench.target.latency = Duration(1);
  bench.Plan(operations);
  CHECK(bench.Apply(options).done == 64);
  const auto alone = std::count_if(bench.log.begin(), bench.log.end(), [](const std::string& line) {
    return line.starts_with("commit") && line.find(" mark ") == std::string::npos;
  });
  CHECK(alone == 1);
  CHECK(bench.log.back().starts_with("commit"));
}

TEST_CASE("access goes first, groups before contacts, and groups leave last") {
  Bench bench;
  const StoredEntity leaver = bench.Known(Kind::kUser, "E1");
  const StoredEntity old_contact = bench.Known(Kind::kContact, "E1");
  const StoredEntity old_group = bench.Known(Kind::kGroup, "Old");
  Operation group = Bench::On(Kind::kGroup, Action::kCreate, "New", {Bench::Change(kGroupName, {}, "New")});
  bench.Do({bench.At(leaver, Action::kSuspend, {Bench::Change(kUserStatus, "A", "S")}),
            bench.At(old_contact, Action::kDelete), group, Bench::CreateUser("E2"), Bench::CreateContact("E2", {"New"}),
            bench.At(old_group, Action::kDelete)});
  const std::vector<std::string> expected{"plan",     "mark 1", "PATCH users/" + leaver.remote_id,
                                          "commit 1", "mark 2", "DELETE contacts/" + old_contact.remote_id,
                                          "commit 2", "mark 3", "POST groups",
                                          "commit 3", "mark 4", "POST users",
                                          "commit 4", "mark 5", "POST contacts",
                                          "commit 5", "mark 6", "DELETE groups/" + old_group.remote_id,
                                          "commit 6"};
  CHECK(bench.log == expected);
  const auto* contact = bench.target.With(Kind::kContact, "e2@x.org");
  const auto* new_group = bench.target.With(Kind::kGroup, "New");
  REQUIRE(contact != nullptr);
  REQUIRE(new_group != nullptr);
  CHECK(contact->group_ids == std::vector<std::string>{new_group->id});
}

TEST_CASE("an address is released, and that is in the journal, before it is taken") {
  Bench bench;
  const StoredEntity ada = bench.Known(Kind::kUser, "E1");
  const StoredEntity bob = bench.Known(Kind::kUser, "E2");
  const StoredEntity eve = bench.Known(Kind::kUser, "E3");
  Operation newcomer = Bench::CreateUser("E4");
  newcomer.changes[3] = Bench::Change(kUserEmail, {}, "E1@x.org");
  // E3 gives E3@ up, E2 takes it, E1 takes E2@, and a newcomer takes E1@: all at once in the window.
  const ApplyResult result =
      bench.Do({bench.At(eve, Action::kUpdate, {Bench::Change(kUserEmail, "E3@x.org", "new@x.org")}),
                bench.At(bob, Action::kUpdate, {Bench::Change(kUserEmail, "E2@x.org", "E3@x.org")}),
                bench.At(ada, Action::kUpdate, {Bench::Change(kUserEmail, "E1@x.org", "E2@x.org")}), newcomer});
  CHECK(result.code == ExitCode::kConverged);
  CHECK(bench.target.most_in_flight == 1);
  CHECK(bench.Place("PATCH users/" + eve.remote_id) < bench.Place("commit 1"));
  CHECK(bench.Place("commit 1") < bench.Place("PATCH users/" + bob.remote_id));
  CHECK(bench.Place("commit 2") < bench.Place("PATCH users/" + ada.remote_id));
  CHECK(bench.Place("commit 3") < bench.Place("POST users"));
  CHECK(bench.store.Has(Kind::kUser, "E4")->ownership == Ownership::kCreated);
}

TEST_CASE("who waits for an address that is not released fails, and so does who waits for them") {
  Bench bench;
  const StoredEntity ada = bench.Known(Kind::kUser, "E1");
  const StoredEntity bob = bench.Known(Kind::kUser, "E2");
  Operation newcomer = Bench::CreateUser("E3");
  newcomer.changes[3] = Bench::Change(kUserEmail, {}, "E1@x.org");
  bench.target.faults = {{.request = "PATCH users/" + bob.remote_id, .reply = Says(406, "406")}};
  const ApplyResult result =
      bench.Do({bench.At(bob, Action::kUpdate, {Bench::Change(kUserEmail, "E2@x.org", "new@x.org")}),
                bench.At(ada, Action::kUpdate, {Bench::Change(kUserEmail, "E1@x.org", "E2@x.org")}), newcomer});
  CHECK(result.failed == 3);
  CHECK(result.quarantined == 1);
  CHECK(bench.target.CountRequests() == 1);
  CHECK(bench.store.outcomes.at(2).message == "its address is still held by E2, whose change failed");
}

TEST_CASE("an address that a suspend was to release, and did not, is given to nobody later in the run") {
  Bench bench;
  const StoredEntity bob = bench.Known(Kind::kUser, "E2");
  Operation newcomer = Bench::CreateUser("E3");
  newcomer.changes[3] = Bench::Change(kUserEmail, {}, "e2@x.org");
  bench.target.faults = {{.request = "PATCH users/" + bob.remote_id, .reply = Says(406, "406")}};
  Operation suspend = bench.At(bob, Action::kSuspend, {Bench::Change(kUserEmail, "E2@x.org", "new@x.org")});
  const ApplyResult result = bench.Do({suspend, newcomer});
  CHECK(result.failed == 2);
  CHECK(bench.target.CountRequests("POST") == 0);
  CHECK(bench.store.outcomes.at(2).message == "its address is still held by E2, whose change failed");
}

TEST_CASE("a suspend that takes a released address stands among the updates") {
  Bench bench;
  const StoredEntity ada = bench.Known(Kind::kUser, "E1");
  const StoredEntity bob = bench.Known(Kind::kUser, "E2");
  const ApplyResult result =
      bench.Do({bench.At(bob, Action::kUpdate, {Bench::Change(kUserEmail, "E2@x.org", "new@x.org")}),
                bench.At(ada, Action::kSuspend,
                         {Bench::Change(kUserEmail, "E1@x.org", "E2@x.org"), Bench::Change(kUserStatus, "A", "S")})});
  CHECK(result.code == ExitCode::kConverged);
  CHECK(bench.Place("commit 1") < bench.Place("PATCH users/" + ada.remote_id));
}

TEST_CASE("operations that depend on nothing run many at once, within concurrency") {
  Bench bench;
  std::vector<Operation> operations;
  for (int i = 1; i <= 100; ++i) operations.push_back(Bench::CreateUser("E" + std::to_string(i)));
  CHECK(bench.Do(operations).done == 100);
  CHECK(bench.target.most_in_flight == 8);
}

TEST_CASE("outcomes are committed in groups, and none waits long for its commit") {
  Bench bench;
  std::vector<Operation> operations;
  for (int i = 1; i <= 300; ++i) operations.push_back(Bench::CreateUser("E" + std::to_string(i)));
  SUBCASE("a fast target: few commits") {
    bench.Do(operations);
    const auto commits = std::count_if(bench.log.begin(), bench.log.end(),
                                       [](const std::string& line) { return line.starts_with("commit"); });
    CHECK(commits <= 8);
  }
  SUBCASE("a slow target: commits by time") {
    bench.target.latency = std::chrono::seconds(1);
    std::size_t unrecorded = 0;
    bench.target.on_request = [&](const HttpRequest&) {
      unrecorded = std::max(unrecorded, bench.target.CountRequests() - bench.store.outcomes.size());
    };
    bench.Do(operations);
    CHECK(unrecorded <= 24);
  }
}

TEST_CASE("who takes the address of another's unanswered create looks there first, and what is sent then is theirs") {
  Bench bench;
  bench.store.unknown = {{.kind = Kind::kUser, .key = "E1", .address = "e2@x.org"}};
  SUBCASE("it had its effect: nothing is sent") {
    bench.target.Add(Kind::kUser, {{"email", "e2@x.org"}});
    CHECK(bench.Do({Bench::CreateUser("E2")}).needs_another);
    CHECK(bench.target.CountRequests("POST") == 0);
    CHECK(bench.store.Has(Kind::kUser, "E2") == nullptr);
  }
  SUBCASE("it had none, and the answer to the new one is lost") {
    bench.target.faults = {
        {.request = "POST users", .reply = testing::Breaks(TransportOutcome::kTimeout), .has_effect = true}};
    CHECK(bench.Do({Bench::CreateUser("E2")}).done == 1);
    CHECK(bench.target.CountOf(Kind::kUser) == 1);
    CHECK(bench.store.Has(Kind::kUser, "E2") != nullptr);
  }
  SUBCASE("it had none, and whether the new one has stays unknown to the next run: it shows whose it is") {
    bench.store.unknown.push_back({.kind = Kind::kUser, .key = "E2", .address = "e2@x.org"});
    bench.target.Add(
        Kind::kUser,
        {{"email", "E2@x.org"}, {"user_type", "moderator"}, {"first_name", "Ada"}, {"last_name", "Lovelace"}});
    CHECK(bench.Do({Bench::CreateUser("E2")}).done == 1);
    CHECK(bench.store.Has(Kind::kUser, "E2") != nullptr);
  }
  SUBCASE("both are created: each gets an account of their own") {
    bench.Do({Bench::CreateUser("E2"), Bench::CreateUser("E1")});
    REQUIRE(bench.store.Has(Kind::kUser, "E1") != nullptr);
    REQUIRE(bench.store.Has(Kind::kUser, "E2") != nullptr);
    CHECK(bench.store.Has(Kind::kUser, "E1")->remote_id != bench.store.Has(Kind::kUser, "E2")->remote_id);
  }
}

}  // namespace
}  // namespace ucaas_sync::apply
