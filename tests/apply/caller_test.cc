#include "daemon/apply/caller.h"

#include <doctest/doctest.h>

#include "tests/apply/bench.h"

namespace ucaas_sync::apply {
namespace {

using testing::Breaks;
using testing::Says;

ucaas::Call ListUsers() {
  ucaas::Call call;
  call.verb = ucaas::Verb::kList;
  return call;
}

ucaas::Call UpdateOf(std::string remote_id) {
  ucaas::Call call;
  call.verb = ucaas::Verb::kUpdate;
  call.remote_id = std::move(remote_id);
  call.fields = {{kUserDesignation, Field::Value("Director")}};
  return call;
}

struct Ended {
  std::vector<std::string> verdicts;
  std::vector<std::uint32_t> attempts;
  Caller::Done done = [this](const ucaas::CallResult& result, std::uint32_t count) {
    verdicts.emplace_back(ucaas::Name(result.verdict));
    attempts.push_back(count);
  };
};

TEST_CASE("what fails for the moment is sent again until it works") {
  Bench bench;
  bench.target.faults = {{.request = "GET users", .reply = Says(503, "503"), .times = 2},
                         {.request = "GET users", .reply = Breaks(TransportOutcome::kNotResolved), .times = 1}};
  Ended ended;
  bench.caller.Submit(ListUsers(), ended.done);
  bench.caller.Drain();
  CHECK(ended.verdicts == std::vector<std::string>{"ok"});
  CHECK(ended.attempts == std::vector<std::uint32_t>{4});
  CHECK(bench.target.CountRequests() == 4);
}

TEST_CASE("a request that is asked to come back later does so, however often, and not earlier") {
  Bench bench;
  HttpReply busy = Says(429, "429");
  busy.retry_after = "2";
  bench.target.faults = {{.request = "GET users", .reply = busy, .times = 20}};
  Ended ended;
  bench.caller.Submit(ListUsers(), ended.done);
  bench.caller.Drain();
  CHECK(ended.verdicts == std::vector<std::string>{"ok"});
  CHECK(ended.attempts == std::vector<std::uint32_t>{1});
  CHECK(bench.clock.ticks >= Monotonic(std::chrono::seconds(40)));
  CHECK(bench.observer.retries == std::vector<std::string>(20, "paced"));
}

TEST_CASE("a Retry-After date goes by the target's clock, not by ours") {
  Bench bench;
  HttpReply busy = Says(503, "503");
  busy.date = "Mon, 23 Nov 2026 20:00:00 GMT";  // eleven hours ahead of us
  busy.retry_after = "Mon, 23 Nov 2026 20:00:05 GMT";
  bench.target.faults = {{.request = "GET users", .reply = busy, .times = 1}};
  Ended ended;
  bench.caller.Submit(ListUsers(), ended.done);
  bench.caller.Drain();
  CHECK(ended.verdicts == std::vector<std::string>{"ok"});
  CHECK(bench.clock.ticks >= Monotonic(std::chrono::seconds(5)));
  CHECK(bench.clock.ticks < Monotonic(std::chrono::seconds(6)));
}

TEST_CASE("a create that nobody answered is not sent again") {
  Bench bench;
  bench.target.faults = {{.request = "POST users", .reply = Breaks(TransportOutcome::kTimeout)}};
  ucaas::Call call;
  call.verb = ucaas::Verb::kCreate;
  Ended ended;
  bench.caller.Submit(call, ended.done);
  bench.caller.Drain();
  CHECK(ended.verdicts == std::vector<std::string>{"unknown"});
  CHECK(bench.target.CountRequests() == 1);
}

TEST_CASE("refused credentials end the run with 6, and nothing more is sent") {
  Bench bench;
  bench.target.faults = {{.request = "GET users", .reply = Says(401, "401", "invalid header"), .times = 1000}};
  Ended ended;
  for (int i = 0; i < 100; ++i) bench.caller.Submit(ListUsers(), ended.done);
  bench.caller.Drain();
  REQUIRE(bench.caller.stopped().has_value());
  CHECK(bench.caller.stopped()->code == ExitCode::kRefused);
  CHECK(bench.caller.stopped()->because == "denied, HTTP status 401, result 401: “invalid header”");
  CHECK(bench.target.CountRequests() == 8);
}

TEST_CASE("a refusal lasts, but for a list or an object that is not shown to us") {
  struct Case {
    ucaas::Call call;
    int status;
    bool lasts;
  };
  for (const Case& one : {Case{ListUsers(), 401, true}, Case{ListUsers(), 403, false}, Case{UpdateOf("1"), 401, true},
                          Case{UpdateOf("1"), 403, true}}) {
    CAPTURE(one.status);
    Bench bench;
    bench.target.faults = {{.request = "", .reply = Says(one.status, std::to_string(one.status)), .times = 1000}};
    Ended ended;
    bench.caller.Submit(one.call, ended.done);
    bench.caller.Drain();
    REQUIRE(bench.caller.stopped().has_value());
    CHECK(bench.caller.stopped()->is_lasting == one.lasts);
  }
}

TEST_CASE("a certificate that does not fit ends the run with 7, at once") {
  Bench bench;
  bench.target.faults = {{.request = "GET users", .reply = Breaks(TransportOutcome::kTls), .times = 1000}};
  Ended ended;
  bench.caller.Submit(ListUsers(), ended.done);
  bench.caller.Drain();
  REQUIRE(bench.caller.stopped().has_value());
  CHECK(bench.caller.stopped()->code == ExitCode::kUnavailable);
  CHECK(bench.target.CountRequests() == 1);
}

TEST_CASE("a target that is down is asked ever more seldom, and given up after give_up") {
  Bench bench;
  bench.target.faults = {{.request = "GET", .reply = Breaks(TransportOutcome::kNotConnected), .times = 100'000}};
  Ended ended;
  for (int i = 0; i < 1000; ++i) bench.caller.Submit(ListUsers(), ended.done);
  bench.caller.Drain();
  REQUIRE(bench.caller.stopped().has_value());
  CHECK(bench.caller.stopped()->code == ExitCode::kUnavailable);
  CHECK(bench.clock.ticks >= Monotonic(std::chrono::minutes(10)));
  CHECK(bench.clock.ticks < Monotonic(std::chrono::minutes(12)));
  CHECK(bench.target.CountRequests() < 100);
  CHECK(ended.verdicts.empty());
  // What the target did, for whoever reads it at night.
  CAPTURE(bench.caller.stopped()->because);
  CHECK(bench.caller.stopped()->because.find("; last: the exchange broke") != std::string::npos);
}

TEST_CASE("an outage at the very start is ridden out") {
  Bench bench;
  bench.target.faults = {{.request = "GET", .reply = Says(500, "500"), .times = 25}};
  Ended ended;
  for (int i = 0; i < 300; ++i) bench.caller.Submit(ListUsers(), ended.done);
  bench.caller.Drain();
  CHECK_FALSE(bench.caller.stopped().has_value());
  CHECK(ended.verdicts == std::vector<std::string>(300, "ok"));
}

TEST_CASE("a search that is answered not found says so only where the list is shown") {
  for (const auto& [request, verdict] :
       {std::pair{"GET users?search_by", "missing"}, std::pair{"GET users", "retry"}}) {
    const std::string_view broken = request;
    CAPTURE(broken);
    Bench bench;
    bench.target.faults = {{.request = std::string(broken), .reply = Says(404, "404"), .times = 1000}};
    ucaas::Call call;
    call.verb = ucaas::Verb::kFind;
    call.address = "ada@x.org";
    Ended ended;
    bench.caller.Submit(call, ended.done);
    bench.caller.Drain();
    CHECK(ended.verdicts == std::vector<std::string>{verdict});
    CHECK(ended.attempts == std::vector<std::uint32_t>{2});
  }
}

TEST_CASE("objects that the target always fails on are no outage: they fail, and the rest is done") {
  Bench bench;
  bench.target.faults = {{.request = "PATCH users/broken", .reply = Says(503, "503"), .times = 100'000}};
  Ended broken;
  Ended ended;
  for (int i = 0; i < 12; ++i) bench.caller.Submit(UpdateOf("broken" + std::to_string(i)), broken.done);
  for (int i = 0; i < 300; ++i) bench.caller.Submit(ListUsers(), ended.done);
  bench.caller.Drain();
  CHECK_FALSE(bench.caller.stopped().has_value());
  CHECK(ended.verdicts == std::vector<std::string>(300, "ok"));
  CHECK(broken.verdicts == std::vector<std::string>(12, "retry"));
  CHECK(bench.target.CountRequests("PATCH") <= 12 * 6);
  CHECK(bench.clock.ticks < Monotonic(std::chrono::minutes(2)));
}

TEST_CASE("a target that shows its objects and changes none is found out after ten of them") {
  Bench bench;
  bench.target.faults = {{.request = "PATCH", .reply = Says(503, "503"), .times = 100'000}};
  Ended ended;
  for (int i = 0; i < 300; ++i) bench.caller.Submit(UpdateOf("u" + std::to_string(i)), ended.done);
  bench.caller.Drain();
  REQUIRE(bench.caller.stopped().has_value());
  CHECK(bench.caller.stopped()->code == ExitCode::kUnavailable);
  CHECK(bench.caller.stopped()->because.starts_with("the first 10 requests all failed alike: "));
  CHECK(bench.target.CountRequests("PATCH") < 150);
}

TEST_CASE("a target that limits its lists, or does not show them, is there for the rest all the same") {
  Bench bench;
  HttpReply refused = Says(403, "403", "lists are not for you");
  SUBCASE("too many requests") {
    refused = Says(429, "429", "too many lists");
  }
  SUBCASE("not allowed") {}
  bench.target.faults = {{.request = "PATCH users/broken", .reply = Says(503, "503"), .times = 100'000},
                         {.request = "GET users", .reply = refused, .times = 100'000}};
  Ended broken;
  Ended ended;
  for (int i = 0; i < 12; ++i) bench.caller.Submit(UpdateOf("broken" + std::to_string(i)), broken.done);
  for (int i = 0; i < 40; ++i) {
    const std::string email = "u" + std::to_string(i) + "@x.org";
    bench.caller.Submit(UpdateOf(bench.target.Add(Kind::kUser, {{"email", email}})), ended.done);
  }
  bench.caller.Drain();
  CHECK_FALSE(bench.caller.stopped().has_value());
  CHECK(broken.verdicts == std::vector<std::string>(12, "retry"));
  CHECK(ended.verdicts == std::vector<std::string>(40, "ok"));
  CHECK(bench.clock.ticks < Monotonic(std::chrono::minutes(5)));
}

TEST_CASE("a probe that is answered \"who are you?\" ends the run as any other such answer does") {
  Bench bench;
  bench.target.faults = {{.request = "PATCH", .reply = Says(503, "503"), .times = 100'000},
                         {.request = "GET users", .reply = Says(401, "401", "invalid header"), .times = 1000}};
  Ended ended;
  for (int i = 0; i < 20; ++i) bench.caller.Submit(UpdateOf("u" + std::to_string(i)), ended.done);
  bench.caller.Drain();
  REQUIRE(bench.caller.stopped().has_value());
  CHECK(bench.caller.stopped()->code == ExitCode::kRefused);
}

TEST_CASE("repeats stay within their budget while others succeed") {
  Bench bench;
  bench.target.faults = {{.request = "GET", .reply = Says(500, "500"), .times = 100'000, .every = 3}};
  Ended ended;
  for (int i = 0; i < 1000; ++i) bench.caller.Submit(ListUsers(), ended.done);
  bench.caller.Drain();
  CHECK(ended.verdicts.size() == 1000);
  CHECK(bench.target.CountRequests() <= 1115);
}

TEST_CASE("ten first requests that all fail alike stop the run, which says how") {
  Bench bench;
  SUBCASE("refused for what they say") {
    bench.target.faults = {{.request = "GET", .reply = Says(200, "1401", "X-App-Type missing"), .times = 1000}};
  }
  SUBCASE("answered by something else than the API") {
    HttpReply page;
    page.status = 404;
    page.body = "<html><body>Not here</body></html>";
    bench.target.faults = {{.request = "GET", .reply = page, .times = 1000}};
  }
  Ended ended;
  for (int i = 0; i < 200; ++i) bench.caller.Submit(ListUsers(), ended.done);
  bench.caller.Drain();
  REQUIRE(bench.caller.stopped().has_value());
  CHECK(bench.caller.stopped()->because.starts_with("the first 10 requests all failed alike: "));
  CHECK(bench.target.CountRequests() <= 20);
}

TEST_CASE("nine that fail alike and one that works stop nothing") {
  Bench bench({.concurrency = 1, .rate = 1'000'000, .retry = {}, .seed = 1});
  bench.target.faults = {{.request = "GET", .reply = Says(406, "406"), .times = 9}};
  Ended ended;
  for (int i = 0; i < 30; ++i) bench.caller.Submit(ListUsers(), ended.done);
  bench.caller.Drain();
  CHECK_FALSE(bench.caller.stopped().has_value());
  CHECK(ended.verdicts.size() == 30);
}

TEST_CASE("after a signal nothing new is sent, and what is in flight gets its answer") {
  Bench bench;
  Ended ended;
  for (int i = 0; i < 20; ++i) bench.caller.Submit(ListUsers(), ended.done);
  bench.target.on_request = [&bench](const HttpRequest&) { bench.stop = true; };
  bench.caller.Drain();
  CHECK(bench.target.CountRequests() == ended.verdicts.size());
  CHECK(ended.verdicts.size() <= 8);
  CHECK(bench.caller.stopped()->because == "stopped by a signal");
}

TEST_CASE("after a signal a reply is waited for eight seconds and no longer") {
  Bench bench;
  bench.target.latency = std::chrono::seconds(30);
  bench.target.on_request = [&bench](const HttpRequest&) { bench.stop = true; };
  Ended ended;
  bench.caller.Submit(ListUsers(), ended.done);
  bench.caller.Drain();
  CHECK(ended.verdicts.empty());
  CHECK(bench.clock.ticks >= Monotonic(std::chrono::seconds(8)));
  CHECK(bench.clock.ticks < Monotonic(std::chrono::seconds(9)));
}

}  // namespace
}  // namespace ucaas_sync::apply
