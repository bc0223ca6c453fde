// Login authentication: when a token is fetched, how often, and what happens when there is none.
#include "connectors/ucaas/token_transport.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "connectors/ucaas/client.h"
#include "tests/connectors/ucaas/fake_transport.h"
#include "tests/support/fake_clock.h"

namespace ucaas_sync::ucaas {
namespace {

constexpr const char* kToken1 = R"({"result":1,"token":"t-one","user":{"email":"boss@example.com"}})";
constexpr const char* kToken2 = R"({"result":1,"token":"t-two"})";
constexpr const char* kDone = R"({"result":1,"user":{"user_id":"7","name":"Ada"}})";

struct Fixture {
  FakeTransport inner;
  testing::FakeClock clock;
  TokenTransport tokens{inner, clock, Credentials(), "sessions/login", Codes::BuiltIn()};

  static config::LoginCredentials Credentials() {
    config::LoginCredentials credentials;
    credentials.api_id.value = "APP-1";
    credentials.email.value = "boss@example.com";
    credentials.password = config::Secret("let me in");
    return credentials;
  }
  ExchangeId Get(const std::string& path) {
    return tokens.Start({.method = "GET", .path = path, .headers = {}, .body = {}});
  }
  std::vector<HttpReply> Replies() {
    std::vector<HttpReply> all;
    for (int turn = 0; turn < 8; ++turn) {
      for (HttpReply& reply : tokens.Wait(clock.Ticks())) all.push_back(std::move(reply));
    }
    return all;
  }
  /// What the client makes of the replies to a call about one user.
  std::vector<CallResult> ResultsOfOneCall() {
    Client client(tokens, Routes::BuiltIn(), Codes::BuiltIn(), 100);
    Call call;
    call.remote_id = "7";
    client.Start(call);
    std::vector<CallResult> results;
    for (int turn = 0; turn < 8; ++turn) {
      for (CallResult& result : client.Wait(clock.Ticks())) results.push_back(std::move(result));
    }
    return results;
  }
  std::string Authorization(std::size_t request) const {
    for (const auto& [name, value] : inner.requests.at(request).headers) {
      if (name == "Authorization") return value;
    }
    return {};
  }
  std::size_t Logins() const {
    return static_cast<std::size_t>(
        std::count_if(inner.requests.begin(), inner.requests.end(),
                      [](const HttpRequest& request) { return request.path == "sessions/login"; }));
  }
};

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("each login is told of with its status and result, so that it can be counted") {
  Fixture f;
  std::vector<std::string> told;
  f.tokens.OnEachLogin([&told](const HttpReply& reply, std::string_view result) {
    told.push_back(std::to_string(reply.status) + ' ' + std::string(result));
  });
  f.inner.WillAnswer(503, R"({"result":1001,"msg":"later"})");
  f.Get("users/7");
  f.Replies();
  f.inner.WillAnswer(200, kToken1);
  f.inner.WillAnswer(200, kDone);
  f.Get("users/7");
  f.Replies();
  REQUIRE(told.size() == 2);
  CHECK(told[0] == "503 1001");
  CHECK(told[1].starts_with("200 "));
}

TEST_CASE("the first requests wait for one login, and carry its token") {
  Fixture f;
  f.inner.WillAnswer(200, kToken1);
  f.inner.WillAnswer(200, kDone);
  f.inner.WillAnswer(200, kDone);
  const ExchangeId first = f.Get("users/7");
  const ExchangeId second = f.Get("users/8");
  CHECK(f.tokens.InFlight() == 2);
  const auto replies = f.Replies();
  REQUIRE(replies.size() == 2);
  CHECK(replies[0].id == first);
  CHECK(replies[1].id == second);
  CHECK(f.Logins() == 1);
  const HttpRequest& login = f.inner.requests.at(0);
  CHECK(login.method == "POST");
  CHECK(login.path == "sessions/login");
  CHECK(login.headers == std::vector<std::pair<std::string, std::string>>{{"X-Api-Id", "APP-1"}});
  CHECK(login.body == R"({"email":"boss@example.com","password":"let me in"})");
  CHECK(f.Authorization(1) == "Token t-one");
  CHECK(f.Authorization(2) == "Token t-one");
  CHECK(f.tokens.InFlight() == 0);
}

TEST_CASE("a token is renewed before its 15 minutes are over, and not long before") {
  Fixture f;
  f.inner.WillAnswer(200, kToken1);
  f.inner.WillAnswer(200, kDone);
  f.Get("users/7");
  f.Replies();
  f.clock.Advance(std::chrono::minutes(13));
  f.inner.WillAnswer(200, kDone);
  f.Get("users/7");
  f.Replies();
  CHECK(f.Logins() == 1);
  f.clock.Advance(std::chrono::seconds(61));
  f.inner.WillAnswer(200, kToken2);
  f.inner.WillAnswer(200, kDone);
  f.Get("users/7");
  CHECK(f.Replies().size() == 1);
  CHECK(f.Logins() == 2);
  CHECK(f.Authorization(4) == "Token t-two");
}

TEST_CASE("a token that is not taken any more is renewed once for all, and each request is sent again once") {
  const std::pair<int, const char*> refusals[] = {
      {401, R"({"result":401,"msg":"Unauthorized"})"}, {403, R"({"result":"403"})"}, {200, R"({"result":1001})"}};
  for (const auto& [status, body] : refusals) {
    const auto& this_status = status;
    CAPTURE(this_status);
    Fixture f;
    f.inner.WillAnswer(200, kToken1);
    f.inner.WillAnswer(status, body);
    f.inner.WillAnswer(status, body);
    f.inner.WillAnswer(200, kToken2);
    f.inner.WillAnswer(200, kDone);
    f.inner.WillAnswer(200, kDone);
    f.Get("users/7");
    f.Get("users/8");
    const auto replies = f.Replies();
    REQUIRE(replies.size() == 2);
    CHECK(replies[0].body == kDone);
    CHECK(replies[1].body == kDone);
    CHECK(f.Logins() == 2);
    CHECK(f.inner.requests.size() == 6);
    CHECK(f.Authorization(5) == "Token t-two");
  }
}

TEST_CASE("a request that is refused with a new token too is denied, and not sent a third time") {
  Fixture f;
  f.inner.WillAnswer(200, kToken1);
  f.inner.WillAnswer(403, R"({"result":403,"msg":"Not for t-two or you"})");
  f.inner.WillAnswer(200, kToken2);
  f.inner.WillAnswer(403, R"({"result":403,"msg":"Not for t-two or you"})");
  const std::vector<CallResult> results = f.ResultsOfOneCall();
  REQUIRE(results.size() == 1);
  CHECK(results[0].verdict == Verdict::kDenied);
  CHECK(results[0].message == "Not for [secret] or you");
  CHECK(f.inner.requests.size() == 4);
}

TEST_CASE("where the target takes a token no more and asks to wait, nobody logs in or sends again before that") {
  Fixture f;
  f.inner.WillAnswer(200, kToken1);
  f.inner.WillAnswer(401, R"({"result":401,"msg":"Unauthorized"})");
  f.inner.replies.back().retry_after = "30";
  f.Get("users/7");
  auto replies = f.Replies();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].outcome == TransportOutcome::kNotConnected);
  CHECK(replies[0].retry_after == "30");
  CHECK(f.inner.requests.size() == 2);
  f.inner.WillAnswer(200, kToken2);
  f.inner.WillAnswer(200, kDone);
  f.Get("users/7");
  replies = f.Replies();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].body == kDone);
  CHECK(f.Authorization(3) == "Token t-two");
}

