// A rejected record may hide anybody, so one in which nobody missing is found stops the clock of absence.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/model/entity.h"
#include "daemon/plan/workspace.h"

namespace ucaas_sync::plan {

/// Remembers what the rejected records carried until all good ones are known. Each is reported under the key
/// SOURCE:LINE, or SOURCE/FILE:LINE where the source reads several files. Memory is bounded: beyond the bound the
/// clocks of that source simply stop.
class RejectBook {
 public:
  /// An empty value among those of `reject` says that its key is blank.
  void Add(const RejectView& reject, Workspace& work);

  /// Some record of `source` names a group that cannot be known.
  void HideGroups(std::uint16_t source) { StopsOf(source).groups = true; }
  /// How many records of `source` nobody can use.
  std::uint64_t CountOf(std::size_t source) const { return source < counts_.size() ? counts_[source] : 0; }

  /// Freezes everybody whose key or e-mail a rejected record carries, and finds which clocks stop.
  void Resolve(Workspace& work);
  /// After Resolve: whether a missing `kind` of `source` proves nothing in this read.
  bool HidesAnybody(std::uint16_t source, Kind kind) const;
  /// After Resolve: whether a rejected record was taken for this one's own, as nobody is known to have gone before it.
  bool MayBeOf(SlotId id) const;

 private:
  struct Entry {
    std::uint16_t source = 0;
    std::size_t begin = 0;  // into values_
    std::size_t end = 0;
    bool lacks_key = false;  ///< The keys in it are of others: a manager, a deputy.
  };
  /// An e-mail in a rejected record.
  struct Address {
    Hash128 hash;
    std::uint16_t source = 0;
    friend auto operator<=>(const Address&, const Address&) = default;
  };
  struct Stops {
    bool people = false;
    bool groups = false;
  };
  Stops& StopsOf(std::uint16_t source);
  void FindAddressees(Workspace& work);
  std::vector<SlotId> CandidatesFor(const Entry& entry, const Workspace& work) const;
  std::vector<bool> FindOwners(const Workspace& work);

  std::vector<Entry> entries_;
  std::vector<Hash128> values_;
  std::vector<Address> addresses_;
  std::vector<SlotId> owners_;         // in order
  std::vector<Stops> stops_;           // by source
  std::vector<std::uint64_t> counts_;  // by source
};

}  // namespace ucaas_sync::plan
