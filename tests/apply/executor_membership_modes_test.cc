// membership: group and recreate, for targets that take no list of groups with a contact.
#include <doctest/doctest.h>

#include "tests/apply/company.h"

namespace ucaas_sync::apply {
namespace {

using testing::Breaks;
using testing::Says;

TEST_CASE("membership: group sends each touched group its whole list, after the contact, and then records it") {
  Company company(config::Membership::kGroup);
  Bench& bench = company.bench;
  CHECK(bench.Do({company.Move()}, company.options).code == ExitCode::kConverged);
  CHECK(bench.target.BodiesOf("PATCH contacts/" + company.ada.remote_id).front() == R"({"company":"Example"})");
  CHECK(bench.target.BodiesOf("PATCH groups/" + company.sales.remote_id) ==
        std::vector<std::string>{R"({"contact_ids":[]})"});
  CHECK(bench.target.BodiesOf("PATCH groups/" + company.finance.remote_id) ==
        std::vector<std::string>{R"({"contact_ids":[")" + company.ada.remote_id + R"(",")" + company.bob.remote_id +
                                 R"("]})"});
  CHECK(bench.Place("PATCH contacts") < bench.Place("commit 1"));
  CHECK(bench.Place("commit 1") < bench.Place("PATCH groups"));
  CHECK(company.GroupsOfAda() == kFinance);
  CHECK(bench.store.FingerprintOf(Kind::kContact, "E1") == HashOf("E1"));
}

TEST_CASE("membership: group sends one list a group, however many of its contacts move") {
  Company company(config::Membership::kGroup);
  Operation back = company.bench.At(company.bob, Action::kUpdate);
  back.groups = GroupsChange{.before = {"Finance"}, .after = {"Finance", "Sales"}};
  CHECK(company.bench.Do({company.Move(), back}, company.options).done == 2);
  CHECK(company.bench.target.CountRequests("PATCH groups") == 2);
  CHECK(company.bench.target.BodiesOf("PATCH groups/" + company.sales.remote_id).front() ==
        R"({"contact_ids":[")" + company.bob.remote_id + R"("]})");
}

TEST_CASE("membership: group takes nobody out of a group whom no operation takes out, be they ours or others'") {
  Company company(config::Membership::kGroup);
  Bench& bench = company.bench;
  // Put there by hand, and held since.
  const StoredEntity eve = bench.Known(Kind::kContact, "E3");
  HttpReply shown;
  shown.status = 200;
  shown.body = R"({"result":1,"group":{"group_id":")" + company.finance.remote_id +
               R"(","name":"Finance","contacts":[)" + R"({"contact_id":"of-others"},")" + company.bob.remote_id +
               R"(",")" + eve.remote_id + R"("]}})";
  bench.target.faults = {{.request = "GET groups/" + company.finance.remote_id, .reply = shown}};
  CHECK(bench.Do({company.Move()}, company.options).code == ExitCode::kConverged);
  CHECK(bench.target.BodiesOf("PATCH groups/" + company.finance.remote_id) ==
        std::vector<std::string>{R"({"contact_ids":[")" + company.ada.remote_id + R"(",")" + company.bob.remote_id +
                                 R"(",")" + eve.remote_id + R"(","of-others"]})"});
}

TEST_CASE("membership: group writes no group whose members cannot be read for the moment") {
  Company company(config::Membership::kGroup);
  company.bench.target.faults = {{.request = "GET groups/", .reply = Says(503, "503", "away"), .times = 100}};
  CHECK(company.bench.Do({company.Move()}, company.options).failed == 1);
  CHECK(company.bench.target.CountRequests("PATCH groups") == 0);
  CHECK(company.GroupsOfAda() == kSales);
  CHECK(company.bench.store.outcomes.at(1).message.find("could not be read") != std::string::npos);
}

TEST_CASE("membership: group claims nothing that a group did not accept") {
  Company company(config::Membership::kGroup);
  company.bench.target.faults = {
      {.request = "PATCH groups/" + company.finance.remote_id, .reply = Says(406, "406", "too many")}};
  const ApplyResult result = company.bench.Do({company.Move()}, company.options);
  CHECK(result.code == ExitCode::kPartial);
  CHECK(result.failed == 1);
  CHECK(result.done == 0);
  CHECK_MESSAGE(company.GroupsOfAda().empty(), "Sales has let her go, and Finance has not got her");
  CHECK(company.bench.store.Load(company.ada.id).fields[kContactCompany].text == "Example");
  CHECK(company.bench.store.FingerprintOf(Kind::kContact, "E1").is_zero());
  CHECK(company.bench.store.outcomes.at(1).message == "the members of group Finance could not be written: too many");
}

