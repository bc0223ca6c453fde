#include <optional>
#include <ostream>
#include <set>

#include "config/units.h"
#include "daemon/commands/command.h"
#include "daemon/model/text.h"
#include "daemon/run/program.h"
#include "daemon/run/steps.h"
#include "daemon/run/whom.h"

namespace ucaas_sync::commands {
namespace {

std::optional<Instant> Until(const std::string& text, Instant now, const std::string& timezone) {
  if (text.empty()) return std::nullopt;
  std::optional<Instant> until = ParseInstant(text);
  if (!until) {
    if (const auto date = ParseDate(text, "%Y-%m-%d")) until = StartOf(*date, timezone);
  }
  if (!until) {
    if (const auto duration = config::ParseDuration(text)) until = now + *duration;
  }
  if (!until) {
    throw Failure(ExitCode::kUsage,
                  "--until " + Printable(text) +
                      ": write a date (2026-12-01: it ends as that day begins), an instant (2026-12-01T08:00:00Z) or a "
                      "time from now (30d)");
  }
  if (*until <= now) {
    throw Failure(ExitCode::kUsage, "--until " + Printable(text) + ": that is past; nobody was put on hold");
  }
  return until;
}

}  // namespace

ExitCode RunHold(const Session& session, const HoldOptions& options) {
  run::Program program = LoadProgram(session);
  const Instant now = session.clock.Now();
  const auto until = Until(options.until, now, program.config.timezone);
  const auto store = run::OpenState(
      {.program = program, .clock = session.clock, .observer = session.log, .stop_requested = session.stop_requested},
      state::OpenMode::kReadWrite);
  std::vector<StoredEntity> meant = run::FindWho(*store, options.who);
  for (const FormerKey& former : store->FormerKeys(options.who)) {
    if (!meant.empty() || former.key != options.who) continue;
    session.out << Printable(former.key) << " is " << Printable(former.now) << " by now.\n";
    meant = run::FindWho(*store, former.now);
  }
  std::set<std::string> keys;
  for (const StoredEntity& entity : meant) keys.insert(entity.key);
  if (keys.empty()) {
    if (options.who.find('@') != std::string::npos) {
      throw Failure(ExitCode::kUsage, "hold: nobody with the e-mail " + Printable(options.who) +
                                          " is known; name the key that the source gives (`ucaas-sync read`)");
    }
    session.out << "Nobody with the key " << Printable(options.who)
                << " is known yet. The hold stands: should they come, they are left alone.\n";
    keys.insert(options.who);
  }
  for (const std::string& key : keys) {
    store->PutHold({.key = key, .reason = options.reason, .until = until, .since = now});
    session.out << "On hold" << (until ? " until " + FormatInstant(*until) : "") << ": " << Printable(key) << '\n';
    for (const StoredEntity& entity : meant) {
      if (entity.key != key) continue;
      session.out << "  " << Name(entity.kind) << ' ' << Printable(DisplayName(entity.kind, View(entity.fields)))
                  << '\n';
    }
    session.out << "  Neither changed nor removed until " << (until ? "then, or until " : "")
                << "somebody ends it: ucaas-sync quarantine release " << ShellWord(key) << '\n';
  }
  return ExitCode::kConverged;
}

}  // namespace ucaas_sync::commands
