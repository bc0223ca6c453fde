// What a reply's body says, in every dress that the API and those in front of it are known to wear.
#include "connectors/ucaas/envelope.h"

#include <doctest/doctest.h>

#include <string>

namespace ucaas_sync::ucaas {
namespace {

TEST_CASE("result is read as text, number or decimal, with spaces around it") {
  struct Case {
    const char* body;
    const char* result;
  };
  const Case cases[] = {
      {R"({"result":1})", "1"},         {R"({"result":"1"})", "1"},     {R"({"result":1.0})", "1"},
      {R"({"result":" 1 "})", "1"},     {R"({"result":"1.00"})", "1"},  {R"({"result":"01"})", "1"},
      {R"({"result":"1504"})", "1504"}, {R"({"result":0})", "0"},       {R"({"result":"0.0"})", "0"},
      {R"({"result":-1})", "-1"},       {R"({"result":1.5})", "1.5"},   {R"({"result":"OK"})", "OK"},
      {R"({"result":10})", "10"},       {R"({"result":true})", "true"}, {R"({"result":"no. 0"})", "no. 0"},
      {R"({"result":"no ."})", "no ."}, {R"({"result":"+1"})", "1"}};
  for (const Case& c : cases) {
    CAPTURE(std::string(c.body));
    const Envelope envelope = Envelope::Read(c.body);
    CHECK(envelope.result() == c.result);
    CHECK(envelope.is_envelope());
  }
}

TEST_CASE("a body without a usable result is no envelope") {
  for (const char* body : {"", "   ", "OK", "null", "[]", R"([{"result":1}])", R"({"result":null})", R"({"result":""})",
                           R"({"result":{}})", R"({"results":1})", R"({"result":1)", "<html>{\"result\":1}</html>",
                           R"({"status":"ok"})"}) {
    CAPTURE(std::string(body));
    const Envelope envelope = Envelope::Read(body);
    CHECK_FALSE(envelope.is_envelope());
    CHECK_FALSE(envelope.result());
  }
}

TEST_CASE("the message is msg and desc in one line, whatever is in them") {
  CHECK(Envelope::Read(R"({"result":1504,"msg":"Duplicate","desc":"E-mail is taken."})").message() ==
        "Duplicate: E-mail is taken.");
  CHECK(Envelope::Read(R"({"result":1,"error":"Synonym of msg"})").message() == "Synonym of msg");
  CHECK(Envelope::Read(R"({"result":1,"msg":"same","desc":"same"})").message() == "same");
  CHECK(Envelope::Read(R"({"result":1,"msg":" ","desc":"only"})").message() == "only");
  CHECK(Envelope::Read(R"({"result":1})").message().empty());
  CHECK(Envelope::Read("{\"result\":1,\"msg\":\"a\\r\\n\\tb  c\\u001b[31m\"}").message() == "a b c\\x1b[31m");
  CHECK(Envelope::Read(R"({"result":1,"msg":")" + std::string(100'000, 'x') + "\"}").message().size() < 500);
}

TEST_CASE("the platform's other envelope is one too") {
  const Envelope envelope =
      Envelope::Read(R"({"status":"error","error_code":"RATE_LIMITED","message":"Slow down","request_id":"req-17"})");
  CHECK(envelope.is_envelope());
  CHECK_FALSE(envelope.result());
  CHECK(envelope.error_code() == "RATE_LIMITED");
  CHECK(envelope.message() == "Slow down");
  CHECK(envelope.request_id() == "req-17");
}

TEST_CASE("a web page is known for one") {
  CHECK(Envelope::Read("\n  <!DOCTYPE html><html>").is_html());
  CHECK(Envelope::Read("\xEF\xBB\xBF<html>").is_html());
  CHECK_FALSE(Envelope::Read(R"({"msg":"<b>"})").is_html());
  CHECK(Excerpt("<html><head><title>502 Bad Gateway</title><style>b{}</style></head>\n<body><script>x<y</script>"
                "<h1>502</h1>\x1B nginx</body>") == "502 Bad Gateway 502 \\x1b nginx");
  CHECK(Excerpt("1 > 0, <b>says</b> the proxy") == "1 > 0, says the proxy");
  CHECK(Excerpt(std::string(100'000, 'x')).size() < 1'000);
}

TEST_CASE("an object is found under its name, under data, and in an array of one") {
  for (const char* body :
       {R"({"result":1,"user":{"user_id":7}})", R"({"result":1,"data":{"user_id":7}})",
        R"({"result":1,"user":[{"user_id":7}]})", R"({"result":1,"data":[{"user_id":7}]})",
        R"({"result":1,"data":{"user":{"user_id":7}}})", R"({"result":1,"data":{"user_id":8},"user":{"user_id":7}})"}) {
    CAPTURE(std::string(body));
    const Envelope envelope = Envelope::Read(body);
    const auto object = envelope.Object("user");
    REQUIRE(object);
    CHECK(object->FindText("user_id") == "7");
  }
  for (const char* body : {R"({"result":1})", R"({"result":1,"user":[]})", R"({"result":1,"user":"x"})",
                           R"({"result":1,"user":[{"user_id":7},{"user_id":8}]})", "[]", ""}) {
    CAPTURE(std::string(body));
    const Envelope envelope = Envelope::Read(body);
    CHECK_FALSE(envelope.Object("user"));
  }
}

TEST_CASE("a list is an array, null and {} are an empty one, nothing else is a list") {
  const auto size_of = [](const char* body) -> std::optional<std::size_t> {
    const Envelope envelope = Envelope::Read(body);
    const auto list = envelope.List("users");
    return list ? std::optional(list->size()) : std::nullopt;
  };
  CHECK(size_of(R"({"result":1,"users":[{},{}]})") == 2);
  CHECK(size_of(R"({"result":1,"data":[{}]})") == 1);
  CHECK(size_of(R"({"result":1,"data":{"users":[{}]}})") == 1);
  CHECK(size_of(R"({"result":1,"users":[]})") == 0);
  CHECK(size_of(R"({"result":1,"users":null})") == 0);
  CHECK(size_of(R"({"result":1,"users":{}})") == 0);
  CHECK(size_of(R"({"result":1})") == std::nullopt);
  CHECK(size_of(R"({"result":1,"users":"none"})") == std::nullopt);
  CHECK(size_of(R"({"result":1,"users":{"user_id":7}})") == std::nullopt);
}

TEST_CASE("the page length that the target used is read from its echo") {
  CHECK(Envelope::Read(R"({"result":1,"search":{"page_length":"10"}})").PageLength() == 10);
  CHECK(Envelope::Read(R"({"result":1,"search":{"page_length":25}})").PageLength() == 25);
  CHECK(Envelope::Read(R"({"result":1,"search":[]})").PageLength() == std::nullopt);
  CHECK(Envelope::Read(R"({"result":1})").PageLength() == std::nullopt);
  CHECK(Envelope::Read("Bad Gateway").PageLength() == std::nullopt);
}

}  // namespace
}  // namespace ucaas_sync::ucaas
