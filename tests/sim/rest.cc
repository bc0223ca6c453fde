#include "tests/sim/rest.h"

#include <algorithm>
#include <set>

namespace ucaas_sync::sim {

Violations AuditRest(const Scene& scene, const Export& day, const Settings& settings,
                     const std::set<std::pair<Kind, std::string>>& hand_made) {
  Violations wrong;
  const Reading reading = Read(day, settings, *DateIn(scene.now, settings.timezone), {});
  const auto expect = [&](const std::string& who, const Object& object, const std::string& field,
                          const std::string& value) {
    if (FieldOf(object, field) != value) {
      wrong.push_back(who + " has " + field + " \"" + FieldOf(object, field) + "\" instead of \"" + value + "\"");
    }
  };
  const auto object_of = [&](Kind kind, const std::string& key) -> const Object* {
    const auto row = scene.state.Find(kind, key);
    const bool is_there = row && row->lifecycle != Lifecycle::kGone;
    return is_there ? scene.target.Find(kind, row->remote_id) : nullptr;
  };
  std::set<std::pair<Kind, std::string>> explained = hand_made;
  for (const auto& [key, person] : reading.rows) {
    for (const Kind kind : {Kind::kUser, Kind::kContact}) {
      const std::string who = Called(kind, key);
      const Object* object = object_of(kind, key);
      if (object == nullptr) {
        wrong.push_back(who + " is missing");
        continue;
      }
      explained.emplace(kind, object->id);
      if (IsProtected(kind, *object)) continue;
      expect(who, *object, "email", person.email);
      const auto title = day.titles.find(key);
      if (title != day.titles.end()) expect(who, *object, "designation", title->second);
      if (kind == Kind::kUser) {
        expect(who, *object, "last_name", person.last);
        expect(who, *object, "department", person.department);
        expect(who, *object, "status", person.status == "leave" ? "S" : "A");
        continue;
      }
      expect(who, *object, "name", key + ' ' + person.last);
      const Object* group = object_of(Kind::kGroup, person.department);
      const bool is_member = group != nullptr && std::find(object->group_ids.begin(), object->group_ids.end(),
                                                           group->id) != object->group_ids.end();
      if (!is_member) wrong.push_back(who + " is not in group " + person.department);
    }
  }
  for (const std::string& name : reading.departments) {
    if (const Object* group = object_of(Kind::kGroup, name); group != nullptr) {
      explained.emplace(Kind::kGroup, group->id);
    } else {
      wrong.push_back("group " + name + " is missing");
    }
  }
  for (const Kind kind : kAllKinds) {
    const auto objects = scene.target.objects.find(kind);
    if (objects == scene.target.objects.end()) continue;
    for (const Object& object : objects->second) {
      if (explained.contains({kind, object.id})) continue;
      const std::string key = KeyShownBy(kind, object);
      // A cut-off run may have made it, and nobody looks for who is not wanted any more.
      const auto unknown = scene.state.UnknownCreates();
      const bool is_unknown = std::any_of(unknown.begin(), unknown.end(), [&](const UnknownCreate& create) {
        return create.kind == kind && create.key == key;
      });
      if (is_unknown) continue;
      const bool may_stay =
          settings.absent_users == config::AbsentPolicy::kKeep && reading.Of(kind, key) != Word::kLeft;
      if (kind == Kind::kUser && (IsSuspended(object) || may_stay)) continue;
      wrong.push_back(Called(kind, key) + " (" + object.id + ") is still there");
    }
  }
  return wrong;
}

}  // namespace ucaas_sync::sim
