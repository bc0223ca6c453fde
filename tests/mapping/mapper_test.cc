#include "daemon/mapping/mapper.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/mapping/mapper_support.h"

namespace ucaas_sync::mapping {
namespace {

Row Person(const std::string& id, const std::string& first, const std::string& last, const std::string& email,
           const Row& more = {}) {
  Row row{{"employee_id", id}, {"first_name", first}, {"last_name", last}, {"email", email}};
  row.insert(row.end(), more.begin(), more.end());
  return row;
}

Company SmallCompany() {
  Company company;
  company.AddSource("hr", "employee_id");
  company.AddUsers("hr");
  return company;
}

TEST_CASE("a person becomes a user with trimmed, NFC fields, source and line") {
  Company company = SmallCompany();
  SetField(company.config.rules[0], "email", "{email|lower}");
  company.Run({{"hr", {Person(" E1 ", "Zoe\xCC\x88", " Lovelace ", "Zoe@Example.COM")}}});
  REQUIRE(company.seen.entities.size() == 1);
  const Seen user = company.seen.Only(Kind::kUser, "E1");
  CHECK(user.standing == Standing::kPresent);
  CHECK(user.Text(kUserFirstName) == "Zo\xC3\xAB");
  CHECK(user.Text(kUserLastName) == "Lovelace");
  CHECK(user.Text(kUserEmail) == "zoe@example.com");
  CHECK(user.Text(kUserTypeField) == "moderator");
  CHECK(user.State(kUserDepartment) == FieldState::kUnmapped);
  CHECK(user.line == 2);
  CHECK(user.source == 0);
  CHECK(user.rule == 0);
}

TEST_CASE("scope is judged before left, and left before the filter") {
  Company company = SmallCompany();
  config::RuleConfig& rule = company.config.rules[0];
  rule.scope = At("(site=Berlin)");
  rule.left = At("(status=gone)");
  rule.filter = At("(&(employee_id=*)(paid=yes))");
  const auto person = [](const std::string& id, const std::string& site, const std::string& status,
                         const std::string& paid) {
    return Person(id, "A", "B", id + "@example.com", {{"site", site}, {"status", status}, {"paid", paid}});
  };
  company.Run({{"hr",
                {person("in", "Berlin", "here", "yes"), person("unpaid", "Berlin", "here", "no"),
                 person("left", "Berlin", "gone", "no"), person("elsewhere", "Rome", "gone", "yes")}}});
  CHECK(company.seen.Only(Kind::kUser, "in").standing == Standing::kPresent);
  CHECK(company.seen.Only(Kind::kUser, "unpaid").standing == Standing::kFilteredOut);
  CHECK(company.seen.Only(Kind::kUser, "unpaid").is_in_scope);
  CHECK(company.seen.Only(Kind::kUser, "left").standing == Standing::kLeft);
  CHECK(company.seen.Only(Kind::kUser, "left").Text(kUserEmail) == "left@example.com");
  CHECK(company.seen.Only(Kind::kUser, "elsewhere").standing == Standing::kOutOfScope);
}

TEST_CASE("whom a rule without a scope keeps out is in no scope") {
  Company company = SmallCompany();
  company.config.rules[0].filter = At("(paid=yes)");
  company.Run({{"hr", {Person("E1", "A", "B", "a@example.com", {{"paid", "no"}})}}});
  CHECK(company.seen.Only(Kind::kUser, "E1").standing == Standing::kFilteredOut);
  CHECK_FALSE(company.seen.Only(Kind::kUser, "E1").is_in_scope);
}

TEST_CASE("the source's filter drops a record for every rule, evidence of leaving included") {
  Company company = SmallCompany();
  company.config.sources[0].filter = At("(type=person)");
  company.config.rules[0].left = At("(status=gone)");
  company.Run({{"hr",
                {Person("E1", "A", "B", "a@example.com", {{"type", "person"}, {"status", "x"}}),
                 Person("E2", "A", "B", "b@example.com", {{"type", "robot"}, {"status", "gone"}})}}});
  CHECK(company.seen.entities.size() == 2);
  CHECK(company.seen.Only(Kind::kUser, "E2").standing == Standing::kFilteredOut);
  CHECK_FALSE(company.seen.Only(Kind::kUser, "E2").is_in_scope);
  CHECK(company.seen.rejects.empty());
}

TEST_CASE("what cannot be mapped is set aside with line, attribute and value") {
  Company company = SmallCompany();
  config::TableConfig table;
  table.name = At("status");
  table.entries.emplace_back(At("active"), At("A"));
  company.config.tables.push_back(table);
  config::RuleConfig& rule = company.config.rules[0];
  SetField(rule, "status", "{status|map:status}");
  SetField(rule, "send_welcome_mail", "{welcome|default:no}");
  rule.filter = At("(!(start_date>today))");
  const Row fine{{"status", "Active"}, {"welcome", "YES"}, {"start_date", "2020-01-01"}};
  company.Run({{"hr",
                {Person("ok", "A", "B", "ok@example.com", fine), Person("nomail", "A", "B", " ", fine),
                 Person("badmail", "A", "B", "ada@", fine), Person("noname", "", "", "x@example.com", fine),
                 Person("word", "A", "B", "x@example.com", {{"status", "foo"}, {"start_date", ""}}),
                 Person("bool", "A", "B", "x@example.com", {{"status", "active"}, {"welcome", "maybe"}}),
                 Person("date", "A", "B", "x@example.com", {{"status", "active"}, {"start_date", "soon"}})}}});
  const auto reason = [&](const std::string& key) {
    const Seen entity = company.seen.Only(Kind::kUser, key);
    CHECK(entity.standing == Standing::kQuarantined);
    return entity.reason;
  };
  CHECK(company.seen.Only(Kind::kUser, "ok").standing == Standing::kPresent);
  CHECK(company.seen.Only(Kind::kUser, "ok").Text(kUserSendWelcomeMail) == "true");
  CHECK(reason("nomail") == "e-mail missing");
  CHECK(reason("badmail") == "e-mail \"ada@\" (column email) is no address: nothing after the @");
  CHECK(reason("noname") == "first_name missing; last_name missing");
  CHECK(reason("word") == "\"foo\" in column status is not a word of table status");
  CHECK(reason("bool") == "send_welcome_mail \"maybe\" (column welcome) is neither true nor false");
  CHECK(reason("date") == "\"soon\" in column start_date is no date (%Y-%m-%d)");
  CHECK(company.seen.Only(Kind::kUser, "word").line == 6);
  CHECK(company.seen.Only(Kind::kUser, "word").Text(kUserEmail) == "x@example.com");
}

TEST_CASE("whose value a template makes grow without end is set aside, with the attribute") {
  Company company = SmallCompany();
  std::string text = "{title";
  for (int i = 0; i < 6; ++i) text += "|replace:a:aaaaaaaaaa";
  SetField(company.config.rules[0], "designation", text + "}");
  company.Run({{"hr",
                {Person("E1", "A", "B", "a@example.com", {{"title", "Maid"}}),
                 Person("E2", "A", "B", "b@example.com", {{"title", "Cook"}})}}});
  CHECK(company.seen.Only(Kind::kUser, "E1").standing == Standing::kQuarantined);
  CHECK(company.seen.Only(Kind::kUser, "E1").reason ==
        "column title grows beyond 65,536 bytes by a replace or regex of its template");
  CHECK(company.seen.Only(Kind::kUser, "E2").standing == Standing::kPresent);
}

TEST_CASE("who left left, whatever else is wrong with the record") {
  Company company = SmallCompany();
  company.config.rules[0].left = At("(status=gone)");
  company.Run({{"hr", {Person("E1", "", "", "broken", {{"status", "gone"}})}}});
  CHECK(company.seen.Only(Kind::kUser, "E1").standing == Standing::kLeft);
  CHECK(company.seen.Only(Kind::kUser, "E1").reason.empty());
}

TEST_CASE("an end that is no date sets aside: neither removed nor let in again") {
  Company company = SmallCompany();
  company.config.rules[0].left = At("(end_date<today)");
  company.config.rules[0].filter = At("(paid=yes)");
  company.Run({{"hr", {Person("E1", "A", "B", "a@example.com", {{"end_date", "31.12.2020"}, {"paid", "no"}})}}});
  CHECK(company.seen.Only(Kind::kUser, "E1").standing == Standing::kQuarantined);
}

TEST_CASE("a record without a key is a reject with its values, an empty one first, once, unless no rule wants it") {
  Company company = SmallCompany();
  company.config.rules[0].filter = At("(type=person)");
  config::RuleConfig& contacts = company.AddRule(Kind::kContact, "hr");
  SetField(contacts, "name", "{first_name}");
  SetField(contacts, "email", "{email}");
  contacts.filter = At("(type=person)");
  company.Run({{"hr",
                {Person("E1", "A", "B", "a@example.com", {{"type", "person"}}),
                 Person("", "Ada", "Lovelace", "e2@example.com", {{"type", "person"}}),
                 Person("", "Printer", "3", "p@example.com", {{"type", "robot"}})}}});
  REQUIRE(company.seen.rejects.size() == 1);
  CHECK(company.seen.rejects[0].line == 3);
  CHECK(company.seen.rejects[0].reason == "no value in employee_id");
  CHECK(company.seen.rejects[0].values == std::vector<std::string>{"", "Ada", "Lovelace", "e2@example.com", "person"});
}

TEST_CASE("the reader's rejects are passed on trimmed and NFC") {
  Company company = SmallCompany();
  config::Diagnostics diagnostics;
  Mapper mapper = Mapper::Compile(company.config, diagnostics);
  Collector seen;
  mapper.Begin({.today = Day("2026-11-23"), .timezone = "UTC", .now = Instant(Day("2026-11-23"))}, seen);
  const std::vector<std::string_view> values{" E7 ", "", "Zoe\xCC\x88"};
  mapper.SinkFor(0).OnReject(
      {.file = "people.csv", .line = 9, .reason = "7 fields, the heading has 9", .values = values});
  REQUIRE(seen.rejects.size() == 1);
  CHECK(seen.rejects[0].line == 9);
  CHECK(seen.rejects[0].values == std::vector<std::string>{"E7", "Zo\xC3\xAB"});
}

TEST_CASE("a department gives one group, named once, and none where it is blank") {
  Company company;
  company.AddSource("hr", "employee_id");
  config::RuleConfig& groups = company.AddRule(Kind::kGroup, "hr");
  SetField(groups, "name", "{department}");
  SetField(groups, "shared", "true");
  company.Run({{"hr",
                {{{"employee_id", "1"}, {"department", "Sales"}},
                 {{"employee_id", "2"}, {"department", " Sales "}},
                 {{"employee_id", "3"}, {"department", ""}},
                 {{"department", "Research"}}}}});
  CHECK(company.seen.entities.size() == 2);
  CHECK(company.seen.Only(Kind::kGroup, "Sales").Text(kGroupShared) == "true");
  CHECK(company.seen.Only(Kind::kGroup, "Sales").line == 2);
  CHECK(company.seen.Only(Kind::kGroup, "Research").Text(kGroupName) == "Research");
  CHECK(company.seen.rejects.empty());
}

TEST_CASE("a group with a key of its own: two names of one key are both told") {
  Company company;
  company.AddSource("hr", "employee_id");
  config::RuleConfig& groups = company.AddRule(Kind::kGroup, "hr");
  groups.key = At("{dept_id}");
  SetField(groups, "name", "{department}");
  company.Run({{"hr",
                {{{"employee_id", "1"}, {"dept_id", "7"}, {"department", "Sales"}},
                 {{"employee_id", "2"}, {"dept_id", "7"}, {"department", "Sales"}},
                 {{"employee_id", "3"}, {"dept_id", "7"}, {"department", "Vertrieb"}},
                 {{"employee_id", "4"}, {"dept_id", ""}, {"department", "Lost"}}}}});
  const auto seen = company.seen.Of(Kind::kGroup, "7");
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].Text(kGroupName) == "Sales");
  CHECK(seen[1].Text(kGroupName) == "Vertrieb");
  REQUIRE(company.seen.rejects.size() == 1);
  CHECK(company.seen.rejects[0].line == 5);
}

