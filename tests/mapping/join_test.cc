// Joins, preferences and what a whole snapshot says of itself.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/mapping/mapper_support.h"

namespace ucaas_sync::mapping {
namespace {

Row Hr(const std::string& id, const Row& more = {}) {
  Row row{{"employee_id", id}, {"first_name", "Ada"}, {"last_name", "L"}, {"title", ""}};
  row.insert(row.end(), more.begin(), more.end());
  return row;
}

Row Entry(const std::string& id, const std::string& mail, const Row& more = {}) {
  Row row{{"dn", "uid=" + id + ",dc=x"}, {"employeeNumber", id}, {"mail", mail}};
  row.insert(row.end(), more.begin(), more.end());
  return row;
}

Company Joined() {
  Company company;
  company.AddSource("hr", "employee_id");
  company.AddSource("directory", "employeeNumber", config::Format::kLdif);
  config::RuleConfig& rule = company.AddUsers("hr");
  SetField(rule, "email", "{email,mail|lower}");
  SetField(rule, "designation", "{title|default:Staff}");
  rule.join.emplace_back(At("directory"), At("employee_id"));
  return company;
}

TEST_CASE("the directory adds what hr lacks, and is read first") {
  Company company = Joined();
  company.Run(
      {{"hr", {Hr("E1"), Hr("E2", {{"email", "own@example.com"}})}},
       {"directory", {Entry("E1", "Ada@Example.com", {{"title", "Countess"}}), Entry("E2", "other@example.com")}}});
  CHECK(company.read_order == std::vector<std::string>{"directory", "hr"});
  const Seen ada = company.seen.Only(Kind::kUser, "E1");
  CHECK(ada.standing == Standing::kPresent);
  CHECK(ada.Text(kUserEmail) == "ada@example.com");
  CHECK(ada.Text(kUserDesignation) == "Countess");
  CHECK(company.seen.Only(Kind::kUser, "E2").Text(kUserEmail) == "own@example.com");
  CHECK(company.seen.Only(Kind::kUser, "E2").Text(kUserDesignation) == "Staff");
  CHECK(company.checks["hr"].problems.empty());
}

TEST_CASE("without a joined record what only the directory has is unknown, and a default serves") {
  Company company = Joined();
  company.Run({{"hr", {Hr("E1"), Hr("E2"), Hr("E3", {{"email", "own@example.com"}})}},
               {"directory", {Entry("E1", "ada@example.com", {{"title", "Countess"}})}}});
  const Seen nobody = company.seen.Only(Kind::kUser, "E2");
  CHECK(nobody.standing == Standing::kPresent);
  CHECK(nobody.State(kUserEmail) == FieldState::kUnknown);
  CHECK(nobody.Text(kUserDesignation) == "Staff");
  CHECK(company.seen.Only(Kind::kUser, "E3").Text(kUserEmail) == "own@example.com");
}

TEST_CASE("an unhealthy partner makes its attributes unknown: neither default nor evidence takes their place") {
  Company company = Joined();
  company.config.rules[0].left = At("(accountDisabled=TRUE)");
  company.incomplete = {"directory"};
  company.Run({{"hr", {Hr("E1")}}, {"directory", {Entry("E1", "ada@example.com", {{"title", "Countess"}})}}});
  const Seen ada = company.seen.Only(Kind::kUser, "E1");
  CHECK(ada.standing == Standing::kQuarantined);
  CHECK(ada.reason == "source directory cannot be used now, and accountDisabled may come from there");
  CHECK(ada.State(kUserEmail) == FieldState::kUnknown);
  CHECK(ada.State(kUserDesignation) == FieldState::kUnknown);
  CHECK(ada.Text(kUserFirstName) == "Ada");
  CHECK(company.checks["hr"].problems.empty());

  company.config.rules[0].left = At("(first_name=nobody)");
  company.Run({{"hr", {Hr("E1")}}, {"directory", {Entry("E1", "ada@example.com")}}});
  CHECK(company.seen.Only(Kind::kUser, "E1").standing == Standing::kPresent);
  CHECK(company.seen.Only(Kind::kUser, "E1").State(kUserDesignation) == FieldState::kUnknown);
}

TEST_CASE("two partner records with one key set the person aside, naming their lines, identical ones do not") {
  Company company = Joined();
  company.Run({{"hr", {Hr("E1"), Hr("E2")}},
               {"directory",
                {Entry("E1", "a@example.com"), Entry("E2", "c@example.com"), Entry("E1", "b@example.com"),
                 Entry("E2", "c@example.com")}}});
  const Seen twice = company.seen.Only(Kind::kUser, "E1");
  CHECK(twice.standing == Standing::kQuarantined);
  CHECK(twice.reason == "two records in directory with employeeNumber E1 (lines 2, 4)");
  CHECK(twice.State(kUserEmail) == FieldState::kUnknown);
  CHECK(company.seen.Only(Kind::kUser, "E2").Text(kUserEmail) == "c@example.com");
}

TEST_CASE("dates are read in the format of the source that they come from") {
  Company company = Joined();
  company.config.sources[1].date_format = At("%d.%m.%Y");
  company.config.rules[0].left = At("(|(end_date<today)(expires<today))");
  company.Run({{"hr", {Hr("E1", {{"end_date", "2027-01-01"}}), Hr("E2", {{"end_date", "2027-01-01"}})}},
               {"directory",
                {Entry("E1", "a@example.com", {{"expires", "01.02.2026"}}),
                 Entry("E2", "b@example.com", {{"expires", "01.02.2027"}})}}});
  CHECK(company.seen.Only(Kind::kUser, "E1").standing == Standing::kLeft);
  CHECK(company.seen.Only(Kind::kUser, "E2").standing == Standing::kPresent);
  CHECK(FormatInstant(company.due_at.value()) == "2027-01-02T00:00:00Z");
}

TEST_CASE("a leading record takes its partner's DN when some rule looks members up by it") {
  Company company = Joined();
  config::RuleConfig& groups = company.AddRule(Kind::kGroup, "directory");
  groups.filter = At("(objectClass=group)");
  groups.members = At("{member}");
  SetField(groups, "name", "{cn}");
  company.Run({{"hr", {Hr("E1")}},
               {"directory",
                {Entry("E1", "ada@example.com"),
                 {{"dn", "cn=G,dc=x"}, {"objectClass", "group"}, {"cn", "G"}, {"member", "uid=E1,dc=x"}}}}});
  CHECK(company.seen.Only(Kind::kUser, "E1").dn == "uid=E1,dc=x");
  CHECK(company.seen.Only(Kind::kGroup, "G").members == std::vector<std::string>{"uid=E1,dc=x"});
}

TEST_CASE("a DN that only a partner has is not known while its record is missing or the partner cannot be read") {
  Company company = Joined();
  config::RuleConfig& groups = company.AddRule(Kind::kGroup, "directory");
  groups.filter = At("(objectClass=group)");
  groups.members = At("{member}");
  SetField(groups, "name", "{cn}");
  const auto run = [&] {
    company.Run({{"hr", {Hr("E1"), Hr("E2"), Hr("")}}, {"directory", {Entry("E1", "ada@example.com")}}});
  };
  run();
  CHECK(company.seen.Only(Kind::kUser, "E1").dn_known);
  CHECK_FALSE(company.seen.Only(Kind::kUser, "E2").dn_known);
  company.incomplete = {"directory"};
  run();
  CHECK_FALSE(company.seen.Only(Kind::kUser, "E1").dn_known);
  CHECK(company.seen.Only(Kind::kUser, "E1").dn.empty());
}

TEST_CASE("who has a DN of their own, or whose partner has none to give, is known by what they have") {
  Company company;
  config::Format own = config::Format::kCsv;
  config::Format partner = config::Format::kCsv;
  SUBCASE("nobody has DNs") {}
  SUBCASE("their own record has one") {
    own = config::Format::kLdif;
    partner = config::Format::kLdif;
  }
  company.AddSource("hr", "employee_id", own);
  company.AddSource("directory", "employeeNumber", partner);
  config::RuleConfig& rule = company.AddUsers("hr");
  SetField(rule, "designation", "{title|default:Staff}");
  rule.join.emplace_back(At("directory"), At("employee_id"));
  company.incomplete = {"directory"};
  Row record = Hr("E1", {{"email", "e1@example.com"}});
  if (own == config::Format::kLdif) record.insert(record.begin(), {"dn", "uid=own,dc=x"});
  company.Run({{"hr", {record}}});
  CHECK(company.seen.Only(Kind::kUser, "E1").dn_known);
}

TEST_CASE(
    "a later partner's DN does not take the place of an earlier one's that cannot be read, only of a missing one's") {
  Company company = Joined();
  company.AddSource("guests", "employeeNumber", config::Format::kLdif);
  company.config.rules[0].join.emplace_back(At("guests"), At("employee_id"));
  config::RuleConfig& groups = company.AddRule(Kind::kGroup, "directory");
  groups.filter = At("(objectClass=group)");
  groups.members = At("{member}");
  SetField(groups, "name", "{cn}");
  Row guest = Entry("E1", "ada@example.com");
  guest.front().second = "uid=E1,ou=guests,dc=x";
  const auto run = [&] {
    company.Run({{"hr", {Hr("E1")}}, {"directory", {Entry("E2", "b@example.com")}}, {"guests", {guest}}});
    return company.seen.Only(Kind::kUser, "E1");
  };
  CHECK(run().dn == "uid=E1,ou=guests,dc=x");
  CHECK(run().dn_known);
  company.incomplete = {"directory"};
  CHECK(run().dn.empty());
  CHECK_FALSE(run().dn_known);
}

TEST_CASE("sources that join each other, or themselves, are an error of the configuration") {
  Company company = Joined();
  config::RuleConfig& back = company.AddUsers("directory");
  back.join.emplace_back(At("hr"), At("employeeNumber"));
  CHECK(company.Errors().size() == 1);
  back.join.clear();
  CHECK(company.Errors().empty());
  back.join.emplace_back(At("directory"), At("manager"));
  CHECK(company.Errors().size() == 1);
}

Company Preferring(const std::vector<std::string>& clauses) {
  Company company;
  config::SourceConfig& hr = company.AddSource("hr", "employee_id");
  for (const std::string& clause : clauses) hr.prefer.push_back(At(clause));
  config::RuleConfig& rule = company.AddUsers("hr");
  SetField(rule, "department", "{department}");
  SetField(rule, "designation", "{skill|join:+}");
  return company;
}

Row Contract(const std::string& id, const std::string& department, const Row& more) {
  Row row{{"employee_id", id},
          {"first_name", "Ada"},
          {"last_name", "L"},
          {"email", id + "@example.com"},
          {"department", department}};
  row.insert(row.end(), more.begin(), more.end());
  return row;
}

TEST_CASE("the preferred record leads, and multi-valued fields gather from all") {
  Company company = Preferring({"(primary=Y)", "newest start_date"});
  company.Run(
      {{"hr",
        {Contract("E1", "Old", {{"primary", "N"}, {"start_date", "2026-01-01"}, {"skill", "C"}}),
         Contract("E2", "Only", {{"primary", "N"}, {"start_date", "2020-01-01"}, {"skill", "X"}}),
         Contract("E1", "Lead", {{"primary", "Y"}, {"start_date", "2020-01-01"}, {"skill", "A"}, {"skill", "B"}}),
         Contract("E3", "Older", {{"primary", "N"}, {"start_date", "2024-01-01"}}),
         Contract("E3", "Newer", {{"primary", "N"}, {"start_date", "2025-01-01"}}),
         Contract("E3", "Undated", {{"primary", "N"}, {"start_date", ""}})}}});
  CHECK(company.seen.Only(Kind::kUser, "E1").Text(kUserDepartment) == "Lead");
  CHECK(company.seen.Only(Kind::kUser, "E1").Text(kUserDesignation) == "A+B+C");
  CHECK(company.seen.Only(Kind::kUser, "E1").line == 4);
  CHECK(company.seen.Only(Kind::kUser, "E2").Text(kUserDepartment) == "Only");
  CHECK(company.seen.Only(Kind::kUser, "E3").Text(kUserDepartment) == "Newer");
}

TEST_CASE("filters are judged before duplicates: a record that is not let in does not lead") {
  Company company = Preferring({"newest start_date"});
  company.config.rules[0].filter = At("(status=active)");
  company.config.rules[0].left = At("(status=gone)");
  company.Run({{"hr",
                {Contract("E1", "Here", {{"start_date", "2020-01-01"}, {"status", "active"}}),
                 Contract("E1", "Gone", {{"start_date", "2025-01-01"}, {"status", "gone"}}),
                 Contract("E2", "One", {{"start_date", "2020-01-01"}, {"status", "gone"}}),
                 Contract("E2", "Two", {{"start_date", "2025-01-01"}, {"status", "gone"}, {"skill", "x"}})}}});
  CHECK(company.seen.Only(Kind::kUser, "E1").Text(kUserDepartment) == "Here");
  CHECK(company.seen.Only(Kind::kUser, "E1").standing == Standing::kPresent);
  CHECK(company.seen.Only(Kind::kUser, "E2").standing == Standing::kLeft);
}

TEST_CASE("records that no preference tells apart stay two, one that cannot be ranked sets the person aside") {
  Company company = Preferring({"newest start_date"});
  company.Run(
      {{"hr",
        {Contract("E1", "A", {{"start_date", "2025-01-01"}, {"skill", "x"}}),
         Contract("E1", "B", {{"start_date", "2025-01-01"}}), Contract("E2", "A", {{"start_date", "2025-01-01"}}),
         Contract("E2", "B", {{"start_date", "last May"}})}}});
  CHECK(company.seen.Of(Kind::kUser, "E1").size() == 2);
  const Seen unranked = company.seen.Only(Kind::kUser, "E2");
  CHECK(unranked.standing == Standing::kQuarantined);
  CHECK(unranked.reason ==
        "which of 2 records leads cannot be told: \"last May\" in column start_date is no date (%Y-%m-%d), line 5");
}

TEST_CASE("a preference that is none is told") {
  Company company = Preferring({"newest", "(primary=Y", "latest start_date"});
  CHECK(company.Errors().size() == 3);
}

TEST_CASE("a renamed column is named, with the heading that was meant") {
  Company company;
  company.AddSource("hr", "employee_id");
  config::RuleConfig& rule = company.AddUsers("hr");
  SetField(rule, "department", "{department}");
  SetField(rule, "designation", "{title|default:Staff}");
  SetField(rule, "middle_name", "{second_name,middle_name}");
  const Row row{{"employee_id", "E1"},      {"first_name", "A"},      {"last_name", "B"},
                {"email", "a@example.com"}, {"departments", "Sales"}, {"middle_name", "X"}};
  company.Run({{"hr", {row}}});
  REQUIRE(company.checks["hr"].problems.size() == 1);
  const Problem problem = company.checks["hr"].problems[0];
  CHECK(problem.what == "no column \"department\", which users need (config.yaml:7:11)");
  CHECK(problem.at.line == 1);
  CHECK(problem.remedy.find("did you mean \"departments\"?") == 0);
}

TEST_CASE("a column that nobody fills is told, also one that only a filter names") {
  Company company;
  company.AddSource("hr", "employee_id");
  company.AddUsers("hr").left = At("(status=gone)");
  company.Run({{"hr", {Contract("E1", "", {{"status", " "}}), Contract("E2", "", {{"status", ""}})}}});
  REQUIRE(company.checks["hr"].problems.size() == 1);
  CHECK(company.checks["hr"].problems[0].what ==
        "no value in column \"status\" in any of 2 records, which users need (config.yaml:7:12)");
}

TEST_CASE("no records, nobody let through, no key: the floor") {
  Company company;
  company.AddSource("hr", "employee_id").filter = At("(first_name=*)");
  company.AddUsers("hr");
  company.Run({});
  REQUIRE(company.checks["hr"].problems.size() == 1);
  CHECK(company.checks["hr"].problems[0].what == "no usable record in it");

  company.Run({{"hr", {{{"employee_id", "E1"}, {"first_name", ""}, {"last_name", "B"}, {"email", "a@example.com"}}}}});
  CHECK(company.checks["hr"].problems.front().what ==
        "none of its 1 record matches the source's filter (first_name=*)");

  company.Run({{"hr", {{{"employee_id", ""}, {"first_name", "A"}, {"last_name", "B"}, {"email", "a@example.com"}}}}});
  REQUIRE(company.checks["hr"].problems.size() == 1);
  CHECK(company.checks["hr"].problems[0].what.find("no value in column \"employee_id\"") == 0);

  company.Run({{"hr", {{{"id", "1"}, {"first_name", "A"}, {"last_name", "B"}, {"email", "a@example.com"}}}}});
  REQUIRE(company.checks["hr"].problems.size() == 1);
  CHECK(company.checks["hr"].problems[0].what.find("no column \"employee_id\", which is the key of source hr") == 0);
}

TEST_CASE("an attribute that no entry of a directory carries is for the history to judge") {
  Company company = Joined();
  company.Run({{"hr", {Hr("E1", {{"email", "a@example.com"}, {"email", ""}})}}, {"directory", {Entry("E1", "")}}});
  CHECK(company.checks["hr"].problems.empty());
  CHECK(company.checks["hr"].uncarried.empty());
  company.config.rules[0].fields.back().second = At("{title}");
  company.Run({{"hr", {Hr("E1", {{"email", "a@example.com"}})}}, {"directory", {Entry("E1", "")}}});
  REQUIRE(company.checks["hr"].uncarried.size() == 2);
  CHECK(company.checks["hr"].uncarried[0].source == 0);
  CHECK(company.checks["hr"].uncarried[0].attribute == "title");
  CHECK(company.checks["hr"].uncarried[1].source == 1);
  CHECK(company.checks["hr"].uncarried[1].attribute == "title");
  CHECK(company.checks["hr"].uncarried[0].problem.what.find("column \"title\"") != std::string::npos);
  CHECK(company.checks["hr"].uncarried[1].problem.what.find("no value in attribute \"title\" in any record, ") == 0);
}

TEST_CASE("an incomplete snapshot is not judged further") {
  Company company = Joined();
  company.incomplete = {"hr"};
  company.Run({{"hr", {}}, {"directory", {Entry("E1", "a@example.com")}}});
  CHECK(company.checks["hr"].problems.empty());
  CHECK(company.checks["directory"].filled ==
        std::vector<std::pair<std::string, std::uint64_t>>{
            {"employeenumber", 1}, {"first_name", 0}, {"last_name", 0}, {"email", 0}, {"mail", 1}, {"title", 0}});
}

}  // namespace
}  // namespace ucaas_sync::mapping
