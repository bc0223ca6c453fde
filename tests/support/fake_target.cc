#include "tests/support/fake_target.h"

#include <algorithm>
#include <stdexcept>

#include "connectors/ucaas/json_view.h"
#include "daemon/model/json_text.h"
#include "daemon/model/text.h"

namespace ucaas_sync::testing {
namespace {

std::string Payload(Kind kind) {
  return std::string(Name(kind));
}

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

std::string Shown(Kind kind, const FakeTarget::Object& object) {
  std::string text = "{" + Quoted(Payload(kind) + "_id") + ":" + Quoted(object.id);
  for (const FieldSpec& spec : FieldsOf(kind)) {
    if (spec.sent_once) continue;
    const auto field = object.fields.find(std::string(spec.name));
    text += "," + Quoted(spec.name) + ":" + Quoted(field == object.fields.end() ? "" : field->second);
  }
  if (kind == Kind::kContact) {
    text += ",\"group_ids\":[";
    for (const std::string& id : object.group_ids) text += (text.back() == '[' ? "" : ",") + Quoted(id);
    text += "]";
  }
  return text + "}";
}

std::string AddressOf(Kind kind, const FakeTarget::Object& object) {
  const auto field = object.fields.find(std::string(FieldsOf(kind)[NaturalKeyField(kind)].name));
  return field == object.fields.end() ? std::string() : FoldCase(field->second);
}

std::string Unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string QueryValue(const std::string& query, std::string_view name) {
  const std::string wanted = std::string(name) + "=";
  std::size_t at = query.starts_with(wanted) ? 0 : query.find("&" + wanted);
  if (at == std::string::npos) return {};
  at = query.find('=', at) + 1;
  return Unescaped(std::string_view(query).substr(at, query.find('&', at) - at));
}

HttpReply Ok(const std::string& payload) {
  HttpReply reply;
  reply.status = 200;
  reply.body = R"({"result":1)" + (payload.empty() ? "" : "," + payload) + "}";
  return reply;
}

void Take(Kind kind, const std::string& body, FakeTarget::Object& object) {
  const auto document = ucaas::JsonDocument::Parse(body);
  if (!document) throw std::logic_error("a body that is no JSON: " + body);
  for (const FieldSpec& spec : FieldsOf(kind)) {
    if (const auto text = document->root().FindText(spec.name)) object.fields[std::string(spec.name)] = *text;
  }
  if (const auto ids = document->root().Find("group_ids")) {
    object.group_ids.clear();
    ids->ForEach([&](const ucaas::JsonView& id) { object.group_ids.emplace_back(*id.Text()); });
  }
}

}  // namespace

HttpReply Says(int status, const std::string& result, const std::string& message) {
  HttpReply reply;
  reply.status = status;
  reply.body = R"({"result":")" + result + R"(","msg":)" + Quoted(message) + "}";
  return reply;
}

HttpReply Breaks(TransportOutcome outcome) {
  HttpReply reply;
  reply.outcome = outcome;
  reply.error = "the exchange broke";
  return reply;
}

std::string FakeTarget::Add(Kind kind, std::map<std::string, std::string> fields) {
  std::string id = std::to_string(next_id_++);
  objects[kind].push_back({.id = id, .fields = std::move(fields), .group_ids = {}});
  return id;
}

const FakeTarget::Object* FakeTarget::Find(Kind kind, std::string_view id) const {
  const auto list = objects.find(kind);
  if (list == objects.end()) return nullptr;
  for (const Object& object : list->second) {
    if (object.id == id) return &object;
  }
  return nullptr;
}

const FakeTarget::Object* FakeTarget::With(Kind kind, std::string_view address) const {
  const auto list = objects.find(kind);
  if (list == objects.end()) return nullptr;
  for (const Object& object : list->second) {
    if (AddressOf(kind, object) == FoldCase(address)) return &object;
  }
  return nullptr;
}

std::size_t FakeTarget::CountOf(Kind kind) const {
  const auto list = objects.find(kind);
  return list == objects.end() ? 0 : list->second.size();
}

std::vector<std::string> FakeTarget::BodiesOf(std::string_view request) const {
  std::vector<std::string> bodies;
  for (const auto& [line, body] : requests_) {
    if (line.starts_with(request)) bodies.push_back(body);
  }
  return bodies;
}

ExchangeId FakeTarget::Start(HttpRequest request) {
  const std::string line = request.method + ' ' + request.path;
  if (on_request) on_request(request);
  requests_.emplace_back(line, request.body);
  log_.push_back(line);
  HttpReply reply;
  const auto fault = std::find_if(faults.begin(), faults.end(), [&](Fault& one) {
    return one.times > 0 && line.starts_with(one.request) && one.skip-- <= 0 && one.skip % one.every == 0;
  });
  if (fault == faults.end()) {
    reply = Answer(request);
  } else {
    --fault->times;
    if (fault->has_effect) Answer(request);
    reply = fault->reply;
  }
  reply.id = ++last_;
  reply.latency = latency;
  flying_.emplace(clock_.ticks + latency, std::move(reply));
  most_in_flight = std::max(most_in_flight, flying_.size());
  return last_;
}

std::vector<HttpReply> FakeTarget::Wait(Monotonic until) {
  if (clock_.ticks > Monotonic(std::chrono::hours(24))) throw std::logic_error("waits for ever");
  std::vector<HttpReply> replies;
  clock_.AdvanceTo(flying_.empty() ? until : std::min(until, flying_.begin()->first));
  while (!flying_.empty() && flying_.begin()->first <= clock_.ticks) {
    replies.push_back(std::move(flying_.extract(flying_.begin()).mapped()));
  }
  return replies;
}

HttpReply FakeTarget::Answer(const HttpRequest& request) {
  for (const Kind kind : kAllKinds) {
    const std::string collection = Payload(kind) + "s";
    if (!request.path.starts_with(collection)) continue;
    const std::string rest = request.path.substr(collection.size());
    if (request.method == "POST" && rest.empty()) return Create(kind, request.body);
    if (rest.starts_with("/")) return Change(kind, rest.substr(1), request);
    if (rest.starts_with("?")) return List(kind, rest.substr(1));
  }
  return Says(404, "404", "no such route");
}

HttpReply FakeTarget::Create(Kind kind, const std::string& body) {
  Object object;
  Take(kind, body, object);
  if (With(kind, AddressOf(kind, object)) != nullptr) return Says(200, "1504", "duplicate");
  object.id = std::to_string(next_id_++);
  objects[kind].push_back(object);
  return Ok(Quoted(Payload(kind)) + ":{" + Quoted(Payload(kind) + "_id") + ":" + Quoted(object.id) + "}");
}

HttpReply FakeTarget::Change(Kind kind, const std::string& id, const HttpRequest& request) {
  auto& list = objects[kind];
  const auto object = std::find_if(list.begin(), list.end(), [&](const Object& one) { return one.id == id; });
  if (object == list.end()) return Says(404, "404", "not found");
  if (request.method == "DELETE") {
    list.erase(object);
    return Ok({});
  }
  if (request.method == "GET") return Ok(Quoted(Payload(kind)) + ":" + Shown(kind, *object));
  Object changed = *object;
  Take(kind, request.body, changed);
  const Object* holder = With(kind, AddressOf(kind, changed));
  if (holder != nullptr && holder->id != id) return Says(200, "1504", "duplicate");
  *object = changed;
  return Ok({});
}

HttpReply FakeTarget::List(Kind kind, const std::string& query) const {
  const std::size_t page = ignores_paging ? 1 : std::stoul(QueryValue(query, "page"));
  const std::size_t length = std::stoul(QueryValue(query, "page_length"));
  const std::string wanted = FoldCase(QueryValue(query, "search_string"));
  std::string list;
  std::size_t at = 0;
  if (const auto all = objects.find(kind); all != objects.end()) {
    for (const Object& object : all->second) {
      if (!ignores_search && !wanted.empty() && AddressOf(kind, object).find(wanted) == std::string::npos) continue;
      if (at / length + 1 == page) list += (list.empty() ? "" : ",") + Shown(kind, object);
      ++at;
    }
  }
  return Ok(Quoted(Payload(kind) + "s") + ":[" + list + "]");
}

}  // namespace ucaas_sync::testing
