#include "daemon/service/endpoints.h"

#include <microhttpd.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <string_view>
#include <utility>

#include "daemon/model/problem.h"
#include "daemon/service/listener.h"

namespace ucaas_sync::service {
namespace {

constexpr unsigned kMostConnections = 64;
constexpr unsigned kMostConnectionsOfOneAddress = 32;
constexpr unsigned kIdleSeconds = 10;
constexpr std::size_t kHeaderMemory = 16 * 1024;

// Nothing may run in the page, come from elsewhere, be framed or be kept.
constexpr std::array<std::pair<const char*, const char*>, 5> kHeaders{{
    {"Content-Security-Policy",
     "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cache-Control", "no-store"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
}};

MHD_Result AddToQuery(void* query, MHD_ValueKind /*kind*/, const char* name, const char* value) {
  (*static_cast<std::map<std::string, std::string>*>(query))[name] = value == nullptr ? "" : value;
  return MHD_YES;
}

MHD_Result Send(MHD_Connection* connection, const PageReply& reply, const char* allow) {
  // The buffer is only read, though the library's type does not say so.
  MHD_Response* response = MHD_create_response_from_buffer(reply.body.size(), const_cast<char*>(reply.body.data()),
                                                           MHD_RESPMEM_MUST_COPY);  // NOLINT
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply.content_type.c_str());
  for (const auto& [name, value] : kHeaders) MHD_add_response_header(response, name, value);
  if (allow != nullptr) MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
  const MHD_Result sent = MHD_queue_response(connection, static_cast<unsigned>(reply.status), response);
  MHD_destroy_response(response);
  return sent;
}

}  // namespace

struct Endpoints::Impl {
  std::string listen;
  std::function<PageReply(const PageRequest&)> pages;
  MHD_Daemon* daemon = nullptr;

  static MHD_Result OnRequest(void* self, MHD_Connection* connection, const char* url, const char* method,
                              const char* /*version*/, const char* /*upload*/, std::size_t* /*upload_size*/,
                              void** /*context*/) {
    const std::string_view verb(method);
    if (verb != MHD_HTTP_METHOD_GET && verb != MHD_HTTP_METHOD_HEAD) {
      return Send(connection, {.status = MHD_HTTP_METHOD_NOT_ALLOWED, .body = "these pages are read-only\n"},
                  "GET, HEAD");
    }
    PageRequest request{.path = url, .query = {}};
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, &AddToQuery, &request.query);
    try {
      return Send(connection, static_cast<Impl*>(self)->pages(request), nullptr);
    } catch (const std::exception& error) {
      // A state that is being moved away or a full memory: the next request may find it well again.
      return Send(connection,
                  {.status = MHD_HTTP_SERVICE_UNAVAILABLE, .body = std::string("not now: ") + error.what() + '\n'},
                  nullptr);
    }
  }
};

Endpoints::Endpoints(const std::string& listen, std::function<PageReply(const PageRequest&)> pages)
    : impl_(std::make_unique<Impl>()) {
  impl_->listen = listen;
  impl_->pages = std::move(pages);
  bytes::UniqueFd socket = ListenOn(listen);
  impl_->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD, 0, nullptr, nullptr,
                                   &Impl::OnRequest, impl_.get(),                                     //
                                   MHD_OPTION_LISTEN_SOCKET, socket.get(),                            //
                                   MHD_OPTION_CONNECTION_LIMIT, kMostConnections,                     //
                                   MHD_OPTION_PER_IP_CONNECTION_LIMIT, kMostConnectionsOfOneAddress,  //
                                   MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds,                       //
                                   MHD_OPTION_CONNECTION_MEMORY_LIMIT, kHeaderMemory,                 //
                                   MHD_OPTION_END);
  if (impl_->daemon == nullptr) {
    throw Failure(ExitCode::kError, "listen: the server for " + listen + " cannot be started; is memory short?");
  }
  // The library closes it from now on.
  socket.Release();
}

Endpoints::~Endpoints() {
  MHD_stop_daemon(impl_->daemon);
  if (const std::string path = UnixPathOf(impl_->listen); !path.empty()) unlink(path.c_str());
}

}  // namespace ucaas_sync::service