TEST_CASE("a group that one record presents is not gone because another record left") {
  Company company;
  company.AddSource("hr", "employee_id");
  config::RuleConfig& groups = company.AddRule(Kind::kGroup, "hr");
  SetField(groups, "name", "{department}");
  groups.left = At("(status=gone)");
  company.Run({{"hr",
                {{{"employee_id", "1"}, {"department", "Sales"}, {"status", "gone"}},
                 {{"employee_id", "2"}, {"department", "Sales"}, {"status", "here"}},
                 {{"employee_id", "3"}, {"department", "Closed"}, {"status", "gone"}}}}});
  CHECK(company.seen.Only(Kind::kGroup, "Sales").standing == Standing::kPresent);
  CHECK(company.seen.Only(Kind::kGroup, "Closed").standing == Standing::kLeft);
}

TEST_CASE("contacts name their groups, sorted and once each, shared comes out as true or false") {
  Company company;
  company.AddSource("hr", "employee_id");
  config::RuleConfig& contacts = company.AddRule(Kind::kContact, "hr");
  SetField(contacts, "name", "{first_name} {last_name}");
  SetField(contacts, "email", "{email}");
  SetField(contacts, "shared", "{shared}");
  contacts.groups = At("{teams|split:;}");
  company.Run({{"hr",
                {Person("E1", "Ada", "Lovelace", "a@example.com", {{"teams", "Sales; Chess;Sales"}, {"shared", "Yes"}}),
                 Person("E2", "Bob", "", "b@example.com", {{"teams", ""}, {"shared", "0"}})}}});
  const Seen ada = company.seen.Only(Kind::kContact, "E1");
  CHECK(ada.groups == std::vector<std::string>{"Chess", "Sales"});
  CHECK(ada.groups_known);
  CHECK(ada.Text(kContactName) == "Ada Lovelace");
  CHECK(ada.Text(kContactShared) == "true");
  const Seen bob = company.seen.Only(Kind::kContact, "E2");
  CHECK(bob.groups.empty());
  CHECK(bob.groups_known);
  CHECK(bob.Text(kContactName) == "Bob");
  CHECK(bob.Text(kContactShared) == "false");
}

