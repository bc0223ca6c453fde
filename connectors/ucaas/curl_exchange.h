// One libcurl easy handle with the exchange that it carries, and its headers. Internal to the transport, and the one
// header of this room that shows libcurl. Handles are set up once and used again and again; single-threaded.
#pragma once

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "connectors/ucaas/base_url.h"
#include "connectors/ucaas/curl_transport.h"
#include "daemon/model/transport.h"

namespace ucaas_sync::ucaas {

/// Header lines as libcurl wants them; wiped when they go, for one of them is the credentials.
class HeaderList {
 public:
  HeaderList() = default;
  HeaderList(HeaderList&& other) noexcept;
  HeaderList& operator=(HeaderList&& other) noexcept;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList();

  void Add(const std::string& line);
  /// What get() gives goes on with the lines of `rest`, which must outlive it. At least one line must be there before.
  void ContinueWith(const HeaderList& rest);
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
  curl_slist* last_ = nullptr;  // of our own lines
};

class CurlExchange {
 public:
  /// A handle with everything set that is the same for all requests. `options` must outlive it.
  CurlExchange(const CurlOptions& options, const BaseUrl& base);
  ~CurlExchange();
  CurlExchange(const CurlExchange&) = delete;
  CurlExchange& operator=(const CurlExchange&) = delete;

  /// Loads the next request; `common` must outlive the exchange. Throws std::invalid_argument for a request that could
  /// not be one (see CurlTransport::Start).
  void Load(ExchangeId id, HttpRequest request, const std::string& base_url, const HeaderList& common);
  /// The reply when libcurl is done with `code`; forgets what the request carried.
  HttpReply Unload(CURLcode code, const std::string& host);
  CURL* easy() const { return easy_; }

 private:
  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* user);
  static int OnSending(void* user, char* to, char* from, int to_port, int from_port);
  void SetMethod(const std::string& method);
  std::optional<std::string> Header(const char* name) const;

  CURL* easy_;
  const std::size_t max_reply_bytes_;
  // Of the exchange under way:
  ExchangeId id_ = 0;
  std::string request_body_;
  HeaderList headers_;  // only when the request brings its own
  std::string reply_body_;
  bool may_repeat_ = false;
  bool too_large_ = false;
  int sendings_ = 0;
  int socket_error_ = 0;
  std::array<char, CURL_ERROR_SIZE> error_{};
};

}  // namespace ucaas_sync::ucaas
