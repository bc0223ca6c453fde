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
  Seen Person() const { return Of("E5"); }
  Seen Of(const std::string& key) const { return company.seen.Only(Kind::kUser, key); }

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

TEST_CASE("by a key of the rule's own, whoever would lead if the leading record may not is set aside, not missed") {
  Bench bench;
  bench.company.config.rules[0].key = At("{login}");
  const std::vector<Row> contracts{Contract("l5", "Y"), Contract("x5", "N"), Contract("y5", "N")};
  bench.Run({contracts[0], contracts[1]}, {"x5"}, false);
  CHECK(bench.Of("x5").standing == Standing::kPresent);
  CHECK(bench.company.seen.entities.size() == 1);
  bench.Run({contracts[0], contracts[1]}, {"x5"}, true);
  CHECK(bench.Of("l5").standing == Standing::kUndecided);
  CHECK(bench.Of("x5").standing == Standing::kQuarantined);
  CHECK(bench.Of("x5").reason == "which of the records with this key leads cannot be told now");
  // Whoever is passed over by a record that counts stays passed over.
  bench.Run({contracts[0], Contract("x5", "Y"), contracts[2]}, {"x5", "y5"}, true);
  CHECK(bench.Of("x5").standing == Standing::kPresent);
  CHECK(bench.company.seen.Of(Kind::kUser, "y5").empty());
}

// Gathered each from each, they would take minutes.
TEST_CASE("a column that is no key makes of all its records those of one key, which nothing tells apart") {
  constexpr std::size_t kContracts = 20'000;
  Bench bench;
  std::vector<Row> contracts;
  for (std::size_t i = 0; i < kContracts; ++i) {
    contracts.push_back(Contract("l5", "N"));
    for (auto& [column, value] : contracts.back()) {
      if (column == "last_name") value += std::to_string(i);
    }
  }
  bench.Run(contracts, {"l5"}, false);
  CHECK(bench.company.seen.Of(Kind::kUser, "E5").size() == kContracts);
  bench.company.config.rules[0].key = At("{login}");
  bench.Run(contracts, {}, true);
  CHECK(bench.company.seen.Of(Kind::kUser, "l5").size() >= kContracts);
}

TEST_CASE("by a key of the rule's own, all records that cannot be ranked are set aside") {
  Bench bench;
  bench.company.config.rules[0].key = At("{login}");
  bench.company.config.sources[0].prefer = {At("(start<=today)")};
  bench.Run({Contract("l5", "Y", {{"start", "May"}}), Contract("x5", "N", {{"start", "2026-01-01"}})}, {"l5", "x5"},
            false);
  CHECK(bench.Of("l5").standing == Standing::kQuarantined);
  CHECK(bench.Of("x5").standing == Standing::kQuarantined);
}

TEST_CASE("a rejected record that carries the key may be the one that leads") {
  Bench bench;
  bench.company.rejected = {"E5", "l5"};
  const auto run = [&](const std::vector<Row>& contracts) {
    bench.company.rejecting = {"hr"};
    bench.company.Run({{"hr", contracts}, {"dir", {{{"login", "x5"}, {"account", "active"}}}}});
  };
  for (const std::string key : {"", "{login}"}) {
    bench.company.config.rules[0].key = At(key);
    run({Contract("x5", "N")});
    CHECK(bench.Of(key.empty() ? "E5" : "x5").standing == Standing::kQuarantined);
    CHECK(bench.Of(key.empty() ? "E5" : "x5").reason ==
          "a rejected record carries its key, and may be the one that leads");
    run({Contract("x5", "N", {{"status", "terminated"}})});
    CHECK(bench.Of(key.empty() ? "E5" : "x5").standing == Standing::kQuarantined);
  }
  bench.company.rejected = {"E6"};
  run({Contract("x5", "N")});
  CHECK(bench.Of("x5").standing == Standing::kPresent);
}

TEST_CASE("a record that the source's own filter cannot judge may be the one that leads") {
  Bench bench;
  bench.company.config.sources[0].filter = At("(end>=today)");
  bench.company.config.rules[0].key = At("K{id}");
  const std::vector<std::string> logins{"l5", "x5"};
  const Row lesser = Contract("x5", "N", {{"status", "terminated"}, {"end", "2099-01-01"}});
  bench.Run({Contract("l5", "Y", {{"end", "2099-01-01"}}), lesser}, logins, false);
  CHECK(bench.Of("KE5").standing == Standing::kPresent);
  bench.Run({Contract("l5", "Y", {{"end", "2099-13-01"}}), lesser}, logins, false);
  CHECK(bench.Of("KE5").standing == Standing::kQuarantined);
}

TEST_CASE("whoever is set aside for want of a leading record shows their address, which tells whose new key it is") {
  Bench bench;
  bench.company.config.sources[0].prefer = {At("newest start")};
  bench.Run({Contract("l5", "Y", {{"start", "2020-13-01"}}), Contract("x5", "N", {{"start", "2019-01-01"}})},
            {"l5", "x5"}, false);
  CHECK(bench.Person().standing == Standing::kQuarantined);
  CHECK(bench.Person().Text(kUserEmail) == "e5@example.com");
  CHECK(bench.Person().State(kUserDepartment) == FieldState::kUnknown);
  CHECK(bench.Person().reason.find("cannot be told") != std::string::npos);
}

}  // namespace
}  // namespace ucaas_sync::mapping
