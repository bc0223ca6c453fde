// From the words of the command line to the command that they ask for; where every Failure is caught and told, once.
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <iostream>
#include <new>
#include <string>

#include "daemon/commands/command.h"
#include "daemon/commands/command_options.h"
#include "daemon/commands/identity.h"
#include "daemon/commands/signals.h"
#include "daemon/model/text.h"
#include "daemon/run/system_clock.h"

namespace ucaas_sync::commands {
namespace {

constexpr const char* kDefaultConfig = "/etc/ucaas-sync/config.yaml";

std::string ExitCodeTable() {
  std::string text = "Exit codes:\n";
  for (const ExitCode code : {ExitCode::kConverged, ExitCode::kError, ExitCode::kChanges, ExitCode::kHeld,
                              ExitCode::kPartial, ExitCode::kSource, ExitCode::kRefused, ExitCode::kUnavailable,
                              ExitCode::kBusy, ExitCode::kStale, ExitCode::kUsage, ExitCode::kConfig}) {
    std::string line = "  " + std::to_string(static_cast<int>(code));
    line.resize(5, ' ');
    line += Word(code);
    line.resize(18, ' ');
    text += line + std::string(Meaning(code)) + '\n';
  }
  return text;
}

ExitCode DispatchState(const CLI::App& state, const Parsed& parsed, const Session& session) {
  if (state.got_subcommand("check")) return RunStateCheck(session);
  if (state.got_subcommand("backup")) return RunStateBackup(session, parsed.backup_file);
  CatchStopSignals();
  if (state.got_subcommand("rebuild")) return RunStateRebuild(session, parsed.yes);
  return RunStateRebind(session, parsed.yes);
}

std::string ConfigFile(const GlobalOptions& global, const config::Environment& environment) {
  if (!global.config_file.empty()) return global.config_file;
  return environment("UCAAS_SYNC_CONFIG").value_or(kDefaultConfig);
}

report::RunLogOptions LogOptions(const GlobalOptions& global, const config::Environment& environment) {
  report::RunLogOptions options;
  if (global.log_level == "debug") options.least = Severity::kDebug;
  if (global.log_level == "warning") options.least = Severity::kWarning;
  if (global.log_level == "error") options.least = Severity::kError;
  options.keep_level = !global.log_level.empty();
  options.keep_style = !global.log_format.empty();
  if (global.log_format == "json") {
    options.style = report::LogStyle::kJson;
  } else if (global.log_format.empty() && report::IsJournal(STDERR_FILENO, environment)) {
    options.style = report::LogStyle::kJournal;
  }
  const report::Terminal terminal = report::DescribeTerminal(STDERR_FILENO, environment, global.no_progress);
  options.colour = terminal.colour && options.style == report::LogStyle::kText;
  options.progress = terminal.progress && options.style == report::LogStyle::kText;
  options.width = terminal.width;
  return options;
}

ExitCode Dispatch(const CLI::App& app, const Parsed& parsed, const Session& session, const ServiceCommand& service) {
  if (app.got_subcommand("run")) return service(session);
  if (app.got_subcommand("check")) return RunCheck(session);
  if (app.got_subcommand("doctor")) return RunDoctor(session);
  if (app.got_subcommand("read")) return RunRead(session, parsed.read);
  if (app.got_subcommand("plan")) return RunPlan(session, parsed.plan);
  if (app.got_subcommand("status")) return RunStatus(session, parsed.status_format);
  if (app.got_subcommand("approve")) return RunApprove(session, parsed.approve);
  if (app.got_subcommand("hold")) return RunHold(session, parsed.hold);
  if (app.got_subcommand("quarantine")) {
    return app.get_subcommand("quarantine")->got_subcommand("list")
               ? RunQuarantineList(session, parsed.quarantine_format)
               : RunQuarantineRelease(session, parsed.release);
  }
  if (app.got_subcommand("explain")) return RunExplain(session, parsed.explain);
  if (app.got_subcommand("runs")) return RunRuns(session, parsed.runs);
  if (app.got_subcommand("codes")) return RunCodes(session);
  if (app.got_subcommand("state")) return DispatchState(*app.get_subcommand("state"), parsed, session);
  if (app.got_subcommand("forget")) return RunForget(session, parsed.forget_who, parsed.yes);
  CatchStopSignals();
  if (app.got_subcommand("revert")) return RunRevert(session, parsed.revert);
  if (app.got_subcommand("sync")) return RunSync(session, parsed.sync_only);
  if (app.got_subcommand("apply")) return RunApply(session, parsed.apply_file);
  return RunSandbox(session, parsed.sandbox);
}

// One event in one line for machines and the journal, and the paragraphs of an error for people.
void Tell(const Session& session, ExitCode code, std::string_view message) {
  session.log.ClearProgress();
  if (session.log.style() != report::LogStyle::kText) {
    session.log.OnEvent({.id = EventId::kCommandFailed, .text = std::string(Word(code)) + ": " + std::string(message)});
    return;
  }
  std::string text;
  for (std::size_t at = 0; at <= message.size();) {
    const std::size_t end = std::min(message.find('\n', at), message.size());
    text += Printable(message.substr(at, end - at)) + '\n';
    at = end + 1;
  }
  std::fprintf(stderr, "ucaas-sync: %.*s: %s", static_cast<int>(Word(code).size()), Word(code).data(), text.c_str());
}

// The others read what the caller may read, and touch no state.
bool NeedsConfiguration(const CLI::App& app, const Parsed& parsed) {
  if (app.got_subcommand("sandbox") || app.got_subcommand("codes")) return false;
  return !app.got_subcommand("read") || !parsed.read.source.empty();
}

ExitCode Guarded(const CLI::App& app, const Parsed& parsed, const Session& session, const ServiceCommand& service) {
  try {
    if (NeedsConfiguration(app, parsed)) BecomeServiceUser();
    return Dispatch(app, parsed, session, service);
  } catch (const Failure& failure) {
    Tell(session, failure.code(), failure.what());
    return failure.code();
  } catch (const std::bad_alloc&) {
    Tell(session, ExitCode::kError, "out of memory; nothing that was acknowledged is lost, run again");
  } catch (const std::exception& error) {
    Tell(session, ExitCode::kError, std::string("unexpected: ") + error.what());
  }
  return ExitCode::kError;
}

// As `head` does: it has what it wanted.
bool HasReaderLeft() {
  pollfd out{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0;
}

bool ActsOnAccount(const CLI::App& app) {
  return app.got_subcommand("sync") || app.got_subcommand("apply") || app.got_subcommand("revert") ||
         app.got_subcommand("run");
}

const CLI::App* HelpTopic(const CLI::App& app, const std::string& name) {
  if (name.empty()) return &app;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == name) return command;
  }
  return nullptr;
}

}  // namespace

