#include "connectors/ucaas/client.h"

#include <algorithm>

#include "connectors/ucaas/envelope.h"
#include "connectors/ucaas/json_body.h"
#include "connectors/ucaas/redact.h"
#include "connectors/ucaas/remote_object.h"
#include "daemon/model/sha256.h"
#include "daemon/model/text.h"

namespace ucaas_sync::ucaas {

/// What must be known of a call until its reply comes.
struct Client::Pending {
  CallId id = 0;
  ExchangeId exchange = 0;
  Verb verb = Verb::kGet;
  Kind kind = Kind::kUser;
  std::string remote_id;
  std::string address;
  std::vector<std::string> secrets;  // must not come back in a message
};

namespace {

std::string_view MethodOf(Verb verb) {
  switch (verb) {
    case Verb::kCreate:
      return "POST";
    case Verb::kUpdate:
      return "PATCH";
    case Verb::kDelete:
      return "DELETE";
    case Verb::kGet:
    case Verb::kList:
    case Verb::kFind:
      return "GET";
  }
  return "";
}

bool AddressesOneObject(Verb verb) {
  return verb == Verb::kUpdate || verb == Verb::kDelete || verb == Verb::kGet;
}

/// Why `call` cannot be sent at all; empty when it can.
std::string Objection(const Call& call) {
  // A path without its id would address the whole collection.
  if (AddressesOneObject(call.verb) && call.remote_id.empty()) {
    return "the " + std::string(Name(call.kind)) + " has no id at the target, so it cannot be addressed";
  }
  if (call.verb == Verb::kFind && Trim(call.address).empty()) return "there is no address to look up";
  const auto specs = FieldsOf(call.kind);
  for (const auto& [id, field] : call.fields) {
    const bool is_boolean = specs[id].type == FieldType::kBoolean;
    if (is_boolean && field.state == FieldState::kValue && field.text != "true" && field.text != "false") {
      return std::string(specs[id].name) + " must be true or false, not " + Shorten(field.text, 40);
    }
  }
  return {};
}

std::string BodyOf(const Call& call) {
  JsonBody body;
  const auto specs = FieldsOf(call.kind);
  for (const auto& [id, field] : call.fields) {
    const FieldSpec& spec = specs[id];
    const bool is_empty = field.state == FieldState::kEmpty;
    if (!is_empty && field.state != FieldState::kValue) continue;
    if (is_empty && call.verb == Verb::kCreate) continue;
    if (spec.type == FieldType::kBoolean) {
      body.AddBoolean(spec.name, field.text == "true");
    } else {
      body.AddText(spec.name, is_empty ? std::string_view() : std::string_view(field.text));
    }
  }
  if (call.group_ids) body.AddList("group_ids", *call.group_ids);
  if (call.contact_ids) body.AddList("contact_ids", *call.contact_ids);
  return body.Take();
}

std::string PageQuery(const Call& call, std::uint32_t page_length) {
  return "page=" + std::to_string(call.page) + "&page_length=" + std::to_string(page_length);
}

std::string PathOf(const Call& call, const Routes& routes, std::uint32_t page_length) {
  switch (call.verb) {
    case Verb::kCreate:
      return routes.Collection(call.kind);
    case Verb::kUpdate:
    case Verb::kDelete:
    case Verb::kGet:
      return routes.Object(call.kind, call.remote_id);
    case Verb::kList:
      return routes.Collection(call.kind) + '?' + PageQuery(call, page_length);
    case Verb::kFind: {
      const std::string_view field = FieldsOf(call.kind)[NaturalKeyField(call.kind)].name;
      return routes.Collection(call.kind) + "?search_by=" + std::string(field) +
             "&search_string=" + PercentEncode(Trim(call.address)) + '&' + PageQuery(call, page_length);
    }
  }
  return {};
}

/// A UUID (RFC 9562, version 8) that is the same for the same create and body.
std::string IdempotencyKey(const Call& call, const std::string& body) {
  std::string hex = Sha256Hex(call.operation + '\n' + std::to_string(call.answers) + '\n' + body);
  hex.resize(32);
  hex[12] = '8';
  hex[16] = 'a';
  for (const std::size_t dash : {8U, 13U, 18U, 23U}) hex.insert(dash, 1, '-');
  return hex;
}

std::string WithoutSecrets(std::string message, const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) message = Redacted(std::move(message), secret);
  return message;
}

struct Message {
  std::string text;
  bool quotes_target = false;
};

/// The sentence for people when the reply was no success.
Message MessageOf(const HttpReply& reply, const Envelope& envelope) {
  if (reply.outcome != TransportOutcome::kReply) return {.text = reply.error};
  if (!envelope.message().empty()) return {.text = envelope.message(), .quotes_target = true};
  if (!envelope.error_code().empty()) return {.text = envelope.error_code(), .quotes_target = true};
  if (envelope.result()) return {.text = "result " + Shorten(*envelope.result(), 40) + " without a message"};
  std::string text = "HTTP " + std::to_string(reply.status);
  if (reply.status >= 300 && reply.status < 400) {
    return {.text = text + ": the target redirects, which is never followed; check target.base_url"};
  }
  if (reply.body.empty()) return {.text = text + " with an empty body"};
  const std::string excerpt = Excerpt(reply.body);
  text += envelope.is_html() ? " with a web page instead of JSON" : " with a body that is not the API's";
  if (excerpt.empty()) return {.text = text};
  return {.text = text + ": " + excerpt, .quotes_target = true};
}

/// For the journal: a request whose login was not taken any more. When, is for whoever repeats calls to say.
Attempt AttemptOf(const HttpReply& refused, Verb verb, const std::vector<std::string>& secrets) {
  const Envelope envelope = Envelope::Read(refused.body);
  return {.at = {},
          .call = std::string(Name(verb)),
          .verdict = std::string(Name(Verdict::kRelogin)),
          .request_id = envelope.request_id(),
          .http_status = refused.status,
          .result = Shorten(envelope.result().value_or(envelope.error_code()), 64),
          .message = WithoutSecrets(WithoutSecrets(MessageOf(refused, envelope).text, secrets), refused.secrets),
          .latency = refused.latency};
}

/// Puts what the reply shows into `result`; empty, or why a reply that calls itself a success is not to be believed.
std::string ReadObjects(const Envelope& envelope, Verb verb, Kind kind, CallResult& result) {
  const std::string kind_name(Name(kind));
  if (verb == Verb::kCreate || verb == Verb::kUpdate) {
    const auto object = envelope.Object(PayloadName(kind));
    const auto id = object ? RemoteIdIn(kind, *object) : std::nullopt;
    if (id) result.remote_id = *id;
    return result.remote_id.empty() ? "the reply does not say which id the new " + kind_name + " has" : std::string();
  }
  if (verb == Verb::kDelete) return {};
  if (verb == Verb::kGet) {
    const auto object = envelope.Object(PayloadName(kind));
    auto remote = object ? ReadRemoteObject(kind, *object) : std::nullopt;
    if (!remote) return "the reply shows no " + kind_name;
    result.remote_id = remote->remote_id;
    result.objects.push_back(*std::move(remote));
    return {};
  }

  const std::string_view name = PayloadNameOfList(kind);
  const auto list = envelope.List(name);
  if (!list) return "the reply has no list of " + std::string(name);
  result.on_page = list->size();
  result.objects.reserve(list->size());
  list->ForEach([&](const JsonView& element) {
    if (auto remote = ReadRemoteObject(kind, element)) result.objects.push_back(*std::move(remote));
  });
  // An object that cannot be matched may be the one that is looked for.
  if (result.objects.size() != result.on_page) {
    result.objects.clear();
    return "the list of " + std::string(name) + " has an entry without an id";
  }
  return {};
}

}  // namespace

