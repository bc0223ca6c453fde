// Entities of the sources that may need an operation, packed one after another: who is new, differs, or comes back.
// Append-only; what Get answers points into the store and stays valid as long as the store. Single-threaded.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "daemon/model/entity.h"
#include "daemon/plan/arena.h"
#include "daemon/plan/slot_table.h"

namespace ucaas_sync::plan {

struct Candidate {
  SlotId slot = kNone;
  std::string_view key;
  std::string_view dn;
  std::string_view reason;  ///< Of its quarantine.
  Hash128 fingerprint;      ///< Of the desired fields; zero when one is unknown.
  FieldSetView fields;
};

class CandidateStore {
 public:
  std::uint32_t Add(SlotId slot, const EntityView& entity, const Hash128& fingerprint);
  Candidate Get(std::uint32_t index) const;
  std::string_view KeyOf(std::uint32_t index) const;
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Hash128 fingerprint;
    const char* packed = nullptr;
    SlotId slot = kNone;
  };
  Arena arena_;
  std::vector<Entry> entries_;
  std::string scratch_;
};

}  // namespace ucaas_sync::plan
