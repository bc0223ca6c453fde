#include <algorithm>
#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include "daemon/commands/command.h"
#include "daemon/commands/confirm.h"
#include "daemon/model/text.h"
#include "daemon/report/words.h"
#include "daemon/run/rebuild.h"
#include "daemon/run/system_clock.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::commands {
namespace {

run::Context ContextOf(const Session& session, run::Program& program) {
  return {.program = program,
          .clock = session.clock,
          .observer = session.log,
          .stop_requested = session.stop_requested,
          .pause = &run::Pause};
}

std::unique_ptr<state::SqliteStore> OpenExisting(const run::Program& program) {
  const std::filesystem::path path = state::StatePath(program.config.state_dir);
  if (!std::filesystem::exists(path)) {
    throw StateFailure(ExitCode::kError, path.string() +
                                             ": there is no state; the first `ucaas-sync sync` makes it, and adopts "
                                             "whom it finds in the account");
  }
  return state::OpenStore(program.config.state_dir, state::OpenMode::kReadOnly,
                          {.program_version = UCAAS_SYNC_VERSION});
}

std::string Megabytes(std::uint64_t bytes) {
  constexpr std::uint64_t kKiB = 1024;
  const std::uint64_t kib = (bytes + kKiB - 1) / kKiB;
  return kib < kKiB ? std::to_string(kib) + " KiB" : WithThousands(kib / kKiB) + " MiB";
}

/// "3 users, 2 groups", or "nobody"
std::string CountedKinds(const std::array<std::uint64_t, kKindCount>& counts) {
  std::string text;
  for (const Kind kind : kAllKinds) {
    const std::uint64_t count = counts[Index(kind)];
    if (count != 0) text += (text.empty() ? "" : ", ") + Counted(count, Name(kind), report::Plural(kind));
  }
  return text.empty() ? "nobody" : text;
}

void WriteFacts(const state::StateFacts& facts, const std::optional<state::BoundAccount>& account, std::ostream& out) {
  out << "State:    " << facts.path.string() << ", " << Megabytes(facts.bytes) << ", tables of version "
      << facts.tables_version << ", written by ucaas-sync " << Printable(facts.written_by) << '\n';
  out << "Account:  "
      << (account ? Printable(account->base_url) + " with the credential id " + Printable(account->credential_id)
                  : "none yet; the next run binds it")
      << '\n';
  for (const Kind kind : kAllKinds) {
    const auto& counts = facts.entities[Index(kind)];
    std::string label(report::Plural(kind));
    label[0] = static_cast<char>(label[0] - 'a' + 'A');
    label += ':';
    label.resize(10, ' ');
    out << label << WithThousands(counts[0]) << " active";
    if (kind == Kind::kUser) out << ", " << WithThousands(counts[1]) << " suspended";
    out << ", " << WithThousands(counts[2]) << " gone; " << WithThousands(facts.adopted[Index(kind)])
        << " of those in the account adopted\n";
  }
  out << "Journal:  " << Counted(facts.runs, "run") << ", " << Counted(facts.operations, "operation");
  if (facts.oldest_run) out << ", the oldest of " << FormatInstant(*facts.oldest_run);
  out << "\nHolds:    " << WithThousands(facts.holds) << "; forgotten: " << WithThousands(facts.forgotten) << '\n';
}

void WriteLost(const std::vector<std::string>& lost, std::ostream& out) {
  constexpr std::size_t kShown = 20;
  out << "Warning: not kept, since what has their id at the target has another name and another e-mail: "
      << Counted(lost.size(), "object") << '\n';
  for (std::size_t i = 0; i < std::min(lost.size(), kShown); ++i) out << "  - " << Printable(lost[i]) << '\n';
  if (lost.size() > kShown) out << "  … and " << WithThousands(lost.size() - kShown) << " more\n";
  out << "  Nobody removes them, and who is in the sources is created anew: look at them in the account first.\n";
}

}  // namespace

ExitCode RunStateCheck(const Session& session) {
  const run::Program program = LoadProgram(session);
  const auto store = OpenExisting(program);
  const std::vector<std::string> problems = store->Check();
  if (problems.empty()) {
    WriteFacts(store->Facts(), store->Account(), session.out);
    session.out << "Sound: every page, row and digest was looked at.\n";
    return ExitCode::kConverged;
  }
  constexpr std::size_t kShown = 20;
  session.out << store->path().string() << " is NOT sound:\n";
  for (std::size_t i = 0; i < std::min(problems.size(), kShown); ++i) {
    session.out << "  - " << Printable(problems[i]) << '\n';
  }
  if (problems.size() > kShown) session.out << "  … and " << WithThousands(problems.size() - kShown) << " more\n";
  session.out
      << "Let no run use it. Stop the service; then put a copy that `ucaas-sync state backup` made in its place,\n"
         "or run `ucaas-sync state rebuild`: it moves this state away and finds everybody at the target again\n"
         "without writing there.\n";
  return ExitCode::kError;
}

