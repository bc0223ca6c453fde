#include <ostream>
#include <set>

#include "daemon/commands/command.h"
#include "daemon/model/text.h"
#include "daemon/report/quarantine.h"
#include "daemon/run/program.h"
#include "daemon/run/rekey.h"
#include "daemon/run/steps.h"
#include "daemon/run/system_clock.h"
#include "daemon/run/whom.h"

namespace ucaas_sync::commands {
namespace {

run::Context ContextOf(run::Program& program, const Session& session) {
  return {.program = program,
          .clock = session.clock,
          .observer = session.log,
          .stop_requested = session.stop_requested,
          .pause = &run::Pause};
}

/// The key itself, the one that a person has in its place by now, and those of people whose e-mail it is.
std::set<std::string> KeysOf(const state::SqliteStore& store, const std::string& who) {
  std::set<std::string> keys{who};
  for (const FormerKey& former : store.FormerKeys(who)) keys.insert(former.now);
  for (const StoredEntity& entity : run::FindWho(store, who)) keys.insert(entity.key);
  return keys;
}

ExitCode Rekey(const Session& session, const run::Context& context, const std::string& to, const std::string& from) {
  const run::Rekeyed rekeyed = run::Rekey(context, from, to);
  session.log.ClearProgress();
  if (!rekeyed.was_proposed) {
    session.out << "Warning: no run has proposed this. If they are not one person, take it back: ucaas-sync quarantine "
                   "release "
                << ShellWord(from) << " --as " << ShellWord(to) << '\n';
  }
  session.out << Printable(from) << " is " << Printable(to) << " from now on: ";
  for (std::size_t i = 0; i < rekeyed.kinds.size(); ++i) {
    session.out << (i == 0 ? "" : " and ") << Name(rekeyed.kinds[i]);
  }
  session.out << " kept. The next run updates what differs.\n";
  return ExitCode::kConverged;
}

ExitCode Release(const Session& session, state::SqliteStore& store, const std::string& who) {
  const Instant now = session.clock.Now();
  bool released = false;
  const std::vector<StoredHold> holds = store.Holds(now);
  const std::set<std::string> keys = KeysOf(store, who);
  std::string stays;
  for (const std::string& key : keys) {
    if (store.RemoveHold(key, now)) {
      released = true;
      session.out << Printable(key) << " is not on hold any more. The next run treats it as the source says.\n";
    }
    if (store.ReleaseByTarget(key, now) > 0) {
      released = true;
      session.out << Printable(key) << " is tried again on the next run.\n";
    }
    for (const StoredQuarantine& item : store.Quarantined()) {
      if (item.key != key || item.by_target) continue;
      stays += item.kind + ' ' + Printable(key) + " was set aside by the last plan: " + Printable(item.reason) + ". " +
               report::WhatToDo(item) + '\n';
    }
  }
  if (!stays.empty()) {
    if (!released) throw Failure(ExitCode::kUsage, "quarantine release: nothing was released: " + stays);
    session.out << stays;
  }
  if (released) return ExitCode::kConverged;
  throw Failure(ExitCode::kUsage,
                "quarantine release: " + Printable(who) +
                    " is neither in quarantine nor on hold; `ucaas-sync quarantine list` shows who is");
}

}  // namespace

ExitCode RunQuarantineList(const Session& session, Format format) {
  run::Program program = LoadProgram(session);
  const auto store = run::OpenState(ContextOf(program, session), state::OpenMode::kReadOnly);
  const std::vector<StoredQuarantine> items =
      report::WithHolds(store->Quarantined(), store->Holds(session.clock.Now()));
  if (format == Format::kJson) {
    report::WriteQuarantineJson(items, session.out);
  } else {
    report::WriteQuarantineText(items, session.out);
  }
  return ExitCode::kConverged;
}

ExitCode RunQuarantineRelease(const Session& session, const ReleaseOptions& options) {
  run::Program program = LoadProgram(session);
  const run::Context context = ContextOf(program, session);
  if (!options.as.empty()) return Rekey(session, context, options.who, options.as);
  const auto store = run::OpenState(context, state::OpenMode::kReadWrite);
  return Release(session, *store, options.who);
}

}  // namespace ucaas_sync::commands
