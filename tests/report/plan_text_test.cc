#include "daemon/report/plan_text.h"

#include <doctest/doctest.h>

#include <sstream>

#include "daemon/model/text.h"
#include "tests/report/sample.h"

namespace ucaas_sync::report {
namespace {

std::string TextOf(const Plan& plan, const PlanTextOptions& options = {}) {
  std::ostringstream out;
  WritePlanText(plan, options, out);
  return out.str();
}

std::size_t WidestLine(const std::string& text) {
  std::istringstream lines(text);
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, DisplayWidth(line));
  return widest;
}

TEST_CASE("a plan's text: counts first, then each change as attribute, before, after and why") {
  CHECK("\n" + TextOf(SamplePlan()) == R"(
hr: 1,200 records, 1 rejected  (/srv/hr/people.csv)

            create    adopt   update  suspend  reactivate   delete  unchanged
users            1        0        1        1           1        0      1,195
groups           1        0        0        -           -        1          0
contacts         0        1        0        -           -        0          0

! suspend user E3  Charles Babbage <charles@example.com>
    status  A → S
    why     left: (status=terminated) (hr line 18)
+ create group Finance
    name  Finance
    why   joined: not in the account before (hr line 18)
+ create user E1  Ada Lovelace <ada@example.com>
    first_name  Ada
    last_name   Lovelace
    email       ada@example.com
    password    (not shown)
    why         joined: not in the account before (hr line 18)
~ update user E2  Grace Hopper <grace@example.com>
    department  Sales → Finance
    why         department changed (hr line 18)
^ reactivate user E4
    status  S → A
    why     back again (hr line 18)
= adopt contact E2  Grace Hopper <grace@example.com>
    groups  Sales → Finance
    why     in the account already with this e-mail (hr line 18)
- delete group Old
    name  Old
    why   absent since 2026-11-01 in 2 complete reads (hr line 18)

In quarantine (frozen: neither updated nor removed): 1
? user E99  hr line 101  (new)
    e-mail missing

7 changes to make.
)");
}

TEST_CASE("an empty plan says that there is nothing to do") {
  const std::string text = TextOf(Plan{});
  CHECK(text.ends_with("Nothing to do: the account is as the sources say.\n"));
}

TEST_CASE("a held plan says which guard, by how much, who, and that nothing is written") {
  Plan plan = SamplePlan();
  plan.held = true;
  plan.guards = {{.name = "user.suspend",
                  .limit = 15,
                  .actual = 1030,
                  .held = true,
                  .subject = {},
                  .examples = {"E17 Ada Lovelace <ada@example.com>"},
                  .more = 1029,
                  .meaning = "This plan suspends 1,030 users.",
                  .advice = "Look at the source."},
                 {.name = "user.update", .limit = 300, .actual = 2, .subject = {}, .examples = {}, .advice = {}}};
  const std::string text = TextOf(plan);
  CHECK(text.find("HELD by user.suspend: 1,030, limit 15\n") != std::string::npos);
  CHECK(text.find("This plan suspends 1,030 users. Nothing will be written. Look at the source.\n") !=
        std::string::npos);
  CHECK(text.find("    E17 Ada Lovelace <ada@example.com>\n    … and 1,029 more\n") != std::string::npos);
  CHECK(text.find("user.update") == std::string::npos);
  CHECK(text.ends_with("This plan is held. Nothing will be written.\n"));
}

TEST_CASE("guards that hold the same people name them once, and say once what to do") {
  Plan plan = SamplePlan();
  plan.held = true;
  for (const std::string name : {"user.suspend", "user.suspend.week"}) {
    plan.guards.push_back({.name = name,
                           .limit = 3,
                           .actual = 4,
                           .held = true,
                           .subject = {},
                           .examples = {"E17 Ada Lovelace <ada@example.com>"},
                           .meaning = "What " + name + " means.",
                           .advice = "Look at the source."});
  }
  const std::string text = TextOf(plan);
  CHECK(text.find("  What user.suspend means. Nothing will be written. Look at the source.\n"
                  "    E17 Ada Lovelace <ada@example.com>\n") != std::string::npos);
  CHECK(text.find("  What user.suspend.week means.\n    the same as above\n") != std::string::npos);
}

TEST_CASE("a plan that has nothing to do yet names the removals that will come due") {
  Plan plan;
  for (int i = 1; i <= 11; ++i) {
    plan.due.push_back({.kind = Kind::kUser,
                        .action = Action::kSuspend,
                        .key = "E" + std::to_string(i),
                        .at = Instant(std::chrono::hours(24)),
                        .reason = "absent since 1970-01-01"});
  }
  const std::string text = TextOf(plan);
  CHECK(text.find("Not yet: 11 removals will come due if nothing changes\n"
                  "  1970-01-02T00:00:00Z  suspend user E1  absent since 1970-01-01\n") != std::string::npos);
  CHECK(text.find("user E10 ") != std::string::npos);
  CHECK(text.find("user E11 ") == std::string::npos);
  CHECK(text.find("\n… and 1 more\n") != std::string::npos);
  CHECK(text.ends_with("Nothing to do now; what is left as it is stands above.\n"));
}

TEST_CASE("group removals that wait do not hold the rest") {
  Plan plan = SamplePlan();
  plan.guards = {{.name = "group.delete",
                  .limit = 1,
                  .actual = 5,
                  .held = true,
                  .holds_everything = false,
                  .subject = {},
                  .examples = {},
                  .advice = {}}};
  const std::string text = TextOf(plan);
  CHECK(text.find("These removals wait; the rest goes on.") != std::string::npos);
  CHECK(text.ends_with("7 changes to make.\n"));
}

TEST_CASE("a long plan is cut, and says how much is not shown") {
  Plan plan;
  for (int i = 1; i <= 1234; ++i) {
    plan.operations.Add(On(Kind::kUser, Action::kUpdate, "E" + std::to_string(i), "department changed",
                           {Change(kUserDepartment, "Sales", "Finance")}));
    plan.quarantine.push_back(
        {.kind = "user", .key = "Q" + std::to_string(i), .reason = "e-mail missing", .is_new = false, .source = {}});
  }
  const std::string text = TextOf(plan);
  CHECK(text.find("~ update user E50\n") != std::string::npos);
  CHECK(text.find("~ update user E51\n") == std::string::npos);
  CHECK(text.find("… and 1,184 more changes; plan --all shows every one.\n") != std::string::npos);
  CHECK(text.find("? user Q20\n") != std::string::npos);
  CHECK(text.find("? user Q21\n") == std::string::npos);
  CHECK(text.find("… and 1,214 more; plan --all shows every one.\n") != std::string::npos);
  const std::string all = TextOf(plan, {.operations = 0, .quarantine = 0});
  CHECK(all.find("~ update user E1234\n") != std::string::npos);
  CHECK(all.find("? user Q1234\n") != std::string::npos);
}

TEST_CASE("no line is wider than the terminal, whatever the names") {
  Plan plan = HostilePlan();
  const std::string wide = "株式会社サンプル東京本社人事部門管理課グローバル採用担当チーム第二係長代理補佐見習い";
  std::string long_word;
  for (int i = 0; i < 50; ++i) long_word += "departmentofdepartments";
  for (const std::string& name : {wide, long_word, wide + " " + long_word}) {
    Operation operation = On(Kind::kUser, Action::kUpdate, name, name,
                             {Change(kUserDepartment, name, name + "x"), Change(kUserDesignation, "a", name)});
    operation.who = name;
    operation.source.dn = name;
    plan.operations.Add(operation);
    plan.quarantine.push_back(
        {.kind = "user", .key = name, .reason = name, .is_new = true, .source = {.name = "hr", .line = 1, .dn = name}});
    plan.warnings.push_back(name);
    plan.sources.push_back({.name = "more", .location = name, .records = 1, .hash = {}});
    plan.guards.push_back({.name = "rewrite",
                           .limit = 1,
                           .actual = 2,
                           .held = true,
                           .subject = name,
                           .examples = {name},
                           .advice = name});
  }
  plan.summary_of(Kind::kUser).unchanged = 1'000'000;
  for (const std::size_t width : {std::size_t{80}, std::size_t{120}}) {
    CAPTURE(width);
    CHECK(WidestLine(TextOf(plan, {.width = width, .operations = 0, .quarantine = 0})) <= width);
  }
}

TEST_CASE("nothing from a source can steer a terminal or begin a line of its own") {
  const std::string text = TextOf(HostilePlan());
  for (const char c : text) CHECK((c == '\n' || static_cast<unsigned char>(c) >= 0x20));
  CHECK(text.find("\u202E") == std::string::npos);
  CHECK(text.find("\nHELD by nobody") == std::string::npos);
}

TEST_CASE("without colour there is no escape sequence, with it, the words are the same") {
  const std::string plain = TextOf(SamplePlan());
  CHECK(plain.find('\x1b') == std::string::npos);
  std::string painted = TextOf(SamplePlan(), {.colour = true});
  CHECK(painted.find("\x1b[31m") != std::string::npos);
  for (std::size_t at = 0; (at = painted.find('\x1b', at)) != std::string::npos;) {
    painted.erase(at, painted.find('m', at) - at + 1);
  }
  CHECK(painted == plain);
}

TEST_CASE("what is newly set aside is named with its file and line, and what is old is not") {
  Plan plan = SamplePlan();
  plan.quarantine.push_back({.kind = "user",
                             .key = "E98",
                             .reason = "e-mail missing",
                             .is_new = false,
                             .source = {.name = "hr", .line = 0, .dn = {}}});
  std::ostringstream out;
  WriteNewQuarantine(plan, {}, out);
  CHECK(out.str() == R"(New in quarantine (frozen: neither updated nor removed): 1
? user E99
    e-mail missing
    /srv/hr/people.csv:101
)");
  std::ostringstream nothing;
  WriteNewQuarantine({}, {}, nothing);
  CHECK(nothing.str().empty());
}

TEST_CASE("a password is never shown") {
  CHECK(TextOf(SamplePlan()).find("Tr0ub4dor") == std::string::npos);
}

}  // namespace
}  // namespace ucaas_sync::report
