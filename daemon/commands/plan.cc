#include <algorithm>
#include <optional>
#include <ostream>

#include "daemon/commands/command.h"
#include "daemon/commands/plan_output.h"
#include "daemon/model/text.h"
#include "daemon/plan/plan_json.h"
#include "daemon/report/plan_html.h"
#include "daemon/report/plan_text.h"
#include "daemon/run/pipeline.h"
#include "daemon/run/system_clock.h"

namespace ucaas_sync::commands {
namespace {

void Write(const Plan& plan, const PlanOptions& options, const Session& session) {
  switch (options.format) {
    case Format::kText: {
      report::PlanTextOptions text{.colour = session.terminal.colour, .width = session.terminal.width};
      if (options.all) text.operations = text.quarantine = 0;
      text.approve = options.out.empty() ? "ucaas-sync plan --out FILE, then ucaas-sync approve FILE"
                                         : "ucaas-sync approve " + ShellWord(options.out.string());
      report::WritePlanText(plan, text, session.out);
      return;
    }
    case Format::kJson:
      plan::WritePlan(plan, session.out);
      return;
    case Format::kHtml:
      report::WritePlanHtml(plan, session.out);
      return;
  }
}

void RequireReplaceable(const config::Config& config, const std::string& name) {
  const auto source = std::find_if(config.sources.begin(), config.sources.end(),
                                   [&name](const config::SourceConfig& each) { return each.name.value == name; });
  if (source == config.sources.end())
    throw Failure(ExitCode::kUsage, "--source " + name + "=…: the configuration has no source of that name");
  if (config::ReadsItsPath(*source)) return;
  throw Failure(ExitCode::kUsage, "--source " + name + "=…: the \"command:\" of " + name +
                                      " names no file, so it would read what it always reads; write \"{file}\" where "
                                      "it names its file, as in [gpg, --decrypt, \"{file}\"]");
}

bool IsEmpty(const Plan& plan) {
  return plan.operations.empty();
}

}  // namespace

std::map<std::string, std::filesystem::path> SourcePaths(const std::vector<std::string>& words) {
  std::map<std::string, std::filesystem::path> paths;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == word.size()) {
      throw Failure(ExitCode::kUsage, "--source " + word + ": write it as --source NAME=PATH, with a source's name");
    }
    paths[word.substr(0, equals)] = std::filesystem::absolute(word.substr(equals + 1));
  }
  return paths;
}

ExitCode RunPlan(const Session& session, const PlanOptions& options) {
  run::Program program = LoadProgram(session);
  run::PlanRequest request{.refresh = options.refresh,
                           .offline = options.offline,
                           .only = options.only,
                           .source_paths = SourcePaths(options.sources)};
  PlanOutput file(options.out);
  if (!options.out.empty()) request.file = [&file]() -> std::ostream& { return file.Begin(); };
  LetCommandsEnd(program.config.sources);
  for (const auto& path : request.source_paths) RequireReplaceable(program.config, path.first);
  const run::Planned planned = run::PlanOnly({.program = program,
                                              .clock = session.clock,
                                              .observer = session.log,
                                              .stop_requested = session.stop_requested,
                                              .pause = &run::Pause},
                                             request);
  // Its file is whole before it is shown, which may take as long as somebody reads; what went wrong with it is told
  // after.
  std::optional<Failure> unwritten;
  try {
    if (!options.out.empty()) file.Finish();
  } catch (const Failure& failure) {
    unwritten = failure;
  }
  session.log.ClearProgress();
  Write(planned.plan, options, session);
  session.out.flush();
  if (unwritten) throw Failure(*unwritten);
  if (planned.plan.held) return ExitCode::kHeld;
  if (options.detailed_exit_code && !IsEmpty(planned.plan)) return ExitCode::kChanges;
  return ExitCode::kConverged;
}

}  // namespace ucaas_sync::commands
