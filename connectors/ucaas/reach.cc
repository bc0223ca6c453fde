#include "connectors/ucaas/reach.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "connectors/ucaas/base_url.h"
#include "connectors/ucaas/curl_exchange.h"
#include "connectors/ucaas/curl_outcome.h"
#include "daemon/model/text.h"

namespace ucaas_sync::ucaas {
namespace {

struct CurlLibrary {
  CurlLibrary() {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::runtime_error("libcurl could not be initialised");
  }
  ~CurlLibrary() { curl_global_cleanup(); }
  CurlLibrary(const CurlLibrary&) = delete;
  CurlLibrary& operator=(const CurlLibrary&) = delete;
};

std::vector<Certificate> ChainOf(CURL* easy) {
  constexpr std::string_view kSubject = "Subject:";
  constexpr std::string_view kExpires = "Expire date:";
  std::vector<Certificate> chain;
  curl_certinfo* info = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK || info == nullptr) return chain;
  for (int i = 0; i < info->num_of_certs; ++i) {
    Certificate& certificate = chain.emplace_back();
    for (const curl_slist* line = info->certinfo[i]; line != nullptr; line = line->next) {
      const std::string_view text(line->data);
      if (text.starts_with(kSubject)) certificate.subject = Trim(text.substr(kSubject.size()));
      if (text.starts_with(kExpires)) certificate.expires = ParseCertificateTime(text.substr(kExpires.size()));
    }
  }
  return chain;
}

std::string WithoutPassword(const std::string& proxy) {
  const std::size_t at = proxy.rfind('@');
  return at == std::string::npos ? proxy : proxy.substr(at + 1);
}

}  // namespace

std::optional<Instant> ParseCertificateTime(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr std::string_view kZone = " GMT";
  text = Trim(text);
  if (text.size() < 20 || !text.ends_with(kZone)) return std::nullopt;
  text.remove_suffix(kZone.size());
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(0, 3));
  if (month == kMonths.end()) return std::nullopt;
  // The day is padded with a space: "Nov  5 12:00:00 2027".
  std::string day(Trim(text.substr(4, 2)));
  day.insert(0, day.size() < 2 ? 1 : 0, '0');
  std::string number = std::to_string(month - kMonths.begin() + 1);
  number.insert(0, number.size() < 2 ? 1 : 0, '0');
  return ParseInstant(std::string(text.substr(text.size() - 4)) + '-' + number + '-' + day + 'T' +
                      std::string(text.substr(7, 8)) + 'Z');
}

Reach TryToReach(const CurlOptions& options) {
  const CurlLibrary library;
  const BaseUrl base = BaseUrl::Parse(options.base_url);
  CurlExchange exchange(options, base);
  CURL* easy = exchange.easy();
  std::array<char, CURL_ERROR_SIZE> detail{};
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail.data());
  curl_easy_setopt(easy, CURLOPT_URL, base.url.c_str());
  curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
  const CURLcode code = curl_easy_perform(easy);
  Reach reach{.host = base.host, .is_tls = base.url.starts_with("https:"), .proxy = WithoutPassword(options.proxy)};
  double seconds_to_name = 0;
  curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME, &seconds_to_name);
  const char* address = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &address) == CURLE_OK && address != nullptr) reach.address = address;
  const TransferEnd end{.curl_code = static_cast<int>(code),
                        .detail = detail.data(),
                        .resolved = seconds_to_name > 0 || !reach.address.empty()};
  reach.outcome = OutcomeOf(end);
  reach.error = ExplanationOf(end, base.host);
  if (code == CURLE_OK) reach.chain = ChainOf(easy);
  return reach;
}

}  // namespace ucaas_sync::ucaas
