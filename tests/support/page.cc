#include "tests/support/page.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace ucaas_sync::testing {

int Connected(const std::string& socket_path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path.copy(&address.sun_path[0], sizeof(address.sun_path) - 1);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the socket API's own way
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    close(fd);
    throw std::runtime_error("nobody listens on " + socket_path);
  }
  return fd;
}

Reply Ask(int fd, const std::string& request) {
  REQUIRE(write(fd, request.data(), request.size()) == static_cast<ssize_t>(request.size()));
  std::string all;
  std::array<char, 65536> buffer{};
  for (ssize_t got = 0; (got = read(fd, buffer.data(), buffer.size())) > 0;) {
    all.append(buffer.data(), static_cast<std::size_t>(got));
  }
  close(fd);
  Reply reply;
  const std::size_t end = all.find("\r\n\r\n");
  REQUIRE(end != std::string::npos);
  reply.head = all.substr(0, end);
  reply.body = all.substr(end + 4);
  reply.status = std::stoi(all.substr(9, 3));
  return reply;
}

Reply Get(const Cli& cli, const std::string& path, const std::string& method) {
  return Ask(Connected(cli.Path("http")), method + ' ' + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
}

}  // namespace ucaas_sync::testing
