#include "connectors/ucaas/curl_transport.h"

#include <curl/curl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <new>
#include <stdexcept>
#include <system_error>

#include "connectors/ucaas/curl_outcome.h"
#include "daemon/model/exit_code.h"
#include "daemon/model/problem.h"
#include "daemon/model/text.h"

namespace ucaas_sync::ucaas {
namespace {

/// Room for the shared and the extra headers; libcurl copies each line.
class HeaderList {
 public:
  HeaderList() = default;
  HeaderList(HeaderList&& other) noexcept : list_(std::exchange(other.list_, nullptr)) {}
  HeaderList& operator=(HeaderList&& other) noexcept {
    std::swap(list_, other.list_);
    return *this;
  }
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  /// Wipes each line: one of them is the credentials.
  ~HeaderList() {
    for (curl_slist* line = list_; line != nullptr; line = line->next) explicit_bzero(line->data, strlen(line->data));
    curl_slist_free_all(list_);
  }

  void Add(const std::string& line) {
    curl_slist* longer = curl_slist_append(list_, line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    list_ = longer;
  }
  void AddAllOf(const HeaderList& other) {
    for (const curl_slist* line = other.list_; line != nullptr; line = line->next) Add(line->data);
  }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

/// libcurl's own start and end, counted by libcurl.
struct CurlLibrary {
  CurlLibrary() {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::runtime_error("libcurl could not be initialised");
  }
  ~CurlLibrary() { curl_global_cleanup(); }
  CurlLibrary(const CurlLibrary&) = delete;
  CurlLibrary& operator=(const CurlLibrary&) = delete;
};

/// Wakes a Wait from other threads and from signal handlers: write(2) is all it takes, which curl_multi_wakeup does not
/// promise.
class WakeFlag {
 public:
  WakeFlag() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  ~WakeFlag() { close(fd_); }
  WakeFlag(const WakeFlag&) = delete;
  WakeFlag& operator=(const WakeFlag&) = delete;

  int fd() const { return fd_; }
  void Raise() const noexcept {
    const int saved_errno = errno;
    const std::uint64_t one = 1;
    // It can only fail when it is raised already.
    [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof one);
    errno = saved_errno;
  }
  /// Whether it was raised; lowers it.
  bool Take() const {
    std::uint64_t count = 0;
    return read(fd_, &count, sizeof count) == sizeof count;
  }

 private:
  int fd_;
};

struct UrlPart {
  char* text = nullptr;
  UrlPart() = default;
  ~UrlPart() { curl_free(text); }
  UrlPart(const UrlPart&) = delete;
  UrlPart& operator=(const UrlPart&) = delete;
};

/// The host of `base_url`, or why it cannot be a base URL.
std::string HostOf(const std::string& base_url) {
  const auto refuse = [&base_url](const std::string& why) {
    return Failure(ExitCode::kConfig, "target.base_url " + Shorten(base_url, 100) + ": " + why +
                                          "; write it like https://api.enablex.io/ucaas/v1/");
  };
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), &curl_url_cleanup);
  if (!url) throw std::bad_alloc();
  // Not printed: it may have a password in it.
  UrlPart user;
  UrlPart password;
  if (const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, base_url.c_str(), 0); code != CURLUE_OK) {
    throw Failure(ExitCode::kConfig, "target.base_url is not a URL (" + std::string(curl_url_strerror(code)) +
                                         "); write it like https://api.enablex.io/ucaas/v1/");
  }
  if (curl_url_get(url.get(), CURLUPART_USER, &user.text, 0) == CURLUE_OK ||
      curl_url_get(url.get(), CURLUPART_PASSWORD, &password.text, 0) == CURLUE_OK) {
    throw Failure(ExitCode::kConfig,
                  "target.base_url has a user or password in it; put them into target.basic, where they stay secret");
  }
  UrlPart scheme;
  UrlPart host;
  UrlPart query;
  UrlPart fragment;
  if (curl_url_get(url.get(), CURLUPART_SCHEME, &scheme.text, 0) != CURLUE_OK ||
      (std::string_view(scheme.text) != "https" && std::string_view(scheme.text) != "http")) {
    throw refuse("only https and http are spoken");
  }
  if (curl_url_get(url.get(), CURLUPART_HOST, &host.text, 0) != CURLUE_OK) throw refuse("there is no host in it");
  if (curl_url_get(url.get(), CURLUPART_QUERY, &query.text, 0) == CURLUE_OK ||
      curl_url_get(url.get(), CURLUPART_FRAGMENT, &fragment.text, 0) == CURLUE_OK) {
    throw refuse("it has a query or a fragment");
  }
  return host.text;
}

bool IsLoopback(std::string_view host) {
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

bool HasControlOrSpace(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; });
}

