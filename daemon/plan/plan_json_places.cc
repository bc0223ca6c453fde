#include "daemon/plan/plan_json_places.h"

#include "daemon/model/kind.h"

namespace ucaas_sync::plan {

PlaceSpec SpecOf(Place place) {
  switch (place) {
    case Place::kStart:
    case Place::kEnd:
    case Place::kBefore:
    case Place::kAfter:
    case Place::kExisting:
      return {};
    case Place::kPlan:
      return {.required = {"plan_version", "id", "created_at", "hash", "config_hash", "state_version", "sources",
                           "summary", "guards", "held", "operations", "quarantine"}};
    case Place::kSource:
      return {.required = {"name", "location", "records", "rejected", "complete", "hash"}};
    case Place::kSummary:
      return {.required = {"user", "group", "contact"}};
    case Place::kSummaryKind:
      return {.required = {"create", "adopt", "update", "suspend", "reactivate", "delete", "unchanged"}};
    case Place::kGuard:
      return {.required = {"name", "limit", "actual", "held"}};
    case Place::kOperation:
      return {.required = {"seq", "kind", "action", "key", "remote_id", "before", "after", "reason", "source"}};
    case Place::kItem:
      return {.required = {"kind", "key", "reason", "new", "source"}};
    case Place::kOperationSource:
    case Place::kItemSource:
      return {.required = {"name"}};
    case Place::kSources:
    case Place::kGuards:
    case Place::kExamples:
    case Place::kOperations:
    case Place::kWaiting:
    case Place::kGroupsBefore:
    case Place::kGroupsAfter:
    case Place::kGroupsExisting:
    case Place::kQuarantine:
    case Place::kWarnings:
      return {.is_array = true, .required = {}};
  }
  return {};
}

std::optional<Place> PlaceBelow(Place place, std::string_view key) {
  switch (place) {
    case Place::kStart:
      return Place::kPlan;
    case Place::kPlan:
      if (key == "sources") return Place::kSources;
      if (key == "summary") return Place::kSummary;
      if (key == "guards") return Place::kGuards;
      if (key == "operations") return Place::kOperations;
      if (key == "waiting") return Place::kWaiting;
      if (key == "quarantine") return Place::kQuarantine;
      if (key == "warnings") return Place::kWarnings;
      break;
    case Place::kSources:
      return Place::kSource;
    case Place::kSummary:
      if (KindNamed(key)) return Place::kSummaryKind;
      break;
    case Place::kGuards:
      return Place::kGuard;
    case Place::kGuard:
      if (key == "examples") return Place::kExamples;
      break;
    case Place::kOperations:
    case Place::kWaiting:
      return Place::kOperation;
    case Place::kOperation:
      if (key == "before") return Place::kBefore;
      if (key == "after") return Place::kAfter;
      if (key == "existing") return Place::kExisting;
      if (key == "source") return Place::kOperationSource;
      break;
    case Place::kBefore:
      if (key == "groups") return Place::kGroupsBefore;
      break;
    case Place::kAfter:
      if (key == "groups") return Place::kGroupsAfter;
      break;
    case Place::kExisting:
      if (key == "groups") return Place::kGroupsExisting;
      break;
    case Place::kQuarantine:
      return Place::kItem;
    case Place::kItem:
      if (key == "source") return Place::kItemSource;
      break;
    default:
      break;
  }
  return std::nullopt;
}

}  // namespace ucaas_sync::plan
