// Changes of a contact's groups: what is sent, what stays of others, and what the state says then.
#include <doctest/doctest.h>

#include "tests/apply/company.h"

namespace ucaas_sync::apply {
namespace {

using testing::Says;

TEST_CASE("membership: contact sends the whole list of group ids with the contact") {
  Company company(config::Membership::kContact);
  CHECK(company.bench.Do({company.Move()}, company.options).code == ExitCode::kConverged);
  CHECK(company.bench.target.With(Kind::kContact, "e1@x.org")->group_ids ==
        std::vector<std::string>{company.finance.remote_id});
  CHECK(company.GroupsOfAda() == kFinance);
  CHECK(company.bench.target.CountRequests("PATCH contacts") == 1);
  CHECK(company.bench.target.CountRequests() == 2);
}

TEST_CASE("a contact that changes its groups stays in groups of others") {
  for (const auto mode : {config::Membership::kContact, config::Membership::kRecreate}) {
    Company company(mode);
    company.ada.fields[kContactName] = Field::Value("Ada");
    company.ada.fields[kContactEmail] = Field::Value("e1@x.org");
    company.bench.store.rows[company.ada.id].entity.fields = company.ada.fields;
    company.bench.target.objects[Kind::kContact][0].group_ids.push_back("of-somebody-else");
    CHECK(company.bench.Do({company.Move()}, company.options).code == ExitCode::kConverged);
    CHECK(company.bench.target.With(Kind::kContact, "e1@x.org")->group_ids ==
          std::vector<std::string>{company.finance.remote_id, "of-somebody-else"});
    CHECK(company.GroupsOfAda() == kFinance);
  }
}

TEST_CASE(
    "a contact that is not found by its id is searched for, so that no wrong route takes it out of groups of others") {
  for (const auto mode : {config::Membership::kContact, config::Membership::kRecreate}) {
    for (const char* const status : {"404", "406"}) {
      Company company(mode);
      Bench& bench = company.bench;
      company.ada.fields[kContactName] = Field::Value("Ada");
      company.ada.fields[kContactEmail] = Field::Value("e1@x.org");
      bench.store.rows[company.ada.id].entity.fields = company.ada.fields;
      bench.target.objects[Kind::kContact][0].group_ids.push_back("of-somebody-else");
      bench.target.faults = {{.request = "GET contacts/", .reply = Says(std::stoi(status), status, "not found")}};
      CHECK(bench.Do({company.Move()}, company.options).code == ExitCode::kConverged);
      CHECK(bench.target.With(Kind::kContact, "e1@x.org")->group_ids ==
            std::vector<std::string>{company.finance.remote_id, "of-somebody-else"});
      CHECK(bench.target.CountRequests("GET contacts?search_by=email") == 1);
      CHECK(company.GroupsOfAda() == kFinance);
    }
  }
}

TEST_CASE("where a single contact shows no groups, the list is asked for them") {
  for (const bool is_reviewed : {false, true}) {
    CAPTURE(is_reviewed);
    Company company(config::Membership::kContact);
    Bench& bench = company.bench;
    company.options.is_reviewed = is_reviewed;
    company.ada.fields[kContactEmail] = Field::Value("e1@x.org");
    bench.store.rows[company.ada.id].entity.fields = company.ada.fields;
    bench.target.objects[Kind::kContact][0].group_ids.push_back("of-somebody-else");
    HttpReply shown;
    shown.status = 200;
    shown.body = R"({"result":1,"contact":{"contact_id":")" + company.ada.remote_id + R"(","email":"e1@x.org"}})";
    bench.target.faults = {{.request = "GET contacts/", .reply = shown, .times = 9}};
    CHECK(bench.Do({company.Move()}, company.options).code == ExitCode::kConverged);
    CHECK(bench.target.With(Kind::kContact, "e1@x.org")->group_ids ==
          std::vector<std::string>{company.finance.remote_id, "of-somebody-else"});
  }
}

TEST_CASE("a contact is looked for on every page of those who have its address, before its groups are taken for ours") {
  Company company(config::Membership::kContact);
  Bench& bench = company.bench;
  company.ada.fields[kContactEmail] = Field::Value("e1@x.org");
  bench.store.rows[company.ada.id].entity.fields = company.ada.fields;
  bench.target.objects[Kind::kContact][0].group_ids.push_back("of-somebody-else");
  const auto contact = [](const std::string& id, const std::string& groups) {
    return R"({"contact_id":")" + id + R"(","email":"e1@x.org","group_ids":[)" + groups + "]}";
  };
  HttpReply first;
  first.status = 200;
  first.body =
      R"({"result":1,"search":{"page_length":2},"contacts":[)" + contact("one", "") + ',' + contact("two", "") + "]}";
  HttpReply second;
  second.status = 200;
  second.body = R"({"result":1,"contacts":[)" +
                contact(company.ada.remote_id, '"' + company.sales.remote_id + R"(","of-somebody-else")") + "]}";
  bench.target.faults = {{.request = "GET contacts/", .reply = Says(404, "404", "no")},
                         {.request = "GET contacts?", .reply = first},
                         {.request = "GET contacts?", .reply = second}};
  CHECK(bench.Do({company.Move()}, company.options).code == ExitCode::kConverged);
  CHECK(bench.target.BodiesOf("PATCH contacts").front().find("of-somebody-else") != std::string::npos);
}

