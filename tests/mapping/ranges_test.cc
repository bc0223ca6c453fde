// An attribute of which a directory listed a range and not its tail: what is there is there, and the rest is not known.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/mapping/mapper_support.h"

namespace ucaas_sync::mapping {
namespace {

const std::string kCut = "attribute memberOf is a range without its tail: it has more values than are listed";

Row Person(const std::string& id, bool is_cut) {
  Row row{{"id", id},
          {"first_name", "Ada"},
          {"last_name", "L"},
          {"email", id + "@example.com"},
          {"memberOf", "cn=staff"},
          {"memberOf", "cn=vpn"}};
  if (is_cut) row.emplace_back("memberOf;range", "");
  return row;
}

/// E1 is in staff and vpn; E7 is in those, and in others that were not listed.
struct Bench {
  Bench() {
    company.AddSource("ad", "id", config::Format::kLdif);
    company.AddUsers("ad");
  }
  config::SourceConfig& source() { return company.config.sources[0]; }
  config::RuleConfig& rule() { return company.config.rules[0]; }
  void Run() { company.Run({{"ad", {Person("E1", false), Person("E7", true)}}}); }
  Seen Of(const std::string& key) const { return company.seen.Only(Kind::kUser, key); }
  Standing StandingOf(const std::string& key) {
    Run();
    return Of(key).standing;
  }

  Company company;
};

TEST_CASE("that a value is not in the listed part of a range proves nobody left, filtered out or out of scope") {
  config::Text config::RuleConfig::*const clauses[] = {&config::RuleConfig::left, &config::RuleConfig::filter,
                                                       &config::RuleConfig::scope};
  for (const auto clause : clauses) {
    Bench bench;
    const bool is_left = clause == &config::RuleConfig::left;
    bench.rule().*clause = At(is_left ? "(!(memberOf=cn=active))" : "(memberOf=cn=active)");
    bench.Run();
    CHECK(bench.Of("E1").standing != Standing::kPresent);
    CHECK(bench.Of("E1").standing != Standing::kQuarantined);
    CHECK(bench.Of("E7").standing == Standing::kQuarantined);
    CHECK(bench.Of("E7").reason == kCut);
  }
}

TEST_CASE("a value that is in the listed part of a range counts") {
  Bench bench;
  bench.rule().filter = At("(memberOf=cn=vpn)");
  CHECK(bench.StandingOf("E7") == Standing::kPresent);
  bench.rule().left = At("(memberOf=cn=staff)");
  CHECK(bench.StandingOf("E7") == Standing::kLeft);
}

TEST_CASE("a field from a range without its tail is unknown, with a default or without") {
  for (const std::string text : {"{memberOf}", "{memberOf|join:;}", "{memberOf|default:none}", "{memberOf,title}"}) {
    CAPTURE(text);
    Bench bench;
    SetField(bench.rule(), "department", text);
    bench.Run();
    CHECK(bench.Of("E1").State(kUserDepartment) == FieldState::kValue);
    CHECK(bench.Of("E7").State(kUserDepartment) == FieldState::kUnknown);
    CHECK(bench.Of("E7").standing == Standing::kPresent);
  }
}

TEST_CASE("the groups of a contact from a range without its tail are not known") {
  Company company;
  company.AddSource("ad", "id", config::Format::kLdif);
  config::RuleConfig& contacts = company.AddRule(Kind::kContact, "ad");
  SetField(contacts, "name", "{first_name}");
  SetField(contacts, "email", "{email}");
  contacts.groups = At("{memberOf|dn:cn}");
  company.Run({{"ad", {Person("E1", false), Person("E7", true)}}});
  CHECK(company.seen.Only(Kind::kContact, "E1").groups == std::vector<std::string>{"staff", "vpn"});
  CHECK(company.seen.Only(Kind::kContact, "E1").groups_known);
  CHECK_FALSE(company.seen.Only(Kind::kContact, "E7").groups_known);
}

TEST_CASE("a key from a range without its tail is nobody's") {
  Bench bench;
  bench.rule().key = At("{memberOf|join:+}");
  bench.Run();
  CHECK(bench.company.seen.entities.size() == 1);
  REQUIRE(bench.company.seen.rejects.size() == 1);
  CHECK(bench.company.seen.rejects[0].reason == kCut);
}

TEST_CASE("a source's own filter rejects what it cannot judge for a range without its tail") {
  Bench bench;
  bench.source().filter = At("(memberOf=cn=active)");
  bench.Run();
  CHECK(bench.Of("E1").standing == Standing::kFilteredOut);
  REQUIRE(bench.company.seen.rejects.size() == 1);
  CHECK(bench.company.seen.rejects[0].reason == kCut);
  bench.source().filter = At("(memberOf=cn=vpn)");
  CHECK(bench.StandingOf("E7") == Standing::kPresent);
}

TEST_CASE("which record leads is not told by a range without its tail") {
  Bench bench;
  bench.source().prefer.push_back(At("(memberOf=cn=active)"));
  bench.company.Run({{"ad", {Person("E7", false), Person("E7", true)}}});
  CHECK(bench.Of("E7").standing == Standing::kQuarantined);
  CHECK(bench.Of("E7").reason.find(kCut) != std::string::npos);
}

TEST_CASE("a range without its tail in a joined record counts where that record's value is taken") {
  Company company;
  company.AddSource("hr", "id");
  company.AddSource("ad", "emp", config::Format::kLdif);
  config::RuleConfig& rule = company.AddUsers("hr");
  rule.join.emplace_back(At("ad"), At("id"));
  rule.filter = At("(memberOf=cn=active)");
  const Row own{{"id", "E7"}, {"first_name", "Ada"}, {"last_name", "L"}, {"email", "e@example.com"}};
  Row with_value = own;
  with_value.emplace_back("memberOf", "cn=other");
  const Row partner{{"emp", "E7"}, {"memberOf", "cn=vpn"}, {"memberOf;range", ""}};

  company.Run({{"hr", {own}}, {"ad", {partner}}});
  CHECK(company.seen.Only(Kind::kUser, "E7").standing == Standing::kQuarantined);
  company.Run({{"hr", {with_value}}, {"ad", {partner}}});
  CHECK(company.seen.Only(Kind::kUser, "E7").standing == Standing::kFilteredOut);
  company.Run({{"hr", {own}}, {"ad", {{{"emp", "E7"}, {"memberOf;range", ""}}}}});
  CHECK(company.seen.Only(Kind::kUser, "E7").standing == Standing::kQuarantined);
}

}  // namespace
}  // namespace ucaas_sync::mapping