bool HasLineEnd(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

/// So that a command started for a source does not inherit a connection with our session in it.
curl_socket_t OpenSocket(void* /*user*/, curlsocktype /*purpose*/, curl_sockaddr* address) {
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void Check(CURLcode code, const char* what) {
  if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLE_OK) throw std::runtime_error(std::string("libcurl: ") + what + ": " + curl_easy_strerror(code));
}

void Check(CURLMcode code, const char* what) {
  if (code == CURLM_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLM_OK) throw std::runtime_error(std::string("libcurl: ") + what + ": " + curl_multi_strerror(code));
}

/// curl_easy_setopt with its type and result checked.
template <typename Value>
void Set(CURL* easy, CURLoption option, Value value) {
  Check(curl_easy_setopt(easy, option, value), "an option is not supported");
}

/// One easy handle and the exchange that it carries; used again and again.
struct Exchange {
  Exchange() : easy(curl_easy_init()) {
    if (easy == nullptr) throw std::bad_alloc();
  }
  ~Exchange() { curl_easy_cleanup(easy); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  CURL* easy;
  ExchangeId id = 0;
  std::string url;
  std::string request_body;
  HeaderList headers;  // only when the request brings its own
  std::string reply_body;
  std::size_t max_reply_bytes = 0;
  bool may_repeat = false;
  bool too_large = false;
  int sendings = 0;
  std::array<char, CURL_ERROR_SIZE> error{};
};

std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const std::size_t bytes = size * count;
  if (bytes > exchange.max_reply_bytes - exchange.reply_body.size()) {
    exchange.too_large = true;
    return bytes + 1;  // Anything but `bytes` ends the transfer.
  }
  exchange.reply_body.append(data, bytes);
  return bytes;
}

/// Called before each sending. libcurl sends a request again by itself when a kept connection turns out to be dead,
/// also when the target may have carried it out; a create must not leave twice.
int OnSending(void* user, char* /*to*/, char* /*from*/, int /*to_port*/, int /*from_port*/) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (exchange.sendings > 0 && !exchange.may_repeat) return CURL_PREREQFUNC_ABORT;
  ++exchange.sendings;
  return CURL_PREREQFUNC_OK;
}

std::optional<std::string> HeaderOf(CURL* easy, const char* name) {
  curl_header* header = nullptr;
  if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK) return std::nullopt;
  return std::string(header->value);
}

}  // namespace

class CurlTransport::Impl {
 public:
  explicit Impl(const CurlOptions& options);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  ExchangeId Start(HttpRequest request);
  std::vector<HttpReply> Wait(Monotonic until);
  std::size_t InFlight() const { return active_.size(); }
  void Wake() noexcept { wake_.Raise(); }

 private:
  std::unique_ptr<Exchange> NewExchange() const;
  void SetMethod(Exchange& exchange, const std::string& method) const;
  void Collect(std::vector<HttpReply>& replies);
  HttpReply ReplyOf(Exchange& exchange, CURLcode code) const;
  std::string HostForPeople() const { return proxy_.empty() ? host_ : host_ + " (through " + proxy_host_ + ")"; }

  CurlLibrary library_;
  WakeFlag wake_;
  CurlOptions options_;
  std::string base_url_;
  std::string host_;
  std::string proxy_;
  std::string proxy_host_;
  HeaderList headers_;
  CURLM* multi_;
  ExchangeId last_id_ = 0;
  std::vector<std::unique_ptr<Exchange>> active_;
  std::vector<std::unique_ptr<Exchange>> idle_;
};

CurlTransport::Impl::Impl(const CurlOptions& options)
    : options_(options), base_url_(options.base_url), host_(HostOf(options.base_url)), proxy_(options.proxy) {
  if (!base_url_.ends_with('/')) base_url_ += '/';
  proxy_host_ = proxy_.substr(proxy_.rfind('@') == std::string::npos ? 0 : proxy_.rfind('@') + 1);
  if (!options_.authorization.empty()) {
    if (HasLineEnd(options_.authorization.Reveal())) {
      throw Failure(ExitCode::kConfig, "target: the credentials have a line break in them; check the secret's file");
    }
    std::string line = "Authorization: " + options_.authorization.Reveal();
    headers_.Add(line);
    explicit_bzero(line.data(), line.size());
  }
  // Also on calls without a body: the API answers 400 when it is missing.
  headers_.Add("Content-Type: application/json");
  headers_.Add("Accept: application/json");
  // Otherwise larger bodies wait a second for a "100 Continue" that many servers never send.
  headers_.Add("Expect:");

  multi_ = curl_multi_init();
  if (multi_ == nullptr) throw std::bad_alloc();
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(std::max<std::uint32_t>(options_.connections, 1)));
}