TEST_CASE(
    "whoever is refused with a new token too, however often the target asks to wait, is refused and not put off") {
  Fixture f;
  f.inner.WillAnswer(200, kToken1);
  f.inner.WillAnswer(403, R"({"result":403})");
  f.inner.replies.back().retry_after = "5";
  f.Get("users/7");
  REQUIRE(f.Replies().size() == 1);
  f.inner.WillAnswer(200, kToken2);
  f.inner.WillAnswer(403, R"({"result":403})");
  f.inner.replies.back().retry_after = "5";
  f.Get("users/7");
  const auto replies = f.Replies();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].outcome == TransportOutcome::kReply);
  CHECK(replies[0].status == 403);
}

TEST_CASE("a Retry-After that says nothing keeps nobody from a new token") {
  Fixture f;
  f.inner.WillAnswer(200, kToken1);
  f.inner.WillAnswer(401, R"({"result":401})");
  f.inner.replies.back().retry_after = "soon";
  f.inner.WillAnswer(200, kToken2);
  f.inner.WillAnswer(200, kDone);
  f.Get("users/7");
  const auto replies = f.Replies();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].body == kDone);
}

TEST_CASE("a request that was sent again with a new token tells of the first time too, without the token") {
  Fixture f;
  f.inner.WillAnswer(200, kToken1);
  f.inner.WillAnswer(403, R"({"result":403,"msg":"t\u002done is too old","request_id":"req-7"})");
  f.inner.WillAnswer(200, kToken2);
  f.inner.WillAnswer(200, kDone);
  const std::vector<CallResult> results = f.ResultsOfOneCall();
  REQUIRE(results.size() == 1);
  CHECK(results[0].verdict == Verdict::kOk);
  REQUIRE(results[0].attempts.size() == 1);
  CHECK(results[0].attempts[0].verdict == "relogin");
  CHECK(results[0].attempts[0].http_status == 403);
  CHECK(results[0].attempts[0].request_id == "req-7");
  CHECK(results[0].attempts[0].message == "[secret] is too old");
}

