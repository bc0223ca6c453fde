#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

#include "connectors/bytes/checksum.h"
#include "connectors/bytes/child_process.h"
#include "connectors/bytes/unique_fd.h"
#include "connectors/sources.h"
#include "daemon/model/text.h"
#include "daemon/run/doctor.h"
#include "daemon/run/reading.h"
#include "daemon/run/target.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::run {
namespace {

std::string ErrorText() {
  return std::generic_category().message(errno);
}

// The state where it is sound, for what a source is held against; none otherwise.
std::unique_ptr<state::SqliteStore> ExamineState(const Program& program, const Tell& tell) {
  const std::filesystem::path& dir = program.config.state_dir;
  std::error_code error;
  if (!std::filesystem::exists(dir, error)) {
    // The first run makes it, if it may.
    std::filesystem::path parent = dir.parent_path();
    while (!parent.empty() && !std::filesystem::exists(parent, error)) parent = parent.parent_path();
    if (access(parent.c_str(), W_OK) == 0) {
      tell(
          {.health = Health::kOk, .name = "state", .text = dir.string() + " is not there yet; the first run makes it"});
    } else {
      tell({.health = Health::kFailed,
            .name = "state",
            .text = dir.string() + " is not there, and cannot be made in " + parent.string(),
            .remedy = "make it for the user that this program runs as: install -d -m 700 -o USER " + dir.string(),
            .code = ExitCode::kError});
    }
    return nullptr;
  }
  if (access(dir.c_str(), W_OK | X_OK) != 0) {
    tell({.health = Health::kFailed,
          .name = "state",
          .text = dir.string() + " cannot be written to: " + ErrorText(),
          .remedy = "run this as the user of the service, or give the folder to the one that runs it",
          .code = ExitCode::kError});
    return nullptr;
  }
  if (!std::filesystem::exists(state::StatePath(dir), error)) {
    tell({.health = Health::kOk,
          .name = "state",
          .text = "there is none in " + dir.string() + " yet; the first run makes it"});
    return nullptr;
  }
  try {
    auto store = state::OpenStore(dir, state::OpenMode::kReadOnly, {.program_version = UCAAS_SYNC_VERSION});
    const AccountName account = AccountOf(program.config.target);
    store->Bind(account.base_url, account.credential_id);
    const std::vector<std::string> wrong = store->Check();
    if (wrong.empty()) {
      tell({.health = Health::kOk, .name = "state", .text = store->path().string() + " is sound and of this account"});
      return store;
    }
    tell({.health = Health::kFailed,
          .name = "state",
          .text = store->path().string() + ": " + wrong.front(),
          .remedy = "put a copy that `state backup` made in its place, or run `ucaas-sync state rebuild`",
          .code = ExitCode::kError});
  } catch (const Failure& failure) {
    tell({.health = Health::kFailed, .name = "state", .text = failure.what(), .remedy = {}, .code = failure.code()});
  }
  return nullptr;
}

std::string MebibytesOf(std::uint64_t bytes) {
  return WithThousands(bytes >> 20U) + " MiB";
}

void ExamineDisk(const Program& program, const Tell& tell) {
  constexpr std::uint64_t kTooLittle = 64ULL << 20U;
  constexpr std::uint64_t kLittle = 1ULL << 30U;
  std::filesystem::path dir = program.config.state_dir;
  std::error_code error;
  while (!dir.empty() && !std::filesystem::exists(dir, error)) dir = dir.parent_path();
  struct statvfs found {};
  if (statvfs(dir.c_str(), &found) != 0) {
    tell({.health = Health::kWarning,
          .name = "disk",
          .text = "the room in " + dir.string() + " cannot be told: " + ErrorText(),
          .remedy = "check that file system"});
    return;
  }
  const std::uint64_t room = static_cast<std::uint64_t>(found.f_bavail) * found.f_frsize;
  Finding finding{.name = "disk", .text = MebibytesOf(room) + " free where the state is"};
  if ((found.f_flag & ST_RDONLY) != 0) {
    finding.health = Health::kFailed;
    finding.text = "the file system of " + dir.string() + " is read-only";
    finding.remedy = "mount it writable, or set state_dir to another one";
    finding.code = ExitCode::kError;
  } else if (room < kLittle) {
    finding.health = room < kTooLittle ? Health::kFailed : Health::kWarning;
    finding.remedy = "free space there: a run that cannot record what it does stops";
    if (finding.health == Health::kFailed) finding.code = ExitCode::kError;
  }
  tell(finding);
}

Finding SourceFinding(const config::SourceConfig& source, Health worst, std::string text, std::string remedy) {
  // An optional source that fails freezes its own people only.
  const bool is_failure = source.required && worst == Health::kFailed;
  return {.health = worst == Health::kFailed && !source.required ? Health::kWarning : worst,
          .name = "source " + source.name.value,
          .text = std::move(text),
          .remedy = std::move(remedy),
          .code = is_failure ? ExitCode::kSource : ExitCode::kConverged};
}

// `state` may be null.
void ExamineSource(const config::SourceConfig& source, const state::SqliteStore* state, Instant now, const Tell& tell) {
  if (!source.command.empty() && bytes::FindProgram(source.command.front().value).empty()) {
    tell(SourceFinding(source, Health::kFailed, "there is no program " + source.command.front().value,
                       "install it, or write its full path in `command:`"));
    return;
  }
  const SourceFiles found = LookForFiles(source);
  if (found.problem) {
    tell(SourceFinding(source, Health::kFailed, found.problem->ToString(), ""));
    return;
  }
  if (found.files.empty()) {
    const std::string& path = source.path.value;
    if (bytes::HasChecksum(path)) {
      tell(SourceFinding(source, Health::kWarning,
                         "nothing is compared with " + path + std::string(bytes::kChecksumEnding) +
                             ", for the command does not say which file it reads",
                         "write \"{file}\" where `command:` names its file, or take the checksum away"));
      return;
    }
    tell(SourceFinding(source, Health::kOk, "is made by a command; `ucaas-sync read " + source.name.value + "` runs it",
                       ""));
    return;
  }
  std::int64_t newest = 0;
  for (const FileIdentity& file : found.files) {
    newest = std::max(newest, file.mtime_ns);
    const bytes::UniqueFd fd(open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.is_open()) {
      tell(SourceFinding(source, Health::kFailed, file.path + " cannot be read: " + ErrorText(),
                         "let the user that this program runs as read it"));
      return;
    }
  }
  // What a run would refuse, in its own words.
  auto refused = TooOld(source, found.files, now);
  if (!refused && state != nullptr) refused = OlderThanBefore(source, found.files, *state);
  for (const FileIdentity& file : found.files) {
    if (!refused && bytes::HasChecksum(file.path)) refused = bytes::CheckWholeFile(file.path);
  }
  if (refused) {
    tell(SourceFinding(source, Health::kFailed, refused->at.ToString() + ": " + refused->what, refused->remedy));
    return;
  }
  const Instant written{std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(newest))};
  const std::string age =
      now >= written ? FormatDuration(now - written) + " ago" : "in the future, by " + FormatDuration(written - now);
  const std::string text = found.files.front().path +
                           (found.files.size() > 1 ? " and " + WithThousands(found.files.size() - 1) + " more" : "") +
                           " can be read, written " + age;
  if (written > now + std::chrono::minutes(5)) {
    tell(SourceFinding(source, Health::kWarning, text, "put right the clock of the machine that writes it"));
  } else {
    tell(SourceFinding(source, Health::kOk, text, ""));
  }
}

}  // namespace

void ExamineFiles(Program& program, const Clock& clock, const Tell& tell) {
  tell({.name = "configuration",
        .text = program.config.file.string() + " is valid, and its secrets are kept from others"});
  const auto state = ExamineState(program, tell);
  ExamineDisk(program, tell);
  for (const config::SourceConfig& source : program.config.sources) {
    ExamineSource(source, state.get(), clock.Now(), tell);
  }
}

}  // namespace ucaas_sync::run
