#include <netdb.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>

#include "connectors/bytes/unique_fd.h"
#include "daemon/model/text.h"
#include "daemon/run/doctor.h"

namespace ucaas_sync::run {
namespace {

void ExamineTime(const Tell& tell) {
  timex state{};
  const int kept = adjtimex(&state);
  if (kept == TIME_ERROR || (state.status & STA_UNSYNC) != 0) {
    tell({.health = Health::kWarning,
          .name = "time",
          .text = "nothing keeps this machine's clock right",
          .remedy = "timedatectl set-ntp true (in a container: see to the host's clock)"});
    return;
  }
  tell({.name = "time", .text = "the clock is kept right"});
}

// inotify(7) hears nothing of what other machines write there.
const char* NetworkFileSystem(const std::filesystem::path& path) {
  struct statfs found {};
  if (statfs(path.c_str(), &found) != 0) return nullptr;
  switch (static_cast<unsigned long>(found.f_type)) {
    case 0x6969:
      return "NFS";
    case 0xFF534D42:
    case 0xFE534D42:
    case 0x517B:
      return "SMB";
    case 0x65735546:
      return "FUSE";
    default:
      return nullptr;
  }
}

void ExamineWatching(const Program& program, const Tell& tell) {
  if (!program.config.schedule.watch) return;
  for (const config::SourceConfig& source : program.config.sources) {
    if (source.path.empty()) continue;
    const std::filesystem::path folder = std::filesystem::path(source.path.value).parent_path();
    const char* kind = NetworkFileSystem(folder);
    if (kind == nullptr) continue;
    tell({.health = Health::kWarning,
          .name = "watch",
          .text = folder.string() + " is on " + kind + ", where changes by others are not heard of",
          .remedy = "nothing need be done: it is looked at every " + FormatDuration(program.config.schedule.every) +
                    " (schedule.every)"});
  }
}

// Tried for real, and given back at once.
void ExamineEndpoint(const config::Text& listen, const Tell& tell) {
  constexpr std::string_view kUnix = "unix:";
  if (listen.empty()) return;
  Finding finding{.name = "endpoint"};
  const auto fail = [&](const std::string& why, const std::string& remedy) {
    finding.health = Health::kFailed;
    finding.text = "cannot listen on " + listen.value + ": " + why;
    finding.remedy = remedy;
    finding.code = ExitCode::kConfig;
    tell(finding);
  };
  if (listen.value.starts_with(kUnix)) {
    const std::filesystem::path folder = std::filesystem::path(listen.value.substr(kUnix.size())).parent_path();
    if (access(folder.c_str(), W_OK | X_OK) != 0) {
      return fail(std::generic_category().message(errno), "make " + folder.string() + " for the user of the service");
    }
    finding.text = "a socket can be made in " + folder.string();
    return tell(finding);
  }
  const std::size_t colon = listen.value.rfind(':');
  std::string host = listen.value.substr(0, colon);
  if (host.size() > 1 && host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), listen.value.substr(colon + 1).c_str(), &hints, &found); error != 0) {
    return fail(gai_strerror(error), "write an address of this machine in `listen`");
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  const bytes::UniqueFd fd(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(fd.get(), found->ai_addr, found->ai_addrlen) == 0) {
    finding.text = listen.value + " is free";
    return tell(finding);
  }
  if (errno != EADDRINUSE) {
    return fail(std::generic_category().message(errno),
                "write an address of this machine in `listen`, with a port above 1023");
  }
  finding.text = listen.value + " is in use: by the service, if that runs";
  tell(finding);
}

void ExamineSystemd(const config::Environment& environment, const Tell& tell) {
  if (environment("NOTIFY_SOCKET") || environment("INVOCATION_ID")) {
    const auto credentials = environment("CREDENTIALS_DIRECTORY");
    tell({.name = "systemd",
          .text = std::string("runs under it") + (credentials ? ", with credentials in " + *credentials : "")});
    return;
  }
  tell({.name = "systemd",
        .text = "this command does not run under it; `systemctl status ucaas-sync` shows the service"});
}

}  // namespace

std::string_view Word(Health health) {
  switch (health) {
    case Health::kOk:
      return "ok";
    case Health::kWarning:
      return "warning";
    case Health::kFailed:
      return "failed";
    case Health::kNotTried:
      return "-";
  }
  return "-";
}

void ExamineHost(const Program& program, const config::Environment& environment, const Tell& tell) {
  ExamineTime(tell);
  ExamineWatching(program, tell);
  ExamineEndpoint(program.config.listen, tell);
  ExamineSystemd(environment, tell);
}

ExitCode WorstOf(const std::vector<Finding>& findings) {
  for (const ExitCode code : {ExitCode::kConfig, ExitCode::kRefused, ExitCode::kUnavailable, ExitCode::kSource}) {
    for (const Finding& finding : findings) {
      if (finding.health == Health::kFailed && finding.code == code) return code;
    }
  }
  for (const Finding& finding : findings) {
    if (finding.health == Health::kFailed) return ExitCode::kError;
  }
  return ExitCode::kConverged;
}

}  // namespace ucaas_sync::run
