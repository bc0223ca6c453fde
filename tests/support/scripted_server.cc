#include "tests/support/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "tests/support/tls_context.h"

namespace ucaas_sync::test {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "test server");
  }
  ~Descriptor() { close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

/// A socket with a port of its own, on which nobody listens.
int BindOnLoopback() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // NOLINTNEXTLINE: the sockets API is made of such casts.
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::system_error(errno, std::generic_category(), "test server: bind");
  }
  return fd;
}

int ListenOnLoopback() {
  const int fd = BindOnLoopback();
  if (listen(fd, 64) != 0) throw std::system_error(errno, std::generic_category(), "test server: listen");
  return fd;
}

std::uint16_t PortOf(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  // NOLINTNEXTLINE: as above.
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

std::size_t ContentLength(std::string_view head) {
  std::string lower(head);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::size_t at = lower.find("\r\ncontent-length: ");
  if (at == std::string::npos) return 0;
  std::size_t length = 0;
  const char* begin = lower.data() + at + 18;
  std::from_chars(begin, lower.data() + lower.size(), length);
  return length;
}

}  // namespace

/// One accepted connection, in the clear or under TLS. Every wait ends when the server does.
class Connection {
 public:
  Connection(int fd, int stop_fd, SSL_CTX* tls) : fd_(fd), stop_fd_(stop_fd) {
    const int on = 1;
    setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (tls != nullptr) ssl_.reset(SSL_new(tls));
    if (ssl_) SSL_set_fd(ssl_.get(), fd_.get());
  }

  bool Open() { return !ssl_ || (Readable(-1) && SSL_accept(ssl_.get()) == 1); }

  /// False at the end of the connection.
  bool ReadMore(std::string& into) {
    const bool is_buffered = ssl_ && SSL_pending(ssl_.get()) > 0;
    if (!is_buffered && !Readable(-1)) return false;
    char block[16384];
    const auto got = ssl_ ? SSL_read(ssl_.get(), block, sizeof block) : recv(fd_.get(), block, sizeof block, 0);
    if (got <= 0) return false;
    into.append(block, static_cast<std::size_t>(got));
    return true;
  }

  bool Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                             : send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// False when the server ends. `timeout_ms` -1 is for ever.
  bool Readable(int timeout_ms) {
    pollfd fds[2] = {{fd_.get(), POLLIN, 0}, {stop_fd_, POLLIN, 0}};
    while (poll(fds, 2, timeout_ms) < 0) {
      if (errno != EINTR) return false;
    }
    return (fds[1].revents & POLLIN) == 0;
  }

  void ResetOnClose() {
    const linger now{1, 0};
    setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

 private:
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  Descriptor fd_;
  int stop_fd_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
};

class ScriptedServer::Impl {
 public:
  Impl(std::vector<Script> scripts, Responder responder, std::unique_ptr<TlsContext> tls)
      : scripts_(std::move(scripts)),
        responder_(std::move(responder)),
        tls_(std::move(tls)),
        listener_(ListenOnLoopback()),
        stop_(eventfd(0, EFD_CLOEXEC)),
        port_(PortOf(listener_.get())) {
    if (tls_) signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL; so must the program under test.
    acceptor_ = std::thread([this] { Accept(); });
  }

