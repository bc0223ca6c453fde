#include <algorithm>
#include <string>
#include <tuple>

#include "config/readers.h"
#include "config/secrets.h"
#include "config/url.h"
#include "daemon/model/text.h"

namespace ucaas_sync::config {
namespace {

void ReadBaseUrl(Section& target, TargetConfig& out) {
  target.Read("base_url", out.base_url);
  if (out.base_url.empty()) return;
  const auto complain = [&](std::string what, std::string remedy) {
    target.diagnostics().Error(out.base_url.at, "target.base_url " + std::move(what), std::move(remedy));
  };
  const std::optional<Url> url = ParseUrl(out.base_url.value);
  if (!url || (url->scheme != "https" && url->scheme != "http")) {
    complain("is not a web address", "write it whole: https://api.enablex.io/ucaas/v1/");
    return;
  }
  // The address is shown in logs and kept in the state; what is in it must be no secret.
  if (url->has_user) complain("has a user name or password in it", "move them to target.basic");
  if (url->has_query) complain("has a \"?\" or \"#\" in it", "end it after the path");
  if (url->scheme == "http" && !IsLoopback(url->host) && !out.allow_http) {
    complain("is plain http, which would send the credentials in clear",
             "write https://, or allow_http: true beside it if the way there is trusted");
  }
  if (!out.base_url.value.ends_with('/')) out.base_url.value += '/';
}

void ReadProxy(Section& target, TargetConfig& out) {
  const Node* node = target.Find("proxy");
  target.Read("proxy", out.proxy);
  if (node == nullptr || out.proxy.empty()) return;
  const std::optional<Url> url = ParseUrl(out.proxy.value);
  static constexpr std::string_view kSchemes[] = {"http", "https", "socks5", "socks5h"};
  if (!url || std::find(std::begin(kSchemes), std::end(kSchemes), url->scheme) == std::end(kSchemes)) {
    target.diagnostics().Error(out.proxy.at, "target.proxy is not a proxy's address",
                               "write it whole: http://proxy.example.com:3128");
  } else if (url->has_user) {
    CheckLiteralSecret(target, "proxy", *node);
  }
}

void ReadRetry(Section& target, RetryConfig& out) {
  const Node* node = target.Find("retry");
  if (node == nullptr) return;
  Section retry(target.context(), *node, "target.retry", target.KeyAt("retry"),
                {"attempts", "first_delay", "max_delay", "give_up"});
  retry.ReadInteger("attempts", out.attempts, 1, 100);
  retry.Read("first_delay", out.first_delay);
  retry.Read("max_delay", out.max_delay);
  retry.Read("give_up", out.give_up);
  if (out.max_delay < out.first_delay) {
    retry.diagnostics().Error(retry.KeyAt(retry.Has("max_delay") ? "max_delay" : "first_delay"),
                              "target.retry.max_delay (" + FormatDuration(out.max_delay) +
                                  ") is shorter than first_delay (" + FormatDuration(out.first_delay) + ")",
                              "make it the longer of the two");
  }
}

void ReadCredentials(Section& target, TargetConfig& out) {
  if (const Node* node = target.Find("basic")) {
    Section basic(target.context(), *node, "target.basic", target.KeyAt("basic"), {"id", "id_file", "key", "key_file"});
    out.basic = BasicCredentials{ReadCredentialText(basic, "id"), ReadSecret(basic, "key")};
  }
  if (const Node* node = target.Find("login")) {
    Section login(target.context(), *node, "target.login", target.KeyAt("login"),
                  {"api_id", "api_id_file", "email", "email_file", "password", "password_file"});
    out.login = LoginCredentials{ReadCredentialText(login, "api_id"), ReadCredentialText(login, "email"),
                                 ReadSecret(login, "password")};
  }
  if (target.Has("basic") && target.Has("login")) {
    const Location basic = target.KeyAt("basic");
    const Location login = target.KeyAt("login");
    const bool login_is_last = std::tie(basic.line, basic.column) < std::tie(login.line, login.column);
    target.diagnostics().Error(login_is_last ? login : basic, "target has both \"basic\" and \"login\"",
                               "keep one of the two");
  } else if (target.Has("base_url") && !target.Has("basic") && !target.Has("login")) {
    target.diagnostics().Error(target.at(), "target has no credentials",
                               "add basic: { id: …, key_file: … } or login: { api_id: …, email: …, password_file: … }");
  }
}

}  // namespace

TargetConfig ReadTarget(Context& context, const Node& node, const Location& at) {
  TargetConfig out;
  out.at = at;
  Section target(context, node, "target", at,
                 {"base_url", "sandbox", "basic", "login", "allow_http", "timeout", "connect_timeout", "concurrency",
                  "rate", "page_length", "ca_file", "proxy", "retry", "result_codes", "routes", "membership"});
  if (!target.readable()) return out;
  target.Read("allow_http", out.allow_http);
  ReadBaseUrl(target, out);
  target.ReadPath("sandbox", out.sandbox);
  if (target.Has("base_url") && target.Has("sandbox")) {
    target.diagnostics().Error(target.KeyAt("sandbox"), "target has both \"base_url\" and \"sandbox\"",
                               "keep base_url for the real account, or sandbox to try things out");
  } else if (!target.Has("base_url") && !target.Has("sandbox")) {
    target.diagnostics().Error(at, "target has neither \"base_url\" nor \"sandbox\"",
                               "add base_url: https://api.enablex.io/ucaas/v1/ or sandbox: sandbox.db");
  }
  ReadCredentials(target, out);
  target.Read("timeout", out.timeout);
  target.Read("connect_timeout", out.connect_timeout);
  target.ReadInteger("concurrency", out.concurrency, 1, 256);
  target.ReadRate("rate", out.rate);
  target.ReadInteger("page_length", out.page_length, 1, 10'000);
  target.ReadPath("ca_file", out.ca_file);
  ReadProxy(target, out);
  ReadRetry(target, out.retry);
  target.ReadPairs("result_codes", out.result_codes);
  target.ReadPairs("routes", out.routes);
  target.ReadWord<Membership>("membership",
                              {{"contact", Membership::kContact},
                               {"group", Membership::kGroup},
                               {"recreate", Membership::kRecreate},
                               {"off", Membership::kOff}},
                              out.membership);
  return out;
}

}  // namespace ucaas_sync::config
