#include "connectors/ucaas/sandbox/api.h"

#include "connectors/ucaas/sandbox/random_text.h"
#include "connectors/ucaas/sandbox/render.h"
#include "daemon/model/sha256.h"
#include "daemon/model/text.h"

namespace ucaas_sync::sandbox {
namespace {

constexpr Duration kReplyLife{24 * 3600 * 1000LL};
constexpr std::size_t kMaxIdempotencyKey = 255;

/// "application/json", with or without "charset=utf-8".
bool IsJson(std::string_view content_type) {
  const std::size_t semicolon = content_type.find(';');
  if (!EqualsIgnoreAsciiCase(Trim(content_type.substr(0, semicolon)), "application/json")) return false;
  if (semicolon == std::string_view::npos) return true;
  return EqualsIgnoreAsciiCase(Trim(content_type.substr(semicolon + 1)), "charset=utf-8");
}

std::string_view AllowedMethods(Route::Shape shape) {
  switch (shape) {
    case Route::Shape::kLogin:
      return "POST";
    case Route::Shape::kCollection:
      return "GET, POST";
    case Route::Shape::kObject:
      return "GET, PATCH, DELETE";
    case Route::Shape::kUnknown:
    case Route::Shape::kMalformed:
      break;
  }
  return "";
}

bool Allows(std::string_view methods, std::string_view method) {
  while (!methods.empty()) {
    const std::size_t comma = methods.find(", ");
    if (methods.substr(0, comma) == method) return true;
    if (comma == std::string_view::npos) break;
    methods.remove_prefix(comma + 2);
  }
  return false;
}

Refusal NoSuch(Kind kind) {
  return {Code::kNotFound, "There is no such " + std::string(Name(kind)) + ".", {}};
}

Refusal Taken(Kind kind, const std::string& natural) {
  if (kind == Kind::kGroup) return {Code::kDuplicate, "The group name is taken.", {"name", natural}};
  return {Code::kDuplicate, "The e-mail is already registered.", {"email", natural}};
}

Reply Success(std::string body, bool wrote) {
  Reply reply;
  reply.body = std::move(body);
  reply.wrote = wrote;
  return reply;
}

/// Users belong to the account, whoever asks; contacts and groups to the caller's own list.
RowId OwnerOf(Kind kind, const Caller& caller) {
  return kind == Kind::kUser ? 0 : caller.owner;
}

Kind LinkedKind(Kind kind) {
  return kind == Kind::kContact ? Kind::kGroup : Kind::kContact;
}

Object NewObject(Kind kind, const Draft& draft, const Caller& caller, Instant now) {
  Object object;
  object.owner = OwnerOf(kind, caller);
  object.created_at = now;
  object.updated_at = now;
  const auto columns = ColumnsOf(kind);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::string fallback;
    if (columns[i].type == ColumnType::kBoolean) fallback = "false";
    if (columns[i].type == ColumnType::kStatus) fallback = "A";
    object.values.push_back(draft.values[i].value_or(fallback));
  }
  return object;
}

}  // namespace

Api::Api(const Options& options, Database& database)
    : style_(options.status_style),
      idempotency_(options.idempotency),
      max_page_length_(options.max_page_length),
      rules_{.user_types = options.user_types, .patch_group_ids = options.patch_group_ids},
      database_(database),
      accounts_(options, database) {}

Reply Api::Handle(const Request& request, const Route& route, Instant now) {
  Answer answer = Dispatch(request, route, now);
  if (auto* reply = std::get_if<Reply>(&answer)) return std::move(*reply);
  const Refusal& refusal = std::get<Refusal>(answer);
  Reply reply = Refuse(refusal, style_);
  if (refusal.code == Code::kMethod) reply.headers.emplace_back("Allow", AllowedMethods(route.shape));
  return reply;
}

Api::Answer Api::Dispatch(const Request& request, const Route& route, Instant now) {
  if (!request.content_type) return Refusal{Code::kHeader, "The Content-Type header is missing.", {}};
  if (!IsJson(*request.content_type)) {
    return Refusal{Code::kHeader, "The Content-Type header must be application/json.", {}};
  }
  const bool is_login = route.shape == Route::Shape::kLogin;
  Caller caller;
  if (!is_login) {
    auto authenticated = accounts_.Authenticate(request.authorization, now);
    if (auto* refusal = std::get_if<Refusal>(&authenticated)) return std::move(*refusal);
    caller = std::get<Caller>(authenticated);
  }
  if (route.shape == Route::Shape::kMalformed) {
    return Refusal{Code::kHeader, "The path has an escape that is broken or yields no text.", {}};
  }
  if (route.shape == Route::Shape::kUnknown) return Refusal{Code::kNotFound, "There is nothing at this path.", {}};
  if (!Allows(AllowedMethods(route.shape), request.method)) {
    return Refusal{Code::kMethod, "The method is not allowed here.", {}};
  }
  const bool is_list = route.shape == Route::Shape::kCollection && request.method == "GET";
  if (!is_list && !route.query.empty()) return Refusal{Code::kBadRequest, "No parameters are known here.", {}};
  return is_login ? LogIn(request, now) : Act(request, route, caller, now);
}