TEST_CASE("groups of a directory list their members, a range without its tail makes them unknown") {
  Company company;
  company.AddSource("ad", "employeeNumber", config::Format::kLdif);
  config::RuleConfig& groups = company.AddRule(Kind::kGroup, "ad");
  groups.filter = At("(objectClass=group)");
  groups.members = At("{member}");
  groups.nested = true;
  SetField(groups, "name", "{cn}");
  company.Run(
      {{"ad",
        {{{"dn", "cn=A,dc=x"}, {"objectClass", "group"}, {"cn", "A"}, {"member", "cn=1,dc=x"}, {"member", "cn=B,dc=x"}},
         {{"dn", "cn=B,dc=x"}, {"objectClass", "group"}, {"cn", "B"}, {"member", "cn=2,dc=x"}, {"member;range", ""}},
         {{"dn", "cn=C,dc=x"}, {"objectClass", "group"}, {"cn", "C"}},
         {{"dn", "cn=1,dc=x"}, {"objectClass", "person"}, {"cn", "1"}}}}});
  CHECK(company.seen.entities.size() == 3);
  CHECK(company.seen.rejects.empty());
  const Seen a = company.seen.Only(Kind::kGroup, "A");
  CHECK(a.members == std::vector<std::string>{"cn=1,dc=x", "cn=B,dc=x"});
  CHECK(a.members_known);
  CHECK(a.dn == "cn=A,dc=x");
  CHECK_FALSE(company.seen.Only(Kind::kGroup, "B").members_known);
  CHECK(company.seen.Only(Kind::kGroup, "C").members.empty());
  CHECK(company.seen.Only(Kind::kGroup, "C").members_known);
  // No rule asks for the source's key.
  CHECK(company.checks["ad"].problems.empty());
}