TEST_CASE("a target that shows no single contact and cannot be searched takes a change of groups all the same") {
  Company company(config::Membership::kContact);
  company.ada.fields[kContactEmail] = Field::Value("e1@x.org");
  company.bench.store.rows[company.ada.id].entity.fields = company.ada.fields;
  company.bench.target.faults = {{.request = "GET contacts/", .reply = Says(404, "404", "no"), .times = 100},
                                 {.request = "GET contacts?", .reply = Says(406, "406", "no"), .times = 100}};
  CHECK(company.bench.Do({company.Move()}, company.options).code == ExitCode::kConverged);
  CHECK(company.GroupsOfAda() == kFinance);
}

TEST_CASE("who was looked at before the change is not asked for the groups once more") {
  Company company(config::Membership::kContact);
  company.options.is_reviewed = true;
  company.bench.target.objects[Kind::kContact][0].group_ids.push_back("of-somebody-else");
  CHECK(company.bench.Do({company.Move()}, company.options).code == ExitCode::kConverged);
  CHECK(company.bench.target.CountRequests("GET contacts") == 1);
  CHECK(company.bench.target.With(Kind::kContact, "e1@x.org")->group_ids ==
        std::vector<std::string>{company.finance.remote_id, "of-somebody-else"});
}

TEST_CASE("a contact whose groups cannot be read for the moment keeps them until the next run") {
  Company company(config::Membership::kContact);
  company.bench.target.faults = {{.request = "GET contacts/", .reply = Says(503, "503", "away"), .times = 100}};
  CHECK(company.bench.Do({company.Move()}, company.options).failed == 1);
  CHECK(company.bench.target.CountRequests("PATCH contacts") == 0);
  CHECK(company.GroupsOfAda() == kSales);
}

TEST_CASE("membership: off never sends a change of groups, and the state does not claim it") {
  Company company(config::Membership::kOff);
  CHECK(company.bench.Do({company.Move()}, company.options).code == ExitCode::kConverged);
  CHECK(company.bench.target.BodiesOf("PATCH contacts").front() == R"({"company":"Example"})");
  CHECK(company.GroupsOfAda() == kSales);
}