  ~Impl() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(stop_.get(), &one, sizeof one);
    acceptor_.join();
    for (std::thread& worker : workers_) worker.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::uint16_t port() const { return port_; }
  bool is_tls() const { return tls_ != nullptr; }
  std::size_t connections() const { return connections_; }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void Accept() {
    for (;;) {
      pollfd fds[2] = {{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
      if (poll(fds, 2, -1) < 0 && errno != EINTR) return;
      if ((fds[1].revents & POLLIN) != 0) return;
      if ((fds[0].revents & POLLIN) == 0) continue;
      const int fd = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      const std::size_t number = connections_++;
      workers_.emplace_back([this, fd, number] { Serve(fd, number); });
    }
  }

  void Serve(int fd, std::size_t number) {
    Connection connection(fd, stop_.get(), tls_ ? tls_->get() : nullptr);
    if ((scripts_.empty() && !responder_) || !connection.Open()) return;
    std::string unread;
    if (responder_) {
      const auto request = Read(connection, unread, /*with_body=*/true);
      if (request) Play(responder_(*request), connection, unread);
    } else {
      Play(scripts_[std::min(number, scripts_.size() - 1)], connection, unread);
    }
  }

  void Play(const Script& script, Connection& connection, std::string& unread) {
    for (const Step& step : script) {
      if (!Do(step, connection, unread)) return;
    }
  }

  bool Do(const Step& step, Connection& connection, std::string& unread) {
    switch (step.what) {
      case Step::What::kReadRequest:
        return Read(connection, unread, /*with_body=*/true).has_value();
      case Step::What::kReadHead:
        return Read(connection, unread, /*with_body=*/false).has_value();
      case Step::What::kSend:
        for (std::size_t i = 0; i < step.times; ++i) {
          if (!connection.Write(step.bytes)) return false;
        }
        return true;
      case Step::What::kDrip:
        for (const char c : step.bytes) {
          if (!connection.Write({&c, 1}) || !connection.Readable(20)) return false;
        }
        return true;
      case Step::What::kStall:
        while (connection.ReadMore(unread)) continue;
        return false;
      case Step::What::kReset:
        connection.ResetOnClose();
        return false;
    }
    return false;
  }

  std::optional<std::string> Read(Connection& connection, std::string& unread, bool with_body) {
    std::size_t end = 0;
    while ((end = unread.find("\r\n\r\n")) == std::string::npos) {
      if (!connection.ReadMore(unread)) return std::nullopt;
    }
    end += 4;
    if (with_body) {
      end += ContentLength(std::string_view(unread).substr(0, end));
      while (unread.size() < end) {
        if (!connection.ReadMore(unread)) return std::nullopt;
      }
    }
    std::string request = unread.substr(0, end);
    unread.erase(0, end);
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    return request;
  }

  // Constant after construction:
  const std::vector<Script> scripts_;
  const Responder responder_;
  const std::unique_ptr<TlsContext> tls_;
  const Descriptor listener_;
  const Descriptor stop_;
  const std::uint16_t port_;
  // Of the accepting thread until it is joined:
  std::vector<std::thread> workers_;
  // Protected by mutex_:
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;

  std::atomic<std::size_t> connections_{0};
  std::thread acceptor_;
};

ScriptedServer::ScriptedServer(std::vector<Script> scripts)
    : impl_(std::make_unique<Impl>(std::move(scripts), nullptr, nullptr)) {}

ScriptedServer::ScriptedServer(std::vector<Script> scripts, const TlsIdentity& identity)
    : impl_(std::make_unique<Impl>(std::move(scripts), nullptr, std::make_unique<TlsContext>(identity))) {}

ScriptedServer::ScriptedServer(Responder responder)
    : impl_(std::make_unique<Impl>(std::vector<Script>{}, std::move(responder), nullptr)) {}

ScriptedServer::~ScriptedServer() = default;

std::uint16_t ScriptedServer::port() const {
  return impl_->port();
}

std::string ScriptedServer::base_url() const {
  return (impl_->is_tls() ? "https" : "http") + std::string("://127.0.0.1:") + std::to_string(port()) + "/v1/";
}

std::vector<std::string> ScriptedServer::requests() const {
  return impl_->requests();
}

std::size_t ScriptedServer::connections() const {
  return impl_->connections();
}

Step ReadRequest() {
  return {.what = Step::What::kReadRequest, .bytes = {}};
}
Step ReadHead() {
  return {.what = Step::What::kReadHead, .bytes = {}};
}
Step Send(std::string bytes, std::size_t times) {
  return {.what = Step::What::kSend, .bytes = std::move(bytes), .times = times};
}
Step Drip(std::string bytes) {
  return {.what = Step::What::kDrip, .bytes = std::move(bytes)};
}
Step Stall() {
  return {.what = Step::What::kStall, .bytes = {}};
}
Step Reset() {
  return {.what = Step::What::kReset, .bytes = {}};
}

std::string Reply(std::string_view status, std::string_view body, std::string_view headers) {
  return "HTTP/1.1 " + std::string(status) +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(headers) + "\r\n" + std::string(body);
}

Script Answer(std::string_view status, std::string_view body, std::string_view headers) {
  return {ReadRequest(), Send(Reply(status, body, headers)), Stall()};
}

std::uint16_t RefusingPort() {
  static const Descriptor held(BindOnLoopback());
  return PortOf(held.get());
}

std::uint16_t FreePort() {
  const Descriptor listener(ListenOnLoopback());
  return PortOf(listener.get());
}

}  // namespace ucaas_sync::test
