#include "connectors/ucaas/curl_exchange.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

#include "connectors/ucaas/curl_outcome.h"
#include "daemon/model/text.h"

namespace ucaas_sync::ucaas {
namespace {

/// So that a command started for a source does not inherit a connection with our session in it.
curl_socket_t OpenSocket(void* error, curlsocktype /*purpose*/, curl_sockaddr* address) {
  const int opened = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  *static_cast<int*>(error) = opened < 0 ? errno : 0;  // libcurl does not tell it
  return opened;
}

/// curl_easy_setopt with its result checked.
template <typename Value>
void Set(CURL* easy, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy, option, value);
  if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLE_OK) {
    throw std::runtime_error("libcurl refuses option " + std::to_string(option) + ": " + curl_easy_strerror(code));
  }
}

bool HasControlOrSpace(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; });
}

bool HasLineEnd(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

}  // namespace

HeaderList::HeaderList(HeaderList&& other) noexcept
    : list_(std::exchange(other.list_, nullptr)), last_(std::exchange(other.last_, nullptr)) {}

HeaderList& HeaderList::operator=(HeaderList&& other) noexcept {
  std::swap(list_, other.list_);
  std::swap(last_, other.last_);
  return *this;
}

HeaderList::~HeaderList() {
  if (last_ != nullptr) last_->next = nullptr;  // what follows is another list's
  for (curl_slist* line = list_; line != nullptr; line = line->next) explicit_bzero(line->data, strlen(line->data));
  curl_slist_free_all(list_);
}

void HeaderList::Add(const std::string& line) {
  curl_slist* one = curl_slist_append(nullptr, line.c_str());
  if (one == nullptr) throw std::bad_alloc();
  if (last_ == nullptr) {
    list_ = one;
  } else {
    one->next = last_->next;
    last_->next = one;
  }
  last_ = one;
}

void HeaderList::ContinueWith(const HeaderList& rest) {
  if (last_ == nullptr) throw std::logic_error("a list without a line of its own cannot go on with another");
  last_->next = rest.list_;
}

CurlExchange::CurlExchange(const CurlOptions& options, const BaseUrl& base)
    : easy_(curl_easy_init()), max_reply_bytes_(options.max_reply_bytes) {
  if (easy_ == nullptr) throw std::bad_alloc();
  Set(easy_, CURLOPT_PRIVATE, this);
  Set(easy_, CURLOPT_ERRORBUFFER, error_.data());
  Set(easy_, CURLOPT_WRITEFUNCTION, &CurlExchange::OnBody);
  Set(easy_, CURLOPT_WRITEDATA, this);
  Set(easy_, CURLOPT_PREREQFUNCTION, &CurlExchange::OnSending);
  Set(easy_, CURLOPT_PREREQDATA, this);
  Set(easy_, CURLOPT_OPENSOCKETFUNCTION, &OpenSocket);
  Set(easy_, CURLOPT_OPENSOCKETDATA, &socket_error_);

  Set(easy_, CURLOPT_NOSIGNAL, 1L);
  // A look-up that hangs must not hold up whoever gives the exchange up; its thread ends by itself.
  Set(easy_, CURLOPT_QUICK_EXIT, 1L);
  Set(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout.count()));
  Set(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  Set(easy_, CURLOPT_TCP_KEEPALIVE, 1L);

  Set(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  Set(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  Set(easy_, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));  // A proxy does not get our headers.
  Set(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  Set(easy_, CURLOPT_PATH_AS_IS, 1L);
  Set(easy_, CURLOPT_USERAGENT, options.user_agent.c_str());
  Set(easy_, CURLOPT_ACCEPT_ENCODING, "");  // Whatever libcurl can decode.
  Set(easy_, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(options.max_reply_bytes));

  Set(easy_, CURLOPT_SSL_VERIFYPEER, 1L);
  Set(easy_, CURLOPT_SSL_VERIFYHOST, 2L);
  Set(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.ca_file.empty()) Set(easy_, CURLOPT_CAINFO, options.ca_file.c_str());
  if (!options.proxy.empty()) {
    Set(easy_, CURLOPT_PROXY, options.proxy.c_str());
  } else if (base.IsLoopback()) {
    Set(easy_, CURLOPT_PROXY, "");  // No proxy of the environment can reach our own loopback.
  }
}

CurlExchange::~CurlExchange() {
  curl_easy_cleanup(easy_);
}

void CurlExchange::Load(ExchangeId id, HttpRequest request, const std::string& base_url, const HeaderList& common) {
  if (HasControlOrSpace(request.path)) throw std::invalid_argument("transport: a path that is not percent-encoded");
  for (const auto& [name, value] : request.headers) {
    if (HasLineEnd(name) || HasLineEnd(value)) throw std::invalid_argument("transport: a header with a line break");
  }
  id_ = id;
  request_body_ = std::move(request.body);
  reply_body_.clear();
  too_large_ = false;
  sendings_ = 0;
  socket_error_ = 0;
  error_[0] = '\0';
  SetMethod(request.method);
  const std::string url = base_url + request.path;
  Set(easy_, CURLOPT_URL, url.c_str());

  if (request.headers.empty()) {
    Set(easy_, CURLOPT_HTTPHEADER, common.get());
    return;
  }
  HeaderList own;
  for (const auto& [name, value] : request.headers) own.Add(name + ": " + value);
  own.ContinueWith(common);
  headers_ = std::move(own);
  Set(easy_, CURLOPT_HTTPHEADER, headers_.get());
}

void CurlExchange::SetMethod(const std::string& method) {
  if (method == "POST" || method == "PATCH") {
    Set(easy_, CURLOPT_POST, 1L);
    Set(easy_, CURLOPT_POSTFIELDS, request_body_.c_str());
    Set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_body_.size()));
  } else if (method == "GET" || method == "DELETE") {
    Set(easy_, CURLOPT_HTTPGET, 1L);
  } else {
    throw std::invalid_argument("transport: method " + Printable(method));
  }
  const bool is_own = method == "PATCH" || method == "DELETE";
  Set(easy_, CURLOPT_CUSTOMREQUEST, is_own ? method.c_str() : nullptr);
  may_repeat_ = method != "POST";
}

