#include "daemon/service/listener.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <system_error>

#include "daemon/model/problem.h"

namespace ucaas_sync::service {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr int kBacklog = 64;

[[noreturn]] void Refuse(const std::string& listen, const std::string& why) {
  throw Failure(ExitCode::kConfig,
                "listen: cannot listen on " + listen + ": " + why + "; stop what uses it, or write another address");
}

std::string LastError() {
  return std::generic_category().message(errno);
}

// A socket that nobody answers was left by a process that was killed; one that somebody answers is in use.
void RemoveLeftover(const std::string& listen, const sockaddr_un& address) {
  struct stat found {};
  if (lstat(&address.sun_path[0], &found) != 0) return;
  if (!S_ISSOCK(found.st_mode)) Refuse(listen, "there is a file of that name which is no socket");
  const bytes::UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the socket API's own way
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    Refuse(listen, "another process serves it");
  }
  unlink(&address.sun_path[0]);
}

bytes::UniqueFd ListenOnPath(const std::string& listen, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) Refuse(listen, "the path is too long for a socket (107 bytes)");
  path.copy(&address.sun_path[0], path.size());
  RemoveLeftover(listen, address);
  bytes::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  constexpr mode_t kOwnerAndGroup = 0660;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the socket API's own way
  if (!fd.is_open() || bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      chmod(path.c_str(), kOwnerAndGroup) != 0 || ::listen(fd.get(), kBacklog) != 0) {
    Refuse(listen, LastError());
  }
  return fd;
}

bytes::UniqueFd ListenOnPort(const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  std::string host = listen.substr(0, colon);
  const std::string port = colon == std::string::npos ? "" : listen.substr(colon + 1);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    Refuse(listen, gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  bytes::UniqueFd fd(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // A restart need not wait until the kernel has forgotten the connections of before.
  const int on = 1;
  if (!fd.is_open() || setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      bind(fd.get(), found->ai_addr, found->ai_addrlen) != 0 || ::listen(fd.get(), kBacklog) != 0) {
    Refuse(listen, LastError());
  }
  return fd;
}

}  // namespace

std::string UnixPathOf(const std::string& listen) {
  return listen.starts_with(kUnix) ? listen.substr(kUnix.size()) : std::string();
}

bytes::UniqueFd ListenOn(const std::string& listen) {
  const std::string path = UnixPathOf(listen);
  return path.empty() ? ListenOnPort(listen) : ListenOnPath(listen, path);
}

}  // namespace ucaas_sync::service
