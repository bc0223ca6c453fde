#include "daemon/run/plan_file.h"

#include <fstream>

#include "daemon/plan/plan_json.h"

namespace ucaas_sync::run {
namespace {

// Not a character of a hash.
constexpr char kVersionMark = '/';

std::string_view HashPart(std::string_view fit) {
  return fit.substr(0, fit.find(kVersionMark));
}

}  // namespace

std::string PlanFit(const Program& program) {
  return program.config.hash + kVersionMark + std::to_string(kMappingVersion);
}

Failure StalePlan(const std::filesystem::path& file, const std::string& why) {
  return {ExitCode::kStale, file.string() + ": " + why + "; nothing was written; make a new plan and review it"};
}

std::string UsedAs(const Plan& plan) {
  return plan.hash + ' ' + plan.id;
}

Plan LoadPlan(const Program& program, const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    throw Failure(ExitCode::kStale, file.string() + ": cannot be opened; name a file that `plan --out` wrote");
  }
  Plan plan = plan::ReadPlan(in, file.string(), {}, SpillFor(program));
  if (!plan::VerifyHash(plan)) throw StalePlan(file, "was altered after it was made: its hash does not fit");
  const std::string fit = PlanFit(program);
  if (HashPart(plan.config_hash) != HashPart(fit)) throw StalePlan(file, "was made with another configuration");
  if (plan.config_hash != fit) {
    throw StalePlan(file,
                    "was made by another version of this program, which maps records in another way, though the "
                    "configuration is the same");
  }
  return plan;
}

}  // namespace ucaas_sync::run
