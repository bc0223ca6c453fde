// What mapping tells a trace: the record, its join, each filter with the clause that decided, each field.
#include "daemon/model/trace.h"

#include <doctest/doctest.h>

#include "tests/mapping/mapper_support.h"

namespace ucaas_sync::mapping {
namespace {

const Row kAda{{"id", "E1"},      {"first_name", "Ada"}, {"last_name", "Lovelace"}, {"email", "ADA@x.com"},
               {"country", "DE"}, {"title", "Engineer"}, {"password", "s3cret"}};
const Row kAlan{{"id", "E2"},      {"first_name", "Alan"}, {"last_name", "Turing"}, {"email", "alan@x.com"},
                {"country", "NL"}, {"title", "Robot"},     {"password", "s3cret"}};

config::RuleConfig& AddPeople(Company& company, const std::string& filter) {
  company.AddSource("hr", "id");
  config::RuleConfig& rule = company.AddUsers("hr");
  rule.filter.value = filter;
  SetField(rule, "email", "{email|lower}");
  SetField(rule, "designation", "{title}");
  return rule;
}

std::vector<RecordTrace> Traced(Company& company, const std::string& who,
                                const std::map<std::string, std::vector<Row>>& rows) {
  Trace trace(who);
  company.trace = &trace;
  company.Run(rows);
  company.trace = nullptr;
  return trace.records();
}

TEST_CASE("the smallest clause that decided is told, with the attribute's values") {
  struct Case {
    const char* filter;
    FilterTrace::Verdict verdict;
    const char* clause;
    const char* attribute;
  };
  const auto kYes = FilterTrace::Verdict::kYes;
  const auto kNo = FilterTrace::Verdict::kNo;
  for (const Case& expected : {
           Case{"(&(id=*)(country=DE)(title=*))", kNo, "(country=DE)", "country"},
           Case{"(&(id=*)(|(country=DE)(country=AT)))", kNo, "(|(country=DE)(country=AT))", "country"},
           Case{"(&(id=*)(!(title=Robot)))", kNo, "(!(title=Robot))", "title"},
           Case{"(|(country=DE)(title=Robot))", kYes, "(title=Robot)", "title"},
           Case{"(!(&(country=DE)(title=Robot)))", kYes, "(country=DE)", "country"},
           Case{"(&(country=NL))", kYes, "(country=NL)", "country"},
       }) {
    CAPTURE(expected.filter);
    Company company;
    AddPeople(company, expected.filter);
    const auto records = Traced(company, "E2", {{"hr", {kAda, kAlan}}});
    REQUIRE(records.size() == 1);
    REQUIRE(records[0].filters.size() == 1);
    const FilterTrace& filter = records[0].filters[0];
    CHECK(filter.name == "filter");
    CHECK(filter.verdict == expected.verdict);
    CHECK(filter.clause == expected.clause);
    REQUIRE(filter.values.size() == 1);
    CHECK(filter.values[0].attribute == expected.attribute);
    CHECK(records[0].standing.has_value() == (expected.verdict == kYes));
  }
}

TEST_CASE("an attribute that the record lacks is told as missing") {
  Company company;
  AddPeople(company, "(cost_center=7)");
  const auto records = Traced(company, "E2", {{"hr", {kAda, kAlan, {{"id", "E3"}, {"cost_center", "7"}}}}});
  REQUIRE(records.size() == 1);
  CHECK(records[0].filters.at(0).values == std::vector<FilterTrace::Value>{{"cost_center", {}}});
}

TEST_CASE("an e-mail finds its record as it comes out of the template, and others are not told") {
  Company company;
  AddPeople(company, "");
  const auto records = Traced(company, "ada@X.com", {{"hr", {kAda, kAlan}}});
  REQUIRE(records.size() == 1);
  CHECK(records[0].key == "E1");
  CHECK(records[0].source.line == 2);
  CHECK(records[0].address == "ada@x.com");
  CHECK(records[0].standing == Standing::kPresent);
}

TEST_CASE("each field is told with its template and value, and a secret with neither") {
  Company company;
  config::RuleConfig& rule = AddPeople(company, "");
  SetField(rule, "password", "{password}");
  auto records = Traced(company, "E1", {{"hr", {kAda}}});
  REQUIRE(records.size() == 1);
  bool has_email = false;
  for (const FieldTrace& field : records[0].fields) {
    CHECK(field.value != "s3cret");
    if (field.name != "email") continue;
    has_email = true;
    CHECK(field.written == "{email|lower}");
    CHECK(field.value == "ada@x.com");
  }
  CHECK(has_email);
  SetField(company.config.rules[0], "password", "s3cret");
  records = Traced(company, "E1", {{"hr", {kAda}}});
  for (const FieldTrace& field : records[0].fields) CHECK(field.written != "s3cret");
}

TEST_CASE("a join tells whether the partner was found, and where") {
  Company company;
  config::RuleConfig& rule = AddPeople(company, "");
  company.AddSource("directory", "number");
  rule.join.emplace_back(config::Text{.value = "directory", .at = {}}, config::Text{.value = "id", .at = {}});
  SetField(rule, "department", "{unit}");
  const std::map<std::string, std::vector<Row>> rows{{"hr", {kAda, kAlan}},
                                                     {"directory", {{{"number", "E1"}, {"unit", "R"}}}}};
  auto records = Traced(company, "E1", rows);
  REQUIRE(records.at(0).joins.size() == 1);
  CHECK(records[0].joins[0].found == JoinTrace::Found::kFound);
  CHECK(records[0].joins[0].line == 2);
  records = Traced(company, "E2", rows);
  CHECK(records.at(0).joins.at(0).found == JoinTrace::Found::kMissing);
  CHECK(records[0].joins[0].key == "E2");
}

TEST_CASE("a record that the source's own filter keeps out is told") {
  Company company;
  AddPeople(company, "");
  company.config.sources[0].filter.value = "(country=DE)";
  const auto records = Traced(company, "E2", {{"hr", {kAda, kAlan}}});
  REQUIRE(records.size() == 1);
  CHECK_FALSE(records[0].standing);
  CHECK(records[0].filters.at(0).name == "filter of source hr");
}

TEST_CASE("a trace changes nothing of what comes out") {
  Company company;
  AddPeople(company, "(country=DE)");
  company.Run({{"hr", {kAda, kAlan}}});
  const auto before = company.seen.entities.size();
  Traced(company, "E1", {{"hr", {kAda, kAlan}}});
  CHECK(company.seen.entities.size() == before);
  CHECK(company.seen.Only(Kind::kUser, "E1").Text(kUserEmail) == "ada@x.com");
}

}  // namespace
}  // namespace ucaas_sync::mapping
