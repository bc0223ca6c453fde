// The checked view of JSON that others wrote, and the bodies that we write.
#include <doctest/doctest.h>

#include <stdexcept>

#include "connectors/ucaas/json_body.h"
#include "connectors/ucaas/json_view.h"

namespace ucaas_sync::ucaas {
namespace {

TEST_CASE("members are found by name, of repeated ones the last, and nothing is found elsewhere") {
  const auto document = JsonDocument::Parse(R"({"a":{"x":1,"y":[1,2]},"b":"t","a2":null,"b":"u"})");
  REQUIRE(document);
  const JsonView root = document->root();
  CHECK(root.size() == 4);
  CHECK(root.FindText("b") == "u");
  CHECK(root.Find("a")->FindText("x") == "1");
  CHECK(root.Find("a")->Find("y")->IsArray());
  CHECK(root.Find("a2")->IsNull());
  CHECK_FALSE(root.Find("x"));
  CHECK_FALSE(root.Find("b")->Find("b"));
  CHECK_FALSE(root.FindText("a"));
  CHECK_FALSE(root.FindText("a2"));
}

TEST_CASE("a name inside a value is not a member") {
  const auto document = JsonDocument::Parse(R"({"a":"result","b":["result",{"result":5}]})");
  REQUIRE(document);
  CHECK_FALSE(document->root().Find("result"));
}

TEST_CASE("elements are visited in order, also those with children") {
  const auto document = JsonDocument::Parse(R"([1,[2,3],{"k":[4]},"five",[]])");
  REQUIRE(document);
  std::string seen;
  document->root().ForEach([&seen](const JsonView& element) {
    seen += element.Text().value_or(element.IsArray() ? "array" : "object");
    seen += std::to_string(element.size()) + ' ';
  });
  CHECK(seen == "10 array2 object1 five0 array0 ");
  document->root().ForEach([](const JsonView& element) { element.ForEach([](const JsonView&) {}); });
}

TEST_CASE("numbers keep every digit") {
  for (const char* number :
       {"9007199254740993", "18446744073709551616", "123456789012345678901234567890", "-0", "1.50", "1e5", "0.1"}) {
    const auto document = JsonDocument::Parse(std::string(R"({"id":)") + number + "}");
    REQUIRE(document);
    CHECK(document->root().FindText("id") == number);
  }
}

TEST_CASE("yes and no in any dress") {
  const auto document =
      JsonDocument::Parse(R"([true,"true","TRUE",1,"1","yes",false,"false",0,"0","no","",2,null,[]])");
  REQUIRE(document);
  std::string seen;
  document->root().ForEach([&seen](const JsonView& element) {
    const auto boolean = element.Boolean();
    seen += boolean ? (*boolean ? 'y' : 'n') : '-';
  });
  CHECK(seen == "yyyyyynnnnn----");
}

TEST_CASE("text may hold a NUL byte and any script") {
  const auto document = JsonDocument::Parse("{\"a\":\"x\\u0000y\",\"b\":\"\\u00fc\\ud83d\\ude00\"}");
  REQUIRE(document);
  CHECK(document->root().FindText("a") == std::string_view("x\0y", 3));
  CHECK(document->root().FindText("b") == "\xC3\xBC\xF0\x9F\x98\x80");
}

TEST_CASE("what is not JSON is not a document") {
  for (const std::string text : {"", " ", "{", "{}x", "{\"a\":1,}", "nul", "{\"a\" 1}", "'a'", "{\"a\":\"\xFF\"}",
                                 "{\"a\":\"\\ud800\"}", "[1 2]", "01", "<html>", "\"a\nb\""}) {
    CAPTURE(text);
    CHECK_FALSE(JsonDocument::Parse(text));
  }
  CHECK(JsonDocument::Parse(" [ ] \r\n"));
  CHECK(JsonDocument::Parse("\xEF\xBB\xBF{}"));
  CHECK(JsonDocument::Parse("7")->root().Text() == "7");
}

TEST_CASE("nothing hides behind a NUL byte") {
  CHECK_FALSE(JsonDocument::Parse(std::string_view("{}\0x", 4)));
  CHECK_FALSE(JsonDocument::Parse(std::string_view("{}\0", 3)));
  CHECK_FALSE(JsonDocument::Parse(std::string_view("\0{}", 3)));
}

TEST_CASE("nesting is limited, however deep the sender goes") {
  CHECK(JsonDocument::Parse(std::string(64, '[') + std::string(64, ']')));
  CHECK_FALSE(JsonDocument::Parse(std::string(65, '[') + std::string(65, ']')));
  CHECK_FALSE(JsonDocument::Parse(std::string(5'000'000, '[')));
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  CHECK_FALSE(JsonDocument::Parse(objects));
}

TEST_CASE("a document can be moved and its views made anew") {
  auto first = JsonDocument::Parse(R"({"short":"x"})");
  const std::optional<JsonDocument> second = std::move(first);
  CHECK(second->root().FindText("short") == "x");
}

TEST_CASE("a body has text, booleans and lists, escaped and in order") {
  JsonBody body;
  body.AddText("name", "A \"quoted\" \\ name\n\xC3\xBC");
  body.AddText("empty", {});
  body.AddBoolean("shared", true);
  body.AddBoolean("send", false);
  const std::vector<std::string> ids{"g1", "70012"};
  body.AddList("group_ids", ids);
  body.AddList("none", {});
  CHECK(body.Take() ==
        "{\"name\":\"A \\\"quoted\\\" \\\\ name\\n\xC3\xBC\",\"empty\":\"\",\"shared\":true,\"send\":false,"
        "\"group_ids\":[\"g1\",\"70012\"],\"none\":[]}");
  CHECK(JsonBody().Take() == "{}");
}

TEST_CASE("a body takes no bytes that are not UTF-8") {
  JsonBody body;
  CHECK_THROWS_AS(body.AddText("name", "\xFF"), std::invalid_argument);
}

}  // namespace
}  // namespace ucaas_sync::ucaas
