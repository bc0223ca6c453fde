#include "daemon/plan/slot_table.h"

#include <algorithm>
#include <string>

namespace ucaas_sync::plan {

SlotTable::SlotTable(const StateView& state, const std::vector<std::string>& source_names) {
  std::vector<std::uint16_t> ours;
  for (const std::string& name : state.SourceNames()) {
    const auto it = std::find(source_names.begin(), source_names.end(), name);
    ours.push_back(it == source_names.end() ? kNoSource : static_cast<std::uint16_t>(it - source_names.begin()));
  }
  std::size_t buckets = 1024;
  while (buckets * 7 / 10 <= state.CountKnown() + state.CountKnown() / 20) buckets *= 2;
  Rehash(buckets);

  bool ordered = true;
  std::int64_t last = 0;
  state.ForEachKnown([&](const KnownEntity& known) {
    Slot& slot = (*this)[Append(known.kind, known.key_hash)];
    slot.address_hash = known.address_hash;
    slot.fingerprint = known.fingerprint;
    slot.id = known.id;
    slot.source = known.source < ours.size() ? ours[known.source] : kNoSource;
    slot.lifecycle = known.lifecycle;
    slot.ownership = known.ownership;
    ordered = ordered && known.id > last;
    last = known.id;
  });
  known_ = size_;
  if (ordered) return;
  by_row_.resize(known_);
  for (SlotId id = 0; id < known_; ++id) by_row_[id] = id;
  std::sort(by_row_.begin(), by_row_.end(), [&](SlotId a, SlotId b) { return (*this)[a].id < (*this)[b].id; });
}

std::size_t SlotTable::Probe(Kind kind, const Hash128& key_hash) const {
  const std::size_t mask = buckets_.size() - 1;
  // Kinds share keys (a user and a contact of one person), so the kind is mixed in lest they all collide.
  std::size_t at = (key_hash.low + Index(kind) * 0x9E3779B97F4A7C15ULL) & mask;
  while (buckets_[at] != kNone) {
    const Slot& slot = (*this)[buckets_[at]];
    if (slot.key_hash == key_hash && slot.kind == kind) break;
    at = (at + 1) & mask;
  }
  return at;
}

SlotId SlotTable::Find(Kind kind, const Hash128& key_hash) const {
  return buckets_[Probe(kind, key_hash)];
}

SlotId SlotTable::FindOrAdd(Kind kind, const Hash128& key_hash) {
  const SlotId found = Find(kind, key_hash);
  return found != kNone ? found : Append(kind, key_hash);
}

SlotId SlotTable::Append(Kind kind, const Hash128& key_hash) {
  if ((size_ + 1) * 10 > buckets_.size() * 7) Rehash(buckets_.size() * 2);
  if (size_ % kChunk == 0) chunks_.push_back(std::make_unique<Slot[]>(kChunk));
  const auto id = static_cast<SlotId>(size_++);
  Slot& slot = (*this)[id];
  slot.key_hash = key_hash;
  slot.kind = kind;
  buckets_[Probe(kind, key_hash)] = id;
  return id;
}

void SlotTable::Rehash(std::size_t buckets) {
  buckets_.assign(buckets, kNone);
  for (SlotId id = 0; id < size_; ++id) {
    const Slot& slot = (*this)[id];
    buckets_[Probe(slot.kind, slot.key_hash)] = id;
  }
}

SlotId SlotTable::WithRow(std::int64_t id) const {
  std::size_t low = 0;
  std::size_t high = known_;
  const auto at = [&](std::size_t i) { return by_row_.empty() ? static_cast<SlotId>(i) : by_row_[i]; };
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if ((*this)[at(middle)].id < id) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < known_ && (*this)[at(low)].id == id ? at(low) : kNone;
}

}  // namespace ucaas_sync::plan