ExitCode RunStateBackup(const Session& session, const std::filesystem::path& file) {
  const run::Program program = LoadProgram(session);
  const auto store = OpenExisting(program);
  store->Backup(file);
  session.out
      << "The state, as it was at this moment, is in " << file.string()
      << ": checked, and readable by you alone, for it has people's names.\nTo use it: stop the service, put it "
         "in the place of "
      << store->path().string() << ", and remove that one's -wal and -shm files.\n";
  return ExitCode::kConverged;
}

ExitCode RunStateRebuild(const Session& session, bool yes) {
  run::Program program = LoadProgram(session);
  const std::string question = "Move the state in " + program.config.state_dir.string() +
                               " away, and make a new one from what sources and target show? Nothing is written to the "
                               "target.";
  if (!Confirm(session, yes, question)) return Declined(session);
  const run::RebuildResult result = run::Rebuild(ContextOf(session, program));
  session.log.ClearProgress();
  if (result.moved_to) session.out << "The old state is now " << result.moved_to->string() << '\n';
  session.out << "Found again by e-mail or name: " << CountedKinds(result.matched) << '\n';
  if (result.not_taken_over.empty()) {
    session.out << "Kept as the old state knew them: " << CountedKinds(result.kept) << '\n';
    if (result.disputed != decltype(result.disputed){}) {
      session.out << "Not matched, since the e-mail or name leads to another account than the old state says: "
                  << CountedKinds(result.disputed)
                  << "\n  Each account stays with whom it was; `ucaas-sync plan` says what becomes of it.\n";
    }
    if (!result.lost.empty()) WriteLost(result.lost, session.out);
    if (result.unanswered != decltype(result.unanswered){}) {
      session.out << "Perhaps created by a request that nobody answered, for the next run to look up: "
                  << CountedKinds(result.unanswered) << '\n';
    }
  } else if (result.moved_to) {
    session.out
        << "Nothing was taken over, since " << Printable(result.not_taken_over)
        << "\nSo everybody counts as adopted: users of theirs are suspended when they leave, never deleted, and "
           "whoever left\nbefore is nobody's we know. Holds, and the journal for `revert`, are in the old file "
           "alone.\n";
  }
  session.out << "At the target, and nobody we know (never touched): " << CountedKinds(result.strangers) << '\n'
              << "In the sources, and not at the target: " << CountedKinds(result.not_there) << '\n'
              << "run " << result.run << ": " << Word(ExitCode::kConverged)
              << ", nothing was written to the target. `ucaas-sync plan` shows what the next run would do.\n";
  return ExitCode::kConverged;
}

ExitCode RunStateRebind(const Session& session, bool yes) {
  run::Program program = LoadProgram(session);
  OpenExisting(program);
  const run::Context context = ContextOf(session, program);
  const run::RebindPlan plan = run::PlanRebind(context);
  session.log.ClearProgress();
  const auto words = [](const state::BoundAccount& account) {
    return Printable(account.base_url) + " with the credential id " + Printable(account.credential_id);
  };
  if (!plan.is_needed()) {
    session.out << "The state belongs to " << words(plan.to) << " already: nothing to do.\n";
    return ExitCode::kConverged;
  }
  session.out << "The state belongs to:     " << (plan.from ? words(*plan.from) : "no account yet") << '\n'
              << "The configuration names:  " << words(plan.to) << '\n'
              << "Of " << Counted(plan.known, "object") << " that the state looks after, " << WithThousands(plan.found)
              << " are there under the same id and address.\n";
  if (!plan.is_same_account()) {
    throw StateFailure(
        ExitCode::kConfig,
        "that is another account: bound to it, the state would say of its people what was true of "
        "others; nothing was written; correct `target`, or run `ucaas-sync state rebuild`, which makes a "
        "state for this account from what is there");
  }
  if (!Confirm(session, yes, "Bind the state to the account that the configuration names?")) return Declined(session);
  run::Rebind(context, plan);
  session.out << "The state belongs to " << words(plan.to)
              << " now. `ucaas-sync plan --refresh` shows what differs there.\n";
  return ExitCode::kConverged;
}

}  // namespace ucaas_sync::commands
