#include "daemon/plan/slot_table.h"

#include <algorithm>
#include <string>

namespace ucaas_sync::plan {
namespace {

// Kinds share keys (a user and a contact of one person), so the kind is mixed in lest they all collide.
std::uint64_t Mixed(Kind kind, const Hash128& key_hash) {
  return key_hash.low + Index(kind) * 0x9E3779B97F4A7C15ULL;
}

std::uint32_t TagOf(const Hash128& key_hash) {
  return static_cast<std::uint32_t>(key_hash.high);
}

}  // namespace

SlotTable::SlotTable(const StateView& state, const std::vector<std::string>& source_names) {
  std::vector<std::uint16_t> ours;
  for (const std::string& name : state.SourceNames()) {
    const auto it = std::find(source_names.begin(), source_names.end(), name);
    ours.push_back(it == source_names.end() ? kNoSource : static_cast<std::uint16_t>(it - source_names.begin()));
  }
  bool ordered = true;
  std::int64_t last = 0;
  state.ForEachKnown([&](const KnownEntity& known) {
    Slot& slot = (*this)[AddSlot(known.kind, known.key_hash)];
    rows_.push_back({.fingerprint = known.fingerprint, .id = known.id});
    slot.has_row = true;
    slot.address_hash = known.address_hash;
    slot.source = known.source < ours.size() ? ours[known.source] : kNoSource;
    slot.lifecycle = known.lifecycle;
    slot.ownership = known.ownership;
    if (known.was_outside) slot.set(kWasOutside);
    ordered = ordered && known.id > last;
    last = known.id;
  });
  known_ = size_;
  std::size_t buckets = 1024;
  while (buckets * 7 / 10 <= known_ + known_ / 20) buckets *= 2;
  Rehash(buckets);
  if (ordered) return;
  by_row_.resize(known_);
  for (SlotId id = 0; id < known_; ++id) by_row_[id] = id;
  std::sort(by_row_.begin(), by_row_.end(), [&](SlotId a, SlotId b) { return rows_[a].id < rows_[b].id; });
}

std::size_t SlotTable::Probe(Kind kind, const Hash128& key_hash) const {
  const std::size_t mask = buckets_.size() - 1;
  const std::uint32_t tag = TagOf(key_hash);
  std::size_t at = Mixed(kind, key_hash) & mask;
  for (; buckets_[at].slot != kNone; at = (at + 1) & mask) {
    if (buckets_[at].tag != tag) continue;
    const Slot& slot = (*this)[buckets_[at].slot];
    if (slot.key_hash == key_hash && slot.kind == kind) break;
  }
  return at;
}

SlotId SlotTable::Find(Kind kind, const Hash128& key_hash) const {
  return buckets_[Probe(kind, key_hash)].slot;
}

SlotId SlotTable::FindOrAdd(Kind kind, const Hash128& key_hash) {
  // An export mostly keeps its order from day to day, and then the slot behind the last one is next: no search, no
  // cache miss.
  SlotId& expected = expected_[Index(kind)];
  if (expected < size_) {
    const Slot& slot = (*this)[expected];
    if (slot.key_hash == key_hash && slot.kind == kind) return expected++;
  }
  const std::size_t bucket = Probe(kind, key_hash);
  const SlotId found = buckets_[bucket].slot;
  const SlotId id = found != kNone ? found : Append(kind, key_hash, bucket);
  expected = id + 1;
  return id;
}

SlotId SlotTable::Append(Kind kind, const Hash128& key_hash, std::size_t bucket) {
  const SlotId id = AddSlot(kind, key_hash);
  if (size_ * 10 > buckets_.size() * 7) {
    Rehash(buckets_.size() * 2);
  } else {
    buckets_[bucket] = {.slot = id, .tag = TagOf(key_hash)};
  }
  return id;
}

SlotId SlotTable::AddSlot(Kind kind, const Hash128& key_hash) {
  if (size_ % kChunk == 0) chunks_.emplace_back().reserve(kChunk);
  const auto id = static_cast<SlotId>(size_++);
  Slot& slot = chunks_.back().emplace_back();
  slot.key_hash = key_hash;
  slot.kind = kind;
  return id;
}

void SlotTable::FillBucket(SlotId id) {
  const Slot& slot = (*this)[id];
  const std::size_t mask = buckets_.size() - 1;
  std::size_t at = Mixed(slot.kind, slot.key_hash) & mask;
  while (buckets_[at].slot != kNone) at = (at + 1) & mask;
  buckets_[at] = {.slot = id, .tag = TagOf(slot.key_hash)};
}

void SlotTable::Rehash(std::size_t buckets) {
  // Each slot falls into a bucket somewhere in memory; asking for it some slots ahead hides the wait.
  constexpr SlotId kAhead = 16;
  buckets_.assign(buckets, Bucket{});
  for (SlotId id = 0; id < size_; ++id) {
    if (id + kAhead < size_) {
      const Slot& later = (*this)[id + kAhead];
      __builtin_prefetch(&buckets_[Mixed(later.kind, later.key_hash) & (buckets - 1)], 1);
    }
    FillBucket(id);
  }
}

SlotId SlotTable::WithRow(std::int64_t id) const {
  std::size_t low = 0;
  std::size_t high = known_;
  const auto at = [&](std::size_t i) { return by_row_.empty() ? static_cast<SlotId>(i) : by_row_[i]; };
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (rows_[at(middle)].id < id) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < known_ && rows_[at(low)].id == id ? at(low) : kNone;
}

void SlotTable::NoteFormerSource(SlotId id, std::uint16_t source) {
  if (id >= known_) return;
  if (former_sources_.empty()) former_sources_.assign(known_, kNoSource);
  if (former_sources_[id] == kNoSource) former_sources_[id] = source;
}

}  // namespace ucaas_sync::plan