CurlTransport::Impl::~Impl() {
  for (const auto& exchange : active_) curl_multi_remove_handle(multi_, exchange->easy);
  active_.clear();
  idle_.clear();
  curl_multi_cleanup(multi_);
}

std::unique_ptr<Exchange> CurlTransport::Impl::NewExchange() const {
  auto exchange = std::make_unique<Exchange>();
  CURL* const easy = exchange->easy;
  exchange->max_reply_bytes = options_.max_reply_bytes;

  Set(easy, CURLOPT_PRIVATE, exchange.get());
  Set(easy, CURLOPT_ERRORBUFFER, exchange->error.data());
  Set(easy, CURLOPT_WRITEFUNCTION, &OnBody);
  Set(easy, CURLOPT_WRITEDATA, exchange.get());
  Set(easy, CURLOPT_PREREQFUNCTION, &OnSending);
  Set(easy, CURLOPT_PREREQDATA, exchange.get());
  Set(easy, CURLOPT_OPENSOCKETFUNCTION, &OpenSocket);

  Set(easy, CURLOPT_NOSIGNAL, 1L);
  // A look-up that hangs must not hold up whoever gives the exchange up; its thread ends by itself.
  Set(easy, CURLOPT_QUICK_EXIT, 1L);
  Set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
  Set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
  Set(easy, CURLOPT_TCP_KEEPALIVE, 1L);

  Set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  Set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  Set(easy, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));  // A proxy does not get our headers.
  Set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  Set(easy, CURLOPT_PATH_AS_IS, 1L);
  Set(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
  Set(easy, CURLOPT_ACCEPT_ENCODING, "");  // Whatever libcurl can decode.
  Set(easy, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(options_.max_reply_bytes));

  Set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  Set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  Set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options_.ca_file.empty()) Set(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
  if (!proxy_.empty()) {
    Set(easy, CURLOPT_PROXY, proxy_.c_str());
  } else if (IsLoopback(host_)) {
    Set(easy, CURLOPT_PROXY, "");  // No proxy can reach our own loopback.
  }
  return exchange;
}

void CurlTransport::Impl::SetMethod(Exchange& exchange, const std::string& method) const {
  CURL* const easy = exchange.easy;
  const bool has_body = method == "POST" || method == "PATCH";
  if (has_body) {
    Set(easy, CURLOPT_POST, 1L);
    Set(easy, CURLOPT_POSTFIELDS, exchange.request_body.c_str());
    Set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(exchange.request_body.size()));
  } else if (method == "GET" || method == "DELETE") {
    Set(easy, CURLOPT_HTTPGET, 1L);
  } else {
    throw std::invalid_argument("transport: method " + Printable(method));
  }
  const bool is_own = method == "PATCH" || method == "DELETE";
  Set(easy, CURLOPT_CUSTOMREQUEST, is_own ? method.c_str() : nullptr);
  exchange.may_repeat = method != "POST";
}

ExchangeId CurlTransport::Impl::Start(HttpRequest request) {
  // The base URL ends its host with a slash, so nothing that follows can name another host.
  if (HasControlOrSpace(request.path)) throw std::invalid_argument("transport: a path that is not percent-encoded");
  std::unique_ptr<Exchange> exchange;
  if (idle_.empty()) {
    exchange = NewExchange();
  } else {
    exchange = std::move(idle_.back());
    idle_.pop_back();
  }

  exchange->id = ++last_id_;
  exchange->url = base_url_ + request.path;
  exchange->request_body = std::move(request.body);
  exchange->reply_body.clear();
  exchange->too_large = false;
  exchange->sendings = 0;
  exchange->error[0] = '\0';
  Set(exchange->easy, CURLOPT_URL, exchange->url.c_str());
  SetMethod(*exchange, request.method);
  if (request.headers.empty()) {
    Set(exchange->easy, CURLOPT_HTTPHEADER, headers_.get());
  } else {
    HeaderList own;
    own.AddAllOf(headers_);
    for (const auto& [name, value] : request.headers) {
      if (HasLineEnd(name) || HasLineEnd(value)) throw std::invalid_argument("transport: a header with a line break");
      own.Add(name + ": " + value);
    }
    exchange->headers = std::move(own);
    Set(exchange->easy, CURLOPT_HTTPHEADER, exchange->headers.get());
  }

  active_.push_back(std::move(exchange));
  if (const CURLMcode code = curl_multi_add_handle(multi_, active_.back()->easy); code != CURLM_OK) {
    active_.pop_back();
    Check(code, "a request could not be added");
  }
  return last_id_;
}

