// A company that is in step, and a target that somebody else has changed since.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/plan/world.h"

namespace ucaas_sync::plan {

/// Three users, two groups and two contacts, all synced.
struct Company : World {
  Company() {
    for (const char* key : {"E1", "E2", "E3"}) Add(User(key, {{"designation", "Engineer"}, {"department", "Sales"}}));
    for (const char* name : {"Sales", "Finance"}) Add(Group(name));
    Add(Contact("E1", {"Sales"}));
    Add(Contact("E2", {"Sales", "Finance"}));
    Sync();
    Sync();
  }
  std::int64_t RowOf(Kind kind, const std::string& key) { return state.Find(kind, key)->id; }
  void Shows(const std::string& key, FieldId field, Field value) {
    Shows(Kind::kUser, key, {{field, std::move(value)}});
  }
  void Shows(Kind kind, const std::string& key, std::vector<std::pair<FieldId, Field>> fields) {
    state.drift.push_back({.entity_id = RowOf(kind, key), .missing = false, .shown = std::move(fields), .groups = {}});
  }
  void ShowsIn(const std::string& contact, std::vector<std::string> groups) {
    state.drift.push_back(
        {.entity_id = RowOf(Kind::kContact, contact), .missing = false, .shown = {}, .groups = std::move(groups)});
  }
  void IsGone(Kind kind, const std::string& key) {
    state.drift.push_back({.entity_id = RowOf(kind, key), .missing = true, .shown = {}, .groups = {}});
  }
  void HasPutBack(const std::string& key, FieldId field, const std::string& wanted, std::uint32_t rounds) {
    state.repairs.push_back({.entity_id = RowOf(Kind::kUser, key),
                             .field = field,
                             .wanted = wanted,
                             .shown = "ENGINEER",
                             .rounds = rounds});
  }
};

inline bool Warns(const Planner::Result& result, const std::string& text) {
  for (const std::string& warning : result.plan.warnings) {
    if (Contains(warning, text)) return true;
  }
  return false;
}

}  // namespace ucaas_sync::plan
