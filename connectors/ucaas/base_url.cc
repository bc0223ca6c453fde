#include "connectors/ucaas/base_url.h"

#include <curl/curl.h>

#include <memory>
#include <new>
#include <optional>
#include <string_view>

#include "daemon/model/problem.h"
#include "daemon/model/text.h"

namespace ucaas_sync::ucaas {
namespace {

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::optional<std::string> PartOf(const Url& url, CURLUPart part) {
  char* text = nullptr;
  const CURLUcode code = curl_url_get(url.get(), part, &text, 0);
  const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
  if (code == CURLUE_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLUE_OK) return std::nullopt;
  return std::string(text);
}

/// Without the text itself, which may have a password in it.
Failure Refusal(const std::string& why) {
  return {ExitCode::kConfig, "target.base_url " + why + "; write it like https://api.enablex.io/ucaas/v1/"};
}

}  // namespace

BaseUrl BaseUrl::Parse(const std::string& text) {
  const Url url(curl_url(), &curl_url_cleanup);
  if (!url) throw std::bad_alloc();
  if (const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0); code != CURLUE_OK) {
    throw Refusal("is not a URL (" + std::string(curl_url_strerror(code)) + ")");
  }
  if (PartOf(url, CURLUPART_USER) || PartOf(url, CURLUPART_PASSWORD)) {
    throw Refusal("has a user or password in it, which belong into target.basic");
  }
  const auto scheme = PartOf(url, CURLUPART_SCHEME);
  if (scheme != "https" && scheme != "http") throw Refusal("is neither https nor http");
  const auto host = PartOf(url, CURLUPART_HOST);
  if (!host || host->empty()) throw Refusal("has no host");
  if (PartOf(url, CURLUPART_QUERY) || PartOf(url, CURLUPART_FRAGMENT)) throw Refusal("has a query or a fragment");

  BaseUrl base{.url = text, .host = *host};
  if (!base.url.ends_with('/')) base.url += '/';
  return base;
}

bool BaseUrl::IsLoopback() const {
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

}  // namespace ucaas_sync::ucaas
