#include "daemon/plan/unhealthy.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ucaas_sync::plan {
namespace {

/// Whether what is said of somebody who is set aside names a record of `source`.
bool Names(std::string_view reason, std::string_view source) {
  const std::string place = " of " + std::string(source);
  for (std::size_t at = reason.find(place); at != std::string_view::npos; at = reason.find(place, at + 1)) {
    const std::size_t end = at + place.size();
    if (end == reason.size() || std::string_view(" ,;)").find(reason[end]) != std::string_view::npos) return true;
  }
  return false;
}

std::vector<std::string_view> UnhealthyOnes(const Policy& policy, std::span<const SourceState> sources) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (!IsWhole(sources[i])) names.push_back(policy.sources[i]);
  }
  return names;
}

bool IsBecauseOf(const StoredQuarantine& item, const std::vector<std::string_view>& sources) {
  if (item.by_target) return false;
  return std::any_of(sources.begin(), sources.end(),
                     [&](std::string_view source) { return item.source.name == source || Names(item.reason, source); });
}

}  // namespace

bool IsWhole(const SourceState& source) {
  return source.healthy && source.snapshot != nullptr && source.snapshot->complete();
}

void FreezeUnhealthy(Workspace& work, std::span<const SourceState> sources) {
  const std::vector<std::string_view> unhealthy = UnhealthyOnes(work.policy, sources);
  if (unhealthy.empty()) return;
  for (SlotId id = 0; id < work.table.size(); ++id) {
    const Slot& slot = work.table[id];
    // Whose record another source has today may have one in their own all the same.
    for (const std::uint16_t source : {slot.source, work.table.FormerSourceOf(id)}) {
      if (source >= sources.size() || IsWhole(sources[source])) continue;
      work.Freeze(id);
      work.Note(id, "frozen",
                "source " + work.policy.sources[source] + " is not whole: everybody who comes from it stays as is");
      break;
    }
  }
  for (const StoredQuarantine& item : work.state.Quarantined()) {
    const std::optional<Kind> kind = KindNamed(item.kind);
    if (!kind || !IsBecauseOf(item, unhealthy)) continue;
    const SlotId id = work.table.Find(*kind, HashOf(item.key));
    if (id == kNone || work.table[id].has(kFrozen)) continue;
    work.Freeze(id);
    work.Note(id, "frozen", "set aside before because of a source that is not whole now: " + item.reason);
  }
}

void KeepAsideOfUnhealthy(Workspace& work, std::span<const SourceState> sources) {
  const std::vector<std::string_view> unhealthy = UnhealthyOnes(work.policy, sources);
  if (unhealthy.empty()) return;
  const auto is_unhealthy = [&](const std::string& source) {
    return std::find(unhealthy.begin(), unhealthy.end(), source) != unhealthy.end();
  };
  std::erase_if(work.quarantine,
                [&](const QuarantineItem& item) { return item.is_new && is_unhealthy(item.source.name); });
  std::set<std::pair<std::string, std::string>> listed;
  for (const QuarantineItem& item : work.quarantine) listed.emplace(item.kind, item.key);
  for (const StoredQuarantine& item : work.state.Quarantined()) {
    if (!IsBecauseOf(item, unhealthy) || listed.contains({item.kind, item.key})) continue;
    work.quarantine.push_back(
        {.kind = item.kind, .key = item.key, .reason = item.reason, .is_new = false, .source = item.source});
  }
}

}  // namespace ucaas_sync::plan