TEST_CASE("bytes that are no text are set aside, not sent") {
  Company company;
  company.AddSource("ad", "id", config::Format::kLdif);
  company.AddUsers("ad");
  company.Run(
      {{"ad",
        {{{"dn", "cn=1"}, {"id", "1"}, {"first_name", "\xFF\xFE"}, {"last_name", "B"}, {"email", "a@example.com"}},
         {{"dn", "cn=2"}, {"id", "\xFF"}, {"first_name", "A"}, {"last_name", "B"}, {"email", "b@example.com"}}}}});
  CHECK(company.seen.Only(Kind::kUser, "1").reason == "first_name is not UTF-8 text (attribute first_name)");
  CHECK(company.seen.rejects.size() == 1);
}

TEST_CASE("two rules on one source, and a rule with its own key") {
  Company company = SmallCompany();
  config::RuleConfig& second = company.AddUsers("hr");
  second.key = At("x-{employee_id}");
  second.filter = At("(first_name=A*)");
  company.Run({{"hr", {Person("E1", "Ada", "L", "a@example.com"), Person("E2", "Bob", "L", "b@example.com")}}});
  CHECK(company.seen.entities.size() == 3);
  CHECK(company.seen.Only(Kind::kUser, "x-E1").rule == 1);
}

TEST_CASE("identical records have one hash, different ones two") {
  Company company = SmallCompany();
  company.Run({{"hr",
                {Person("E1", "A", "B", "a@example.com"), Person("E1", "A", "B", "a@example.com"),
                 Person("E1", "A", "C", "a@example.com"), Person("E1", "AB", "", "a@example.com")}}});
  const auto seen = company.seen.Of(Kind::kUser, "E1");
  REQUIRE(seen.size() == 4);
  CHECK(seen[0].record_hash == seen[1].record_hash);
  CHECK(seen[0].record_hash != seen[2].record_hash);
  CHECK(seen[0].record_hash != seen[3].record_hash);
}

