// Who may call: access keys and logins.
#include <doctest/doctest.h>

#include "daemon/model/base64.h"
#include "daemon/model/problem.h"
#include "tests/connectors/ucaas/sandbox/http.h"

namespace ucaas_sync::sandbox {
namespace {

const std::string kJson = "Content-Type: application/json";

std::vector<std::string> WithToken(const std::string& token) {
  return {kJson, "Authorization: Token " + token};
}

HttpAnswer LogIn(Bench& bench, const std::string& email, const std::string& password) {
  return bench.http().SendBare("POST", "login", R"({"email":")" + email + R"(","password":")" + password + "\"}",
                               {kJson, "X-Api-Id: id"});
}

Options WithLogin() {
  Options options;
  options.logins = {{.email = "boss@example.com", .password = "let me in"}};
  return options;
}

TEST_CASE("a missing or wrong key is 401 in the envelope, whatever the path") {
  Bench bench;
  for (const std::vector<std::string>& headers : {
           std::vector<std::string>{kJson},
           std::vector<std::string>{kJson, "Authorization: Basic " + EncodeBase64("id:wrong")},
           std::vector<std::string>{kJson, "Authorization: Basic " + EncodeBase64("id:key2")},
           std::vector<std::string>{kJson, "Authorization: Basic " + EncodeBase64("id:ke")},
           std::vector<std::string>{kJson, "Authorization: Basic !!!"},
           std::vector<std::string>{kJson, "Authorization: Bearer key"},
       }) {
    for (const char* path : {"users", "users/1", "nothing"}) {
      const auto answer = bench.http().SendBare("GET", path, "", headers);
      CHECK(answer.status == 401);
      CHECK(answer.result() == "401");
    }
  }
}

TEST_CASE("a missing or wrong content type is 400, on GET too") {
  Bench bench;
  const std::string basic = "Authorization: Basic " + EncodeBase64("id:key");
  CHECK(bench.http().SendBare("GET", "users", "", {basic}).result() == "400");
  CHECK(bench.http().SendBare("GET", "users", "", {basic, "Content-Type: text/plain"}).status == 400);
  CHECK(bench.http().SendBare("GET", "users", "", {basic, kJson + "; charset=latin1"}).status == 400);
  CHECK(bench.http().SendBare("GET", "users", "", {basic, kJson + "; charset=utf-8"}).result() == "1");
}

TEST_CASE("a login gives a token that serves until it is 15 minutes old") {
  Bench bench(WithLogin());
  const auto login = LogIn(bench, "Boss@example.com", "let me in");
  CHECK(login.result() == "1");
  CHECK(login.at("/user/email") == "Boss@example.com");
  const std::string token = login.at("/token");
  CHECK(bench.http().SendBare("POST", "users", UserBody("ada@example.com"), WithToken(token)).result() == "1");
  bench.Advance(Duration(15 * 60 * 1000 - 1));
  CHECK(bench.http().SendBare("GET", "users", "", WithToken(token)).result() == "1");
  bench.Advance(Duration(1));
  const auto late = bench.http().SendBare("GET", "users", "", WithToken(token));
  CHECK(late.status == 403);
  CHECK(late.result() == "403");
}

TEST_CASE("a token that is not known is 1001, also after a restart") {
  Bench bench(WithLogin());
  CHECK(bench.http().SendBare("GET", "users", "", WithToken("abc")).result() == "1001");
  const std::string token = LogIn(bench, "boss@example.com", "let me in").at("/token");
  bench.Restart();
  const auto answer = bench.http().SendBare("GET", "users", "", WithToken(token));
  CHECK(answer.status == 401);
  CHECK(answer.result() == "1001");
}

TEST_CASE("a login without its header is 400, with a wrong one or password 401") {
  Bench bench(WithLogin());
  const std::string body = R"({"email":"boss@example.com","password":"let me in"})";
  CHECK(bench.http().SendBare("POST", "login", body, {kJson}).result() == "400");
  CHECK(bench.http().SendBare("POST", "login", body, {kJson, "X-Api-Id: other"}).result() == "401");
  CHECK(LogIn(bench, "boss@example.com", "let me out").result() == "401");
  CHECK(LogIn(bench, "nobody@example.com", "let me in").result() == "401");
  const std::vector<std::string> headers{kJson, "X-Api-Id: id"};
  CHECK(bench.http().SendBare("POST", "login", R"({"email":"boss@example.com"})", headers).result() == "406");
  CHECK(bench.http().SendBare("POST", "login", R"({"email":1,"password":"x"})", headers).result() == "406");
}

TEST_CASE("a user may log in while active, with contacts of their own and no say over users") {
  Bench bench;
  const std::string id = bench.Create("users", UserBody("ada@example.com", R"("password":"correct horse")"));
  bench.Create("contacts", R"({"name":"Zoe","email":"zoe@example.com"})");
  const std::string token = LogIn(bench, "ada@example.com", "correct horse").at("/token");
  CHECK(bench.http().SendBare("GET", "contacts", "", WithToken(token)).at("/contacts") == "[]");
  const std::string zoe = R"({"name":"Zoe","email":"zoe@example.com"})";
  CHECK(bench.http().SendBare("POST", "contacts", zoe, WithToken(token)).result() == "1");
  CHECK(bench.sandbox().Count(Kind::kContact) == 1);
  CHECK(bench.http().SendBare("GET", "users", "", WithToken(token)).status == 403);

  CHECK(bench.http().Send("PATCH", "users/" + id, R"({"status":"S"})").result() == "1");
  CHECK(bench.http().SendBare("GET", "contacts", "", WithToken(token)).result() == "1001");
  CHECK(LogIn(bench, "ada@example.com", "correct horse").result() == "401");
}

TEST_CASE("a sandbox without a key, or on an address that others reach, does not start") {
  testing::TemporaryFolder directory;
  Options options;
  options.db = directory / "sandbox.db";
  options.access_id = "id";
  CHECK_THROWS_AS(Sandbox{options}, Failure);
  options.access_key = "key";
  options.address = "0.0.0.0";
  CHECK_THROWS_WITH_AS(Sandbox{options}, doctest::Contains("loopback addresses only"), Failure);
  options.address = "nowhere";
  CHECK_THROWS_WITH_AS(Sandbox{options}, doctest::Contains("not an address"), Failure);
  options.address = "127.0.0.1";
  const Sandbox first(options);
  options.port = first.port();
  CHECK_THROWS_WITH_AS(Sandbox{options}, doctest::Contains("choose another"), Failure);
}

}  // namespace
}  // namespace ucaas_sync::sandbox
