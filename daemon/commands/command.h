// The subcommands: each a function from its options to an exit code, in a file of its own. Results go to `out`, log and
// progress to the log; a Failure leaves the function and is told once, in command_line.cc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/load.h"
#include "daemon/model/clock.h"
#include "daemon/model/exit_code.h"
#include "daemon/model/observer.h"
#include "daemon/report/run_log.h"
#include "daemon/report/terminal.h"
#include "daemon/run/pipeline.h"

namespace ucaas_sync::commands {

/// What every command has.
struct Session {
  std::filesystem::path config_file;
  config::Environment environment;
  const Clock& clock;
  report::RunLog& log;
  std::ostream& out;
  report::Terminal terminal;             ///< Of stdout.
  std::function<bool()> stop_requested;  ///< A signal asked us to end.
  std::string user;                      ///< Who runs the command, for the record.
};

enum class Format : std::uint8_t { kText, kJson, kHtml };

struct ReadOptions {
  std::string source;  ///< A name in the configuration, or empty with one of the paths.
  std::filesystem::path csv;
  std::filesystem::path ldif;
  std::string delimiter;
  std::string encoding;
  bool jsonl = false;
  std::uint64_t limit = 0;  ///< 0: all.
};

struct PlanOptions {
  Format format = Format::kText;
  std::filesystem::path out;
  bool detailed_exit_code = false;
  bool refresh = false;
  bool offline = false;
  bool all = false;                  ///< Show every operation, however many.
  std::vector<std::string> sources;  ///< NAME=PATH
  std::string only;
};

struct SandboxOptions {
  std::string listen = "127.0.0.1:9080";
  std::filesystem::path db;
  std::string access_id = "sandbox";
  std::filesystem::path access_key_file;
  std::vector<std::string> faults;
  std::uint64_t latency_ms = 0;
  std::uint64_t seed = 1;
  double rate_limit = 0;
};

struct ApproveOptions {
  std::string what;  ///< A run's id, "last", or a plan file.
  std::string reason;
};

struct HoldOptions {
  std::string who;
  std::string until;
  std::string reason;
};

struct ReleaseOptions {
  std::string who;
  std::string as;  ///< The key it had before; empty: nothing but a release.
};

struct ExplainOptions {
  std::string who;
  std::string run;  ///< Empty: now.
  Format format = Format::kText;
};

struct RunsOptions {
  std::uint64_t limit = 20;
  Format format = Format::kText;
};

struct RevertOptions {
  std::string run;
  bool plan_only = false;
  bool yes = false;
  bool all = false;  ///< Show every operation, however many.
};

ExitCode RunCheck(const Session& session);
ExitCode RunDoctor(const Session& session);
ExitCode RunRead(const Session& session, const ReadOptions& options);
ExitCode RunPlan(const Session& session, const PlanOptions& options);
ExitCode RunSync(const Session& session, const std::string& only);
ExitCode RunApply(const Session& session, const std::filesystem::path& file);
ExitCode RunStatus(const Session& session, Format format);
ExitCode RunApprove(const Session& session, const ApproveOptions& options);
ExitCode RunHold(const Session& session, const HoldOptions& options);
ExitCode RunQuarantineList(const Session& session, Format format);
ExitCode RunQuarantineRelease(const Session& session, const ReleaseOptions& options);
ExitCode RunExplain(const Session& session, const ExplainOptions& options);
ExitCode RunRuns(const Session& session, const RunsOptions& options);
ExitCode RunSandbox(const Session& session, const SandboxOptions& options);
ExitCode RunCodes(const Session& session);
ExitCode RunRevert(const Session& session, const RevertOptions& options);
ExitCode RunForget(const Session& session, const std::string& who, bool yes);
ExitCode RunStateCheck(const Session& session);
ExitCode RunStateBackup(const Session& session, const std::filesystem::path& file);
ExitCode RunStateRebuild(const Session& session, bool yes);
ExitCode RunStateRebind(const Session& session, bool yes);

/// The configuration, ready to run; from now on the log names people as it says. Throws Failure (78).
run::Program LoadProgram(const Session& session);

/// Where a source is made by a command, a signal asks it to end, and it may put away what it has made. Else a signal
/// ends the program at once, as is usual with what writes nothing.
void LetCommandsEnd(const std::vector<config::SourceConfig>& sources);

/// What a run came to: what holds it or what was newly set aside, and one line. Off a terminal nobody is named unless
/// `log.people` is full.
void TellResult(const Session& session, const run::Program& program, const run::SyncResult& result);

/// Splits NAME=PATH words; throws Failure (kUsage) for a word without "=".
std::map<std::string, std::filesystem::path> SourcePaths(const std::vector<std::string>& words);

/// What `run` does: the service, which is a room beside this one.
using ServiceCommand = std::function<ExitCode(const Session& session)>;

/// The whole program: parses, runs one command, tells what ended it, and answers with the exit code.
int Main(int argc, char** argv, const ServiceCommand& service);

}  // namespace ucaas_sync::commands
