// Several records of one key where it cannot be told of one whether it counts: a lesser one does not take its place.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/mapping/mapper_support.h"

namespace ucaas_sync::mapping {
namespace {

Row Contract(const std::string& login, const std::string& primary, const Row& more = {}) {
  Row row{{"id", "E5"},     {"first_name", "Ada"}, {"last_name", "L"}, {"email", "e5@example.com"},
          {"login", login}, {"primary", primary},  {"team", login}};
  row.insert(row.end(), more.begin(), more.end());
  return row;
}

/// E5 has a contract l5, which leads, and an older one, x5.
struct Bench {
  Bench() {
    company.AddSource("hr", "id").prefer.push_back(At("(primary=Y)"));
    company.AddSource("dir", "login");
    config::RuleConfig& rule = company.AddUsers("hr");
    rule.join.emplace_back(At("dir"), At("login"));
    rule.filter = At("(account=active)");
    rule.left = At("(status=terminated)");
    SetField(rule, "designation", "{team}");
    SetField(rule, "department", "{team|join:+}");
  }
  void Run(const std::vector<Row>& contracts, const std::vector<std::string>& logins, bool rejects) {
    company.rejecting.clear();
    if (rejects) company.rejecting.emplace_back("dir");
    std::vector<Row> entries;
    for (const std::string& login : logins) {
      const bool is_second = !entries.empty() && entries.back()[0].second == login;
      entries.push_back({{"login", login}, {"account", is_second ? "closed" : "active"}});
    }
    company.Run({{"hr", contracts}, {"dir", entries}});
  }
  Seen Person() const { return company.seen.Only(Kind::kUser, "E5"); }

  Company company;
};

TEST_CASE("the leading record whose joined one may be rejected is not passed over for one that says its person left") {
  Bench bench;
  const std::vector<Row> contracts{Contract("l5", "Y"), Contract("x5", "N", {{"status", "terminated"}})};
  bench.Run(contracts, {"l5", "x5"}, false);
  CHECK(bench.Person().standing == Standing::kPresent);
  bench.Run(contracts, {"x5"}, true);
  CHECK(bench.Person().standing == Standing::kUndecided);
  bench.Run(contracts, {"l5", "l5", "x5"}, false);
  CHECK(bench.Person().standing == Standing::kQuarantined);
  // Nobody may be it, so the filter keeps that contract out.
  bench.Run(contracts, {"x5"}, false);
  CHECK(bench.Person().standing == Standing::kLeft);
}

TEST_CASE("the leading record with an unreadable date sets its person aside, whatever the others say") {
  Bench bench;
  bench.company.config.rules[0].filter = At("(start<=today)");
  bench.Run({Contract("l5", "Y", {{"start", "May"}}), Contract("x5", "N", {{"start", "2026-01-01"}})}, {"l5", "x5"},
            false);
  CHECK(bench.Person().standing == Standing::kQuarantined);
  CHECK(bench.Person().reason == "\"May\" in column start is no date (%Y-%m-%d)");
}

TEST_CASE("nobody left by a record of which it cannot be told whether it leads") {
  Bench bench;
  const std::vector<Row> contracts{Contract("l5", "Y", {{"status", "terminated"}}), Contract("x5", "N")};
  bench.Run(contracts, {"x5"}, false);
  CHECK(bench.Person().standing == Standing::kPresent);
  for (const bool rejects : {true, false}) {
    if (!rejects) bench.company.incomplete.emplace_back("dir");
    bench.Run(contracts, {"x5"}, rejects);
    CHECK(bench.Person().standing == Standing::kQuarantined);
  }
}

TEST_CASE("a lesser record that may count leaves alone what is gathered from all, and changes nothing else") {
  Bench bench;
  const std::vector<Row> contracts{Contract("l5", "Y"), Contract("x5", "N")};
  bench.Run(contracts, {"l5", "x5"}, false);
  CHECK(bench.Person().Text(kUserDepartment) == "l5+x5");
  bench.Run(contracts, {"l5"}, true);
  CHECK(bench.Person().standing == Standing::kPresent);
  CHECK(bench.Person().Text(kUserDesignation) == "l5");
  CHECK(bench.Person().State(kUserDepartment) == FieldState::kUnknown);
  bench.Run(contracts, {"l5"}, false);
  CHECK(bench.Person().Text(kUserDepartment) == "l5");
}

TEST_CASE("the only record that may be let in speaks for its person, not the leading one that is kept out") {
  Bench bench;
  bench.company.config.rules[0].filter = At("(&(account=active)(!(team=l5)))");
  bench.Run({Contract("l5", "Y"), Contract("x5", "N")}, {"l5"}, true);
  CHECK(bench.Person().standing == Standing::kUndecided);
}

TEST_CASE("groups that are gathered from records of which one may not count are not known") {
  Bench bench;
  config::RuleConfig& contacts = bench.company.AddRule(Kind::kContact, "hr");
  contacts.join.emplace_back(At("dir"), At("login"));
  contacts.filter = At("(account=active)");
  SetField(contacts, "name", "{first_name}");
  SetField(contacts, "email", "{email}");
  contacts.groups = At("{team}");
  const std::vector<Row> contracts{Contract("l5", "Y"), Contract("x5", "N")};
  bench.Run(contracts, {"l5"}, true);
  CHECK_FALSE(bench.company.seen.Only(Kind::kContact, "E5").groups_known);
  bench.Run(contracts, {"l5"}, false);
  CHECK(bench.company.seen.Only(Kind::kContact, "E5").groups == std::vector<std::string>{"l5"});
}

}  // namespace
}  // namespace ucaas_sync::mapping
