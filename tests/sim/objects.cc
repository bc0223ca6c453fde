#include "tests/sim/objects.h"

#include <algorithm>

namespace ucaas_sync::sim {

std::vector<StoredEntity> RowsOf(const StateView& state) {
  std::vector<std::int64_t> ids;
  state.ForEachKnown([&ids](const KnownEntity& known) { ids.push_back(known.id); });
  std::vector<StoredEntity> rows;
  rows.reserve(ids.size());
  for (const std::int64_t id : ids) rows.push_back(state.Load(id));
  return rows;
}

std::string FieldOf(const Object& object, const std::string& name) {
  const auto field = object.fields.find(name);
  return field == object.fields.end() ? std::string() : field->second;
}

bool IsSuspended(const Object& object) {
  return FieldOf(object, "status") == "S";
}

bool IsProtected(Kind kind, const Object& object) {
  return kind == Kind::kUser && FieldOf(object, "user_type") == "admin";
}

std::string KeyShownBy(Kind kind, const Object& object) {
  switch (kind) {
    case Kind::kUser:
      return FieldOf(object, "first_name");
    case Kind::kGroup:
      return FieldOf(object, "name");
    case Kind::kContact:
      return FieldOf(object, "name").substr(0, FieldOf(object, "name").find(' '));
  }
  return {};
}

const Object* FindIn(const Objects& account, Kind kind, const std::string& id) {
  const auto list = account.find(kind);
  if (list == account.end()) return nullptr;
  const auto object =
      std::find_if(list->second.begin(), list->second.end(), [&](const Object& one) { return one.id == id; });
  return object == list->second.end() ? nullptr : &*object;
}

std::string Called(Kind kind, const std::string& who) {
  return std::string(Name(kind)) + ' ' + who;
}

}  // namespace ucaas_sync::sim
