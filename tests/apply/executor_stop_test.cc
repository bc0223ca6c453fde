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
    CHECK(bench.Do(Creates(9)).message == "9 of 9 operations failed: no (result 406)");
  }
  SUBCASE("three of ten are more than a fifth") {
    Bench bench(one_by_one);
    bench.target.faults = {
        {.request = "POST users", .reply = Says(406, "406", "bad department"), .skip = 2, .times = 3}};
    const ApplyResult result = bench.Do(Creates(100));
    CHECK(result.code == ExitCode::kPartial);
    CHECK(result.message ==
          "3 of the first 10 operations failed, more than guards.failures allows; all alike: bad department "
          "(result 406)");
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