Api::Answer Api::LogIn(const Request& request, Instant now) {
  auto body = ParseBody(request.body);
  if (auto* refusal = std::get_if<Refusal>(&body)) return std::move(*refusal);
  auto session = accounts_.LogIn(request.api_id, std::get<Body>(body), now);
  if (auto* refusal = std::get_if<Refusal>(&session)) return std::move(*refusal);
  const auto& granted = std::get<Accounts::Session>(session);
  return Success(RenderLogin(granted.token, granted.email, granted.caller.owner), false);
}

Api::Answer Api::Act(const Request& request, const Route& route, const Caller& caller, Instant now) {
  if (route.kind == Kind::kUser && caller.owner != 0) {
    return Refusal{Code::kTokenExpired, "This login may not manage users.", {}};
  }
  const bool has_body = request.method == "POST" || request.method == "PATCH";
  if (!has_body && !request.body.empty()) {
    return Refusal{Code::kBadRequest, "A " + request.method + " takes no body.", {}};
  }
  if (request.method == "GET") {
    return route.shape == Route::Shape::kObject ? Get(route.kind, route.id, caller)
                                                : List(route.kind, route.query, caller);
  }
  if (request.method == "POST") return CreateOnce(request, route.kind, caller, now);

  Database::Write write(database_);
  Answer answer;
  if (request.method == "DELETE") {
    answer = Remove(route.kind, route.id, caller);
  } else {
    auto body = ParseBody(request.body);
    if (auto* refusal = std::get_if<Refusal>(&body)) return std::move(*refusal);
    answer = Change(std::get<Body>(body), route.kind, route.id, caller, now);
  }
  if (std::holds_alternative<Reply>(answer)) write.Commit();
  return answer;
}

Api::Answer Api::CreateOnce(const Request& request, Kind kind, const Caller& caller, Instant now) {
  auto body = ParseBody(request.body);
  if (auto* refusal = std::get_if<Refusal>(&body)) return std::move(*refusal);
  const bool keyed = idempotency_ && request.idempotency_key.has_value();
  std::string scope;
  std::string request_hash;
  if (keyed) {
    const std::string& key = *request.idempotency_key;
    if (key.empty() || key.size() > kMaxIdempotencyKey || !IsUtf8(key)) {
      return Refusal{Code::kHeader, "The Idempotency-Key header must have 1 to 255 characters.", {}};
    }
    scope = std::to_string(caller.owner) + " " + std::string(Collection(kind)) + " " + key;
    request_hash = Sha256Hex(request.body);
  }

  Database::Write write(database_);
  if (keyed) {
    if (auto stored = database_.FindReply(scope, now - kReplyLife)) {
      if (stored->request_hash != request_hash) {
        return Refusal{Code::kValidation, "The Idempotency-Key was used for another request.", {}};
      }
      Reply reply;
      reply.status = stored->status;
      reply.body = std::move(stored->body);
      reply.headers.emplace_back("Idempotent-Replayed", "true");
      return reply;
    }
  }
  Answer answer = Create(std::get<Body>(body), kind, caller, now);
  const auto* created = std::get_if<Reply>(&answer);
  if (keyed) {
    const Reply reply = created != nullptr ? *created : Refuse(std::get<Refusal>(answer), style_);
    database_.StoreReply(scope, {request_hash, reply.status, reply.body}, now, now - kReplyLife);
  }
  if (keyed || created != nullptr) write.Commit();
  return answer;
}

