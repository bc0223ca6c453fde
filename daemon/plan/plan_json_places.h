// The shape of a plan's JSON: where in it a reader can be, and which keys each place may hold and must. Private to
// reading plans; values only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ucaas_sync::plan {

/// Where in the plan the reader is. Each place knows which keys it may hold and which it must.
enum class Place {
  kStart,
  kPlan,
  kSources,
  kSource,
  kSummary,
  kSummaryKind,
  kGuards,
  kGuard,
  kExamples,
  kOperations,
  kWaiting,
  kOperation,
  kBefore,
  kAfter,
  kExisting,
  kGroupsBefore,
  kGroupsAfter,
  kGroupsExisting,
  kOperationSource,
  kQuarantine,
  kItem,
  kItemSource,
  kWarnings,
  kEnd,
};

struct PlaceSpec {
  bool is_array = false;
  std::vector<std::string_view> required;
};

PlaceSpec SpecOf(Place place);

/// The place that begins at `key` of `place` (no key in a list); nothing when that key is not known there.
std::optional<Place> PlaceBelow(Place place, std::string_view key);

}  // namespace ucaas_sync::plan