TEST_CASE("membership: group knows whom a group has taken though another has not, so that they can leave it again") {
  Company company(config::Membership::kGroup);
  const StoredEntity board = company.bench.Known(Kind::kGroup, "Board");
  company.bench.target.faults = {
      {.request = "PATCH groups/" + board.remote_id, .reply = Says(406, "406", "too many"), .times = 9}};
  CHECK(company.bench.Do({company.MoveTo(board)}, company.options).failed == 1);
  CHECK(company.GroupsOfAda() == kFinance);
}

TEST_CASE("membership: group says that a list nobody answered is open, though another was refused after it") {
  Company company(config::Membership::kGroup);
  const StoredEntity board = company.bench.Known(Kind::kGroup, "Board");
  company.bench.target.faults = {
      {.request = "PATCH groups/" + board.remote_id, .reply = testing::Breaks(TransportOutcome::kTimeout), .times = 9},
      {.request = "PATCH groups/" + company.finance.remote_id, .reply = Says(406, "406", "too many"), .times = 9}};
  CHECK(company.bench.Do({company.MoveTo(board)}, company.options).failed == 1);
  const OperationOutcome& outcome = company.bench.store.outcomes.at(1);
  const bool is_open = outcome.verdict == "retry" || outcome.verdict == "unknown";
  CHECK(is_open);
  CHECK(outcome.may_have_acted);
}

TEST_CASE("membership: group keeps in the journal what was asked of the groups before it was stopped") {
  Company company(config::Membership::kGroup);
  company.bench.target.on_request = [&](const HttpRequest& request) {
    if (request.method == "GET" && request.path.starts_with("groups")) company.bench.stop = true;
  };
  company.bench.Do({company.Move()}, company.options);
  CHECK(company.bench.target.CountRequests("PATCH groups") == 0);
  REQUIRE(company.bench.store.attempts.contains(1));
  CHECK(company.bench.store.attempts.at(1).size() == company.bench.target.CountRequests());
}

TEST_CASE("membership: group cut off before the groups' lists leaves the change to the next run") {
  Company company(config::Membership::kGroup);
  company.bench.target.on_request = [&](const HttpRequest& request) {
    if (request.path.starts_with("contacts")) company.bench.stop = true;
  };
  const ApplyResult result = company.bench.Do({company.Move()}, company.options);
  CHECK(result.code == ExitCode::kUnavailable);
  CHECK(result.left == 1);
  CHECK(company.GroupsOfAda() == kSales);
  CHECK(company.bench.store.outcomes.at(1).groups_follow);
  CHECK(company.bench.target.CountRequests("PATCH groups") == 0);
}

TEST_CASE("membership: group makes a contact that is gone anew with its groups, and that is all") {
  Company company(config::Membership::kGroup);
  Bench& bench = company.bench;
  company.ada.fields[kContactName] = Field::Value("Ada");
  company.ada.fields[kContactEmail] = Field::Value("e1@x.org");
  bench.store.rows[company.ada.id].entity.fields = company.ada.fields;
  bench.target.objects[Kind::kContact].erase(bench.target.objects[Kind::kContact].begin());
  const ApplyResult result = bench.Do({company.Move()}, company.options);
  CHECK(result.code == ExitCode::kConverged);
  CHECK(result.done == 1);
  CHECK(result.left == 0);
  CHECK(bench.target.With(Kind::kContact, "e1@x.org")->group_ids ==
        std::vector<std::string>{company.finance.remote_id});
  CHECK(company.GroupsOfAda() == kFinance);
  CHECK(bench.target.CountRequests("PATCH groups") == 0);
}

TEST_CASE("membership: recreate deletes the contact and creates it anew with every field") {
  Company company(config::Membership::kRecreate);
  Bench& bench = company.bench;
  CHECK(bench.Do({company.Move()}, company.options).code == ExitCode::kConverged);
  CHECK(bench.Place("DELETE contacts/" + company.ada.remote_id) < bench.Place("POST contacts"));
  const auto* contact = bench.target.With(Kind::kContact, "e1@x.org");
  REQUIRE(contact != nullptr);
  CHECK(contact->fields.at("name") == "Ada Lovelace");
  CHECK(contact->fields.at("company") == "Example");
  CHECK(contact->group_ids == std::vector<std::string>{company.finance.remote_id});
  CHECK(bench.store.Load(company.ada.id).remote_id == contact->id);
  CHECK(company.GroupsOfAda() == kFinance);
}

