#include "daemon/plan/reject_book.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/plan/compare.h"

namespace ucaas_sync::plan {
namespace {

constexpr std::size_t kMostRejectValues = 4'000'000;

/// Whether the entity may have been there until this read, so that a rejected record with its key is likely its own. Of
/// everybody else who is missing it only bears the name: a manager who left, somebody of another source.
bool IsMissingSinceThisRead(const Workspace& work, SlotId id, std::uint16_t source) {
  const Slot& slot = work.table[id];
  const bool is_missing = slot.is_there() && slot.lifecycle == Lifecycle::kActive && slot.seen == Seen::kNot;
  if (!is_missing || slot.source != source || slot.has(kWasOutside) || work.absences.contains(id)) return false;
  if (work.filtered_out.Of(id) != nullptr || work.drift.IsActiveAgain(id) || slot.has(kHeldByRevert)) return false;
  // Whose absence nobody notes may have been gone for long.
  const LeavePolicy policy = work.policy.LeavingFrom(slot.kind, source);
  if (!policy.known || policy.absent == config::AbsentPolicy::kKeep) return false;
  return slot.kind == Kind::kUser || slot.ownership == Ownership::kCreated || policy.delete_adopted;
}

/// The source, or which file of it: lines of two files have the same numbers. A record that its reader took does not
/// tell the file any more.
std::string PartOf(const RejectView& reject, const std::string& source, const Policy& policy) {
  if (!policy.reads_several_files(reject.source) || reject.file == policy.patterns[reject.source]) return source;
  return source + '/' + std::string(reject.file.substr(reject.file.rfind('/') + 1));
}

}  // namespace

RejectBook::Stops& RejectBook::StopsOf(std::uint16_t source) {
  if (source >= stops_.size()) stops_.resize(source + std::size_t{1});
  return stops_[source];
}

void RejectBook::Add(const RejectView& reject, Workspace& work) {
  const std::string source =
      reject.source < work.policy.sources.size() ? work.policy.sources[reject.source] : std::string(reject.file);
  work.Report({.kind = "record",
               .key = PartOf(reject, source, work.policy) + ':' + std::to_string(reject.line),
               .reason = std::string(reject.reason),
               .source = {.name = source, .line = reject.line, .dn = {}}});
  if (reject.hides_groups_alone) {
    HideGroups(reject.source);
    return;
  }
  if (reject.source >= counts_.size()) counts_.resize(reject.source + std::size_t{1});
  ++counts_[reject.source];
  Entry entry{.source = reject.source, .begin = values_.size(), .end = 0};
  for (const std::string_view value : reject.values) {
    if (value.empty()) {
      entry.lacks_key = true;
      continue;
    }
    const Hash128 hash = HashOf(value);
    for (const Kind kind : kAllKinds) {
      const SlotId slot = work.table.Find(kind, hash);
      if (slot != kNone) work.table[slot].set(kRejectNamed);
    }
    if (values_.size() >= kMostRejectValues) continue;
    values_.push_back(hash);
    if (value.find('@') != std::string_view::npos) {
      addresses_.push_back({.hash = AddressHash(value), .source = reject.source});
    }
  }
  if (values_.size() >= kMostRejectValues) StopsOf(reject.source) = {.people = true, .groups = true};
  entry.end = values_.size();
  entries_.push_back(entry);
}

/// Names everybody of the same source whose e-mail a rejected record carries.
void RejectBook::FindAddressees(Workspace& work) {
  if (addresses_.empty()) return;
  std::sort(addresses_.begin(), addresses_.end());
  // One bit an address lets a million whom no rejected record names pass without a search.
  std::size_t bits = 1024;
  while (bits < addresses_.size() * 8) bits *= 2;
  std::vector<bool> wanted(bits);
  for (const Address& address : addresses_) wanted[address.hash.low & (bits - 1)] = true;
  for (SlotId id = 0; id < work.table.known(); ++id) {
    Slot& slot = work.table[id];
    if (!wanted[slot.address_hash.low & (bits - 1)] || slot.kind == Kind::kGroup || !slot.is_there()) continue;
    auto it = std::lower_bound(addresses_.begin(), addresses_.end(), Address{.hash = slot.address_hash, .source = 0});
    for (; it != addresses_.end() && it->hash == slot.address_hash; ++it) {
      if (slot.source == it->source || work.table.FormerSourceOf(id) == it->source) slot.set(kRejectNamed);
    }
  }
}

/// Whose own record this may be, by the keys in it. An e-mail is no such evidence: it may be the manager's, who may
/// have gone in this very read. Nor is any key where its own is blank.
std::vector<SlotId> RejectBook::CandidatesFor(const Entry& entry, const Workspace& work) const {
  std::vector<SlotId> candidates;
  if (entry.lacks_key) return candidates;
  for (std::size_t at = entry.begin; at < entry.end; ++at) {
    for (const Kind kind : {Kind::kUser, Kind::kContact}) {
      const SlotId id = work.table.Find(kind, values_[at]);
      if (id != kNone && IsMissingSinceThisRead(work, id, entry.source)) candidates.push_back(id);
    }
  }
  return candidates;
}

std::vector<bool> RejectBook::FindOwners(const Workspace& work) {
  std::vector<std::vector<Hash128>> keys(entries_.size());
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    for (const SlotId id : CandidatesFor(entries_[i], work)) {
      const Hash128& key = work.table[id].key_hash;
      if (std::find(keys[i].begin(), keys[i].end(), key) == keys[i].end()) keys[i].push_back(key);
      if (owners_.empty() || owners_.back() != id) owners_.push_back(id);
    }
    if (!keys[i].empty()) order.push_back(i);
  }
  std::sort(owners_.begin(), owners_.end());
  // Nobody has two records: the row that names its manager is not the manager's, whose own one is rejected too. Those
  // with the least to choose from choose first; copies are one record.
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return keys[a].size() < keys[b].size(); });
  std::vector<bool> has_owner(entries_.size());
  std::set<Hash128> taken;
  std::map<std::vector<Hash128>, bool> copies;
  for (const std::size_t i : order) {
    const auto begin = values_.begin();
    std::vector<Hash128> values(begin + static_cast<std::ptrdiff_t>(entries_[i].begin),
                                begin + static_cast<std::ptrdiff_t>(entries_[i].end));
    const auto [copy, is_first] = copies.try_emplace(std::move(values), false);
    if (is_first) {
      copy->second = std::any_of(keys[i].begin(), keys[i].end(),
                                 [&taken](const Hash128& key) { return taken.insert(key).second; });
    }
    has_owner[i] = copy->second;
  }
  return has_owner;
}

