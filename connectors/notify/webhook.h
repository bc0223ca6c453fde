// Sends a notice to a chat service or another listener: a POST of JSON whose `text` such services show. TLS is
// verified, redirects are not followed, and the address, which often carries a token, stands in no error.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>

#include "config/config.h"
#include "connectors/notify/notice.h"

namespace ucaas_sync::notify {

/// {"text":"subject\nwhat to do","event":"held","run":"…","outcome":"held"}
std::string WebhookBody(const Notice& notice);

/// libcurl's start and end for those who send from a thread: one object, made before the thread. Throws when it fails.
class WebhookLibrary {
 public:
  WebhookLibrary();
  ~WebhookLibrary();
  WebhookLibrary(const WebhookLibrary&) = delete;
  WebhookLibrary& operator=(const WebhookLibrary&) = delete;
};

/// Why it could not be sent; nothing when the listener took it (2xx). Ends early, with a reason, once `stop` is true.
std::optional<std::string> PostNotice(const config::Secret& url, const Notice& notice, std::chrono::milliseconds limit,
                                      const std::atomic<bool>& stop);

}  // namespace ucaas_sync::notify
