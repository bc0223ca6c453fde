// 10,000 levels of brackets, wherever the program reads them, are an error and not a crash.
#include <doctest/doctest.h>

#include <string>

#include "tests/commands/company.h"

namespace ucaas_sync::testing {

TEST_CASE("10,000 levels of YAML are refused with their place") {
  Company company(5);
  const std::string open(10'000, '[');
  const std::string close(10'000, ']');
  company.Write("config.yaml", CompanyConfig("extra: " + open + close + "\n"));
  company.ExpectNoWrite(78, {"config.yaml:27:", "nested deeper"});
  company.Write("config.yaml", CompanyConfig("extra: " + open + "\n"));
  company.ExpectNoWrite(78, {"config.yaml:"});
  std::string maps = "extra: ";
  for (int i = 0; i < 10'000; ++i) maps += "{a: ";
  company.Write("config.yaml", CompanyConfig(maps));
  company.ExpectNoWrite(78, {"config.yaml:"});
  std::string dashes = "extra:\n  ";
  for (int i = 0; i < 10'000; ++i) dashes += "- ";
  company.Write("config.yaml", CompanyConfig(dashes + "a\n"));
  company.ExpectNoWrite(78, {"config.yaml:"});
}

TEST_CASE("10,000 levels of JSON in a plan file are refused") {
  Company company(5);
  const std::string before = company.Everything();
  Expect(company.Run({"plan", "--out", "good.plan"}), 0);
  const std::string plan = company.Read("good.plan");
  const std::string open(10'000, '[');
  for (const std::string& text :
       {open, "{\"plan_version\":1,\"id\":" + open, Replaced(plan, "\"operations\":[", "\"operations\":[" + open),
        Replaced(plan, "\"guards\":[", "\"guards\":[" + open)}) {
    company.Write("deep.plan", text);
    Expect(company.Run({"apply", "deep.plan"}), 9, {"deep.plan", "ucaas-sync plan --out"});
  }
  CHECK(company.Everything() == before);
}

TEST_CASE("10,000 levels of a filter are refused with their place") {
  Company company(5);
  std::string filter;
  for (int i = 0; i < 10'000; ++i) filter += "(&";
  filter += "(status=terminated)" + std::string(10'000, ')');
  company.Write("config.yaml", Replaced(CompanyConfig(), "(status=terminated)", filter));
  company.ExpectNoWrite(78, {"config.yaml:9:"});
}

}  // namespace ucaas_sync::testing
