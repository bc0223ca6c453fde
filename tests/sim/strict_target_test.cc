// What the simulation holds against the program, and what it must not.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/sim/strict_target.h"
#include "tests/support/fake_clock.h"

namespace ucaas_sync::sim {
namespace {

const HttpRequest kCreate{.method = "POST", .path = "groups", .headers = {}, .body = R"({"name":"Sales"})"};
const HttpRequest kSearch{.method = "GET",
                          .path = "groups?search_by=name&search_string=sales&page=1&page_length=100",
                          .headers = {},
                          .body = {}};

struct Account {
  testing::FakeClock clock;
  std::vector<std::string> log;
  testing::FakeTarget target{clock, log};
  StrictTarget strict{target};

  HttpReply Ask(const HttpRequest& request) {
    HttpReply reply = strict.Answer(request);
    strict.NoteAnswered(request, reply);
    return reply;
  }
  bool TakesCreate() { return Ask(kCreate).status == 200; }
};

TEST_CASE("strict target: what the program was told that it made is not to be made again") {
  Account account;
  REQUIRE(account.TakesCreate());
  CHECK_FALSE(account.TakesCreate());
  CHECK(account.strict.TakeComplaints().size() == 1);
}

TEST_CASE("strict target: a duplicate may be sent again until the program has made the other one its own") {
  Account account;
  const std::string id = account.target.Add(Kind::kGroup, {{"name", "Sales"}});
  REQUIRE(account.TakesCreate());
  CHECK(account.TakesCreate());

  SUBCASE("a look alone makes nobody its owner") {
    account.Ask(kSearch);
    CHECK(account.TakesCreate());
  }
  SUBCASE("the create that found it is done") {
    account.strict.NoteDone(Kind::kGroup, "SALES");
    CHECK_FALSE(account.TakesCreate());
  }
  SUBCASE("whoever changes it knows it") {
    account.strict.Answer({.method = "PATCH", .path = "groups/" + id, .headers = {}, .body = R"({"desc":"ours"})"});
    CHECK_FALSE(account.TakesCreate());
  }
}

}  // namespace
}  // namespace ucaas_sync::sim
