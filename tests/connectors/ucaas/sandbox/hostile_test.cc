// Input from somebody who means ill: it gets a refusal, and the next request gets its answer.
#include <curl/curl.h>
#include <doctest/doctest.h>

#include "tests/connectors/ucaas/sandbox/http.h"

namespace ucaas_sync::sandbox {
namespace {

TEST_CASE("a path that leads elsewhere leads nowhere") {
  Bench bench;
  bench.Create("users", UserBody("ada@example.com"));
  for (const char* path : {"users/",
                           "users//",
                           "users/70001/",
                           "users/../users",
                           "users/..",
                           "users/%2e%2e",
                           "users/70001%2F",
                           "users/%2F",
                           "users/070001",
                           "users/+70001",
                           "users/-1",
                           "users/7e4",
                           "users/70001%20",
                           "users/0",
                           "users/99999999999999999999",
                           "users/DROP",
                           "Users",
                           "contacts/ABCDEF",
                           "groups/0123456789abcdef01234567",
                           "/ucaas/v2/users",
                           "/ucaas/v1",
                           "/",
                           "/users",
                           "users%00",
                           "users;x=1"}) {
    INFO(path);
    const auto answer = bench.http().Send("GET", path);
    CHECK(answer.status == 404);
    CHECK(answer.result() == "404");
  }
  for (const char* path : {"users/%00", "users/70001%00", "users/%", "users/%4", "users/%zz", "users/%ff"}) {
    INFO(path);
    CHECK(bench.http().Send("GET", path).status == 400);
  }
  const auto endless = bench.http().Send("GET", "users/" + std::string(100'000, '7'));
  CHECK((endless.status == 414 || endless.status == 431 || endless.error != CURLE_OK));
  CHECK(bench.http().Send("GET", "users/" + std::string(5'000, '7')).status == 404);
  CHECK(bench.http().Send("GET", "users").at("/users/0/email") == "ada@example.com");
}

TEST_CASE("a body that is no JSON object is 1002") {
  Bench bench;
  for (const std::string& body :
       {std::string(), std::string("{"), std::string("[]"), std::string("null"), std::string("\"a\""),
        std::string("{}{}"), std::string("{'a':1}"), std::string("{\"a\":1,}"), std::string("{\"a\":\"\xff\"}"),
        std::string("{\"first_name\":\"\\ud800\"}"), std::string("{\"first_name\":\"\\udc00\"}"),
        std::string("\xEF\xBB\xBF{}"), std::string("{}\0{}", 5), std::string(100'000, '['),
        "{\"a\":" + std::string(100'000, '{'), std::string("{\"a\":NaN}"), std::string("/**/{}")}) {
    INFO(body.substr(0, 40));
    CHECK(bench.http().Send("POST", "users", body).result() == "1002");
  }
  std::string many = "{\"x\":1";
  for (int i = 0; i < 10'000; ++i) many += ",\"x" + std::to_string(i) + "\":1";
  CHECK(bench.http().Send("POST", "users", many + "}").result() == "1002");
  CHECK(bench.sandbox().counters().internal_errors == 0);
}

TEST_CASE("a GET or DELETE with a body is 1002") {
  Bench bench;
  CHECK(bench.http().Send("GET", "users", "{}").result() == "1002");
  CHECK(bench.http().Send("DELETE", "users/70001", "{}").result() == "1002");
}

TEST_CASE("a body beyond 1 MiB is 413 and one without an end is cut off") {
  Bench bench;
  const std::string filler(1 << 20, ' ');
  const auto large = bench.http().Send("POST", "users", UserBody("ada@example.com") + filler);
  CHECK(large.status == 413);
  CHECK(large.result() == "413");
  CHECK(bench.sandbox().Count(Kind::kUser) == 0);
  const auto endless = bench.http().Send("POST", "users", std::string(20U << 20U, ' '));
  CHECK((endless.error != CURLE_OK || endless.status == 413));
  const std::string body = UserBody("ada@example.com");
  CHECK(bench.http().Send("POST", "users", body + filler.substr(body.size())).result() == "1");
}

TEST_CASE("headers without measure are refused, and a name without sense too") {
  Bench bench;
  std::vector<std::string> headers;
  for (int i = 0; i < 2'000; ++i) headers.push_back("X-" + std::to_string(i) + ": " + std::string(100, 'x'));
  const auto answer = bench.http().Send("GET", "users", "", headers);
  CHECK((answer.status == 431 || answer.status == 413 || answer.error != CURLE_OK));
  CHECK(bench.http()
            .Send("POST", "users", UserBody("a@example.com"), {"Idempotency-Key: " + std::string(300, 'k')})
            .result() == "400");
  CHECK(bench.http().Send("GET", "users").result() == "1");
}

TEST_CASE("names from every script, markup and control characters come back as they went in") {
  Bench bench;
  for (const char* name :
       {"Zoë Ångström", "李小龍", "محمد", "<script>alert(1)</script>", "Robert'); DROP TABLE users;--",
        "a\\tb\\nc\\u0001d", "e\xCC\x81", "\xF0\x9F\x98\x80", "%0d%0aX: y", "..\\\\..\\/etc", "\\\"quoted\\\""}) {
    INFO(name);
    const std::string email = "u" + std::to_string(bench.sandbox().counters().requests) + "@example.com";
    const std::string id =
        bench.Create("contacts", R"({"name":")" + std::string(name) + R"(","email":")" + email + "\"}");
    HttpAnswer sent;
    sent.body = R"({"name":")" + std::string(name) + "\"}";
    CHECK(bench.http().Send("GET", "contacts/" + id).at("/contact/name") == sent.at("/name"));
  }
}

}  // namespace
}  // namespace ucaas_sync::sandbox