std::string_view Name(Verb verb) {
  switch (verb) {
    case Verb::kCreate:
      return "create";
    case Verb::kUpdate:
      return "update";
    case Verb::kDelete:
      return "delete";
    case Verb::kGet:
      return "get";
    case Verb::kList:
      return "list";
    case Verb::kFind:
      return "find";
  }
  return "";
}

Client::Client(Transport& transport, Routes routes, Codes codes, std::uint32_t page_length)
    : transport_(transport), routes_(std::move(routes)), codes_(std::move(codes)), page_length_(page_length) {}

Client::~Client() = default;

CallId Client::Start(const Call& call) {
  const CallId id = ++last_id_;
  if (std::string objection = Objection(call); !objection.empty()) {
    CallResult result;
    result.id = id;
    result.verdict = Verdict::kInvalid;
    result.transport = TransportOutcome::kNotConnected;
    result.may_have_acted = false;
    result.message = std::move(objection);
    ready_.push_back(std::move(result));
    return id;
  }

  HttpRequest request;
  request.method = MethodOf(call.verb);
  request.path = PathOf(call, routes_, page_length_);
  if (call.verb == Verb::kCreate || call.verb == Verb::kUpdate) request.body = BodyOf(call);
  if (call.verb == Verb::kCreate && !call.operation.empty()) {
    request.headers.emplace_back("Idempotency-Key", IdempotencyKey(call, request.body));
  }

  Pending pending;
  pending.id = id;
  pending.verb = call.verb;
  pending.kind = call.kind;
  pending.remote_id = call.remote_id;
  pending.address = call.address;
  const auto specs = FieldsOf(call.kind);
  for (const auto& [field_id, field] : call.fields) {
    if (specs[field_id].secret && field.state == FieldState::kValue) pending.secrets.push_back(field.text);
  }
  pending.exchange = transport_.Start(std::move(request));
  pending_.push_back(std::move(pending));
  return id;
}

