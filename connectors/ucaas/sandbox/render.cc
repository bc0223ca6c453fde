#include "connectors/ucaas/sandbox/render.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

#include "connectors/ucaas/sandbox/schema.h"

namespace ucaas_sync::sandbox {
namespace {

class Json {
 public:
  Json() : writer_(buffer_) { writer_.StartObject(); }

  Json& Open(std::string_view key) {
    Key(key);
    writer_.StartObject();
    return *this;
  }
  Json& Open() {
    writer_.StartObject();
    return *this;
  }
  Json& Close() {
    writer_.EndObject();
    return *this;
  }
  Json& Text(std::string_view key, std::string_view value) {
    Key(key);
    Put(value);
    return *this;
  }
  Json& Number(std::string_view key, std::int64_t value) {
    Key(key);
    writer_.Int64(value);
    return *this;
  }
  Json& Boolean(std::string_view key, bool value) {
    Key(key);
    writer_.Bool(value);
    return *this;
  }
  Json& OpenArray(std::string_view key) {
    Key(key);
    writer_.StartArray();
    return *this;
  }
  Json& CloseArray() {
    writer_.EndArray();
    return *this;
  }
  Json& Item(std::string_view value) {
    Put(value);
    return *this;
  }
  std::string Finish() {
    writer_.EndObject();
    return {buffer_.GetString(), buffer_.GetSize()};
  }

 private:
  void Put(std::string_view text) { writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size())); }
  void Key(std::string_view key) { writer_.Key(key.data(), static_cast<rapidjson::SizeType>(key.size())); }

  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_;
};

const std::string& ValueOf(Kind kind, const Object& object, std::string_view name) {
  static const std::string kNone;
  const auto columns = ColumnsOf(kind);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == name) return object.values[i];
  }
  return kNone;
}

/// User ids are numbers, the others texts, as documented.
void PutId(Json& json, const Database& database, Kind kind, RowId id) {
  if (kind == Kind::kUser) {
    json.Number(IdName(kind), id);
  } else {
    json.Text(IdName(kind), database.ExternalId(kind, id));
  }
}

void PutColumns(Json& json, Kind kind, const Object& object) {
  const auto columns = ColumnsOf(kind);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].type == ColumnType::kBoolean) {
      json.Boolean(columns[i].name, object.values[i] == "true");
    } else {
      json.Text(columns[i].name, object.values[i]);
    }
  }
}

void PutFull(Json& json, const Database& database, Kind kind, const Object& object) {
  PutId(json, database, kind, object.id);
  PutColumns(json, kind, object);
  switch (kind) {
    case Kind::kUser:
      json.Text("name", DisplayName(kind, object));
      json.Text("status_ex", ValueOf(kind, object, "status") == "A" ? "Active" : "Suspended");
      json.Text("user_type_ex", ValueOf(kind, object, "user_type"));
      json.Text("profile_pic", "");
      break;
    case Kind::kContact:
      json.OpenArray("group_ids");
      for (const RowId group : object.links) json.Item(database.ExternalId(Kind::kGroup, group));
      json.CloseArray();
      break;
    case Kind::kGroup:
      break;
  }
  json.Text("created_at", FormatInstant(object.created_at));
  json.Text("updated_at", FormatInstant(object.updated_at));
}

}  // namespace

std::string DisplayName(Kind kind, const Object& object) {
  if (kind != Kind::kUser) return ValueOf(kind, object, "name");
  std::string name;
  for (const std::string_view part : {"first_name", "middle_name", "last_name"}) {
    const std::string& value = ValueOf(kind, object, part);
    if (!name.empty() && !value.empty()) name += ' ';
    name += value;
  }
  return name;
}

std::string RenderShort(const Database& database, Kind kind, const Object& object, const std::string& msg) {
  Json json;
  json.Number("result", 1);
  if (!msg.empty()) json.Text("msg", msg);
  json.Open(ObjectName(kind));
  PutId(json, database, kind, object.id);
  json.Text("name", DisplayName(kind, object)).Close();
  return json.Finish();
}

std::string RenderFull(const Database& database, Kind kind, const Object& object, const std::vector<RowId>& contacts) {
  Json json;
  json.Number("result", 1).Open(ObjectName(kind));
  PutFull(json, database, kind, object);
  if (kind == Kind::kGroup) {
    json.OpenArray("contact_ids");
    for (const RowId contact : contacts) json.Item(database.ExternalId(Kind::kContact, contact));
    json.CloseArray();
  }
  json.Close();
  return json.Finish();
}

std::string RenderList(const Database& database, Kind kind, const ListQuery& query,
                       const std::vector<Object>& objects) {
  Json json;
  json.Number("result", 1).Open("search");
  json.Number("page", static_cast<std::int64_t>(query.page));
  json.Number("page_length", static_cast<std::int64_t>(query.page_length));
  json.Text("search_by", query.search_by).Text("search_string", query.search_string);
  json.Text("order_by", query.order_by_text).Text("order_qualify", query.descending ? "desc" : "asc").Close();
  json.OpenArray(Collection(kind));
  for (const Object& object : objects) {
    json.Open();
    PutFull(json, database, kind, object);
    json.Close();
  }
  json.CloseArray();
  return json.Finish();
}

std::string RenderMessage(const std::string& msg) {
  return Json().Number("result", 1).Text("msg", msg).Finish();
}

std::string RenderLogin(const std::string& token, const std::string& email, RowId user) {
  Json json;
  json.Number("result", 1).Text("token", token).Open("user");
  return json.Number("user_id", user).Text("email", email).Close().Finish();
}

std::string RenderDump(Kind kind, const Object& object, const std::vector<std::string>& groups) {
  Json json;
  PutColumns(json, kind, object);
  if (kind == Kind::kContact) {
    json.OpenArray("groups");
    for (const std::string& group : groups) json.Item(group);
    json.CloseArray();
  }
  return json.Finish();
}

}  // namespace ucaas_sync::sandbox
