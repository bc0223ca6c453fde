#include "connectors/ucaas/curl_transport.h"

#include <curl/curl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>
#include <system_error>

#include "connectors/ucaas/base_url.h"
#include "connectors/ucaas/curl_exchange.h"
#include "daemon/model/base64.h"
#include "daemon/model/exit_code.h"
#include "daemon/model/problem.h"

namespace ucaas_sync::ucaas {
namespace {

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

/// Whom an error is about; a proxy's password stays out of it.
std::string HostForPeople(const BaseUrl& base, const std::string& proxy) {
  if (proxy.empty()) return base.host;
  const std::size_t at = proxy.rfind('@');
  return base.host + " (through " + (at == std::string::npos ? proxy : proxy.substr(at + 1)) + ")";
}

void Check(CURLMcode code, const char* what) {
  if (code == CURLM_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLM_OK) throw std::runtime_error(std::string("libcurl: ") + what + ": " + curl_multi_strerror(code));
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
  void Collect(std::vector<HttpReply>& replies);

  CurlLibrary library_;
  WakeFlag wake_;
  const CurlOptions options_;
  const BaseUrl base_;
  const std::string host_for_people_;
  HeaderList headers_;  // of every request
  CURLM* multi_;
  ExchangeId last_id_ = 0;
  std::vector<std::unique_ptr<CurlExchange>> active_;
  std::vector<std::unique_ptr<CurlExchange>> idle_;
};

CurlTransport::Impl::Impl(const CurlOptions& options)
    : options_(options),
      base_(BaseUrl::Parse(options.base_url)),
      host_for_people_(HostForPeople(base_, options.proxy)) {
  if (!options_.authorization.empty()) {
    if (options_.authorization.Reveal().find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
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
  for (const auto& exchange : active_) curl_multi_remove_handle(multi_, exchange->easy());
  active_.clear();
  idle_.clear();
  curl_multi_cleanup(multi_);
}

ExchangeId CurlTransport::Impl::Start(HttpRequest request) {
  std::unique_ptr<CurlExchange> exchange;
  if (idle_.empty()) {
    exchange = std::make_unique<CurlExchange>(options_, base_);
  } else {
    exchange = std::move(idle_.back());
    idle_.pop_back();
  }
  exchange->Load(++last_id_, std::move(request), base_.url, headers_);
  Check(curl_multi_add_handle(multi_, exchange->easy()), "a request could not be added");
  active_.push_back(std::move(exchange));
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
    // Rounded up, or the last millisecond would be spent turning; a wait of more than a day is made of several.
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(std::min(until, now + std::chrono::hours(24)) - now);
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
                                    [easy = message->easy_handle](const auto& e) { return e->easy() == easy; });
    if (ended == active_.end()) continue;
    replies.push_back((*ended)->Unload(code, host_for_people_));
    curl_multi_remove_handle(multi_, (*ended)->easy());
    idle_.push_back(std::move(*ended));
    *ended = std::move(active_.back());
    active_.pop_back();
  }
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
