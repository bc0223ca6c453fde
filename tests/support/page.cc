#include "tests/support/page.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string_view>

namespace ucaas_sync::testing {
namespace {

constexpr std::string_view kHeaders = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

}  // namespace

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

int Connected(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the socket API's own way
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    close(fd);
    throw std::runtime_error("nobody listens on port " + std::to_string(port));
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
  return Ask(Connected(cli.Path("http")), method + ' ' + path + std::string(kHeaders));
}

Reply Get(std::uint16_t port, const std::string& path) {
  return Ask(Connected(port), "GET " + path + std::string(kHeaders));
}

}  // namespace ucaas_sync::testing
