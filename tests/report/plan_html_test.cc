#include "daemon/report/plan_html.h"

#include <doctest/doctest.h>

#include <sstream>
#include <string>

#include "tests/report/example_plan.h"

namespace ucaas_sync::report {
namespace {

std::string PageOf(const Plan& plan) {
  std::ostringstream out;
  WritePlanHtml(plan, out);
  return out.str();
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("the page needs nothing from elsewhere and runs no script") {
  const std::string page = PageOf(ExamplePlan());
  CHECK_FALSE(Contains(page, "<script"));
  CHECK_FALSE(Contains(page, "http://"));
  CHECK_FALSE(Contains(page, "https://"));
  CHECK_FALSE(Contains(page, "src="));
  CHECK(Contains(page, "default-src 'none'"));
}

TEST_CASE("whatever a source says is escaped on the page") {
  Plan plan;
  Operation operation = ExampleOperation(Action::kUpdate, "<b>E1</b>");
  operation.changes[0].after = Field::Value("\"><script>alert('x')</script>&");
  operation.reason = "<i>why</i>";
  plan.operations.Add(operation);
  plan.quarantine = {
      {.kind = "user", .key = "<q>", .reason = "<r>", .is_new = true, .source = {.name = "<s>", .line = 1, .dn = {}}}};
  plan.warnings = {"<w>"};
  plan.sources = {{.name = "<n>", .location = "<l>", .records = 1, .rejected = 0, .complete = true, .hash = ""}};
  const std::string page = PageOf(plan);
  for (const std::string hostile : {"<b>", "<script>", "<i>", "<q>", "<r>", "<s>", "<w>", "<n>", "<l>"}) {
    CHECK_FALSE(Contains(page, hostile));
  }
  CHECK(Contains(page, "&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;"));
}

TEST_CASE("the page shows before, after and why of each change") {
  const std::string page = PageOf(ExamplePlan());
  CHECK(Contains(page, "<del>Sales</del> → <ins>Finance</ins>"));
  CHECK(Contains(page, "department changed <span class=\"faint\">(hr line 18)</span>"));
}

}  // namespace
}  // namespace ucaas_sync::report