TEST_CASE("membership: recreate that was cut off in between ends with one contact") {
  Company company(config::Membership::kRecreate);
  Bench& bench = company.bench;
  SUBCASE("after the delete") {
    bench.target.objects[Kind::kContact].erase(bench.target.objects[Kind::kContact].begin());
  }
  SUBCASE("after the create") {
    bench.target.objects[Kind::kContact].erase(bench.target.objects[Kind::kContact].begin());
    bench.target.Add(Kind::kContact, {{"name", "Ada Lovelace"}, {"email", "E1@x.org"}, {"company", "Example"}});
    bench.target.objects[Kind::kContact].back().group_ids = {company.finance.remote_id};
  }
  SUBCASE("with the answer to the create lost") {
    bench.target.faults = {{.request = "POST contacts", .reply = Breaks(TransportOutcome::kReset), .has_effect = true}};
  }
  CHECK(bench.Do({company.Move()}, company.options).code == ExitCode::kConverged);
  CHECK(bench.target.CountOf(Kind::kContact) == 2);
  CHECK(bench.store.Load(company.ada.id).remote_id == bench.target.With(Kind::kContact, "e1@x.org")->id);
  CHECK(company.GroupsOfAda() == kFinance);
}

TEST_CASE("membership: recreate takes nobody for gone whom the target shows, though it does not know the id") {
  Company company(config::Membership::kRecreate);
  company.bench.target.faults = {
      {.request = "DELETE contacts", .reply = Says(404, "404", "no such route"), .times = 9}};
  const ApplyResult result = company.bench.Do({company.Move()}, company.options);
  CHECK(result.failed == 1);
  CHECK(company.bench.target.CountRequests("POST contacts") == 0);
  CHECK(company.GroupsOfAda() == kSales);
  CHECK(company.bench.store.Load(company.ada.id).remote_id == company.ada.remote_id);
}

TEST_CASE("membership: recreate leaves a contact whose it was, also when it was cut off in between") {
  Company company(config::Membership::kRecreate);
  Bench& bench = company.bench;
  bench.store.rows[company.ada.id].entity.ownership = Ownership::kAdopted;
  SUBCASE("in one go") {}
  SUBCASE("after the create") {
    bench.target.objects[Kind::kContact].erase(bench.target.objects[Kind::kContact].begin());
    bench.target.Add(Kind::kContact, {{"name", "Ada Lovelace"}, {"email", "E1@x.org"}, {"company", "Example"}});
    bench.target.objects[Kind::kContact].back().group_ids = {company.finance.remote_id};
  }
  CHECK(bench.Do({company.Move()}, company.options).code == ExitCode::kConverged);
  CHECK(bench.store.Load(company.ada.id).ownership == Ownership::kAdopted);
  CHECK(company.GroupsOfAda() == kFinance);
}

TEST_CASE("membership: recreate deletes nobody whom it could not create") {
  Company company(config::Membership::kRecreate);
  company.bench.store.rows[company.ada.id].entity.fields[kContactName] = {};
  const ApplyResult result = company.bench.Do({company.Move()}, company.options);
  CHECK(result.failed == 1);
  CHECK(company.bench.target.CountRequests("DELETE") == 0);
  CHECK(company.bench.store.outcomes.at(1).message.find("nothing was deleted") != std::string::npos);
}

TEST_CASE("membership: recreate knows that a contact is gone when it is not created again") {
  Company company(config::Membership::kRecreate);
  company.bench.target.faults = {{.request = "POST contacts", .reply = Says(406, "406", "no")}};
  company.bench.Do({company.Move()}, company.options);
  CHECK(company.bench.store.Load(company.ada.id).lifecycle == Lifecycle::kGone);
}

TEST_CASE("membership: recreate sets aside a contact that was gone already and is refused when it is made anew") {
  Company company(config::Membership::kRecreate);
  company.bench.target.objects[Kind::kContact].clear();
  company.bench.target.faults = {{.request = "POST contacts", .reply = Says(406, "406", "no")}};
  CHECK(company.bench.Do({company.Move()}, company.options).quarantined == 1);
}

}  // namespace
}  // namespace ucaas_sync::apply
