#include "daemon/report/plan_text.h"

#include <doctest/doctest.h>

#include <sstream>
#include <string>

#include "daemon/model/text.h"
#include "tests/report/example_plan.h"

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

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("the counts come first, then each change as attribute, before, after and why") {
  const std::string text = TextOf(ExamplePlan());
  CHECK(Contains(text, "hr: 1,200 records, 1 rejected"));
  const auto counts = text.find("unchanged");
  const auto change = text.find("~ update user E2  Ada Lovelace <ada@example.com>");
  REQUIRE(counts != std::string::npos);
  REQUIRE(change != std::string::npos);
  CHECK(counts < change);
  CHECK(Contains(text, "    department  Sales → Finance\n    why         department changed (hr line 18)\n"));
  CHECK(Contains(text, "+ create user E0"));
  CHECK(Contains(text, "- delete user E5"));
  CHECK(Contains(text, "6 changes to make."));
}

TEST_CASE("no line is wider than the terminal, however long the names are") {
  Plan plan = ExamplePlan();
  Operation long_one = ExampleOperation(Action::kUpdate, std::string(300, 'k'));
  long_one.who = std::string(200, 'w');
  long_one.changes[0].before = Field::Value("語" + std::string(120, 'b'));
  long_one.changes[0].after = Field::Value(std::string(200, 'a'));
  long_one.reason =
      "one word after another until the line is full and has to go on below, which it does " + std::string(20, 'x');
  plan.operations.Add(long_one);
  plan.quarantine = {
      {.kind = "user", .key = std::string(200, 'q'), .reason = "e-mail missing", .is_new = true, .source = {}}};
  for (const std::size_t width : {80U, 120U}) CHECK(WidestLine(TextOf(plan, {.width = width})) <= width);
}

TEST_CASE("text from a source cannot steer the terminal or break a line") {
  Plan plan;
  Operation operation = ExampleOperation(Action::kUpdate, "E1\x1b[2J");
  operation.changes[0].after = Field::Value("two\nlines \xE2\x80\xAE turned");
  plan.operations.Add(operation);
  const std::string text = TextOf(plan);
  CHECK_FALSE(Contains(text, "\x1b"));
  CHECK(Contains(text, "\\x1b[2J"));
  CHECK(Contains(text, "two\\nlines \\u{202e} turned"));
}

TEST_CASE("a pipe gets no colour, a terminal does") {
  CHECK_FALSE(Contains(TextOf(ExamplePlan()), "\x1b["));
  CHECK(Contains(TextOf(ExamplePlan(), {.colour = true}), "\x1b[31m"));
}

TEST_CASE("a long plan is cut with a count, and --all shows every change") {
  Plan plan;
  for (int i = 0; i < 60; ++i) plan.operations.Add(ExampleOperation(Action::kUpdate, "E" + std::to_string(i)));
  CHECK(Contains(TextOf(plan), "… and 10 more changes; plan --all shows every one."));
  const std::string all = TextOf(plan, {.operations = 0});
  CHECK(Contains(all, "E59"));
  CHECK_FALSE(Contains(all, "more changes"));
}

TEST_CASE("a held plan says which guard, by how much and which people") {
  Plan plan = ExamplePlan();
  plan.held = true;
  plan.guards = {{.name = "user.suspend",
                  .limit = 3,
                  .actual = 4,
                  .held = true,
                  .holds_everything = true,
                  .subject = "",
                  .examples = {"E1 Ada"},
                  .advice = "See what changed in the source."}};
  const std::string text = TextOf(plan);
  CHECK(
      Contains(text, "HELD by user.suspend: 4, limit 3\n  Nothing will be written. See what changed in the source.\n"));
  CHECK(Contains(text, "    E1 Ada\n    … and 3 more\n"));
  CHECK(Contains(text, "This plan is held. Nothing will be written."));
}

TEST_CASE("a secret field is named but never shown") {
  Plan plan;
  Operation operation = ExampleOperation(Action::kCreate, "E1");
  operation.changes = {{.field = kUserPassword, .before = {}, .after = Field::Value("hunter2")}};
  plan.operations.Add(operation);
  CHECK(Contains(TextOf(plan), "password  (not shown)"));
  CHECK_FALSE(Contains(TextOf(plan), "hunter2"));
}

TEST_CASE("an empty plan says that nothing is to do") {
  CHECK(Contains(TextOf({}), "Nothing to do"));
}

}  // namespace
}  // namespace ucaas_sync::report