TEST_CASE("a login that is refused ends what waited for it as denied, says why, and shows no password") {
  const std::pair<int, const char*> refusals[] = {{401, R"({"result":401,"msg":"let me in is no password"})"},
                                                  {200, R"({"result":0})"},
                                                  {406, R"({"result":406})"},
                                                  {404, ""},
                                                  {200, R"({"result":1})"},
                                                  {200, R"({"result":1,"token":"two\r\nlines"})"}};
  for (const auto& [status, body] : refusals) {
    const auto& this_body = body;
    CAPTURE(std::string(this_body));
    Fixture f;
    f.inner.WillAnswer(status, body);
    f.Get("users/7");
    f.Get("users/8");
    const auto replies = f.Replies();
    REQUIRE(replies.size() == 2);
    for (const HttpReply& reply : replies) {
      CHECK(reply.outcome == TransportOutcome::kNotLoggedIn);
      CHECK(Has(reply.error, "target.login"));
      CHECK_FALSE(Has(reply.error, "let me in"));
    }
    CHECK(f.inner.requests.size() == 1);
  }
}

TEST_CASE("a password or token that is part of what stands for it is hidden all the same") {
  for (const char* password : {"secret", "[secret]", "e"}) {
    const std::string this_password = password;
    CAPTURE(this_password);
    auto credentials = Fixture::Credentials();
    credentials.password = config::Secret(this_password);
    FakeTransport inner;
    testing::FakeClock clock;
    TokenTransport tokens{inner, clock, credentials, "sessions/login", Codes::BuiltIn()};
    inner.WillAnswer(401, R"({"result":401,"desc":"wrong: )" + this_password + R"("})");
    tokens.Start({.method = "GET", .path = "users/7", .headers = {}, .body = {}});
    std::vector<HttpReply> replies = tokens.Wait(clock.Ticks());
    for (HttpReply& reply : tokens.Wait(clock.Ticks())) replies.push_back(std::move(reply));
    REQUIRE(replies.size() == 1);
    CHECK(replies[0].outcome == TransportOutcome::kNotLoggedIn);
    CHECK(Has(replies[0].error, ": [secret]"));
  }
  Fixture f;
  f.inner.WillAnswer(200, R"({"result":1,"token":"secret"})");
  f.inner.WillAnswer(200, R"({"result":406,"msg":"secret is not for you"})");
  f.Get("users/7");
  const auto replies = f.Replies();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].body == R"({"result":406,"msg":"[secret] is not for you"})");
}

