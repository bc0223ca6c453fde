#include "daemon/report/plan_html.h"

#include <doctest/doctest.h>

#include <sstream>

#include "daemon/report/html.h"
#include "tests/report/sample.h"

namespace ucaas_sync::report {
namespace {

std::string PageOf(const Plan& plan) {
  std::ostringstream out;
  WritePlanHtml(plan, out);
  return out.str();
}

std::size_t Count(const std::string& text, std::string_view what) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++count;
  return count;
}

TEST_CASE("markup, quotes and control characters are escaped") {
  CHECK(EscapeHtml("<b>&\"'</b>") == "&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;");
  CHECK(EscapeHtml("a\nb\x1b\x01") == "a\\nb\\x1b\\x01");
  CHECK(EscapeHtml("Łódź 株式会社") == "Łódź 株式会社");
  CHECK(EscapeHtml("\xff").find('\xff') == std::string::npos);
}

TEST_CASE("the page stands alone: no script, nothing from elsewhere, and a policy that says so") {
  const std::string page = PageOf(SamplePlan());
  CHECK(page.starts_with("<!doctype html>"));
  CHECK(page.ends_with("</html>\n"));
  for (const char* foreign : {"http:", "https:", "<script", "<link", "<img", "<iframe", "@import", "url(", "onclick"}) {
    CAPTURE(foreign);
    CHECK(page.find(foreign) == std::string::npos);
  }
  CHECK(page.find("default-src 'none'") != std::string::npos);
}

TEST_CASE("the page shows every operation with its reason and place, and what is in quarantine") {
  const std::string page = PageOf(SamplePlan());
  CHECK(Count(page, "<section class=\"op\">") == 7);
  CHECK(page.find("<del>Sales</del> → <ins>Finance</ins>") != std::string::npos);
  CHECK(page.find("left: (status=terminated)") != std::string::npos);
  CHECK(page.find("hr line 18") != std::string::npos);
  CHECK(page.find("E99") != std::string::npos);
  CHECK(page.find("Tr0ub4dor") == std::string::npos);
}

TEST_CASE("nothing from a source becomes markup") {
  const std::string page = PageOf(HostilePlan());
  const std::string sane = PageOf(SamplePlan());
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("alert('1')") == std::string::npos);
  CHECK(page.find('\x1b') == std::string::npos);
  CHECK(page.find('\x07') == std::string::npos);
  CHECK(page.find("\u202E") == std::string::npos);
  CHECK(page.find("&lt;script src=&quot;http://evil.example/x.js&quot;&gt;") != std::string::npos);
  // Every tag is one that we wrote.
  CHECK(Count(page, "<section") == 1);
  CHECK(Count(page, "<title>") == Count(sane, "<title>"));
}

TEST_CASE("a held plan says so at the top") {
  const std::string page = PageOf(HostilePlan());
  CHECK(page.find("<h1>This plan is held</h1>") != std::string::npos);
  CHECK(page.find("role=\"alert\"") < page.find("class=\"counts\""));
}

TEST_CASE("a page of very many operations is cut, and says where the rest is") {
  Plan plan;
  for (int i = 0; i < 5'003; ++i) {
    plan.operations.Add(
        On(Kind::kUser, Action::kUpdate, "E" + std::to_string(i), "x", {Change(kUserDepartment, "a", "b")}));
  }
  const std::string page = PageOf(plan);
  CHECK(Count(page, "<section class=\"op\">") == 5'000);
  CHECK(page.find("… and 3 more; <code>plan --format json</code> has every one.") != std::string::npos);
}

}  // namespace
}  // namespace ucaas_sync::report
