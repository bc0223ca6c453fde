#include "daemon/commands/identity.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "daemon/model/problem.h"

namespace ucaas_sync::commands {
namespace {

constexpr const char* kServiceUser = "ucaas-sync";

}  // namespace

std::string InvokingUser(const config::Environment& environment) {
  if (const auto user = environment("SUDO_USER"); user && !user->empty()) return *user;
  const uid_t uid = getuid();
  // Before any thread is started.
  const passwd* entry = getpwuid(uid);  // NOLINT(concurrency-mt-unsafe)
  return entry != nullptr ? std::string(entry->pw_name) : "uid " + std::to_string(uid);
}

void BecomeServiceUser() {
  if (geteuid() != 0) return;
  const passwd* user = getpwnam(kServiceUser);  // NOLINT(concurrency-mt-unsafe)
  if (user == nullptr) return;
  // Groups first: afterwards there is no right to change them.
  if (initgroups(kServiceUser, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0) {
    throw Failure(ExitCode::kError, std::string("cannot become the user ") + kServiceUser + ": " +
                                        std::generic_category().message(errno) + "; run it as that user");
  }
}

}  // namespace ucaas_sync::commands