std::vector<CallResult> Client::Wait(Monotonic until) {
  std::vector<CallResult> results = std::move(ready_);
  ready_.clear();
  if (!results.empty()) return results;
  for (HttpReply& reply : transport_.Wait(until)) {
    const auto pending =
        std::find_if(pending_.begin(), pending_.end(), [&reply](const Pending& p) { return p.exchange == reply.id; });
    if (pending == pending_.end()) continue;
    results.push_back(Finish(*pending, std::move(reply)));
    *pending = std::move(pending_.back());
    pending_.pop_back();
  }
  return results;
}

std::size_t Client::InFlight() const {
  return pending_.size() + ready_.size();
}

std::pair<std::string_view, std::string> Client::RouteOf(const Call& call) const {
  std::string path = routes_.Collection(call.kind);
  if (AddressesOneObject(call.verb)) path += "/{id}";
  return {MethodOf(call.verb), std::move(path)};
}

CallResult Client::Finish(const Pending& pending, HttpReply reply) const {
  const Envelope envelope = Envelope::Read(reply.body);
  const bool is_create = pending.verb == Verb::kCreate;
  const bool wants_list = pending.verb == Verb::kList || pending.verb == Verb::kFind;
  const bool has_payload = wants_list ? envelope.List(PayloadNameOfList(pending.kind)).has_value()
                                      : envelope.Object(PayloadName(pending.kind)).has_value();

  CallResult result;
  result.id = pending.id;
  result.transport = reply.outcome;
  result.http_status = reply.status;
  result.result = Shorten(envelope.result().value_or(envelope.error_code()), 64);
  result.asks_for_pause = AsksForPause(reply.status, result.result);
  result.retry_after = std::move(reply.retry_after);
  result.date = std::move(reply.date);
  result.request_id = envelope.request_id();
  result.latency = reply.latency;
  if (reply.refused) result.attempts.push_back(AttemptOf(*reply.refused, pending.verb, pending.secrets));
  if (!is_create) result.remote_id = pending.remote_id;
  const Evidence evidence{.transport = reply.outcome,
                          .http_status = reply.status,
                          .result = envelope.result(),
                          .body_is_envelope = envelope.is_envelope() || has_payload,
                          .body_is_html = envelope.is_html(),
                          .error_code = envelope.error_code(),
                          .idempotent = !is_create,
                          .can_login = false};
  result.verdict = codes_.Judge(evidence);
  result.may_have_acted = codes_.MayHaveActed(evidence);
  if (result.verdict != Verdict::kOk) {
    Message message = MessageOf(reply, envelope);
    result.message = WithoutSecrets(WithoutSecrets(std::move(message.text), pending.secrets), reply.secrets);
    result.quotes_target = message.quotes_target;
    return result;
  }

  result.message = WithoutSecrets(WithoutSecrets(envelope.message(), pending.secrets), reply.secrets);
  if (std::string doubt = ReadObjects(envelope, pending.verb, pending.kind, result); !doubt.empty()) {
    result.message = std::move(doubt);
    result.verdict = is_create ? Verdict::kUnknown : Verdict::kRetry;
    return result;
  }
  if (pending.verb == Verb::kFind) {
    // The search may match parts, ignore what it is asked for, or be another list altogether: only equality counts.
    const FieldId key = NaturalKeyField(pending.kind);
    const std::string wanted = FoldCase(Trim(pending.address));
    std::erase_if(result.objects,
                  [&](const RemoteObject& object) { return FoldCase(Trim(object.fields[key].text)) != wanted; });
    const std::size_t length = std::min<std::size_t>(envelope.PageLength().value_or(page_length_), page_length_);
    result.may_have_more = result.on_page > 0 && (result.on_page >= length || result.objects.empty());
  }
  return result;
}

}  // namespace ucaas_sync::ucaas
