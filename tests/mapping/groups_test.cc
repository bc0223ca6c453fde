// A group comes out of many records: what is wrong with one of them is not wrong with the group, nor with its people.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/mapping/mapper_support.h"

namespace ucaas_sync::mapping {
namespace {

Row Hr(const std::string& id, const std::string& department, const Row& more = {}) {
  Row row{{"id", id},
          {"first_name", "Ada"},
          {"last_name", "L"},
          {"email", id + "@example.com"},
          {"department", department}};
  row.insert(row.end(), more.begin(), more.end());
  return row;
}

/// Groups first, so that what is wrong with a record as a group's is known before its user is.
Company Departments(const std::string& name) {
  Company company;
  company.AddSource("hr", "id");
  SetField(company.AddRule(Kind::kGroup, "hr"), "name", name);
  company.AddUsers("hr");
  return company;
}

Company ByDirectory() {
  Company company = Departments("{team}");
  company.AddSource("dir", "emp");
  company.config.rules[0].join.emplace_back(At("dir"), At("id"));
  return company;
}

Row Entry(const std::string& id, const std::string& team) {
  return {{"emp", id}, {"team", team}};
}

TEST_CASE("a record without the joined record that has its group names none, and is rejected for nothing") {
  Company company = ByDirectory();
  company.Run({{"hr", {Hr("E1", ""), Hr("E2", "")}}, {"dir", {Entry("E1", "Sales")}}});
  CHECK(company.seen.rejects.empty());
  CHECK(company.seen.Only(Kind::kUser, "E2").standing == Standing::kPresent);
  CHECK(company.seen.Only(Kind::kGroup, "Sales").standing == Standing::kPresent);
  CHECK_FALSE(company.checks["hr"].hides_groups);
}

TEST_CASE("no group is proved to be gone while the joined record that may name it may be rejected or is silent") {
  Company company = ByDirectory();
  company.rejecting = {"dir"};
  company.Run({{"hr", {Hr("E1", ""), Hr("E2", "")}}, {"dir", {Entry("E1", "Sales")}}});
  CHECK(company.seen.rejects.size() == 1);  // the reader's
  CHECK(company.checks["hr"].hides_groups);
  CHECK(company.seen.Only(Kind::kUser, "E2").standing == Standing::kPresent);

  company.rejecting.clear();
  company.incomplete = {"dir"};
  company.Run({{"hr", {Hr("E1", ""), Hr("E2", "")}}, {"dir", {Entry("E1", "Sales")}}});
  REQUIRE(company.seen.rejects.size() == 1);
  CHECK(company.seen.rejects[0].hides_groups_alone);
  CHECK(company.seen.rejects[0].reason == "source dir cannot be used now, and team may come from there");
}

TEST_CASE("two joined records of one key hide a group, and not the person") {
  Company company = ByDirectory();
  company.Run(
      {{"hr", {Hr("E1", ""), Hr("E2", "")}}, {"dir", {Entry("E1", "Sales"), Entry("E2", "Chess"), Entry("E2", "Go")}}});
  REQUIRE(company.seen.rejects.size() == 1);
  CHECK(company.seen.rejects[0].line == 3);
  CHECK(company.seen.rejects[0].hides_groups_alone);
  CHECK(company.seen.Only(Kind::kUser, "E2").standing == Standing::kPresent);
}

TEST_CASE("an unknown word in a group's name is told with its line, and leaves the record's people as they are") {
  Company company = Departments("{department|map:d}");
  company.config.tables.push_back({.name = At("d"), .entries = {{At("D1"), At("One")}}});
  company.Run({{"hr", {Hr("E1", "D1"), Hr("E2", "D9")}}});
  REQUIRE(company.seen.rejects.size() == 1);
  CHECK(company.seen.rejects[0].line == 3);
  CHECK(company.seen.rejects[0].reason == "\"D9\" in column department is not a word of table d");
  CHECK(company.seen.rejects[0].hides_groups_alone);
  CHECK(company.seen.rejects[0].values.empty());
  CHECK(company.seen.Only(Kind::kUser, "E2").standing == Standing::kPresent);
}

TEST_CASE("a record that nobody can use is told once, and hides its people and its group") {
  Company company = Departments("{department|map:d}");
  company.config.tables.push_back({.name = At("d"), .entries = {{At("D1"), At("One")}}});
  company.Run({{"hr", {Hr("E1", "D1"), Hr("", "D9")}}});
  REQUIRE(company.seen.rejects.size() == 1);
  CHECK(company.seen.rejects[0].reason == "no value in id");
  CHECK_FALSE(company.seen.rejects[0].hides_groups_alone);
  CHECK(company.checks["hr"].hides_groups);
}

TEST_CASE("records of one key are rejected once each, by however many rules") {
  Company company;
  company.AddSource("hr", "id").prefer.push_back(At("newest start"));
  company.AddUsers("hr").key = At("{badge}");
  company.AddUsers("hr").key = At("{pass}");
  company.Run({{"hr",
                {Hr("E1", "D1", {{"start", "2026-01-01"}, {"badge", "B"}, {"pass", "P"}}),
                 Hr("E2", "D1", {{"start", "2026-01-01"}})}}});
  CHECK(company.seen.rejects.size() == 1);
}

TEST_CASE("one person's bad date does not set aside a group that others are in") {
  Company company = Departments("{department}");
  company.config.rules[0].left = At("(end<today)");
  company.Run({{"hr",
                {Hr("E1", "D1", {{"end", "31.12.2030"}}), Hr("E2", "D1", {{"end", "2030-12-31"}}),
                 Hr("E3", "D2", {{"end", "31.12.2030"}}), Hr("E4", "D2", {{"end", "1.1.2031"}}),
                 Hr("E5", "D2", {{"end", "2020-01-01"}}), Hr("E6", "D3", {{"end", "2020-01-01"}})}}});
  CHECK(company.seen.Only(Kind::kGroup, "D1").standing == Standing::kPresent);
  // Who cannot be judged may still be in it, so it did not leave with the others.
  const Seen doubtful = company.seen.Only(Kind::kGroup, "D2");
  CHECK(doubtful.standing == Standing::kQuarantined);
  CHECK(doubtful.reason == "\"31.12.2030\" in column end is no date (%Y-%m-%d)");
  CHECK(doubtful.line == 4);
  CHECK(company.seen.Only(Kind::kGroup, "D3").standing == Standing::kLeft);
}

TEST_CASE("one person's two joined records, or two contracts, do not set aside the group that others are in") {
  Company company = Departments("{department}");
  company.AddSource("dir", "emp");
  company.config.rules[0].join.emplace_back(At("dir"), At("id"));
  SetField(company.config.rules[0], "shared", "{shared|default:true}");
  company.Run(
      {{"hr", {Hr("E1", "D1"), Hr("E2", "D1")}},
       {"dir",
        {{{"emp", "E1"}, {"shared", "no"}}, {{"emp", "E1"}, {"shared", "yes"}}, {{"emp", "E2"}, {"shared", ""}}}}});
  CHECK(company.seen.Only(Kind::kGroup, "D1").standing == Standing::kPresent);

  company = Departments("{department}");
  company.config.sources[0].prefer.push_back(At("newest start"));
  company.Run({{"hr",
                {Hr("E1", "D1", {{"start", "2026-01-01"}}), Hr("E1", "D1", {{"start", "last May"}}),
                 Hr("E2", "D1", {{"start", "2026-01-01"}})}}});
  CHECK(company.seen.Only(Kind::kGroup, "D1").standing == Standing::kPresent);
}

TEST_CASE("a group that its key names and whose name is missing is set aside, not gone") {
  Company company;
  company.AddSource("ad", "id", config::Format::kLdif);
  config::RuleConfig& groups = company.AddRule(Kind::kGroup, "ad");
  groups.key = At("{account}");
  groups.members = At("{member}");
  SetField(groups, "name", "{cn}");
  const std::vector<Row> entries{
      {{"dn", "cn=a"}, {"account", "G1"}, {"cn", "Sales"}}, {{"dn", "cn=b"}, {"account", "G2"}}, {{"dn", "cn=c"}}};
  company.Run({{"ad", entries}});
  CHECK(company.seen.entities.size() == 2);
  CHECK(company.seen.Only(Kind::kGroup, "G2").standing == Standing::kQuarantined);
  CHECK(company.seen.Only(Kind::kGroup, "G2").reason == "name missing");
  // Where text or a default makes a key of nothing, nothing is named.
  for (const std::string key : {"G-{account}", "{account|default:none}"}) {
    company.config.rules[0].key = At(key);
    company.Run({{"ad", entries}});
    CHECK(company.seen.entities.size() == 1);
  }
}

TEST_CASE("what a record says wrongly of the group itself sets the group aside") {
  Company company = Departments("{department}");
  SetField(company.config.rules[0], "shared", "{shared}");
  company.Run({{"hr", {Hr("E1", "D1", {{"shared", "yes"}}), Hr("E2", "D1", {{"shared", "perhaps"}})}}});
  CHECK(company.seen.Of(Kind::kGroup, "D1").size() == 2);
}

}  // namespace
}  // namespace ucaas_sync::mapping
