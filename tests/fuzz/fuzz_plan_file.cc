// Plan files: what is not a plan is refused with exit 9; what is, is the same bytes and the same hash when it is
// written and read again.
#include <sstream>
#include <string>

#include "daemon/model/problem.h"
#include "daemon/plan/plan_json.h"
#include "tests/fuzz/fuzz.h"

namespace {

using ucaas_sync::fuzz::Require;

std::string Written(const ucaas_sync::Plan& plan) {
  std::ostringstream out;
  ucaas_sync::plan::WritePlan(plan, out);
  return out.str();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream in{std::string(ucaas_sync::fuzz::AsText(data, size))};
  ucaas_sync::Plan plan;
  try {
    plan = ucaas_sync::plan::ReadPlan(in, "fuzz.plan");
  } catch (const ucaas_sync::Failure& failure) {
    const std::string text = failure.what();
    Require(failure.code() == ucaas_sync::ExitCode::kStale, "what is no plan is stale", text);
    Require(text.starts_with("fuzz.plan: "), "a refusal names the file", text);
    return 0;
  }
  const std::string first = Written(plan);
  std::istringstream again(first);
  try {
    const ucaas_sync::Plan second = ucaas_sync::plan::ReadPlan(again, "again.plan");
    Require(Written(second) == first, "what is written is read and written as the same bytes", first);
    Require(ucaas_sync::plan::HashOfPlan(second) == ucaas_sync::plan::HashOfPlan(plan), "the hash stays", first);
    Require(second.operations.size() == plan.operations.size(), "no operation is lost");
    for (std::size_t i = 0; i < plan.operations.size(); ++i) {
      Require(second.operations.At(i) == plan.operations.At(i), "each operation stays", first);
    }
  } catch (const ucaas_sync::Failure& failure) {
    Require(false, "what is written can be read", failure.what() + ('\n' + first));
  }
  return 0;
}
