#include "connectors/ucaas/remote_object.h"

#include <array>
#include <span>

#include "daemon/model/text.h"

namespace ucaas_sync::ucaas {
namespace {

// In the order in which they are believed.
std::span<const std::string_view> IdNames(Kind kind) {
  static constexpr std::array<std::string_view, 3> kUser{"user_id", "id", "_id"};
  static constexpr std::array<std::string_view, 3> kGroup{"group_id", "id", "_id"};
  static constexpr std::array<std::string_view, 3> kContact{"contact_id", "id", "_id"};
  switch (kind) {
    case Kind::kUser:
      return kUser;
    case Kind::kGroup:
      return kGroup;
    case Kind::kContact:
      return kContact;
  }
  return {};
}

Field ReadField(const FieldSpec& spec, const JsonView& value) {
  if (spec.type == FieldType::kBoolean) {
    if (const auto boolean = value.Boolean()) return Field::Value(*boolean ? "true" : "false");
  }
  const auto text = value.Text();
  if (text && !text->empty()) return Field::Value(std::string(*text));
  // null and "" are empty; an object or array where text should be says nothing.
  if (text || value.IsNull()) return Field::Empty();
  return {};
}

/// `group_ids: ["g1"]`, or `groups: [{"group_id": "g1"}]`, or a mixture; likewise of contacts. False when there is
/// neither: membership is not known then, which is not the same as none.
bool ReadIds(Kind kind, const JsonView& object, std::vector<std::string>& ids) {
  const std::string_view singular = Name(kind);
  for (const std::string& key : {std::string(singular) + "_ids", std::string(singular) + "s"}) {
    const auto list = object.Find(key);
    if (!list || !(list->IsArray() || list->IsNull())) continue;
    bool all_read = true;
    list->ForEach([&](const JsonView& element) {
      const auto id = element.IsObject() ? RemoteIdIn(kind, element) : element.Text();
      if (id && !id->empty()) {
        ids.emplace_back(*id);
      } else {
        all_read = false;
      }
    });
    if (all_read) return true;
    ids.clear();
  }
  return false;
}

}  // namespace

std::string_view PayloadName(Kind kind) {
  return Name(kind);
}

std::string_view PayloadNameOfList(Kind kind) {
  switch (kind) {
    case Kind::kUser:
      return "users";
    case Kind::kGroup:
      return "groups";
    case Kind::kContact:
      return "contacts";
  }
  return "";
}

std::optional<std::string_view> RemoteIdIn(Kind kind, const JsonView& object) {
  for (const std::string_view name : IdNames(kind)) {
    const auto text = object.FindText(name);
    if (text && !Trim(*text).empty()) return Trim(*text);
  }
  return std::nullopt;
}

std::optional<RemoteObject> ReadRemoteObject(Kind kind, const JsonView& object) {
  const auto id = RemoteIdIn(kind, object);
  if (!id) return std::nullopt;
  RemoteObject remote;
  remote.remote_id = *id;
  const auto specs = FieldsOf(kind);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].secret || specs[i].sent_once) continue;
    auto value = object.Find(specs[i].name);
    if (!value && kind == Kind::kGroup && i == kGroupName) value = object.Find("group_name");
    if (value) remote.fields[i] = ReadField(specs[i], *value);
  }
  if (kind == Kind::kContact) remote.has_group_ids = ReadIds(Kind::kGroup, object, remote.group_ids);
  if (kind == Kind::kGroup) ReadIds(Kind::kContact, object, remote.contact_ids);
  return remote;
}

}  // namespace ucaas_sync::ucaas
