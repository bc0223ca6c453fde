// What a rule makes of somebody whose joined record does not exist: nobody said anything, and that proves nothing.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/mapping/mapper_support.h"

namespace ucaas_sync::mapping {
namespace {

Row Hr(const std::string& id, const Row& more = {}) {
  Row row{{"id", id}, {"first_name", "Ada"}, {"last_name", "L"}, {"email", id + "@example.com"}};
  row.insert(row.end(), more.begin(), more.end());
  return row;
}

Row Entry(const std::string& id, const std::string& enabled) {
  return {{"emp", id}, {"enabled", enabled}};
}

/// E1 has a record in dir, E7 has none.
struct Bench {
  explicit Bench(Kind of = Kind::kUser) : kind(of) {
    company.AddSource("hr", "id");
    company.AddSource("dir", "emp");
    config::RuleConfig& rule = kind == Kind::kUser ? company.AddUsers("hr") : company.AddRule(kind, "hr");
    if (kind == Kind::kGroup) SetField(rule, "name", "{department}");
    rule.join.emplace_back(At("dir"), At("id"));
  }
  config::RuleConfig& rule() { return company.config.rules[0]; }
  void Run(bool rejects, const Row& more = {{"department", "D7"}}) {
    company.rejecting.clear();
    if (rejects) company.rejecting.emplace_back("dir");
    company.Run(
        {{"hr", {Hr("E1", {{"department", "D1"}}), Hr("E7", more)}}, {"dir", {Entry("E1", "yes"), Entry("E2", "no")}}});
  }
  Seen Of(const std::string& key) const { return company.seen.Only(kind, key); }

