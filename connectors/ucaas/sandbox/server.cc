#include "connectors/ucaas/sandbox/server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "connectors/ucaas/sandbox/delays.h"
#include "daemon/model/problem.h"
#include "daemon/model/text.h"

namespace ucaas_sync::sandbox {
namespace {

constexpr unsigned kConnectionLimit = 1000;
constexpr unsigned kIdleSeconds = 120;
constexpr std::size_t kHeaderMemory = 32 * 1024;  // request line and headers, and the step in which a body is read
// A body beyond the limit is read to its end, so that the client sees the 413, but not without an end.
constexpr std::size_t kDrainLimit = 16U << 20U;

/// One request on its way through the server.
struct Exchange {
  enum class Stage : std::uint8_t { kHead, kBody, kBeforeEffect, kAfterEffect };
  Request request;
  Stage stage = Stage::kHead;
  std::size_t received = 0;
  Strike strike;
  Reply reply;
};

struct Address {
  sockaddr_storage storage{};
  bool is_v6 = false;
};

Address ParseAddress(const std::string& text, bool allow_remote, std::uint16_t port) {
  Address address;
  const std::string host = text == "localhost" ? "127.0.0.1" : text;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  bool loopback = false;
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    constexpr std::uint32_t kLoopbackNet = 127;
    loopback = (ntohl(v4.sin_addr.s_addr) >> 24U) == kLoopbackNet;
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&address.storage, &v4, sizeof(v4));
  } else if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    loopback = std::memcmp(&v6.sin6_addr, &in6addr_loopback, sizeof(in6addr_loopback)) == 0;
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&address.storage, &v6, sizeof(v6));
    address.is_v6 = true;
  } else {
    throw Failure(ExitCode::kConfig, "\"" + Printable(text) +
                                         "\" is not an address that the sandbox can listen on; write an IP address, "
                                         "for example 127.0.0.1");
  }
  if (!loopback && !allow_remote) {
    throw Failure(ExitCode::kConfig, "the sandbox listens on loopback addresses only, not on " + Printable(text) +
                                         ": it speaks plain http and is for made-up people; use 127.0.0.1");
  }
  return address;
}

/// Half of a reply's body, then a broken connection.
struct Torn {
  std::string body;
};

ssize_t ReadTorn(void* context, std::uint64_t position, char* buffer, std::size_t size) {
  const auto* torn = static_cast<const Torn*>(context);
  const std::size_t end = torn->body.size() / 2;
  if (position >= end) return MHD_CONTENT_READER_END_WITH_ERROR;
  const std::size_t count = std::min(size, end - static_cast<std::size_t>(position));
  std::memcpy(buffer, torn->body.data() + position, count);
  return static_cast<ssize_t>(count);
}

void FreeTorn(void* context) {
  delete static_cast<Torn*>(context);  // NOLINT(cppcoreguidelines-owning-memory): the library's callback owns it
}

std::optional<std::string> Header(MHD_Connection* connection, const char* name) {
  const char* value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

Reply FaultReply(const FaultRule& rule) {
  Reply reply;
  reply.status = rule.status;
  switch (rule.body) {
    case FaultBody::kEnvelope:
      reply.body = FaultEnvelope(rule.status);
      break;
    case FaultBody::kHtml:
      reply.content_type = "text/html; charset=utf-8";
      reply.body = "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>" + std::to_string(rule.status) +
                   "</h1><p>The server is having a bad day.</p></body></html>";
      break;
    case FaultBody::kEmpty:
      reply.content_type.clear();
      break;
  }
  if (!rule.retry_after.empty()) reply.headers.emplace_back("Retry-After", rule.retry_after);
  return reply;
}

bool Replaces(const FaultRule& rule) {
  return rule.what == FaultWhat::kStatus || rule.what == FaultWhat::kClose;
}

}  // namespace

