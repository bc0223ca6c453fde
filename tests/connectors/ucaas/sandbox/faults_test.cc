// Faults on request: how they are written, and what a client sees of each.
#include <curl/curl.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include "tests/connectors/ucaas/sandbox/http.h"

namespace ucaas_sync::sandbox {
namespace {

FaultRule Rule(const std::string& text) {
  auto parsed = ParseFault(text);
  if (const auto* problem = std::get_if<Problem>(&parsed)) FAIL(text << ": " << problem->ToString());
  return std::get<FaultRule>(parsed);
}

Bench WithFault(const std::string& text) {
  Options options;
  options.faults.rules.push_back(Rule(text));
  return Bench(options);
}

TEST_CASE("a fault reads as it is written on the command line") {
  const FaultRule five = Rule("POST users: 500 5%");
  CHECK(five.method == "POST");
  CHECK(five.route == "users");
  CHECK(five.what == FaultWhat::kStatus);
  CHECK(five.status == 500);
  CHECK(five.probability == doctest::Approx(0.05));
  CHECK(five.moment == FaultMoment::kBeforeEffect);

  const FaultRule close = Rule("PATCH users/{id}: close after #2");
  CHECK(close.route == "users/{id}");
  CHECK(close.what == FaultWhat::kClose);
  CHECK(close.moment == FaultMoment::kAfterEffect);
  CHECK(close.first == 2);
  CHECK(close.last == 2);

  const FaultRule slow = Rule("*: 429 retry-after \"Wed, 21 Oct 2026 07:28:00 GMT\" #3-");
  CHECK(slow.method.empty());
  CHECK(slow.route.empty());
  CHECK(slow.retry_after == "Wed, 21 Oct 2026 07:28:00 GMT");
  CHECK(slow.first == 3);
  CHECK(slow.last == UINT64_MAX);
  CHECK(Rule("GET *: delay 2s after").delay == std::chrono::seconds(2));
  CHECK(Rule("* login: 503 html").route == "login");
}

TEST_CASE("a fault that is not understood says where and what to write") {
  for (const auto& [text, column, words] : std::vector<std::tuple<std::string, std::uint64_t, std::string>>{
           {"POST users 500", 15, "no colon"},
           {": 500", 1, "which requests"},
           {"POST users:", 12, "what goes wrong"},
           {"POST Users: 500", 6, "neither a method nor a route"},
           {"POST users now: 500", 12, "colon is expected"},
           {"*: explode", 4, "not a fault"},
           {"*: 99", 4, "not a fault"},
           {"*: delay", 4, "needs a value"},
           {"*: delay 5", 10, "50ms or 2s"},
           {"*: 500 5", 8, "not understood"},
           {"*: 500 101%", 8, "not understood"},
           {"*: 500 #0", 8, "not understood"},
           {"*: 500 #5-2", 8, "not understood"},
           {"*: close html", 10, "not understood"},
           {"*: 429 retry-after", 8, "needs a value"},
           {"*: 429 retry-after \"a\r\nb\"", 21, "header"}}) {
    const auto& this_text = text;
    INFO(this_text);
    const auto parsed = ParseFault(text);
    const auto* problem = std::get_if<Problem>(&parsed);
    REQUIRE(problem != nullptr);
    CHECK(problem->at.column == column);
    CHECK(problem->ToString().find(words) != std::string::npos);
    CHECK(!problem->remedy.empty());
  }
}

TEST_CASE("an error before the effect leaves nothing behind") {
  Bench bench = WithFault("POST users: 500 #1");
  const auto struck = bench.http().Send("POST", "users", UserBody("ada@example.com"));
  CHECK(struck.status == 500);
  CHECK(struck.result() == "500");
  CHECK(bench.sandbox().Count(Kind::kUser) == 0);
  CHECK(bench.http().Send("POST", "users", UserBody("ada@example.com")).result() == "1");
  CHECK(bench.sandbox().counters().faults == 1);
}

TEST_CASE("an error after the effect has done it") {
  Bench bench = WithFault("POST users: 500 empty after #1");
  const auto struck = bench.http().Send("POST", "users", UserBody("ada@example.com"));
  CHECK(struck.status == 500);
  CHECK(struck.body.empty());
  CHECK(bench.sandbox().Count(Kind::kUser) == 1);
  CHECK(bench.http().Send("POST", "users", UserBody("ada@example.com")).result() == "1504");
}

TEST_CASE("a connection can break before or after the effect") {
  for (const auto& [text, users] : std::vector<std::pair<std::string, std::size_t>>{
           {"POST users: close #1", 0}, {"POST users: close after #1", 1}}) {
    const auto& this_text = text;
    INFO(this_text);
    Bench bench = WithFault(text);
    const auto struck = bench.http().Send("POST", "users", UserBody("ada@example.com"));
    CHECK(struck.error == CURLE_GOT_NOTHING);
    CHECK(bench.sandbox().Count(Kind::kUser) == users);
    CHECK(bench.http().Send("GET", "users").result() == "1");
  }
}

TEST_CASE("a reply can break off in its body") {
  Bench bench = WithFault("POST users: truncate #1");
  const auto struck = bench.http().Send("POST", "users", UserBody("ada@example.com"));
  CHECK(struck.error == CURLE_PARTIAL_FILE);
  CHECK(struck.status == 200);
  CHECK(!struck.body.empty());
  CHECK(struck.result() == "(none)");
  CHECK(bench.sandbox().Count(Kind::kUser) == 1);
}

TEST_CASE("an error can be a page for people, and can say when to come back") {
  Bench bench = WithFault("GET users: 503 html retry-after 7");
  const auto struck = bench.http().Send("GET", "users");
  CHECK(struck.status == 503);
  CHECK(struck.headers.at("content-type").starts_with("text/html"));
  CHECK(struck.headers.at("retry-after") == "7");
  CHECK(struck.body.starts_with("<!DOCTYPE html>"));
}

TEST_CASE("a delay holds up its own request and nobody else") {
  Bench bench = WithFault("GET users: delay 400ms #1");
  const auto begin = std::chrono::steady_clock::now();
  std::chrono::steady_clock::duration slow_took{};
  std::thread slow([&bench, &slow_took, begin] {
    HttpClient client(bench.sandbox().base_url(), "id", "key");
    CHECK(client.Send("GET", "users").result() == "1");
    slow_took = std::chrono::steady_clock::now() - begin;
  });
  while (bench.sandbox().counters().requests == 0) std::this_thread::yield();
  CHECK(bench.http().Send("GET", "groups").result() == "1");
  const auto quick_took = std::chrono::steady_clock::now() - begin;
  slow.join();
  CHECK(slow_took >= std::chrono::milliseconds(400));
  CHECK(quick_took < slow_took);
}

TEST_CASE("a delay after the effect holds back the reply only") {
  Bench bench = WithFault("POST users: delay 300ms after");
  std::thread slow([&bench] {
    HttpClient client(bench.sandbox().base_url(), "id", "key");
    CHECK(client.Send("POST", "users", UserBody("ada@example.com")).result() == "1");
  });
  while (bench.sandbox().counters().requests == 0) std::this_thread::yield();
  CHECK(bench.http().Send("GET", "users").at("/users/0/email") == "ada@example.com");
  slow.join();
}

TEST_CASE("a sandbox stops at once with requests waiting, and those have no effect") {
  testing::TemporaryFolder directory;
  Options options;
  options.db = directory / "sandbox.db";
  options.access_id = "id";
  options.access_key = "key";
  options.faults.latency = std::chrono::minutes(10);
  auto sandbox = std::make_unique<Sandbox>(options);
  std::thread waiting([url = sandbox->base_url()] {
    HttpClient client(url, "id", "key");
    CHECK(client.Send("POST", "users", UserBody("ada@example.com")).error != CURLE_OK);
  });
  while (sandbox->counters().requests == 0) std::this_thread::yield();
  sandbox.reset();
  waiting.join();
  options.faults = {};
  CHECK(Sandbox(options).Count(Kind::kUser) == 0);
}

std::string Pattern(std::uint64_t seed, const std::string& fault) {
  Options options;
  options.seed = seed;
  options.faults.rules.push_back(Rule(fault));
  Bench bench(options);
  std::string pattern;
  for (int i = 0; i < 200; ++i) {
    pattern += bench.http().Send("GET", "groups").status == 500 ? 'x' : '.';
    if (i % 3 == 0) bench.http().Send("GET", "users");
  }
  return pattern;
}

TEST_CASE("the same seed strikes the same requests, another seed others, about as often as was asked") {
  const std::string first = Pattern(7, "GET groups: 500 25%");
  CHECK(first == Pattern(7, "GET groups: 500 25%"));
  CHECK(first != Pattern(8, "GET groups: 500 25%"));
  const auto struck = std::count(first.begin(), first.end(), 'x');
  CHECK(struck > 25);
  CHECK(struck < 75);
}

TEST_CASE("faults can be changed while it runs") {
  Bench bench = WithFault("*: 500");
  CHECK(bench.http().Send("GET", "users").status == 500);
  bench.sandbox().SetFaults({});
  CHECK(bench.http().Send("GET", "users").status == 200);
}

TEST_CASE("a rate limit answers 429 with Retry-After and lets through what is slow enough") {
  Options options;
  options.rate_limit = 10;
  Bench bench(options);
  CHECK(bench.http().Send("GET", "users").status == 200);
  const auto refused = bench.http().Send("GET", "users");
  CHECK(refused.status == 429);
  CHECK(refused.result() == "429");
  CHECK(refused.headers.at("retry-after") == "1");
  bench.Advance(Duration(100));
  CHECK(bench.http().Send("GET", "users").status == 200);
  CHECK(bench.sandbox().counters().throttled == 1);
}

}  // namespace
}  // namespace ucaas_sync::sandbox
