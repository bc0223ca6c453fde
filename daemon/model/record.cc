#include "daemon/model/record.h"

#include "daemon/model/text.h"

namespace ucaas_sync {

Slot AttributeTable::Need(std::string_view name) {
  const auto [it, is_new] = slots_.try_emplace(AsciiLower(name), static_cast<Slot>(names_.size()));
  if (is_new) names_.emplace_back(name);
  return it->second;
}

Slot AttributeTable::Find(std::string_view name) {
  if (everything_) return Need(name);
  const auto it = slots_.find(AsciiLower(name));
  return it == slots_.end() ? kNoSlot : it->second;
}

void Record::Clear() {
  for (const Cell& cell : cells_) chains_[cell.slot] = {};
  cells_.clear();
  line = 0;
  dn = {};
}

void Record::Add(Slot slot, std::string_view value) {
  if (slot >= chains_.size()) chains_.resize(slot + 1);
  const auto index = static_cast<std::uint32_t>(cells_.size());
  cells_.push_back({.value = value, .slot = slot});
  Chain& chain = chains_[slot];
  if (chain.first == kEnd) {
    chain.first = index;
  } else {
    cells_[chain.last].next = index;
  }
  chain.last = index;
}

}  // namespace ucaas_sync