class Server::Impl {
 public:
  Impl(const std::string& address, bool allow_remote, std::uint16_t port, std::size_t max_body, ServerHooks hooks)
      : hooks_(std::move(hooks)), max_body_(max_body), host_(address == "localhost" ? "127.0.0.1" : address) {
    const Address where = ParseAddress(address, allow_remote, port);
    is_v6_ = where.is_v6;
    unsigned flags = MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    if (is_v6_) flags |= MHD_USE_IPv6;
    errno = 0;
    daemon_ = MHD_start_daemon(flags, port, nullptr, nullptr, &Impl::OnRequest, this,                         //
                               MHD_OPTION_SOCK_ADDR, &where.storage,                                          //
                               MHD_OPTION_CONNECTION_LIMIT, kConnectionLimit,                                 //
                               MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds,                                   //
                               MHD_OPTION_CONNECTION_MEMORY_LIMIT, kHeaderMemory,                             //
                               MHD_OPTION_URI_LOG_CALLBACK, &Impl::OnTarget, static_cast<void*>(nullptr),     //
                               MHD_OPTION_NOTIFY_COMPLETED, &Impl::OnCompleted, static_cast<void*>(nullptr),  //
                               MHD_OPTION_END);
    if (daemon_ == nullptr) {
      throw Failure(ExitCode::kUnavailable, "the sandbox cannot listen on " + address + " port " +
                                                std::to_string(port) + ": " + std::strerror(errno) +
                                                "; stop what uses the port, or choose another");
    }
    const MHD_DaemonInfo* info = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_BIND_PORT);
    port_ = info != nullptr ? info->port : port;
  }

  ~Impl() {
    // The library must not be stopped while a connection is suspended.
    delays_.Stop();
    MHD_stop_daemon(daemon_);
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::uint16_t port() const { return port_; }
  std::string authority() const { return (is_v6_ ? "[" + host_ + "]" : host_) + ":" + std::to_string(port_); }

 private:
  /// The library unescapes the path in place later on; this is the only sight of it as it came.
  static void* OnTarget(void*, const char* target, MHD_Connection*) {
    auto exchange = std::make_unique<Exchange>();
    exchange->request.target = target;
    return exchange.release();
  }

  static void OnCompleted(void*, MHD_Connection*, void** context, MHD_RequestTerminationCode) {
    const std::unique_ptr<Exchange> exchange(static_cast<Exchange*>(*context));
    *context = nullptr;
  }

  static MHD_Result OnRequest(void* self, MHD_Connection* connection, const char*, const char* method, const char*,
                              const char* upload, std::size_t* upload_size, void** context) {
    auto* exchange = static_cast<Exchange*>(*context);
    if (exchange == nullptr) return MHD_NO;
    return static_cast<Impl*>(self)->Advance(connection, *exchange, method, upload, *upload_size);
  }

  MHD_Result Advance(MHD_Connection* connection, Exchange& exchange, const char* method, const char* upload,
                     std::size_t& upload_size) {
    switch (exchange.stage) {
      case Exchange::Stage::kHead:
        ReadHead(connection, exchange.request, method);
        exchange.stage = Exchange::Stage::kBody;
        return MHD_YES;
      case Exchange::Stage::kBody:
        if (upload_size != 0) return ReadBody(exchange, upload, upload_size);
        exchange.strike = hooks_.arrive(exchange.request);
        exchange.stage = Exchange::Stage::kBeforeEffect;
        if (exchange.strike.delay_before.count() > 0) return Delay(connection, exchange.strike.delay_before);
        return TakeEffect(connection, exchange);
      case Exchange::Stage::kBeforeEffect:
        // Woken early because the server stops: as if the request had never come.
        return delays_.stopped() ? MHD_NO : TakeEffect(connection, exchange);
      case Exchange::Stage::kAfterEffect:
        return Send(connection, exchange);
    }
    return MHD_NO;
  }

  static void ReadHead(MHD_Connection* connection, Request& request, const char* method) {
    request.method = method;
    request.content_type = Header(connection, "Content-Type");
    request.authorization = Header(connection, "Authorization");
    request.api_id = Header(connection, "X-Api-Id");
    request.idempotency_key = Header(connection, "Idempotency-Key");
  }

  MHD_Result ReadBody(Exchange& exchange, const char* upload, std::size_t& upload_size) const {
    exchange.received += upload_size;
    if (exchange.received > kDrainLimit && exchange.received > max_body_) return MHD_NO;
    if (exchange.received <= max_body_) exchange.request.body.append(upload, upload_size);
    upload_size = 0;
    return MHD_YES;
  }

  MHD_Result Delay(MHD_Connection* connection, std::chrono::milliseconds delay) {
    return delays_.Suspend(connection, delay) ? MHD_YES : MHD_NO;
  }

  MHD_Result TakeEffect(MHD_Connection* connection, Exchange& exchange) {
    const auto& rule = exchange.strike.rule;
    const bool replaced = rule && Replaces(*rule);
    exchange.stage = Exchange::Stage::kAfterEffect;
    if (!(replaced && rule->moment == FaultMoment::kBeforeEffect)) {
      if (exchange.received > max_body_) {
        exchange.reply = Refuse({Code::kTooLarge, "The body is too large.", {}}, StatusStyle::kAlways200);
      } else {
        exchange.reply = hooks_.handle(exchange.request);
      }
    }
    if (replaced && rule->what == FaultWhat::kStatus) exchange.reply = FaultReply(*rule);
    if (exchange.strike.delay_after.count() > 0) return Delay(connection, exchange.strike.delay_after);
    return Send(connection, exchange);
  }

  static MHD_Result Send(MHD_Connection* connection, const Exchange& exchange) {
    const auto& rule = exchange.strike.rule;
    if (rule && rule->what == FaultWhat::kClose) return MHD_NO;
    const Reply& reply = exchange.reply;
    MHD_Response* response = nullptr;
    if (rule && rule->what == FaultWhat::kTruncate) {
      constexpr std::size_t kBlock = 4096;
      auto torn = std::make_unique<Torn>(Torn{reply.body});
      response = MHD_create_response_from_callback(reply.body.size(), kBlock, &ReadTorn, torn.get(), &FreeTorn);
      if (response != nullptr) torn.release();  // NOLINT(bugprone-unused-return-value): the response owns it now
    } else {
      // The library takes the pointer without const and copies from it.
      response = MHD_create_response_from_buffer(reply.body.size(), const_cast<char*>(reply.body.data()),
                                                 MHD_RESPMEM_MUST_COPY);
    }
    if (response == nullptr) return MHD_NO;
    if (!reply.content_type.empty()) {
      MHD_add_response_header(response, "Content-Type", reply.content_type.c_str());
    }
    for (const auto& [name, value] : reply.headers) MHD_add_response_header(response, name.c_str(), value.c_str());
    const MHD_Result queued = MHD_queue_response(connection, static_cast<unsigned>(reply.status), response);
    MHD_destroy_response(response);
    return queued;
  }

  const ServerHooks hooks_;
  const std::size_t max_body_;
  const std::string host_;
  bool is_v6_ = false;
  std::uint16_t port_ = 0;
  Delays delays_;
  MHD_Daemon* daemon_ = nullptr;
};

Server::Server(const std::string& address, bool allow_remote, std::uint16_t port, std::size_t max_body,
               ServerHooks hooks)
    : impl_(std::make_unique<Impl>(address, allow_remote, port, max_body, std::move(hooks))) {}

Server::~Server() = default;

std::uint16_t Server::port() const {
  return impl_->port();
}

std::string Server::authority() const {
  return impl_->authority();
}

}  // namespace ucaas_sync::sandbox
