#include "daemon/plan/leaving_report.h"

#include <algorithm>
#include <map>
#include <utility>

#include "daemon/model/text.h"

namespace ucaas_sync::plan {
namespace {

constexpr std::size_t kMostNamed = 10;

/// A filter that was made narrower takes people out as surely as an export does.
void TellFiltered(Workspace& work, const std::string& filter, Kind kind, const std::vector<SlotId>& slots) {
  if (slots.empty()) return;
  std::vector<std::string> named;
  for (std::size_t i = 0; i < slots.size() && i < kMostNamed; ++i) named.push_back(work.KeyOf(slots[i]));
  const std::string text = Counted(slots.size(), "known " + std::string(Name(kind))) +
                           (slots.size() == 1 ? " does" : " do") + " not match " + filter;
  std::string who = ListOf(named, named.size());
  if (slots.size() > named.size()) who += " and " + WithThousands(slots.size() - named.size()) + " more";
  const std::string rest = "; absent by that, and removed in time if the filter stays so";
  work.warnings.push_back(Warning(text + ": " + who + rest, text + rest, std::move(named)));
}

void TellHidden(Workspace& work, const std::string& source, std::uint64_t count) {
  work.WarnLasting(
      Counted(count, "entity is", "entities are") + " missing from " + source +
      " and left as they are: a rejected record may hide anybody, and no absence counts until the rejected "
      "records of " +
      source + " are mended (`ucaas-sync quarantine list`)");
}

void TellUnnamed(Workspace& work, const std::string& source, std::uint64_t count) {
  work.WarnLasting(Counted(count, "group is", "groups are") + " missing from " + source + " and left as " +
                   (count == 1 ? "it is" : "they are") + ": a record of " + source + " may name " +
                   (count == 1 ? "it" : "them") +
                   ", and cannot be read as far as that; no group's absence counts until it can (the "
                   "records that are joined to it included: `ucaas-sync quarantine list`)");
}

void TellKeptAdopted(Workspace& work, std::vector<std::string>& keys) {
  std::sort(keys.begin(), keys.end());
  const std::string text = Counted(keys.size(), "adopted contact or group is", "adopted contacts and groups are") +
                           " kept though gone from the source (delete_adopted: false; `ucaas-sync status` lists "
                           "them)";
  Warning warning(text + ": " + ListOf(keys), text, keys);
  warning.lasts = true;
  work.warnings.push_back(std::move(warning));
}

/// A joined source that writes its keys otherwise lets every leaver stay, and nothing else shows it.
void TellUntold(Workspace& work) {
  struct Count {
    std::uint64_t untold = 0;
    std::uint64_t all = 0;
  };
  std::map<std::uint16_t, Count> counts;
  for (SlotId id = 0; !work.untold.empty() && id < work.table.known(); ++id) {
    const Slot& slot = work.table[id];
    if (slot.seen != Seen::kPresent || slot.lifecycle != Lifecycle::kActive || !work.untold.contains(slot.rule))
      continue;
    Count& count = counts[slot.rule];
    ++count.all;
    if (slot.has(kMayHaveLeft)) ++count.untold;
  }
  for (const auto& [rule, count] : counts) {
    if (count.untold == 0) continue;
    const auto& [slot, reason] = work.untold.at(rule);
    const std::string key = work.KeyOf(slot);
    const std::string kind(Name(work.policy.rules[rule].kind));
    const std::string source = work.policy.sources[work.policy.rules[rule].source];
    const std::string text = Counted(count.untold, kind) + " from " + source +
                             (count.untold == 1 ? " stays" : " stay") + " though they may have left";
    const bool is_everybody = count.untold == count.all && count.all > 1;
    const std::string advice =
        is_everybody ? "; no " + kind + " from " + source +
                           " has a joined record: see whether the joined source writes its keys in another way than "
                           "before (leading zeros, a prefix), and whether its filter lets its records through"
                     : std::string();
    Warning warning(text + "; of " + key + ", for instance, " + reason + advice,
                    text + ": a record that they are joined with is missing" + advice, {key});
    warning.lasts = !is_everybody;
    work.warnings.push_back(std::move(warning));
  }
}

}  // namespace

void LeavingReport::Tell(Workspace& work) {
  for (const auto& [filter, kinds] : filtered) {
    for (const Kind kind : kAllKinds) TellFiltered(work, filter, kind, kinds[Index(kind)]);
  }
  for (const auto& [source, count] : hidden) TellHidden(work, work.policy.sources[source], count);
  for (const auto& [source, count] : unnamed) TellUnnamed(work, work.policy.sources[source], count);
  if (without_rule != 0) {
    work.warnings.push_back(Counted(without_rule, "entity", "entities") +
                            " came from a source that no rule reads for that kind any more: left as they are");
  }
  if (gone_outside != 0) {
    work.WarnLasting(Counted(gone_outside, "entity is", "entities are") +
                     " not in the source any more and, when last seen, outside the rule's scope: left as they are");
  }
  TellUntold(work);
  if (!kept_adopted.empty()) TellKeptAdopted(work, kept_adopted);
}

}  // namespace ucaas_sync::plan
