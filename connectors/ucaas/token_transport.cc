#include "connectors/ucaas/token_transport.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "connectors/ucaas/envelope.h"
#include "connectors/ucaas/json_body.h"
#include "connectors/ucaas/json_view.h"
#include "connectors/ucaas/redact.h"
#include "daemon/model/text.h"

namespace ucaas_sync::ucaas {
namespace {

// The API says 15 minutes in one place and 20 in another. A request that is sent at the end must still arrive in time.
constexpr std::chrono::minutes kRenewAfter{14};
constexpr std::size_t kLongestToken = 8192;

Verdict VerdictOf(const HttpReply& reply, const Envelope& envelope, const Codes& codes, bool can_login) {
  return codes.Judge({.transport = reply.outcome,
                      .http_status = reply.status,
                      .result = envelope.result(),
                      .body_is_envelope = envelope.is_envelope(),
                      .body_is_html = envelope.is_html(),
                      .error_code = envelope.error_code(),
                      .idempotent = true,
                      .can_login = can_login});
}

/// The token of a login's reply, at the top level or under `data`; empty when there is none that fits into a header.
std::string TokenIn(const std::string& body) {
  const auto document = JsonDocument::Parse(body);
  if (!document) return {};
  auto token = document->root().FindText("token");
  if (!token) {
    const auto data = document->root().Find("data");
    if (data) token = data->FindText("token");
  }
  const bool fits = token && !token->empty() && token->size() <= kLongestToken &&
                    std::all_of(token->begin(), token->end(), [](char c) { return c > ' ' && c < 0x7F; });
  return fits ? std::string(*token) : std::string();
}

/// Whether its Retry-After may say something: seconds or a date.
bool AsksToWait(const HttpReply& reply) {
  return reply.retry_after && reply.retry_after->find_first_of("0123456789") != std::string::npos;
}

/// Why a login failed, for people.
std::string Explain(const HttpReply& reply, const Envelope& envelope) {
  if (reply.outcome != TransportOutcome::kReply) return reply.error;
  std::string text = envelope.message();
  // Anything but a page may have the token in it.
  if (text.empty() && envelope.is_html()) text = Excerpt(reply.body);
  if (envelope.result()) text += (text.empty() ? "result " : ", result ") + Shorten(*envelope.result(), 40);
  return text + (text.empty() ? "HTTP " : ", HTTP ") + std::to_string(reply.status);
}

}  // namespace

TokenTransport::TokenTransport(Transport& inner, const Clock& clock, config::LoginCredentials credentials,
                               std::string route, Codes codes)
    : inner_(inner),
      clock_(clock),
      credentials_(std::move(credentials)),
      route_(std::move(route)),
      codes_(std::move(codes)) {}

bool TokenTransport::HasFreshToken() const {
  return is_valid_ && clock_.Ticks() < renew_at_;
}

ExchangeId TokenTransport::Start(HttpRequest request) {
  const ExchangeId id = ++last_id_;
  SendOrWait({.id = id, .request = std::move(request), .token_number = 0, .was_refused = false});
  return id;
}

void TokenTransport::SendOrWait(Task task) {
  if (!HasFreshToken()) {
    waiting_.push_back(std::move(task));
    if (!login_) LogIn();
    return;
  }
  task.token_number = token_number_;
  if (!task.token.empty()) task.former_token = std::move(task.token);
  task.token = token_;
  HttpRequest request = task.request;
  request.headers.emplace_back("Authorization", "Token " + token_.Reveal());
  flying_.emplace(inner_.Start(std::move(request)), std::move(task));
}

void TokenTransport::LogIn() {
  is_valid_ = false;
  JsonBody body;
  body.AddText("email", credentials_.email.value);
  body.AddText("password", credentials_.password.Reveal());
  login_ = inner_.Start(
      {.method = "POST", .path = route_, .headers = {{"X-Api-Id", credentials_.api_id.value}}, .body = body.Take()});
}

std::vector<HttpReply> TokenTransport::Wait(Monotonic until) {
  if (ended_.empty()) {
    for (HttpReply& reply : inner_.Wait(until)) {
      if (login_ && reply.id == *login_) {
        login_.reset();
        OnLogin(reply);
        continue;
      }
      auto node = flying_.extract(reply.id);
      if (!node.empty()) OnReply(std::move(node.mapped()), std::move(reply));
    }
  }
  return std::exchange(ended_, {});
}

void TokenTransport::OnLogin(const HttpReply& reply) {
  const Envelope envelope = Envelope::Read(reply.body);
  if (told_) told_(reply, envelope.result().value_or(std::string()));
  std::string token = reply.outcome == TransportOutcome::kReply ? TokenIn(reply.body) : std::string();
  // Some replies carry a token and no `result`.
  const bool is_bare = !envelope.is_envelope() && reply.status >= 200 && reply.status < 300;
  const bool is_success = is_bare || VerdictOf(reply, envelope, codes_, /*can_login=*/false) == Verdict::kOk;
  if (is_success && !token.empty()) {
    token_ = config::Secret(std::move(token));
    ++token_number_;
    is_valid_ = true;
    renew_at_ = clock_.Ticks() + kRenewAfter;
    std::deque<Task> waiting = std::exchange(waiting_, {});
    for (Task& task : waiting) SendOrWait(std::move(task));
    return;
  }
  HttpReply failed = WithoutToken(reply, envelope);
  for (Task& task : std::exchange(waiting_, {})) {
    failed.id = task.id;
    failed.refused = std::move(task.refused);
    ended_.push_back(failed);
  }
}

HttpReply TokenTransport::WithoutToken(const HttpReply& reply, const Envelope& envelope) const {
  const Verdict verdict = VerdictOf(reply, envelope, codes_, /*can_login=*/false);
  HttpReply failed;
  if (reply.outcome == TransportOutcome::kTls || reply.outcome == TransportOutcome::kNotResolved ||
      reply.outcome == TransportOutcome::kAbandoned) {
    failed.outcome = reply.outcome;
    failed.error = reply.error;
  } else if (verdict == Verdict::kRetry) {
    failed.outcome = TransportOutcome::kNotConnected;
    failed.error = "no token yet, so nothing was sent: the login got " + Explain(reply, envelope);
    // Whoever paces the requests must hear of it.
    if (AsksForPause(reply.status, envelope.result().value_or(envelope.error_code()))) failed.status = 429;
  } else if (reply.outcome == TransportOutcome::kReply && reply.status >= 300 && reply.status < 400) {
    failed.outcome = TransportOutcome::kNotLoggedIn;
    failed.error = "the login is redirected (HTTP " + std::to_string(reply.status) +
                   "), which is never followed: check target.base_url and target.routes";
  } else {
    failed.outcome = TransportOutcome::kNotLoggedIn;
    failed.error = "the target refuses the login of target.login (check api_id, email and password): " +
                   (verdict == Verdict::kOk ? "a reply without a token" : Explain(reply, envelope));
  }
  failed.error = Redacted(std::move(failed.error), credentials_.password.Reveal());
  failed.retry_after = reply.retry_after;
  failed.date = reply.date;
  failed.latency = reply.latency;
  return failed;
}

void TokenTransport::OnReply(Task task, HttpReply reply) {
  reply.id = task.id;
  // Should the target repeat the token: as it is, or as JSON may write it.
  reply.body = Redacted(std::move(reply.body), task.token.Reveal());
  reply.secrets.push_back(task.token.Reveal());
  if (!task.former_token.empty()) reply.secrets.push_back(task.former_token.Reveal());
  const bool is_refused = reply.outcome == TransportOutcome::kReply && !task.was_refused &&
                          VerdictOf(reply, Envelope::Read(reply.body), codes_, /*can_login=*/true) == Verdict::kRelogin;
  if (is_refused && task.token_number == token_number_) is_valid_ = false;
  if (is_refused && AsksToWait(reply) && !WasPutOffWithOlderToken(task)) {
    // To log in at once would come sooner than the target asks for. Whoever paces the requests sends it again.
    reply.outcome = TransportOutcome::kNotConnected;
    reply.error = "the target does not take the token any more, and asks to wait";
  } else if (is_refused && !AsksToWait(reply)) {
    task.was_refused = true;
    task.refused = std::make_shared<const HttpReply>(std::move(reply));
    SendOrWait(std::move(task));
    return;
  } else if (!put_off_.empty()) {
    put_off_.erase(task.request.method + ' ' + task.request.path);
  }
  reply.refused = std::move(task.refused);
  ended_.push_back(std::move(reply));
}

bool TokenTransport::WasPutOffWithOlderToken(const Task& task) {
  const auto [at, is_first] = put_off_.try_emplace(task.request.method + ' ' + task.request.path, task.token_number);
  return !is_first && at->second < task.token_number;
}

}  // namespace ucaas_sync::ucaas
