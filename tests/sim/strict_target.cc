#include "tests/sim/strict_target.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include <rapidjson/document.h>

#include "daemon/model/text.h"
#include "tests/sim/objects.h"

namespace ucaas_sync::sim {
namespace {

/// What the program sends of an object.
struct Body {
  std::map<std::string, std::string> fields;
  std::optional<std::vector<std::string>> groups;  // sorted
};

/// Nothing when it is not a flat object of texts and booleans, and a list of group ids.
std::optional<Body> BodyOf(const HttpRequest& request) {
  rapidjson::Document document;
  document.Parse(request.body.data(), request.body.size());
  if (document.HasParseError() || !document.IsObject()) return std::nullopt;
  Body body;
  for (auto member = document.MemberBegin(); member < document.MemberEnd(); ++member) {
    const std::string name = member->name.GetString();
    if (member->value.IsArray() && name == "group_ids") {
      body.groups.emplace();
      for (const auto& id : member->value.GetArray()) {
        if (!id.IsString()) return std::nullopt;
        body.groups->push_back(id.GetString());
      }
      std::sort(body.groups->begin(), body.groups->end());
    } else if (member->value.IsBool()) {
      body.fields[name] = member->value.GetBool() ? "true" : "false";
    } else if (member->value.IsString()) {
      body.fields[name] = member->value.GetString();
    } else {
      return std::nullopt;
    }
  }
  return body;
}

std::string AddressIn(Kind kind, const HttpRequest& request) {
  const auto body = BodyOf(request);
  if (!body) return {};
  const auto field = body->fields.find(std::string(FieldsOf(kind)[NaturalKeyField(kind)].name));
  return field == body->fields.end() ? std::string() : FoldCase(field->second);
}

std::string AddressOf(Kind kind, const Object& object) {
  return FoldCase(FieldOf(object, std::string(FieldsOf(kind)[NaturalKeyField(kind)].name)));
}

/// Of the fields that it sends, and "group_ids".
std::set<std::string> NamesIn(const HttpRequest& request) {
  std::set<std::string> names;
  const auto body = BodyOf(request);
  if (!body) return names;
  for (const auto& [name, value] : body->fields) names.insert(name);
  if (body->groups) names.insert("group_ids");
  return names;
}

const FieldSpec* SpecNamed(Kind kind, std::string_view name) {
  for (const FieldSpec& spec : FieldsOf(kind)) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

std::string Unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// Ids are one of a kind, whatever they are of.
bool Names(const HttpReply& reply, const std::string& id) {
  return reply.body.find('"' + id + '"') != std::string::npos;
}

bool WasDone(const HttpReply& reply) {
  return reply.body.starts_with(R"({"result":1)");
}

/// "page", "page_length", …
std::vector<std::pair<std::string, std::string>> PartsOf(const std::string& query) {
  std::vector<std::pair<std::string, std::string>> parts;
  for (std::size_t at = 0; at < query.size();) {
    const std::size_t end = std::min(query.find('&', at), query.size());
    const std::string part = query.substr(at, end - at);
    const std::size_t equals = part.find('=');
    parts.emplace_back(part.substr(0, equals), equals == std::string::npos ? "" : Unescaped(part.substr(equals + 1)));
    at = end + 1;
  }
  return parts;
}

}  // namespace

bool StrictTarget::Parse(const HttpRequest& request, Asked& asked) {
  for (const Kind kind : kAllKinds) {
    const std::string collection = std::string(Name(kind)) + 's';
    if (!request.path.starts_with(collection)) continue;
    const std::string rest = request.path.substr(collection.size());
    asked.kind = kind;
    if (rest.starts_with('/')) asked.id = rest.substr(1);
    if (rest.starts_with('?')) asked.query = rest.substr(1);
    if (request.method == "POST") return rest.empty();
    if (request.method == "GET") return rest.size() > 1;
    return (request.method == "PATCH" || request.method == "DELETE") && !asked.id.empty();
  }
  return false;
}

std::string StrictTarget::JudgeGroups(const std::vector<std::string>& ids) const {
  for (const std::string& id : ids) {
    const bool may_be_gone = IsInDoubt({Kind::kGroup, id}, kEverything);
    if (!may_be_gone && target_.Find(Kind::kGroup, id) == nullptr) return "names group " + id + ", which is not there";
  }
  return {};
}

std::string StrictTarget::JudgeCreate(Kind kind, const HttpRequest& request) const {
  const auto body = BodyOf(request);
  if (!body || (body->groups && kind != Kind::kContact)) return "is no object of that kind";
  for (const auto& [name, value] : body->fields) {
    if (SpecNamed(kind, name) == nullptr) return "has the key " + name;
    if (value.empty()) return "has an empty " + name;
  }
  for (const FieldSpec& spec : FieldsOf(kind)) {
    if (spec.required && !body->fields.contains(std::string(spec.name))) return "lacks " + std::string(spec.name);
  }
  const std::string address = AddressIn(kind, request);
  if (open_.contains({kind, address})) return "is sent again without a look at what became of the first";
  const Object* holder = target_.With(kind, address);
  if (holder == nullptr) return JudgeGroups(body->groups.value_or(std::vector<std::string>()));
  const Id id(kind, holder->id);
  const std::string address_field(FieldsOf(kind)[NaturalKeyField(kind)].name);
  const bool is_known = ours_.contains(id) && !IsInDoubt(id, address_field) && !taken_.contains({kind, address});
  return is_known ? "is a second one for " + address : std::string();
}

std::string StrictTarget::JudgeChange(const Asked& asked, const HttpRequest& request) const {
  const Id id(asked.kind, asked.id);
  const Object* object = target_.Find(asked.kind, asked.id);
  if (object == nullptr) {
    const bool was_told = deleted_.contains(id) && !IsInDoubt(id, kEverything);
    return was_told ? "writes to what the program itself deleted" : std::string();
  }
  if (request.method == "DELETE") return {};
  const auto body = BodyOf(request);
  if (!body || (body->groups && asked.kind != Kind::kContact)) return "is no change of that kind";
  if (body->fields.empty() && !body->groups) return "changes nothing";
  for (const auto& [name, value] : body->fields) {
    const FieldSpec* spec = SpecNamed(asked.kind, name);
    if (spec == nullptr) return "has the key " + name;
    if (spec->sent_once) return "sends " + name + " to an account that exists";
    const auto field = static_cast<FieldId>(spec - FieldsOf(asked.kind).data());
    if (FieldOf(*object, name) == value && IsKnown(id, name, field)) return "sends " + name + " as it is";
  }
  if (!body->groups) return {};
  std::vector<std::string> ids = object->group_ids;
  std::sort(ids.begin(), ids.end());
  if (!IsInDoubt(id, "group_ids") && ids == *body->groups) return "sends the groups that it has";
  return JudgeGroups(*body->groups);
}

std::string StrictTarget::JudgeQuery(const Asked& asked) const {
  bool searches = false;
  bool has_words = false;
  for (const auto& [name, value] : PartsOf(asked.query)) {
    if (name == "page" || name == "page_length") {
      unsigned number = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
      const bool is_number = error == std::errc() && end == value.data() + value.size();
      if (!is_number || number == 0 || (name == "page_length" && number > 100)) return "has the " + name + ' ' + value;
    } else if (name == "search_by") {
      searches = value == FieldsOf(asked.kind)[NaturalKeyField(asked.kind)].name;
      if (!searches) return "searches by " + value;
    } else if (name == "search_string") {
      has_words = !value.empty();
    } else {
      return "has the parameter " + name;
    }
  }
  return searches == has_words ? std::string() : "searches by half";
}

StrictTarget::Doubt StrictTarget::DoubtAbout(const HttpRequest& request) {
  if (request.method != "PATCH" || !BodyOf(request)) return {kEverything};
  return NamesIn(request);
}

bool StrictTarget::IsInDoubt(const Id& id, const std::string& name) const {
  const auto doubt = doubts_.find(id);
  return doubt != doubts_.end() && (doubt->second.contains(kEverything) || doubt->second.contains(name));
}

bool StrictTarget::IsKnown(const Id& id, const std::string& name, FieldId field) const {
  if (IsInDoubt(id, name)) return false;
  const auto told = told_.find(id);
  const bool was_told = told != told_.end() && told->second.contains(name);
  return was_told || !knows_ || knows_(id.first, id.second, field);
}

void StrictTarget::EndDoubt(const Id& id, const Doubt& about) {
  const auto doubt = doubts_.find(id);
  if (doubt == doubts_.end()) return;
  for (const std::string& name : about) doubt->second.erase(name);
  if (doubt->second.empty()) doubts_.erase(doubt);
}

void StrictTarget::Settle(const Id& id, const HttpRequest& request) {
  EndDoubt(id, {kEverything});
  EndDoubt(id, DoubtAbout(request));
}

HttpReply StrictTarget::Answer(const HttpRequest& request) {
  Asked asked;
  std::string wrong;
  const bool is_change = request.method == "PATCH" || request.method == "DELETE";
  if (!Parse(request, asked)) {
    wrong = "goes to no route";
  } else if (request.method == "POST") {
    wrong = JudgeCreate(asked.kind, request);
    posted_.emplace(asked.kind, AddressIn(asked.kind, request));
  } else if (is_change) {
    wrong = JudgeChange(asked, request);
    written_[{asked.kind, asked.id}].merge(DoubtAbout(request));
    // Whoever names its id knows that it is there.
    if (const Object* object = target_.Find(asked.kind, asked.id)) {
      open_.erase({asked.kind, AddressOf(asked.kind, *object)});
      taken_.erase({asked.kind, AddressOf(asked.kind, *object)});
    }
  } else {
    wrong = JudgeQuery(asked);
  }
  if (wrong.empty()) {
    HttpReply reply = target_.Answer(request);
    if (request.method == "DELETE" && asked.kind == Kind::kGroup) {
      for (Object& contact : target_.objects[Kind::kContact]) std::erase(contact.group_ids, asked.id);
    }
    return reply;
  }
  Complain("the target refuses " + request.method + ' ' + request.path + ' ' + request.body + ": it " + wrong);
  return testing::Says(406, "406", wrong);
}

void StrictTarget::NoteAnswered(const HttpRequest& request, const HttpReply& reply) {
  Asked asked;
  if (!Parse(request, asked)) return;
  const Id id(asked.kind, asked.id);
  if (request.method == "POST") {
    const std::string address = AddressIn(asked.kind, request);
    open_.erase({asked.kind, address});
    if (const Object* object = target_.With(asked.kind, address)) {
      const Id made(asked.kind, object->id);
      ours_.insert(made);
      // A duplicate has made nothing, and says neither whose the address is nor what became of a change.
      if (Names(reply, object->id)) {
        doubts_.erase(made);
        told_[made].merge(NamesIn(request));
        taken_.erase({asked.kind, address});
      } else {
        EndDoubt(made, {kEverything});
        taken_.emplace(asked.kind, address);
      }
    }
  } else if (request.method == "PATCH") {
    Settle(id, request);
    if (WasDone(reply)) told_[id].merge(NamesIn(request));
  } else if (request.method == "DELETE") {
    // "Not found" is what a wrong route says too: whoever got no further than that asks again.
    if (!WasDone(reply)) return;
    doubts_.erase(id);
    deleted_.insert(id);
  } else if (asked.id.empty()) {
    const auto parts = PartsOf(asked.query);
    const auto words =
        std::find_if(parts.begin(), parts.end(), [](const auto& part) { return part.first == "search_string"; });
    std::erase_if(open_, [&](const Id& open) {
      return open.first == asked.kind && (words == parts.end() || FoldCase(words->second) == open.second);
    });
  }
}

void StrictTarget::NoteUnanswered(const HttpRequest& request) {
  Asked asked;
  if (!Parse(request, asked) || request.method == "GET") return;
  if (request.method == "POST") {
    const std::string address = AddressIn(asked.kind, request);
    open_.emplace(asked.kind, address);
    if (const Object* object = target_.With(asked.kind, address)) doubts_[{asked.kind, object->id}].insert(kEverything);
  } else {
    doubts_[{asked.kind, asked.id}].merge(DoubtAbout(request));
  }
}

void StrictTarget::NoteCrash() {
  for (auto& [id, doubt] : written_) doubts_[id].merge(doubt);
  for (const auto& [kind, address] : posted_) {
    if (const Object* object = target_.With(kind, address)) doubts_[{kind, object->id}].insert(kEverything);
  }
  written_.clear();
  posted_.clear();
}

}  // namespace ucaas_sync::sim
