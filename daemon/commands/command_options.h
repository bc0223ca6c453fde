// The commands, their options and their help; with command_line.cc the only place that knows CLI11.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "daemon/commands/command.h"

namespace ucaas_sync::commands {

/// What stands before any command.
struct GlobalOptions {
  std::string config_file;
  std::string log_level;
  std::string log_format;
  bool no_progress = false;
};

/// All that can be said on a command line; what was not said is as each command has it by itself.
struct Parsed {
  GlobalOptions global;
  ReadOptions read;
  PlanOptions plan;
  SandboxOptions sandbox;
  std::string sync_only;
  std::string apply_file;
  ApproveOptions approve;
  HoldOptions hold;
  Format quarantine_format = Format::kText;
  ReleaseOptions release;
  Format status_format = Format::kText;
  ExplainOptions explain;
  RunsOptions runs;
  std::string help_topic;
  RevertOptions revert;
  std::string forget_who;
  std::string backup_file;
  bool yes = false;
};

/// Lets `app` take every command but those words that stand before one; what is parsed goes to `parsed`, which must
/// outlive it.
void AddCommands(CLI::App& app, Parsed& parsed);

}  // namespace ucaas_sync::commands