Api::Answer Api::Create(const Body& body, Kind kind, const Caller& caller, Instant now) {
  auto read = ReadDraft(kind, Intent::kCreate, body, rules_);
  if (auto* refusal = std::get_if<Refusal>(&read)) return std::move(*refusal);
  const Draft& draft = std::get<Draft>(read);
  std::variant<std::vector<RowId>, Refusal> links;
  if (draft.links) links = Resolve(LinkedKind(kind), *draft.links, caller);
  if (auto* refusal = std::get_if<Refusal>(&links)) return std::move(*refusal);

  Object object = NewObject(kind, draft, caller, now);
  const std::string& natural = object.values[NaturalColumn(kind)];
  if (database_.FindNatural(kind, object.owner, natural)) return Taken(kind, natural);
  object.id = database_.Insert(kind, object);
  if (draft.links) database_.SetLinks(kind, object.id, std::get<std::vector<RowId>>(links));
  std::string msg;
  switch (kind) {
    case Kind::kUser: {
      constexpr std::size_t kGeneratedPassword = 16;
      database_.SetPassword(object.id, HashPassword(draft.password.value_or(RandomHex(kGeneratedPassword))));
      if (draft.send_welcome_mail) database_.AddMail(object.id, natural, now);
      break;
    }
    case Kind::kGroup:
      msg = DisplayName(kind, object) + " has been added to Group List";
      break;
    case Kind::kContact:
      msg = DisplayName(kind, object) + " has been added to Contact List";
      break;
  }
  return Success(RenderShort(database_, kind, object, msg), true);
}

Api::Answer Api::Change(const Body& body, Kind kind, const std::string& id, const Caller& caller, Instant now) {
  const auto row = database_.InternalId(kind, id);
  auto object = row ? database_.Get(kind, OwnerOf(kind, caller), *row) : std::nullopt;
  if (!object) return NoSuch(kind);
  auto read = ReadDraft(kind, Intent::kChange, body, rules_);
  if (auto* refusal = std::get_if<Refusal>(&read)) return std::move(*refusal);
  const Draft& draft = std::get<Draft>(read);
  std::variant<std::vector<RowId>, Refusal> links;
  if (draft.links) links = Resolve(LinkedKind(kind), *draft.links, caller);
  if (auto* refusal = std::get_if<Refusal>(&links)) return std::move(*refusal);

  for (std::size_t i = 0; i < draft.values.size(); ++i) {
    if (draft.values[i]) object->values[i] = *draft.values[i];
  }
  const std::string& natural = object->values[NaturalColumn(kind)];
  const auto holder = database_.FindNatural(kind, object->owner, natural);
  if (holder && *holder != object->id) return Taken(kind, natural);
  object->updated_at = now;
  database_.Update(kind, *object);
  if (draft.links) database_.SetLinks(kind, object->id, std::get<std::vector<RowId>>(links));
  if (draft.password) database_.SetPassword(object->id, HashPassword(*draft.password));
  return Success(RenderShort(database_, kind, *object, DisplayName(kind, *object) + " has been updated"), true);
}

Api::Answer Api::Remove(Kind kind, const std::string& id, const Caller& caller) {
  const auto row = database_.InternalId(kind, id);
  if (!row || !database_.Delete(kind, OwnerOf(kind, caller), *row)) return NoSuch(kind);
  return Success(RenderMessage("The " + std::string(Name(kind)) + " has been deleted"), true);
}

Api::Answer Api::Get(Kind kind, const std::string& id, const Caller& caller) {
  const auto row = database_.InternalId(kind, id);
  const auto object = row ? database_.Get(kind, OwnerOf(kind, caller), *row) : std::nullopt;
  if (!object) return NoSuch(kind);
  std::vector<RowId> contacts;
  if (kind == Kind::kGroup) contacts = database_.Links(kind, object->id);
  return Success(RenderFull(database_, kind, *object, contacts), false);
}

Api::Answer Api::List(Kind kind, std::string_view query, const Caller& caller) {
  auto list = ParseListQuery(query, SearchFields(kind), max_page_length_);
  if (auto* refusal = std::get_if<Refusal>(&list)) return std::move(*refusal);
  const auto& parameters = std::get<ListQuery>(list);
  return Success(RenderList(database_, kind, parameters, database_.List(kind, OwnerOf(kind, caller), parameters)),
                 false);
}

std::variant<std::vector<RowId>, Refusal> Api::Resolve(Kind kind, const std::vector<std::string>& ids,
                                                       const Caller& caller) {
  std::vector<RowId> rows;
  rows.reserve(ids.size());
  for (const std::string& id : ids) {
    const auto row = database_.InternalId(kind, id);
    if (!row || !database_.Get(kind, OwnerOf(kind, caller), *row)) {
      return Refusal{Code::kValidation,
                     "There is no such " + std::string(Name(kind)) + ".",
                     {std::string(IdName(kind)), Shorten(id, 60)}};
    }
    rows.push_back(*row);
  }
  return rows;
}

}  // namespace ucaas_sync::sandbox
