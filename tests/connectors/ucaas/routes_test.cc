// Where calls go, and which ways of the configuration are refused.
#include "connectors/ucaas/routes.h"

#include <doctest/doctest.h>

namespace ucaas_sync::ucaas {
namespace {

config::Text At(std::uint64_t line, std::string value) {
  return {.value = std::move(value), .at = {.file = "config.yaml", .line = line, .column = 5}};
}

std::vector<Problem> ProblemsOf(std::vector<std::pair<config::Text, config::Text>> routes) {
  config::TargetConfig target;
  target.routes = std::move(routes);
  config::Diagnostics diagnostics;
  static_cast<void>(Routes::From(target, diagnostics));
  return diagnostics.errors();
}

TEST_CASE("the built-in routes are the documented ones") {
  const Routes routes = Routes::BuiltIn();
  CHECK(routes.Login() == "login");
  CHECK(routes.Collection(Kind::kUser) == "users");
  CHECK(routes.Collection(Kind::kGroup) == "groups");
  CHECK(routes.Collection(Kind::kContact) == "contacts");
  CHECK(routes.Object(Kind::kUser, "70012") == "users/70012");
}

TEST_CASE("an id cannot leave its path segment") {
  const Routes routes = Routes::BuiltIn();
  CHECK(routes.Object(Kind::kUser, "../groups/1?x#y") == "users/..%2Fgroups%2F1%3Fx%23y");
  CHECK(routes.Object(Kind::kUser, "..") == "users/%2E%2E");
  CHECK(routes.Object(Kind::kUser, ".") == "users/%2E");
  CHECK(routes.Object(Kind::kUser, "a b\r\n%00\xC3\xBC") == "users/a%20b%0D%0A%2500%C3%BC");
}

TEST_CASE("everything but unreserved characters is encoded") {
  CHECK(PercentEncode("AZaz09-._~") == "AZaz09-._~");
  CHECK(PercentEncode("o'hara+x@example.com") == "o%27hara%2Bx%40example.com");
  CHECK(PercentEncode(std::string_view("\0\x7F\xFF", 3)) == "%00%7F%FF");
  CHECK(PercentEncode("").empty());
}

TEST_CASE("a route of the configuration replaces the built-in one and leaves the others") {
  config::TargetConfig target;
  target.routes = {{At(1, "groups"), At(1, "contacts/groups")}};
  config::Diagnostics diagnostics;
  const Routes routes = Routes::From(target, diagnostics);
  CHECK(diagnostics.ok());
  CHECK(routes.Collection(Kind::kGroup) == "contacts/groups");
  CHECK(routes.Object(Kind::kGroup, "g1") == "contacts/groups/g1");
  CHECK(routes.Collection(Kind::kContact) == "contacts");
}

TEST_CASE("two routes may swap their paths, but not share one") {
  CHECK(ProblemsOf({{At(1, "users"), At(1, "contacts")}, {At(2, "contacts"), At(2, "users")}}).empty());
  const auto problems = ProblemsOf({{At(3, "users"), At(3, "contacts")}});
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].ToString() ==
        "config.yaml:3:5: the routes users and contacts lead to the same path; give each its own");
}

TEST_CASE("a route that nobody takes names the nearest") {
  const auto problems = ProblemsOf({{At(4, "user"), At(4, "people")}});
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].ToString() == "config.yaml:4:5: there is no route \"user\"; write users");
}

TEST_CASE("a path that is empty, absolute or leaves the base URL is reported at its place") {
  struct Case {
    const char* path;
    const char* what;
  };
  const Case cases[] = {
      {"", "the path is empty"},
      {"/users", "the path begins with a slash, but it continues target.base_url"},
      {"users/", "the path ends with a slash"},
      {"https://other.example/users", "a route cannot lead to another address"},
      {"../users", "the path leaves target.base_url"},
      {"a/%2e%2E/users", "the path leaves target.base_url"},
      {"a//b", "the path has an empty segment"},
      {"users?x=1", "a route is a path, without a query or fragment"},
      {"users#x", "a route is a path, without a query or fragment"},
      {"us ers", "a path cannot have the character   here"},
      {"users%zz", "a path cannot have the character % here"},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(c.path));
    const auto problems = ProblemsOf({{At(5, "users"), At(5, c.path)}});
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].what == c.what);
    CHECK(problems[0].at.line == 5);
    CHECK_FALSE(problems[0].remedy.empty());
  }
  CHECK(ProblemsOf({{At(5, "users"), At(5, "us ers")}})[0].at.column == 7);
}

}  // namespace
}  // namespace ucaas_sync::ucaas