void RejectBook::Resolve(Workspace& work) {
  // A key that also has a good record of its own does not tell whose record this one is: the row of a missing person
  // names their manager, who is there.
  FindAddressees(work);
  const std::vector<bool> has_owner = FindOwners(work);
  for (std::size_t e = 0; e < entries_.size(); ++e) {
    const Entry& entry = entries_[e];
    bool found_group = false;
    for (std::size_t i = entry.begin; i < entry.end; ++i) {
      for (const Kind kind : kAllKinds) {
        const SlotId id = work.table.Find(kind, values_[i]);
        if (id == kNone) continue;
        work.table[id].set(kRejectNamed);
        found_group = found_group || (kind == Kind::kGroup && work.table[id].is_known());
      }
    }
    Stops& stops = StopsOf(entry.source);
    // Of what a record does not show, being found elsewhere explains nothing.
    stops.people = stops.people || !has_owner[e] || !work.policy.ShowsKeys(entry.source, false);
    stops.groups = stops.groups || !found_group || !work.policy.ShowsKeys(entry.source, true);
  }
  if (entries_.empty()) return;
  for (SlotId id = 0; id < work.table.size(); ++id) {
    if (!work.table[id].has(kRejectNamed)) continue;
    work.Freeze(id);
    work.Note(id, "frozen",
              "a rejected record carries its key or e-mail: neither changed nor removed until that is mended");
  }
}

bool RejectBook::HidesAnybody(std::uint16_t source, Kind kind) const {
  if (source >= stops_.size()) return false;
  return kind == Kind::kGroup ? stops_[source].groups : stops_[source].people;
}

bool RejectBook::MayBeOf(SlotId id) const {
  return std::binary_search(owners_.begin(), owners_.end(), id);
}

}  // namespace ucaas_sync::plan
