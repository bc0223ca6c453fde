// However a run goes, it ends, and its journal says what is known.
#include <doctest/doctest.h>

#include <map>
#include <random>

#include "daemon/model/text.h"
#include "tests/apply/bench.h"
#include "tests/support/spill_in_memory.h"

namespace ucaas_sync::apply {
namespace {

using testing::Breaks;
using testing::Says;

std::vector<Operation> Creates(int count) {
  std::vector<Operation> operations;
  for (int i = 1; i <= count; ++i) operations.push_back(Bench::CreateUser("E" + std::to_string(i)));
  return operations;
}

TEST_CASE("failures are judged from the tenth operation on") {
  GatePolicy one_by_one{.concurrency = 1, .rate = 1'000'000, .retry = {}, .seed = 1};
  SUBCASE("nine of nine that fail stop nothing") {
    Bench bench(one_by_one);
    bench.target.faults = {{.request = "POST users", .reply = Says(406, "406"), .times = 9}};
    CHECK(bench.Do(Creates(9)).message == "9 of 9 operations failed: invalid, HTTP status 406, result 406: “no”");
  }
  SUBCASE("three of ten are more than a fifth") {
    Bench bench(one_by_one);
    bench.target.faults = {
        {.request = "POST users", .reply = Says(406, "406", "bad department"), .skip = 2, .times = 3}};
    const ApplyResult result = bench.Do(Creates(100));
    CHECK(result.code == ExitCode::kPartial);
    CHECK(result.message ==
          "3 of the first 10 operations failed, more than guards.failures allows; all alike: invalid, HTTP status "
          "406, result 406: “bad department”");
    CHECK(result.done == 7);
    CHECK(result.left == 90);
  }
  SUBCASE("two of ten are not") {
    Bench bench(one_by_one);
    bench.target.faults = {{.request = "POST users", .reply = Says(406, "406"), .skip = 2, .times = 2}};
    CHECK(bench.Do(Creates(100)).done == 98);
  }
}

TEST_CASE("ten first operations that fail alike stop the run, whatever guards.failures allows") {
  Bench bench;
  for (int i = 1; i <= 100; ++i) bench.target.Add(Kind::kUser, {{"email", "e" + std::to_string(i) + "@x.org"}});
  ExecutorOptions options;
  options.failures_percent = 100;
  options.never_adopt = {Kind::kUser};
  const ApplyResult result = bench.Do(Creates(100), options);
  CHECK(result.done == 0);
  CHECK(result.failed < 25);
  CHECK(result.message.find("all alike: ") != std::string::npos);
}

TEST_CASE("when the rest of the plan cannot be read, what was sent is recorded before the run ends") {
  testing::SpillInMemory spill;
  Bench bench;
  bench.plan.operations = OperationList(spill.maker());
  for (Operation& operation : Creates(4'000)) {
    operation.reason = std::string(2'000, 'x');
    bench.plan.operations.Add(operation);
  }
  REQUIRE(spill.files() == 1);
  std::size_t sent = 0;
  bench.target.on_request = [&](const HttpRequest& request) {
    spill.is_broken = true;
    if (request.method == "POST") ++sent;
  };
  CHECK_THROWS_AS(bench.Apply(), Failure);
  CHECK(sent > 1'000);
  CHECK(sent < 4'000);
  CHECK(bench.store.outcomes.size() == sent);
}

TEST_CASE("a target that goes away in the middle ends the run with 7, and the rest is left") {
  Bench bench;
  bench.target.faults = {
      {.request = "", .reply = Breaks(TransportOutcome::kNotConnected), .skip = 50, .times = 1'000'000}};
  const ApplyResult result = bench.Do(Creates(200));
  CHECK(result.code == ExitCode::kUnavailable);
  CHECK(result.done == 50);
  CHECK(result.failed == 0);
  CHECK(result.left == 150);
  CHECK(bench.store.outcomes.size() == 50);
}

TEST_CASE("a small run against a target that is down ends with 7, not as a failure of its people") {
  Bench bench;
  bench.target.faults = {{.request = "", .reply = Breaks(TransportOutcome::kNotConnected), .times = 1'000'000}};
  const ApplyResult result = bench.Do(Creates(2));
  CHECK(result.code == ExitCode::kUnavailable);
  CHECK(result.done == 0);
  CHECK(bench.store.quarantine.empty());
  CHECK(bench.clock.ticks < Monotonic(std::chrono::minutes(11)));
}

TEST_CASE("what a stopped run was put off with is in the journal, request by request, answered in the end or not") {
  for (const Action action : {Action::kSuspend, Action::kCreate}) {
    CAPTURE(std::string(Name(action)));
    Bench bench;
    std::vector<Operation> operations;
    for (int i = 1; i <= 3; ++i) {
      const std::string key = "E" + std::to_string(i);
      if (action == Action::kCreate) {
        operations.push_back(Bench::CreateUser(key));
      } else {
        operations.push_back(Bench::At(bench.Known(Kind::kUser, key), action, {Bench::Change(kUserStatus, "A", "S")}));
      }
    }
    bench.target.faults = {{.request = "", .reply = Says(503, "503", "busy"), .times = 1'000'000}};
    bench.target.on_request = [&](const HttpRequest&) { bench.stop = bench.target.CountRequests() >= 6; };
    bench.Do(operations);
    std::size_t asked = 0;
    for (const auto& [seq, requests] : bench.store.attempts) {
      asked += requests.size();
      for (const Attempt& request : requests) {
        CHECK(request.http_status == 503);
        CHECK(request.message == "busy");
      }
      if (action == Action::kSuspend) CHECK(bench.store.outcomes.at(seq).verdict == kVerdictUnsent);
      if (action == Action::kCreate) CHECK_FALSE(bench.store.outcomes.contains(seq));
    }
    CHECK(asked == bench.target.CountRequests());
  }
}

TEST_CASE("what a stopped run was put off with when it looked first is in the journal too") {
  Bench bench;
  const StoredEntity row = bench.Known(Kind::kUser, "E1");
  ExecutorOptions options;
  options.protect = [](Kind, const FieldSetView&) { return false; };
  bench.target.faults = {{.request = "", .reply = Says(503, "503", "busy"), .times = 1'000'000}};
  bench.target.on_request = [&](const HttpRequest&) { bench.stop = bench.target.CountRequests() >= 2; };
  bench.Do({Bench::At(row, Action::kSuspend, {Bench::Change(kUserStatus, "A", "S")})}, options);
  REQUIRE(bench.store.attempts.contains(1));
  CHECK(bench.store.attempts.at(1).size() == bench.target.CountRequests());
  CHECK(bench.store.attempts.at(1).front().call == "get");
  CHECK(bench.store.outcomes.at(1).verdict == kVerdictUnsent);
}

TEST_CASE("after a signal what was not sent has no outcome, and what was sent has one") {
  Bench bench;
  bench.target.on_request = [&](const HttpRequest&) { bench.stop = bench.target.CountRequests() >= 20; };
  const ApplyResult result = bench.Do(Creates(200));
  CHECK(result.code == ExitCode::kUnavailable);
  CHECK(result.message == "stopped by a signal");
  CHECK(result.done == bench.target.CountRequests());
  CHECK(result.left == 200 - result.done);
  CHECK(bench.store.outcomes.size() == result.done);
}

TEST_CASE(
    "a stopped run says of each change under its mark that was surely not done that it was not, and of no other") {
  Bench bench;
  std::vector<Operation> suspends;
  for (int i = 1; i <= 200; ++i) {
    const StoredEntity row = bench.Known(Kind::kUser, "E" + std::to_string(i));
    suspends.push_back(Bench::At(row, Action::kSuspend, {Bench::Change(kUserStatus, "A", "S")}));
  }
  const auto unsent = [&bench] {
    std::uint64_t count = 0;
    for (const auto& [seq, outcome] : bench.store.outcomes) {
      if (outcome.verdict != kVerdictUnsent) continue;
      ++count;
      CHECK_FALSE(outcome.done);
      CHECK_FALSE(outcome.row);
      CHECK_FALSE(outcome.may_have_acted);
    }
    return count;
  };
  SUBCASE("nobody can be reached") {
    bench.target.faults = {{.request = "", .reply = Breaks(TransportOutcome::kNotConnected), .times = 1'000'000}};
    const ApplyResult result = bench.Do(suspends);
    CHECK(result.code == ExitCode::kUnavailable);
    CHECK(result.left == 200);
    CHECK(result.failed == 0);
    CHECK(bench.store.mark < 200);
    CHECK(unsent() == bench.store.mark);
  }
  SUBCASE("a signal comes while the answers are awaited") {
    bench.target.latency = std::chrono::seconds(30);
    bench.target.on_request = [&](const HttpRequest&) { bench.stop = bench.target.CountRequests() >= 5; };
    const ApplyResult result = bench.Do(suspends);
    CHECK(result.left == 200);
    CHECK(unsent() == bench.store.mark - bench.target.CountRequests());
  }
  SUBCASE("an answer was lost before nobody could be reached") {
    bench.target.faults = {{.request = "", .reply = Breaks(TransportOutcome::kReset), .times = 8},
                           {.request = "", .reply = Breaks(TransportOutcome::kNotConnected), .times = 1'000'000}};
    bench.Do(suspends);
    CHECK(unsent() == bench.store.mark - 8);
  }
  SUBCASE("creates, which are looked up when in doubt") {
    bench.target.faults = {{.request = "", .reply = Breaks(TransportOutcome::kNotConnected), .times = 1'000'000}};
    bench.Do(Creates(200));
    CHECK(unsent() == 0);
  }
}

TEST_CASE(
    "what failed may have been done all the same unless the target was never asked, or said that it did nothing") {
  struct Case {
    HttpReply reply;
    bool may_have_acted;
  };
  HttpReply gateway;
  gateway.status = 504;
  const Case cases[] = {{Breaks(TransportOutcome::kNotConnected), false},
                        {Breaks(TransportOutcome::kNotResolved), false},
                        {Says(503, "503"), false},
                        {Breaks(TransportOutcome::kTimeout), true},
                        {Breaks(TransportOutcome::kReset), true},
                        {Says(500, "500"), true},
                        {gateway, true}};
  for (const Case& one : cases) {
    const int status = one.reply.status;
    const bool expected = one.may_have_acted;
    CAPTURE(status);
    CAPTURE(static_cast<int>(one.reply.outcome));
    Bench bench;
    const StoredEntity row = bench.Known(Kind::kUser, "E1");
    for (int i = 2; i <= 12; ++i) bench.Known(Kind::kUser, "E" + std::to_string(i));
    bench.target.faults = {{.request = "PATCH users/" + row.remote_id, .reply = one.reply, .times = 1'000}};
    std::vector<Operation> changes;
    changes.push_back(Bench::At(row, Action::kUpdate, {Bench::Change(kUserDepartment, "Sales", "Finance")}));
    for (int i = 2; i <= 12; ++i) {
      const StoredEntity other = *bench.store.Has(Kind::kUser, "E" + std::to_string(i));
      changes.push_back(Bench::At(other, Action::kUpdate, {Bench::Change(kUserDepartment, "Sales", "Finance")}));
    }
    bench.Do(changes);
    REQUIRE(bench.store.outcomes.contains(1));
    CHECK_FALSE(bench.store.outcomes.at(1).done);
    CHECK(bench.store.outcomes.at(1).may_have_acted == expected);
    // Then one answer that was lost makes the difference.
    Bench lost;
    const StoredEntity same = lost.Known(Kind::kUser, "E1");
    lost.target.faults = {{.request = "PATCH users", .reply = Breaks(TransportOutcome::kTimeout), .times = 1},
                          {.request = "PATCH users", .reply = one.reply, .times = 1'000}};
    lost.Do({Bench::At(same, Action::kUpdate, {Bench::Change(kUserDepartment, "Sales", "Finance")})});
    for (const auto& [seq, outcome] : lost.store.outcomes) CHECK(outcome.may_have_acted);
  }
}

TEST_CASE("a create that is abandoned after a signal has no outcome, so that the next run looks") {
  Bench bench;
  bench.target.latency = std::chrono::seconds(30);
  bench.target.on_request = [&](const HttpRequest&) { bench.stop = true; };
  const ApplyResult result = bench.Do(Creates(1));
  CHECK(result.left == 1);
  CHECK(result.failed == 0);
  CHECK(bench.store.outcomes.empty());
  CHECK(bench.store.mark == 1);
}

TEST_CASE("a signal while a create is being looked up leaves it without an outcome") {
  Bench bench;
  bench.target.faults = {{.request = "POST users", .reply = Breaks(TransportOutcome::kTimeout), .has_effect = true}};
  bench.target.on_request = [&](const HttpRequest& request) { bench.stop = request.method == "POST"; };
  const ApplyResult result = bench.Do(Creates(1));
  CHECK(result.left == 1);
  CHECK(bench.store.outcomes.empty());
}

TEST_CASE("a run that is stopped before its first request sends nothing") {
  Bench bench;
  bench.stop = true;
  const ApplyResult result = bench.Do(Creates(100));
  CHECK(result.left == 100);
  CHECK(bench.target.CountRequests() == 0);
  CHECK(bench.store.outcomes.empty());
}

TEST_CASE("a re-creation of unknown outcome that holds an address up does not hold the run up") {
  Bench bench;
  const StoredEntity ada = bench.Known(Kind::kUser, "E1");
  bench.target.objects[Kind::kUser].clear();
  Operation newcomer = Bench::CreateUser("E2");
  newcomer.changes[3] = Bench::Change(kUserEmail, {}, "E1@x.org");
  // E1 is gone; the create that brings it back under a new address is never answered, nor are the look-ups after it.
  bench.target.faults = {{.request = "POST users", .reply = Breaks(TransportOutcome::kTimeout)},
                         {.request = "GET users", .reply = Says(406, "406"), .skip = 2, .times = 100}};
  const ApplyResult result =
      bench.Do({bench.At(ada, Action::kUpdate, {Bench::Change(kUserEmail, "E1@x.org", "new@x.org")}), newcomer});
  CHECK(result.failed == 2);
  CHECK(result.left == 0);
  CHECK_FALSE(bench.store.outcomes.contains(1));
}

TEST_CASE("every run ends, adds up, and the next one converges, whatever the target does") {
  const std::vector<HttpReply> replies{Says(500, "500"),
                                       Says(503, "503"),
                                       Says(406, "406"),
                                       Says(404, "404"),
                                       Says(200, "1504"),
                                       Says(429, "429"),
                                       Says(200, "0"),
                                       Breaks(TransportOutcome::kTimeout),
                                       Breaks(TransportOutcome::kReset),
                                       Breaks(TransportOutcome::kTruncated),
                                       Breaks(TransportOutcome::kNotConnected)};
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const auto below = [&random](std::uint64_t limit) { return random() % limit; };
    Bench bench({.concurrency = static_cast<std::uint32_t>(1 + below(8)), .rate = 1000, .retry = {}, .seed = seed});
    std::vector<Operation> operations;
    for (int i = 1; i <= 10; ++i) {
      const StoredEntity row = bench.Known(Kind::kUser, "K" + std::to_string(i));
      const std::string address = row.fields[kUserEmail].text;
      // A chain: each takes the address of the one before.
      const std::string next = i == 1 ? "free@x.org" : "K" + std::to_string(i - 1) + "@x.org";
      operations.push_back(bench.At(row, Action::kUpdate, {Bench::Change(kUserEmail, address, next)}));
    }
    for (Operation& create : Creates(20)) operations.push_back(std::move(create));
    for (int i = 0; i < 25; ++i) {
      bench.target.faults.push_back({.request = below(2) == 0 ? "POST" : (below(2) == 0 ? "PATCH" : "GET"),
                                     .reply = replies[below(replies.size())],
                                     .has_effect = below(2) == 0,
                                     .skip = static_cast<int>(below(6)),
                                     .times = static_cast<int>(1 + below(3))});
    }
    const std::uint64_t signal_at = below(3) == 0 ? below(40) : 1'000'000;
    bench.target.on_request = [&](const HttpRequest&) { bench.stop = bench.target.CountRequests() >= signal_at; };
    ExecutorOptions options;
    options.window = static_cast<std::uint32_t>(1 + below(32));
    const ApplyResult result = bench.Do(operations, options);
    CHECK(result.done + result.failed + result.left == 30);
    std::uint64_t done = 0;
    for (const auto& [seq, outcome] : bench.store.outcomes) done += outcome.done ? 1 : 0;
    CHECK(done == result.done);
    // Whoever the state says is there is there, once, with that address.
    for (const auto& [id, row] : bench.store.rows) {
      if (row.entity.lifecycle == Lifecycle::kGone) continue;
      CHECK_FALSE(row.entity.remote_id.empty());
    }
    std::map<std::string, int> addresses;
    for (const auto& object : bench.target.objects[Kind::kUser]) ++addresses[FoldCase(object.fields.at("email"))];
    for (const auto& [address, count] : addresses) {
      const auto& this_address = address;
      CAPTURE(this_address);
      CHECK(count == 1);
    }
    // Each create was done at most once for good: nobody is doubled.
    CHECK(bench.target.CountOf(Kind::kUser) <= 30);
  }
}

}  // namespace
}  // namespace ucaas_sync::apply
