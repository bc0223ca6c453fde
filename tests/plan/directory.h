// A directory for the plan's tests: groups that name their members by DN, and contacts that have one.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/plan/world.h"

namespace ucaas_sync::plan {

inline Row DirectoryGroup(const std::string& name, std::vector<std::string> members) {
  Row row = Group(name);
  row.dn = "cn=" + name + ",ou=groups,dc=example,dc=com";
  row.maps_members = true;
  row.members = std::move(members);
  return row;
}

inline Row DirectoryContact(const std::string& key) {
  Row row = Contact(key);
  row.maps_groups = false;
  row.dn = "uid=" + key + ",ou=people,dc=example,dc=com";
  return row;
}

inline std::string Dn(const std::string& key) {
  return "UID=" + key + ", OU=People,DC=example,DC=com";
}

inline World Directory() {
  World world;
  world.policy.rules[1].maps_members = true;
  world.policy.rules[1].nested = true;
  return world;
}

inline const Operation* Find(const std::vector<Operation>& operations, const std::string& key) {
  for (const Operation& operation : operations) {
    if (operation.key == key) return &operation;
  }
  return nullptr;
}

}  // namespace ucaas_sync::plan
