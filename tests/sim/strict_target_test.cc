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

TEST_CASE("strict target: a duplicate says nothing of a change that nobody answered") {
  Account account;
  const std::string id = account.target.Add(Kind::kGroup, {{"name", "Works"}});
  const HttpRequest rename{.method = "PATCH", .path = "groups/" + id, .headers = {}, .body = R"({"name":"Sales"})"};
  account.strict.Answer(rename);
  account.strict.NoteUnanswered(rename);
  REQUIRE(account.TakesCreate());
  account.Ask(rename);
  CHECK(account.strict.TakeComplaints().empty());
  account.Ask(rename);
  CHECK(account.strict.TakeComplaints().size() == 1);
}

TEST_CASE("strict target: a field that no row knows may be sent as it is, and once it was answered no more") {
  Account account;
  const std::string id = account.target.Add(Kind::kGroup, {{"name", "Sales"}, {"desc", "ours"}});
  const auto sends = [&](const std::string& body) {
    account.Ask({.method = "PATCH", .path = "groups/" + id, .headers = {}, .body = body});
    return account.strict.TakeComplaints().empty();
  };
  const std::string desc = R"({"desc":"ours"})";
  CHECK_FALSE_MESSAGE(sends(desc), "nobody who could be asked says that it is not known");

  account.strict.AskState([&](Kind kind, const std::string& remote_id, FieldId field) {
    return kind != Kind::kGroup || remote_id != id || field != FindField(Kind::kGroup, "desc");
  });
  CHECK_FALSE_MESSAGE(sends(R"({"name":"Sales","desc":"ours"})"), "its name is known");
  CHECK(sends(desc));
  CHECK_FALSE(sends(desc));
  SUBCASE("a program that lost its state may send it once more") {
    account.strict.NoteForgotten();
    CHECK(sends(desc));
  }
  SUBCASE("a new process has to know it from the state") {
    account.strict.NoteStart();
    CHECK_FALSE(sends(desc));
  }
  SUBCASE("what the process could not keep may be sent again") {
    account.strict.NoteCrash();
    CHECK(sends(desc));
  }
}

TEST_CASE("strict target: what a create named and was answered is known, whatever the state says") {
  Account account;
  account.strict.AskState([](Kind, const std::string&, FieldId) { return false; });
  REQUIRE(account.TakesCreate());
  const std::string id = account.target.With(Kind::kGroup, "Sales")->id;
  account.Ask({.method = "PATCH", .path = "groups/" + id, .headers = {}, .body = R"({"name":"Sales"})"});
  CHECK(account.strict.TakeComplaints().size() == 1);
}

}  // namespace
}  // namespace ucaas_sync::sim