TEST_CASE("due_at is the first midnight, in the configured zone, at which a date clause turns") {
  Company company = SmallCompany();
  company.config.rules[0].filter = At("(start_date<=today+7d)");
  company.config.rules[0].left = At("(end_date<today)");
  company.timezone = "Europe/Berlin";
  const auto run = [&](const std::string& start, const std::string& end, const std::string& today) {
    company.Run({{"hr", {Person("E1", "A", "B", "a@example.com", {{"start_date", start}, {"end_date", end}})}}}, today);
    return company.due_at ? FormatInstant(*company.due_at) : "never";
  };
  CHECK(run("2026-12-24", "2027-06-30", "2026-11-23") == "2026-12-16T23:00:00Z");
  CHECK(run("2020-01-01", "2027-06-30", "2026-11-23") == "2027-06-30T22:00:00Z");
  CHECK(run("2020-01-01", "2026-11-22", "2026-11-23") == "never");
}

TEST_CASE("a record says on which day it begins to match left, if dates alone make it so") {
  const auto leaves = [](const std::string& left, const std::string& end, const std::string& title) {
    Company company = SmallCompany();
    company.config.rules[0].left = At(left);
    company.Run({{"hr", {Person("E1", "A", "B", "a@example.com", {{"end_date", end}, {"title", title}})}}});
    const auto on = company.seen.Only(Kind::kUser, "E1").leaves_on;
    return on ? FormatDate(*on) : "never";
  };
  CHECK(leaves("(end_date<today)", "2027-06-30", "Clerk") == "2027-07-01");
  CHECK(leaves("(end_date<=today)", "2027-06-30", "Clerk") == "2027-06-30");
  CHECK(leaves("(end_date<=today+7d)", "2027-06-30", "Clerk") == "2027-06-23");
  CHECK(leaves("(end_date<today)", "", "Clerk") == "never");
  CHECK(leaves("(end_date>today)", "2026-11-01", "Clerk") == "never");
  // Another clause decides too, before or after the date.
  CHECK(leaves("(&(end_date<today)(title=Temp))", "2027-06-30", "Temp") == "2027-07-01");
  CHECK(leaves("(&(end_date<today)(title=Temp))", "2027-06-30", "Clerk") == "never");
  CHECK(leaves("(|(title=Gone)(end_date<today))", "2027-06-30", "Clerk") == "2027-07-01");
  // The first turn does not yet make it match.
  CHECK(leaves("(&(end_date<today)(end_date<today-30d))", "2027-06-30", "Clerk") == "2027-07-31");
}

TEST_CASE("a mapper runs again from the beginning") {
  Company company = SmallCompany();
  config::Diagnostics diagnostics;
  Mapper mapper = Mapper::Compile(company.config, diagnostics);
  for (int run = 0; run < 2; ++run) {
    Collector seen;
    mapper.Begin({.today = Day("2026-11-23"), .timezone = "UTC", .now = Instant(Day("2026-11-23"))}, seen);
    AttributeTable table = mapper.AttributesFor(0);
    Record record;
    record.line = 2;
    record.Add(table.Find("employee_id"), "E1");
    mapper.SinkFor(0).OnRecord(record);
    const SourceCheck check = mapper.EndSource(0, Snapshot{});
    CHECK(seen.entities.size() == 1);
    CHECK(check.filled[0] == std::pair<std::string, std::uint64_t>("employee_id", 1));
    mapper.End();
  }
}

}  // namespace
}  // namespace ucaas_sync::mapping