  Kind kind;
  Company company;
};

const std::string kNoRecord = "no record in dir with emp E7, and enabled may come from there";
const std::string kMayBeIt = "; a rejected record of dir may be it";

TEST_CASE("a missing joined record is no evidence of leaving, whatever left says of its values") {
  Bench bench;
  for (const std::string left : {"(!(enabled=yes))", "(enabled=no)", "(|(first_name=Bob)(!(enabled=*)))"}) {
    CAPTURE(left);
    bench.rule().left = At(left);
    bench.Run(false);
    CHECK(bench.Of("E1").standing == Standing::kPresent);
    CHECK(bench.Of("E1").reason.empty());
    CHECK(bench.Of("E7").standing == Standing::kPresent);
    CHECK(bench.Of("E7").reason == "whether it left cannot be told: " + kNoRecord);
    CHECK_FALSE(bench.Of("E7").may_be_rejected);
    bench.Run(true);
    CHECK(bench.Of("E7").standing == Standing::kPresent);
    CHECK(bench.Of("E7").reason == "whether it left cannot be told: " + kNoRecord + kMayBeIt);
    CHECK(bench.Of("E7").may_be_rejected);
  }
  // What the record itself says is evidence still.
  bench.rule().left = At("(|(!(enabled=yes))(first_name=Ada))");
  bench.Run(true);
  CHECK(bench.Of("E7").standing == Standing::kLeft);
}

TEST_CASE("a date in the record still sets the day of leaving where a joined record is missing") {
  Bench bench;
  bench.rule().left = At("(|(!(enabled=yes))(end<today))");
  bench.Run(false, {{"end", "2026-12-01"}});
  CHECK(FormatDate(bench.Of("E7").leaves_on.value()) == "2026-12-02");
}

TEST_CASE("a date that is none sets aside, also where a joined record is missing") {
  Bench bench;
  bench.rule().left = At("(|(!(enabled=yes))(end<today))");
  bench.Run(false, {{"end", "soon"}});
  CHECK(bench.Of("E7").standing == Standing::kQuarantined);
  CHECK(bench.Of("E7").reason == "\"soon\" in column end is no date (%Y-%m-%d)");
  // Where the clause with the date does not decide, the date does not matter.
  bench.rule().left = At("(|(&(end<today)(first_name=Bob))(!(enabled=yes)))");
  bench.Run(false, {{"end", "soon"}});
  CHECK(bench.Of("E7").standing == Standing::kPresent);
}

TEST_CASE(
    "a filter that asks for a missing record's value lets nobody in, and decides nothing while it may be rejected") {
  Bench bench;
  bench.rule().filter = At("(enabled=yes)");
  bench.Run(false);
  CHECK(bench.Of("E1").standing == Standing::kPresent);
  CHECK(bench.Of("E7").standing == Standing::kFilteredOut);
  CHECK(bench.Of("E7").reason == "the filter of users from hr (config.yaml:7) for want of a joined record");
  bench.Run(true);
  CHECK(bench.Of("E7").standing == Standing::kUndecided);
  CHECK(bench.Of("E7").reason == kNoRecord + kMayBeIt);
  CHECK_MESSAGE(bench.Of("E7").State(kUserEmail) == FieldState::kValue, "it may be somebody's who is known");
  CHECK(bench.Of("E1").standing == Standing::kPresent);
}

TEST_CASE("a filter that only excludes a missing record's value sets the person aside") {
  Bench bench;
  bench.rule().filter = At("(!(enabled=no))");
  bench.Run(false);
  CHECK(bench.Of("E7").standing == Standing::kQuarantined);
  CHECK(bench.Of("E7").reason == kNoRecord);
  bench.rule().filter = At("(&(!(enabled=no))(first_name=Bob))");
  bench.Run(true);
  CHECK(bench.Of("E7").standing == Standing::kFilteredOut);
}

TEST_CASE("whoever a missing record would put into the scope is outside it, and undecided while it may be rejected") {
  Bench bench;
  bench.rule().scope = At("(enabled=yes)");
  bench.Run(false);
  CHECK(bench.Of("E1").standing == Standing::kPresent);
  CHECK(bench.Of("E7").standing == Standing::kOutOfScope);
  bench.Run(true);
  CHECK(bench.Of("E7").standing == Standing::kUndecided);
  bench.rule().scope = At("(!(enabled=no))");
  bench.Run(false);
  CHECK(bench.Of("E7").standing == Standing::kQuarantined);
}

TEST_CASE("a default serves for a missing joined record, but not for one that may be rejected") {
  Bench bench;
  SetField(bench.rule(), "designation", "{enabled|default:Staff}");
  bench.Run(false);
  CHECK(bench.Of("E7").Text(kUserDesignation) == "Staff");
  bench.Run(true);
  CHECK(bench.Of("E7").standing == Standing::kPresent);
  CHECK(bench.Of("E7").State(kUserDesignation) == FieldState::kUnknown);
  CHECK(bench.Of("E1").Text(kUserDesignation) == "yes");
}

TEST_CASE("another joined source does not speak for a record that may be rejected") {
  Bench bench;
  bench.company.AddSource("old", "emp");
  bench.rule().join.emplace_back(At("old"), At("id"));
  bench.rule().left = At("(enabled=no)");
  SetField(bench.rule(), "designation", "{enabled}");
  const auto run = [&](bool rejects) {
    bench.company.rejecting.clear();
    if (rejects) bench.company.rejecting.emplace_back("dir");
    bench.company.Run(
        {{"hr", {Hr("E1"), Hr("E7")}}, {"dir", {Entry("E1", "yes")}}, {"old", {Entry("E1", "no"), Entry("E7", "no")}}});
  };
  run(false);
  CHECK(bench.Of("E1").standing == Standing::kPresent);
  CHECK(bench.Of("E7").standing == Standing::kLeft);
  run(true);
  CHECK(bench.Of("E7").standing == Standing::kPresent);
  CHECK(bench.Of("E7").State(kUserDesignation) == FieldState::kUnknown);
  CHECK(bench.Of("E7").may_be_rejected);
}

TEST_CASE("a record that the joined source's own filter cannot judge is rejected, and may be the missing one") {
  Bench bench;
  bench.rule().filter = At("(enabled=yes)");
  bench.company.config.sources[1].filter = At("(|(until>=today)(!(until=*)))");
  bench.company.Run({{"hr", {Hr("E1"), Hr("E7")}},
                     {"dir", {Entry("E1", "yes"), {{"emp", "E7"}, {"enabled", "yes"}, {"until", "soon"}}}}});
  CHECK(bench.Of("E7").standing == Standing::kUndecided);
}

TEST_CASE("a group whose only record lacks the joined one is neither made nor gone while that may be rejected") {
  Bench bench(Kind::kGroup);
  bench.rule().filter = At("(enabled=yes)");
  bench.Run(false);
  CHECK(bench.company.seen.Of(Kind::kGroup, "D7").empty());
  bench.Run(true);
  CHECK(bench.Of("D7").standing == Standing::kUndecided);
  CHECK(bench.Of("D1").standing == Standing::kPresent);
  bench.Run(true, {{"department", "D1"}});
  CHECK(bench.Of("D1").standing == Standing::kPresent);
  bench.rule().filter = At("");
  bench.rule().left = At("(!(enabled=yes))");
  bench.Run(true);
  CHECK(bench.Of("D7").standing == Standing::kUndecided);
  bench.Run(false);
  CHECK(bench.Of("D7").standing == Standing::kPresent);
}

TEST_CASE("what only a rejected record may have is not empty for who has no record, where the heading names it") {
  Bench bench;
  SetField(bench.rule(), "designation", "{title}");
  const Row nobodys{{"emp", "E1"}, {"title", ""}};
  const std::vector<Row> people{Hr("E7", {{"title", ""}}), Hr("E8", {{"title", "Clerk"}})};
  bench.company.rejecting = {"dir"};
  bench.company.Run({{"hr", people}, {"dir", {nobodys}}});
  CHECK(bench.Of("E7").State(kUserDesignation) == FieldState::kUnknown);
  bench.company.Run({{"hr", people}, {"dir", {{{"emp", "E1"}}}}});
  CHECK(bench.Of("E7").State(kUserDesignation) == FieldState::kEmpty);
  bench.company.rejecting.clear();
  bench.company.Run({{"hr", people}, {"dir", {nobodys}}});
  CHECK(bench.Of("E7").State(kUserDesignation) == FieldState::kEmpty);
}

TEST_CASE("an attribute of which a directory lists a range without any value is one that it has") {
  Company company;
  company.AddSource("hr", "id");
  company.AddSource("ad", "emp", config::Format::kLdif);
  SetField(company.AddUsers("hr"), "designation", "{memberOf}");
  company.config.rules[0].join.emplace_back(At("ad"), At("id"));
  company.Run({{"hr", {Hr("E7")}}, {"ad", {{{"dn", "uid=e1"}, {"emp", "E1"}, {"memberOf;range", ""}}}}});
  CHECK(company.seen.Only(Kind::kUser, "E7").State(kUserDesignation) == FieldState::kUnknown);
  CHECK(company.checks["ad"].filled.back() == std::pair<std::string, std::uint64_t>("memberof", 1));
}

TEST_CASE("a joined record beside a rejected one that carries its key is not believed") {
  Bench bench;
  bench.rule().left = At("(enabled=no)");
  bench.company.rejected = {"E2", "yes"};
  bench.company.rejecting = {"dir"};
  const std::vector<Row> people{Hr("E1"), Hr("E2")};
  bench.company.Run({{"hr", people}, {"dir", {Entry("E1", "yes"), Entry("E2", "no")}}});
  CHECK(bench.Of("E1").standing == Standing::kPresent);
  CHECK(bench.Of("E2").standing == Standing::kQuarantined);
  CHECK(bench.Of("E2").reason == "a rejected record in dir carries E2, and may be another one with this emp");
  bench.company.rejecting.clear();
  bench.company.Run({{"hr", people}, {"dir", {Entry("E1", "yes"), Entry("E2", "no")}}});
  CHECK(bench.Of("E2").standing == Standing::kLeft);
  // What the source's own filter cannot judge is rejected too.
  bench.company.config.sources[1].filter = At("(|(until>=today)(!(until=*)))");
  bench.company.Run(
      {{"hr", people},
       {"dir", {Entry("E1", "yes"), Entry("E2", "no"), {{"emp", "E2"}, {"enabled", "yes"}, {"until", "soon"}}}}});
  CHECK(bench.Of("E2").standing == Standing::kQuarantined);
}

TEST_CASE("whoever left and has no key is no rejected record, and hides nobody") {
  Bench bench;
  bench.rule().key = At("{uuid}");
  bench.rule().left = At("(department=gone)");
  bench.company.Run({{"hr", {Hr("E1", {{"department", "D1"}}), Hr("E7", {{"department", "gone"}})}},
                     {"dir", {{{"emp", "E1"}, {"enabled", "yes"}, {"uuid", "u1"}}}}});
  CHECK(bench.company.seen.rejects.empty());
  CHECK(bench.Of("u1").standing == Standing::kPresent);
}

TEST_CASE("whoever is out of scope, with a key that only a rejected record may hold, is told once and not missed") {
  Bench bench;
  bench.rule().key = At("{uuid}");
  bench.rule().scope = At("(department=D1)");
  const std::vector<Row> people{Hr("E1", {{"department", "D1"}}), Hr("E7", {{"department", "D7"}}),
                                Hr("E8", {{"department", "D7"}})};
  const std::vector<Row> entries{{{"emp", "E1"}, {"enabled", "yes"}, {"uuid", "u1"}}};
  bench.company.Run({{"hr", people}, {"dir", entries}});
  CHECK(bench.company.seen.rejects.empty());
  bench.company.rejecting = {"dir"};
  bench.company.Run({{"hr", people}, {"dir", entries}});
  REQUIRE(bench.company.seen.rejects.size() == 2);
  CHECK(bench.company.seen.rejects[1].reason ==
        "no value for the key of this user, who is out of scope: a rejected record may hold it");
}

}  // namespace
}  // namespace ucaas_sync::mapping
