// Entities of the sources that may need an operation, packed one after another: who is new, differs, or comes back.
// Append-only; of a million of them only the keys stay in memory, the rest lies in a spill file where there is one.
// Single-threaded. Reading throws Failure when the spill file cannot be read, adding when there are more bytes
// than places (see PackedBytes).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/model/entity.h"
#include "daemon/model/large_pages.h"
#include "daemon/model/packed_bytes.h"
#include "daemon/plan/arena.h"
#include "daemon/plan/slot_table.h"

namespace ucaas_sync::plan {

/// Its key stays valid as long as the store, the rest as long as the candidate itself and until the next Add.
struct Candidate {
  SlotId slot = kNone;
  std::string_view key;
  std::string_view dn;
  std::string_view reason;  ///< Of its quarantine.
  Hash128 fingerprint;      ///< Of the desired fields; zero when one is unknown.
  FieldSetView fields;
  std::unique_ptr<char[]> bytes = nullptr;  ///< What the texts point into, when they came from the spill file.
};

class CandidateStore {
 public:
  explicit CandidateStore(MakeSpillFile make_spill_file) : packed_(std::move(make_spill_file)) {}

  std::uint32_t Add(SlotId slot, const EntityView& entity, const Hash128& fingerprint);
  Candidate Get(std::uint32_t index) const;
  /// Valid as long as the store.
  std::string_view KeyOf(std::uint32_t index) const { return keys_.At(entries_[index].key); }
  SlotId SlotOf(std::uint32_t index) const { return entries_[index].slot; }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Arena::Place key = 0;
    PackedBytes::Place rest = 0;
    SlotId slot = kNone;
  };
  Arena keys_;
  PackedBytes packed_;
  LargeVector<Entry> entries_;
  std::string scratch_;
};

}  // namespace ucaas_sync::plan