std::vector<HttpReply> CurlTransport::Impl::Wait(Monotonic until) {
  std::vector<HttpReply> replies;
  for (;;) {
    int running = 0;
    Check(curl_multi_perform(multi_, &running), "transfers could not go on");
    Collect(replies);
    if (!replies.empty() || wake_.Take()) return replies;

    const auto now = std::chrono::time_point_cast<Monotonic::duration>(std::chrono::steady_clock::now());
    if (now >= until) return replies;
    // Rounded up, or the last millisecond would be spent turning. A moment beyond a day is waited for in pieces.
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(std::min<Monotonic::duration>(
        until > now + std::chrono::hours(24) ? std::chrono::hours(24) : until - now, std::chrono::hours(24)));
    curl_waitfd wake{};
    wake.fd = wake_.fd();
    wake.events = CURL_WAIT_POLLIN;
    Check(curl_multi_poll(multi_, &wake, 1, static_cast<int>(left.count()), nullptr), "waiting failed");
  }
}

void CurlTransport::Impl::Collect(std::vector<HttpReply>& replies) {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    // Removing the handle ends the message's life.
    const CURLcode code = message->data.result;
    const auto ended = std::find_if(active_.begin(), active_.end(),
                                    [easy = message->easy_handle](const auto& e) { return e->easy == easy; });
    if (ended == active_.end()) continue;
    replies.push_back(ReplyOf(**ended, code));
    curl_multi_remove_handle(multi_, (*ended)->easy);
    idle_.push_back(std::move(*ended));
    *ended = std::move(active_.back());
    active_.pop_back();
  }
}

HttpReply CurlTransport::Impl::ReplyOf(Exchange& exchange, CURLcode code) const {
  if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  long status = 0;
  curl_off_t total_us = 0;
  curl_off_t lookup_us = 0;
  curl_easy_getinfo(exchange.easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(exchange.easy, CURLINFO_TOTAL_TIME_T, &total_us);
  curl_easy_getinfo(exchange.easy, CURLINFO_NAMELOOKUP_TIME_T, &lookup_us);

  const TransferEnd end{.curl_code = code,
                        .detail = exchange.error.data(),
                        .resolved = lookup_us > 0,
                        .request_sent = exchange.sendings > 0,
                        .reply_begun = status != 0,
                        .too_large = exchange.too_large};
  HttpReply reply;
  reply.id = exchange.id;
  reply.outcome = OutcomeOf(end);
  reply.status = exchange.sendings > 0 ? static_cast<int>(status) : 0;
  reply.latency = std::chrono::microseconds(total_us);
  reply.retry_after = HeaderOf(exchange.easy, "Retry-After");
  reply.date = HeaderOf(exchange.easy, "Date");
  if (reply.outcome == TransportOutcome::kReply) {
    reply.body = std::move(exchange.reply_body);
  } else {
    reply.error = ExplanationOf(end, HostForPeople());
  }
  return reply;
}

CurlTransport::CurlTransport(const CurlOptions& options) : impl_(std::make_unique<Impl>(options)) {}

CurlTransport::~CurlTransport() = default;

ExchangeId CurlTransport::Start(HttpRequest request) {
  return impl_->Start(std::move(request));
}

std::vector<HttpReply> CurlTransport::Wait(Monotonic until) {
  return impl_->Wait(until);
}

std::size_t CurlTransport::InFlight() const {
  return impl_->InFlight();
}

void CurlTransport::Wake() noexcept {
  impl_->Wake();
}

CurlOptions OptionsFrom(const config::TargetConfig& target, std::string_view version) {
  CurlOptions options;
  options.base_url = target.base_url.value;
  if (target.basic) options.authorization = BasicAuthorization(target.basic->id.value, target.basic->key);
  options.user_agent = "ucaas-sync/" + std::string(version);
  options.timeout = target.timeout;
  options.connect_timeout = target.connect_timeout;
  options.connections = target.concurrency;
  options.ca_file = target.ca_file.value;
  options.proxy = target.proxy.value;
  return options;
}

config::Secret BasicAuthorization(std::string_view id, const config::Secret& key) {
  std::string pair = std::string(id) + ':' + key.Reveal();
  std::string value = "Basic " + EncodeBase64(pair);
  explicit_bzero(pair.data(), pair.size());
  return config::Secret(std::move(value));
}

}  // namespace ucaas_sync::ucaas