int Main(int argc, char** argv, const ServiceCommand& service) {
  IgnoreBrokenPipes();
  std::ios::sync_with_stdio(false);
  CLI::App app{"Keeps the users, contact groups and contacts of a UCaaS account in step with the HR directory.",
               "ucaas-sync"};
  Parsed parsed;
  app.add_option("-c,--config", parsed.global.config_file,
                 std::string("Configuration file (default: $UCAAS_SYNC_CONFIG, else ") + kDefaultConfig + ')')
      ->option_text("FILE");
  app.add_option("--log-level", parsed.global.log_level, "debug, info, warning or error")
      ->option_text("LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  app.add_option("--log-format", parsed.global.log_format, "text or json")
      ->option_text("FORMAT")
      ->check(CLI::IsMember({"text", "json"}));
  app.add_flag("--no-progress", parsed.global.no_progress, "Never draw a progress line");
  app.set_version_flag("--version", std::string("ucaas-sync ") + UCAAS_SYNC_VERSION);
  app.fallthrough();
  app.require_subcommand(0, 1);
  AddCommands(app, parsed);
  app.footer(ExitCodeTable() + "\nExamples:\n  ucaas-sync check\n  ucaas-sync plan\n  ucaas-sync sync\n");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::cerr << "ucaas-sync: usage: " << error.what() << "\nRun ucaas-sync --help for the commands.\n";
    return static_cast<int>(ExitCode::kUsage);
  }
  if (app.got_subcommand("version")) {
    std::cout << "ucaas-sync " << UCAAS_SYNC_VERSION << '\n';
    return 0;
  }
  if (app.got_subcommand("help") || app.get_subcommands().empty()) {
    const CLI::App* topic = HelpTopic(app, parsed.help_topic);
    if (topic == nullptr) {
      std::cerr << "ucaas-sync: usage: there is no command " << Printable(parsed.help_topic) << '\n';
      return static_cast<int>(ExitCode::kUsage);
    }
    const bool asked = app.got_subcommand("help");
    app.clear();  // CLI11 otherwise shows the help of the command that was parsed, which is "help"
    (asked ? std::cout : std::cerr) << topic->help(topic == &app ? "" : "ucaas-sync");
    return asked ? 0 : static_cast<int>(ExitCode::kUsage);
  }
  const config::Environment environment = config::ProcessEnvironment();
  const std::string user = InvokingUser(environment);
  const run::SystemClock clock;
  report::RunLog log(clock, LogOptions(parsed.global, environment),
                     [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); });
  const Session session{.config_file = ConfigFile(parsed.global, environment),
                        .environment = environment,
                        .clock = clock,
                        .log = log,
                        .out = std::cout,
                        .terminal = report::DescribeTerminal(STDOUT_FILENO, environment, parsed.global.no_progress),
                        .stop_requested = &StopRequested,
                        .user = user};
  ExitCode code = Guarded(app, parsed, session, service);
  std::cout.flush();
  if (!std::cout && !HasReaderLeft()) {
    Tell(session, ExitCode::kError, "the output could not be written, and what there is of it is not whole");
    // What was done to the account is told by the code all the same.
    const bool was_well = code == ExitCode::kConverged || code == ExitCode::kChanges;
    if (was_well && !ActsOnAccount(app)) code = ExitCode::kError;
  }
  log.ClearProgress();
  return static_cast<int>(code);
}

}  // namespace ucaas_sync::commands
