#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/apply/bench.h"

namespace ucaas_sync::apply {
namespace {

using testing::Breaks;
using testing::Says;

HttpReply Timeout() {
  return Breaks(TransportOutcome::kTimeout);
}

TEST_CASE("a create sends no welcome mail unless a rule maps it") {
  Bench bench;
  Operation wanted = Bench::CreateUser("E2");
  wanted.changes.push_back(Bench::Change(kUserSendWelcomeMail, {}, "true"));
  bench.Do({Bench::CreateUser("E1"), wanted});
  CHECK(bench.target.With(Kind::kUser, "e1@x.org")->fields.at("send_welcome_mail") == "false");
  CHECK(bench.target.With(Kind::kUser, "e2@x.org")->fields.at("send_welcome_mail") == "true");
}

TEST_CASE("a create whose answer got lost is looked up, found, and ours") {
  Bench bench;
  bench.target.faults = {{.request = "POST users", .reply = Timeout(), .has_effect = true}};
  const ApplyResult result = bench.Do({Bench::CreateUser("E1")});
  CHECK(result.code == ExitCode::kConverged);
  CHECK(bench.target.CountRequests("POST users") == 1);
  CHECK(bench.target.CountOf(Kind::kUser) == 1);
  CHECK(bench.store.Has(Kind::kUser, "E1")->ownership == Ownership::kCreated);
  CHECK(bench.store.FingerprintOf(Kind::kUser, "E1") == HashOf("E1"));
}

TEST_CASE("a create that never arrived is looked up, not found, and sent again") {
  Bench bench;
  bench.target.faults = {{.request = "POST users", .reply = Timeout()}};
  const ApplyResult result = bench.Do({Bench::CreateUser("E1")});
  CHECK(result.code == ExitCode::kConverged);
  CHECK(bench.target.CountRequests("POST users") == 2);
  CHECK(bench.target.CountOf(Kind::kUser) == 1);
  CHECK(bench.Place("GET users") < bench.log.size());
}

TEST_CASE("a create that takes its effect late is found as a duplicate, and ours all the same") {
  Bench bench;
  bench.target.faults = {{.request = "POST users", .reply = Timeout()},
                         {.request = "GET users", .reply = Says(200, "1", "")}};
  bench.target.faults[1].reply.body = R"({"result":1,"users":[]})";
  // Between the look-up and the repeat the first one takes its effect.
  int posts = 0;
  bench.target.on_request = [&](const HttpRequest& request) {
    if (request.method == "POST" && ++posts == 2) {
      bench.target.Add(
          Kind::kUser,
          {{"email", "e1@x.org"}, {"user_type", "moderator"}, {"first_name", "Ada"}, {"last_name", "Lovelace"}});
    }
  };
  Operation create = Bench::CreateUser("E1");
  create.changes[3] = Bench::Change(kUserEmail, {}, "e1@x.org");
  const ApplyResult result = bench.Do({create});
  CHECK(result.code == ExitCode::kConverged);
  CHECK(bench.target.CountOf(Kind::kUser) == 1);
  CHECK(bench.store.Has(Kind::kUser, "E1")->ownership == Ownership::kCreated);
}

TEST_CASE("a create stays unknown when the look-up fails too: no outcome, and counted as failed") {
  Bench bench;
  bench.target.faults = {{.request = "POST users", .reply = Timeout(), .has_effect = true},
                         {.request = "GET users", .reply = Says(406, "406", "search_by not valid"), .times = 10}};
  const ApplyResult result = bench.Do({Bench::CreateUser("E1")});
  CHECK(result.code == ExitCode::kPartial);
  CHECK(result.failed == 1);
  CHECK(bench.store.outcomes.empty());
  CHECK(bench.store.mark == 1);
  CHECK(bench.target.CountRequests("POST users") == 1);
}

TEST_CASE("a create that is never answered is sent three times at most") {
  Bench bench;
  bench.target.faults = {{.request = "POST users", .reply = Timeout(), .times = 100}};
  const ApplyResult result = bench.Do({Bench::CreateUser("E1")});
  CHECK(result.failed == 1);
  CHECK(bench.target.CountRequests("POST users") == 3);
  CHECK_FALSE(bench.store.quarantine.contains({"user", "E1"}));
}

TEST_CASE("a create that nobody answered once may have acted, whatever is said to its repeat") {
  struct Case {
    HttpReply reply;
    const char* verdict;
    bool is_set_aside;
  };
  for (const Case& last : {Case{Timeout(), "retry", false}, Case{Says(422, "422"), "invalid", true},
                           Case{Says(404, "404"), "missing", false}, Case{Says(503, "503"), "retry", false}}) {
    const int status = last.reply.status;
    const std::string verdict = last.verdict;
    CAPTURE(status);
    for (const bool was_unanswered : {true, false}) {
      CAPTURE(was_unanswered);
      if (!was_unanswered && status == 0) continue;
      Bench bench;
      if (was_unanswered) bench.target.faults = {{.request = "POST users", .reply = Timeout()}};
      bench.target.faults.push_back({.request = "POST users", .reply = last.reply, .times = 100});
      CHECK(bench.Do({Bench::CreateUser("E1")}).failed == 1);
      REQUIRE(bench.store.outcomes.contains(1));
      const OperationOutcome& outcome = bench.store.outcomes.at(1);
      CHECK(outcome.verdict == verdict);
      CHECK(outcome.quarantine == last.is_set_aside);
      CHECK(outcome.may_have_acted == was_unanswered);
    }
  }
}

TEST_CASE("a create of an earlier run that no look finds may act yet, though its repeat is refused") {
  Bench bench;
  bench.store.unknown = {{.kind = Kind::kUser, .key = "E1", .address = "E1@x.org", .operation = "run-1/1"}};
  bench.target.faults = {{.request = "POST users", .reply = Says(422, "422")}};
  CHECK(bench.Do({Bench::CreateUser("E1")}).quarantined == 1);
  CHECK(bench.store.outcomes.at(1).may_have_acted);
}

/// The Idempotency-Keys of the creates that reach the target, one a request.
std::vector<std::string>& WatchKeys(Bench& bench, std::vector<std::string>& keys) {
  bench.target.on_request = [&keys](const HttpRequest& request) {
    for (const auto& [name, value] : request.headers) {
      if (name == "Idempotency-Key") keys.push_back(value);
    }
  };
  return keys;
}

TEST_CASE("a create that nobody answered is repeated under its Idempotency-Key, one that was answered under another") {
  struct Case {
    HttpReply reply;
    bool is_same;
  };
  for (const Case& one : {Case{Breaks(TransportOutcome::kTimeout), true}, Case{Breaks(TransportOutcome::kReset), true},
                          Case{Breaks(TransportOutcome::kNotConnected), true}, Case{Says(500, "500"), false},
                          Case{Says(503, "503"), false}, Case{Says(429, "429"), false}}) {
    Bench bench;
    std::vector<std::string> keys;
    WatchKeys(bench, keys);
    bench.target.faults = {{.request = "POST users", .reply = one.reply}};
    CHECK(bench.Do({Bench::CreateUser("E1")}).code == ExitCode::kConverged);
    REQUIRE(keys.size() == 2);
    CHECK(keys[0].size() == 36);
    CHECK((keys[0] == keys[1]) == one.is_same);
  }
}

TEST_CASE("a create that nobody answered is repeated under its own Idempotency-Key, whatever was answered before it") {
  Bench bench;
  std::vector<std::string> keys;
  WatchKeys(bench, keys);
  bench.target.faults = {{.request = "POST users", .reply = Says(503, "503")},
                         {.request = "POST users", .reply = Breaks(TransportOutcome::kTimeout)}};
  CHECK(bench.Do({Bench::CreateUser("E1")}).code == ExitCode::kConverged);
  REQUIRE(keys.size() == 3);
  CHECK(keys[0] != keys[1]);
  CHECK(keys[1] == keys[2]);
}

TEST_CASE("no two creates share an Idempotency-Key, and nothing else has one") {
  Bench bench;
  std::vector<std::string> keys;
  WatchKeys(bench, keys);
  const StoredEntity ada = bench.Known(Kind::kUser, "E9");
  bench.Do({Bench::CreateUser("E1"), Bench::CreateUser("E2"), Bench::CreateContact("E1"),
            bench.At(ada, Action::kUpdate, {Bench::Change(kUserDepartment, "Sales", "Finance")})});
  CHECK(keys.size() == 3);
  CHECK(std::set<std::string>(keys.begin(), keys.end()).size() == 3);
}

TEST_CASE("what a cut-off run may have created is sent again under the key of that run") {
  std::vector<std::string> keys;
  Bench bench;
  WatchKeys(bench, keys);
  bench.target.faults = {{.request = "POST users", .reply = Breaks(TransportOutcome::kTimeout)},
                         {.request = "GET users?search_by", .reply = Says(500, "500"), .times = 6}};
  bench.Do({Bench::CreateUser("E1")});
  REQUIRE(keys.size() == 1);
  bench.store.unknown = {{.kind = Kind::kUser, .key = "E1", .address = "E1@x.org", .operation = "run-1/1"}};
  bench.Plan({Bench::CreateUser("E1")});
  Executor next(bench.store, bench.caller, bench.clock, bench.observer, {});
  SUBCASE("the same create") {
    CHECK(next.Apply("run-2", bench.plan).code == ExitCode::kConverged);
    REQUIRE(keys.size() == 2);
    CHECK(keys[0] == keys[1]);
  }
  SUBCASE("with another body it is another create") {
    Operation renamed = Bench::CreateUser("E1");
    renamed.changes.push_back(Bench::Change(kUserDepartment, "", "Finance"));
    bench.Plan({renamed});
    CHECK(next.Apply("run-2", bench.plan).code == ExitCode::kConverged);
    REQUIRE(keys.size() == 2);
    CHECK(keys[0] != keys[1]);
  }
}

TEST_CASE("not found is believed when the pages end, and not before") {
  Bench bench;
  for (int i = 0; i < 250; ++i) bench.target.Add(Kind::kUser, {{"email", "x" + std::to_string(i) + "@x.org"}});
  bench.target.ignores_search = true;
  bench.target.faults = {{.request = "POST users", .reply = Timeout(), .has_effect = true}};
  SUBCASE("found on the third page") {
    const ApplyResult result = bench.Do({Bench::CreateUser("E1")});
    CHECK(result.code == ExitCode::kConverged);
    CHECK(bench.target.CountRequests("POST users") == 1);
  }
  SUBCASE("a list without an end says nothing") {
    bench.target.ignores_paging = true;
    const ApplyResult result = bench.Do({Bench::CreateUser("E1")});
    CHECK(result.failed == 1);
    CHECK(bench.store.outcomes.empty());
    CHECK(bench.target.CountRequests("POST users") == 1);
    CHECK(bench.target.CountRequests("GET users") == 20);
  }
}

TEST_CASE("an address that is taken is adopted unchanged, and the next plan shows the rest") {
  Bench bench;
  const std::string id = bench.target.Add(Kind::kUser, {{"email", "E1@X.org"}, {"first_name", "Augusta"}});
  const ApplyResult result = bench.Do({Bench::CreateUser("E1")});
  CHECK(result.code == ExitCode::kConverged);
  const StoredEntity* row = bench.store.Has(Kind::kUser, "E1");
  REQUIRE(row != nullptr);
  CHECK(row->remote_id == id);
  CHECK(row->ownership == Ownership::kAdopted);
  CHECK(row->fields[kUserFirstName].text == "Augusta");
  CHECK(bench.store.FingerprintOf(Kind::kUser, "E1").is_zero());
  CHECK(bench.target.CountRequests("PATCH") == 0);
}

TEST_CASE("whoever has the address and is suspended is not taken for let in: the next plan shows that they come back") {
  Bench bench;
  const std::string id = bench.target.Add(Kind::kUser, {{"email", "e1@x.org"},
                                                        {"user_type", "moderator"},
                                                        {"first_name", "Ada"},
                                                        {"last_name", "Lovelace"},
                                                        {"status", "S"}});
  const ApplyResult result = bench.Do({Bench::CreateUser("E1")});
  CHECK(result.code == ExitCode::kConverged);
  CHECK(result.needs_another);
  const StoredEntity* row = bench.store.Has(Kind::kUser, "E1");
  REQUIRE(row != nullptr);
  CHECK(row->remote_id == id);
  CHECK(row->lifecycle == Lifecycle::kSuspended);
  CHECK(bench.store.FingerprintOf(Kind::kUser, "E1").is_zero());
  CHECK(bench.target.CountRequests("PATCH") == 0);
}

TEST_CASE("an address that two objects have is set aside") {
  Bench bench;
  bench.target.Add(Kind::kUser, {{"email", "e1@x.org"}});
  bench.target.Add(Kind::kUser, {{"email", "E1@x.org"}});
  const ApplyResult result = bench.Do({Bench::CreateUser("E1")});
  CHECK(result.quarantined == 1);
  CHECK(bench.store.outcomes.at(1).message.find("2 objects") != std::string::npos);
  CHECK(bench.store.Has(Kind::kUser, "E1") == nullptr);
}

TEST_CASE("a rule that adopts nobody sets aside whose address is taken") {
  Bench bench;
  bench.target.Add(Kind::kUser, {{"email", "e1@x.org"}});
  ExecutorOptions options;
  options.never_adopt = {Kind::kUser};
  const ApplyResult result = bench.Do({Bench::CreateUser("E1")}, options);
  CHECK(result.quarantined == 1);
  CHECK(bench.store.Has(Kind::kUser, "E1") == nullptr);
}

TEST_CASE("an object that the plan took for gone and that is there all the same is whose it was") {
  for (const bool adopts : {true, false}) {
    for (const Ownership ownership : {Ownership::kCreated, Ownership::kAdopted}) {
      CAPTURE(adopts);
      CAPTURE(ownership);
      Bench bench;
      const StoredEntity ada = bench.Known(Kind::kUser, "E1");
      bench.store.rows.at(ada.id).entity.ownership = ownership;
      Operation create = Bench::CreateUser("E1");
      create.entity_id = ada.id;
      ExecutorOptions options;
      if (!adopts) options.never_adopt = {Kind::kUser};
      const ApplyResult result = bench.Do({create}, options);
      CHECK(result.quarantined == 0);
      CHECK(result.done == 1);
      CHECK(bench.store.Load(ada.id).remote_id == ada.remote_id);
      CHECK(bench.store.Load(ada.id).ownership == ownership);
      CHECK(bench.target.CountOf(Kind::kUser) == 1);
    }
  }
}

TEST_CASE("who was set aside by the target's word is looked for before the create is sent again") {
  Bench bench;
  bench.store.quarantine[{"user", "E1"}] = {.kind = "user",
                                            .key = "E1",
                                            .reason = "the target has 2 users with this e-mail",
                                            .since = {},
                                            .source = {},
                                            .fingerprint = {},
                                            .by_target = true};
  SUBCASE("two are there still: nothing is sent") {
    bench.target.Add(Kind::kUser, {{"email", "e1@x.org"}});
    bench.target.Add(Kind::kUser, {{"email", "E1@x.org"}});
    CHECK(bench.Do({Bench::CreateUser("E1")}).quarantined == 1);
    CHECK(bench.target.CountRequests("POST") == 0);
  }
  SUBCASE("one is there by now: adopted") {
    bench.target.Add(Kind::kUser, {{"email", "e1@x.org"}});
    CHECK(bench.Do({Bench::CreateUser("E1")}).done == 1);
    CHECK(bench.target.CountRequests("POST") == 0);
    CHECK(bench.store.Has(Kind::kUser, "E1")->ownership == Ownership::kAdopted);
  }
  SUBCASE("nobody is there: created") {
    CHECK(bench.Do({Bench::CreateUser("E1")}).done == 1);
    CHECK(bench.target.CountRequests("POST") == 1);
    CHECK(bench.store.Has(Kind::kUser, "E1")->ownership == Ownership::kCreated);
  }
}

TEST_CASE("a password is never in the journal's messages") {
  Bench bench;
  Operation create = Bench::CreateUser("E1");
  create.changes.insert(create.changes.begin() + 4, Bench::Change(kUserPassword, {}, "Tr0ub4dor"));
  bench.target.faults = {{.request = "POST users", .reply = Says(406, "406", "password Tr0ub4dor is too weak")}};
  bench.Do({create});
  CHECK(bench.store.outcomes.at(1).message.find("Tr0ub4dor") == std::string::npos);
  for (const std::string& text : bench.observer.texts) CHECK(text.find("Tr0ub4dor") == std::string::npos);
}

}  // namespace
}  // namespace ucaas_sync::apply