TEST_CASE("an empty password hides nothing of why a login failed") {
  auto credentials = Fixture::Credentials();
  credentials.password = config::Secret(std::string());
  FakeTransport inner;
  testing::FakeClock clock;
  TokenTransport tokens{inner, clock, credentials, "sessions/login", Codes::BuiltIn()};
  inner.WillAnswer(401, R"({"result":401,"desc":"wrong e-mail"})");
  tokens.Start({.method = "GET", .path = "users/7", .headers = {}, .body = {}});
  std::vector<HttpReply> replies = tokens.Wait(clock.Ticks());
  for (HttpReply& reply : tokens.Wait(clock.Ticks())) replies.push_back(std::move(reply));
  REQUIRE(replies.size() == 1);
  CHECK(Has(replies[0].error, "wrong e-mail"));
  CHECK_FALSE(Has(replies[0].error, "[secret]"));
}

TEST_CASE("a login that fails for the moment ends what waited as never sent, and the next request tries again") {
  Fixture f;
  HttpReply busy;
  busy.status = 503;
  busy.body = "<html>busy</html>";
  busy.retry_after = "7";
  f.inner.replies.push_back(busy);
  f.Get("users/7");
  auto replies = f.Replies();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].outcome == TransportOutcome::kNotConnected);
  CHECK(replies[0].retry_after == "7");
  CHECK(Has(replies[0].error, "HTTP 503"));
  f.inner.WillFail(TransportOutcome::kTimeout, "no reply in time");
  f.Get("users/7");
  replies = f.Replies();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].outcome == TransportOutcome::kNotConnected);
  f.inner.WillFail(TransportOutcome::kTls, "no trusted TLS connection");
  f.Get("users/7");
  replies = f.Replies();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].outcome == TransportOutcome::kTls);
  CHECK(replies[0].error == "no trusted TLS connection");
  f.inner.WillAnswer(200, R"({"result":"1","data":{"token":"t-one"}})");
  f.inner.WillAnswer(200, kDone);
  f.Get("users/7");
  replies = f.Replies();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].body == kDone);
  CHECK(f.Logins() == 4);
}

TEST_CASE("a login that the API did not answer ends what waited as never sent, and not as refused") {
  const std::pair<int, const char*> replies[] = {
      {200, ""},
      {200, "<html>One moment, please</html>"},
      {200, R"({"result":1,"token":"t-o)"},
      {200, R"({"status":"error","error_code":"RATE_LIMITED"})"},
      {429, ""},
      {500, R"({"status":"error","error_code":"INTERNAL"})"},
      {302, ""},
      {404, "<html>no such page</html>"},
  };
  for (const auto& [status, body] : replies) {
    const auto& this_status = status;
    CAPTURE(this_status);
    const auto& this_body = body;
    CAPTURE(std::string(this_body));
    Fixture f;
    f.inner.WillAnswer(status, body);
    f.Get("users/7");
    const auto failed = f.Replies();
    REQUIRE(failed.size() == 1);
    CHECK(failed[0].outcome == TransportOutcome::kNotConnected);
    CHECK_MESSAGE(!Has(failed[0].error, "t-o"), "part of a token");
    const bool is_paced = status == 429 || Has(body, "RATE_LIMITED");
    CHECK(failed[0].status == (is_paced ? 429 : 0));
    f.inner.WillAnswer(200, kToken1);
    f.inner.WillAnswer(200, kDone);
    f.Get("users/7");
    CHECK(f.Replies().size() == 1);
  }
}

TEST_CASE("a login that is moved for good says so, and that it is not followed") {
  Fixture f;
  f.inner.WillAnswer(308, "");
  f.Get("users/7");
  const auto replies = f.Replies();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].outcome == TransportOutcome::kNotLoggedIn);
  CHECK(Has(replies[0].error, "HTTP 308"));
  CHECK(Has(replies[0].error, "target.base_url"));
}

}  // namespace ucaas_sync::ucaas
