// What a whole listing of the fake target would show the planner. A copy; nothing here fails.
#pragma once

#include <string>

#include "daemon/plan/adoption.h"
#include "tests/support/fake_target.h"

namespace ucaas_sync::testing {

inline plan::TargetListing ListingOf(const FakeTarget& target) {
  plan::TargetListing listing;
  for (const auto& [kind, objects] : target.objects) {
    const auto specs = FieldsOf(kind);
    for (const FakeTarget::Object& object : objects) {
      plan::TargetListing::Object& listed = listing.objects[Index(kind)].emplace_back();
      listed.kind = kind;
      listed.remote_id = object.id;
      listed.group_ids = object.group_ids;
      for (std::size_t i = 0; i < specs.size(); ++i) {
        if (specs[i].sent_once) continue;
        const auto field = object.fields.find(std::string(specs[i].name));
        const bool is_empty = field == object.fields.end() || field->second.empty();
        listed.fields[i] = is_empty ? Field::Empty() : Field::Value(field->second);
      }
    }
  }
  return listing;
}

}  // namespace ucaas_sync::testing
