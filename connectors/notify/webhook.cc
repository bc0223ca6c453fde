#include "connectors/notify/webhook.h"

#include <curl/curl.h>

#include <memory>
#include <stdexcept>

#include "daemon/model/json_text.h"

namespace ucaas_sync::notify {
namespace {

std::size_t Drop(char* /*data*/, std::size_t size, std::size_t count, void* /*context*/) {
  return size * count;
}

int StopIfAsked(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(stop)->load() ? 1 : 0;
}

}  // namespace

WebhookLibrary::WebhookLibrary() {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::runtime_error("libcurl could not be initialised");
}

WebhookLibrary::~WebhookLibrary() {
  curl_global_cleanup();
}

std::string WebhookBody(const Notice& notice) {
  std::string body = "{\"text\":";
  AppendJsonString(body, notice.subject + '\n' + notice.text);
  for (const auto& [name, value] :
       {std::pair("event", &notice.event), std::pair("run", &notice.run), std::pair("outcome", &notice.outcome)}) {
    body += std::string(",\"") + name + "\":";
    AppendJsonString(body, *value);
  }
  return body + '}';
}

std::optional<std::string> PostNotice(const config::Secret& url, const Notice& notice, std::chrono::milliseconds limit,
                                      const std::atomic<bool>& stop) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"), &curl_slist_free_all);
  if (curl == nullptr || headers == nullptr) return "memory is short";
  const std::string body = WebhookBody(notice);
  CURL* handle = curl.get();
  curl_easy_setopt(handle, CURLOPT_URL, url.Reveal().c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");  // plain http was checked to be loopback
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  // A name server that does not answer is waited for no longer than anything else.
  curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Drop);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &StopIfAsked);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &stop);
  if (const CURLcode code = curl_easy_perform(handle); code != CURLE_OK) {
    if (code == CURLE_ABORTED_BY_CALLBACK) return "the service stops";
    return curl_easy_strerror(code);  // not libcurl's longer text, which may quote the address
  }
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  if (status >= 200 && status < 300) return std::nullopt;
  return "the listener answered with HTTP status " + std::to_string(status);
}

}  // namespace ucaas_sync::notify