std::size_t CurlExchange::OnBody(char* data, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<CurlExchange*>(user);
  const std::size_t bytes = size * count;
  if (bytes > exchange.max_reply_bytes_ - exchange.reply_body_.size()) {
    exchange.too_large_ = true;
    return bytes + 1;  // Anything but `bytes` ends the transfer.
  }
  exchange.reply_body_.append(data, bytes);
  return bytes;
}

/// Called before each sending. libcurl sends a request again by itself when a kept connection turns out to be dead,
/// also when the target may have carried it out; a create must not leave twice.
int CurlExchange::OnSending(void* user, char* /*to*/, char* /*from*/, int /*to_port*/, int /*from_port*/) {
  auto& exchange = *static_cast<CurlExchange*>(user);
  if (exchange.sendings_ > 0 && !exchange.may_repeat_) return CURL_PREREQFUNC_ABORT;
  ++exchange.sendings_;
  return CURL_PREREQFUNC_OK;
}

std::optional<std::string> CurlExchange::Header(const char* name) const {
  curl_header* header = nullptr;
  if (curl_easy_header(easy_, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK) return std::nullopt;
  return std::string(header->value);
}

HttpReply CurlExchange::Unload(CURLcode code, const std::string& host) {
  if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  long status = 0;
  curl_off_t total_us = 0;
  curl_off_t lookup_us = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy_, CURLINFO_TOTAL_TIME_T, &total_us);
  curl_easy_getinfo(easy_, CURLINFO_NAMELOOKUP_TIME_T, &lookup_us);

  const TransferEnd end{.curl_code = code,
                        .detail = error_.data(),
                        .resolved = lookup_us > 0,
                        .request_sent = sendings_ > 0,
                        .reply_begun = status != 0,
                        .too_large = too_large_,
                        .socket_error = socket_error_};
  HttpReply reply;
  reply.id = id_;
  reply.outcome = OutcomeOf(end);
  reply.status = sendings_ > 0 ? static_cast<int>(status) : 0;
  reply.latency = std::chrono::microseconds(total_us);
  reply.retry_after = Header("Retry-After");
  reply.date = Header("Date");
  if (reply.outcome == TransportOutcome::kReply) {
    reply.body = std::move(reply_body_);
  } else {
    reply.error = ExplanationOf(end, host);
  }
  explicit_bzero(request_body_.data(), request_body_.size());  // It may have carried a password.
  reply_body_.clear();
  return reply;
}

}  // namespace ucaas_sync::ucaas