TEST_CASE("every mode of membership sends the groups when a contact is created") {
  for (const auto mode : {config::Membership::kContact, config::Membership::kGroup, config::Membership::kRecreate,
                          config::Membership::kOff}) {
    Company company(mode);
    CHECK(company.bench.Do({Bench::CreateContact("E3", {"Sales"})}, company.options).code == ExitCode::kConverged);
    CHECK(company.bench.target.With(Kind::kContact, "e3@x.org")->group_ids ==
          std::vector<std::string>{company.sales.remote_id});
    CHECK(company.bench.store.Find(Kind::kContact, "E3")->groups == kSales);
  }
}

TEST_CASE("a group that is not there yet is left out, and the next plan looks again") {
  Company company(config::Membership::kContact);
  CHECK(company.bench.Do({Bench::CreateContact("E3", {"Sales", "Unborn"})}, company.options).done == 1);
  CHECK(company.bench.store.Find(Kind::kContact, "E3")->groups == kSales);
  CHECK(company.bench.store.FingerprintOf(Kind::kContact, "E3").is_zero());
}

TEST_CASE("a contact whose only new group is not there yet costs no write, and the next plan looks again") {
  Company company(config::Membership::kContact);
  Operation join = company.Move();
  join.changes.clear();
  join.groups = GroupsChange{.before = kSales, .after = {"Sales", "Unborn"}};
  company.bench.Do({join}, company.options);
  CHECK(company.bench.target.CountRequests("PATCH contacts") == 0);
  CHECK(company.GroupsOfAda() == kSales);
  CHECK(company.bench.store.FingerprintOf(Kind::kContact, "E1").is_zero());
}

TEST_CASE("a contact that the target shows in just the wanted groups is not sent them, nor created anew for them") {
  for (const auto mode : {config::Membership::kContact, config::Membership::kRecreate}) {
    for (const bool changes_fields : {false, true}) {
      Company company(mode);
      Bench& bench = company.bench;
      // The state learned of the group after the contact was in it.
      bench.target.objects[Kind::kContact][0].group_ids = {"of-somebody-else", company.finance.remote_id};
      Operation move = company.Move();
      if (!changes_fields) move.changes.clear();
      CHECK(bench.Do({move}, company.options).code == ExitCode::kConverged);
      const std::vector<std::string> sent = bench.target.BodiesOf("PATCH contacts");
      CHECK(sent == std::vector<std::string>(changes_fields ? 1 : 0, R"({"company":"Example"})"));
      CHECK(bench.target.CountRequests("DELETE") == 0);
      CHECK(company.GroupsOfAda() == kFinance);
      CHECK(bench.store.FingerprintOf(Kind::kContact, "E1") == HashOf("E1"));
    }
  }
}

TEST_CASE("a group that was gone and is created anew has no members, and the state knows") {
  Company company(config::Membership::kContact);
  company.bench.target.objects[Kind::kGroup].erase(company.bench.target.objects[Kind::kGroup].begin());
  const ApplyResult result = company.bench.Do(
      {company.bench.At(company.sales, Action::kUpdate, {Bench::Change(kGroupDesc, {}, "Selling")})}, company.options);
  CHECK(result.code == ExitCode::kConverged);
  const auto sales = company.bench.store.Find(Kind::kGroup, "Sales");
  CHECK(sales->lifecycle == Lifecycle::kActive);
  CHECK(sales->remote_id == company.bench.target.With(Kind::kGroup, "Sales")->id);
  CHECK(company.GroupsOfAda().empty());
}

TEST_CASE("a contact that is adopted as a duplicate keeps the groups that the target shows") {
  Company company(config::Membership::kContact);
  company.bench.target.Add(Kind::kContact, {{"email", "E3@x.org"}, {"name", "Eve"}});
  company.bench.target.objects[Kind::kContact].back().group_ids = {company.sales.remote_id, "foreign"};
  company.bench.Do({Bench::CreateContact("E3", {"Finance"})}, company.options);
  CHECK(company.bench.store.Find(Kind::kContact, "E3")->groups == kSales);
}

}  // namespace
}  // namespace ucaas_sync::apply
