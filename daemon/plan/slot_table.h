// The narrow table: one slot of 64 bytes for each entity that the state knows or the sources name, found by kind and
// the hash of its key; and 24 bytes more for what only the known have. Known entities are loaded first and so keep the
// numbers below known(). Single-threaded; a slot's number never changes and references stay valid.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "daemon/model/entity.h"
#include "daemon/model/hash.h"
#include "daemon/model/large_pages.h"
#include "daemon/model/store.h"

namespace ucaas_sync::plan {

using SlotId = std::uint32_t;
inline constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::uint16_t kNoSource = std::numeric_limits<std::uint16_t>::max();

/// What the sources said of a key in this run.
enum class Seen : std::uint8_t { kNot, kPresent, kLeft, kOutOfScope, kQuarantined };

/// Why an entity is left as it is, and what was noticed of it.
enum SlotFlag : std::uint16_t {
  kFrozen = 1U << 0U,            ///< No operation, no absence.
  kHeldByPerson = 1U << 1U,      ///< Frozen by a hold: not even quarantine is said of it.
  kConflict = 1U << 2U,          ///< Its key came more than once with different content.
  kRejectNamed = 1U << 3U,       ///< A rejected record carries its key or e-mail.
  kMapsGroups = 1U << 4U,        ///< Contacts: its rule says to which groups it belongs …
  kGroupsKnown = 1U << 5U,       ///< … and they are known.
  kMembersKnown = 1U << 6U,      ///< Groups: its rule maps members, and all are known.
  kSetAsideByTarget = 1U << 7U,  ///< Quarantined because the target called it invalid.
  kDrifted = 1U << 8U,           ///< The target shows something of it otherwise: always compared in full.
  kHeldByRevert = 1U << 9U,      ///< A revert put it back; whether it is still held is found out when all is read.
  kWasOutside = 1U << 10U,       ///< Before this run its record was last seen outside the scope of its rule.
  kLacksRequired = 1U << 11U,    ///< A required field of its record is unknown: it cannot be created.
  kMayHaveLeft = 1U << 12U,      ///< For want of a joined record nobody can tell: it is not let in.
  kDnUnknown = 1U << 13U,        ///< Contacts: groups may name it by a DN that is not known in this read.
  kStatusUnknown = 1U << 14U,    ///< Users: whether its record lets them in is not known in this read.
  kUndecided = 1U << 15U,        ///< A rejected record may be what decides whether one of its records counts.
};

struct Slot {
  Hash128 key_hash;
  Hash128 address_hash;          ///< Of the e-mail or name at the target, a newcomer's to be; zero when it has none.
  std::uint64_t record = 0;      ///< Half of the record's hash: tells byte-identical repeats.
  std::uint32_t folded_key = 0;  ///< A quarter of the hash of the key without case: tells few who may be twins.
  std::uint32_t line = 0;
  std::uint32_t candidate = kNone;  ///< In the CandidateStore.
  std::uint32_t draft = kNone;      ///< In the DraftBoard.
  std::uint16_t rule = 0;
  std::uint16_t source = kNoSource;  ///< By the configuration: of the record, else of the state.
  std::uint16_t flags = 0;
  Kind kind : 2 = Kind::kUser;
  Lifecycle lifecycle : 2 = Lifecycle::kActive;
  Ownership ownership : 2 = Ownership::kCreated;
  bool has_row : 1 = false;  ///< In the state.
  Seen seen : 3 = Seen::kNot;

  bool has(SlotFlag flag) const { return (flags & flag) != 0; }
  void set(SlotFlag flag) { flags = static_cast<std::uint16_t>(flags | flag); }
  bool is_known() const { return has_row; }
  /// There is an object at the target that we look after.
  bool is_there() const { return is_known() && lifecycle != Lifecycle::kGone; }
};
static_assert(sizeof(Slot) <= 64, "a million people must stay below 100 MB");

class SlotTable {
 public:
  /// Loads every known entity. Sources that the configuration no longer has become kNoSource.
  SlotTable(const StateView& state, const std::vector<std::string>& source_names);

  Slot& operator[](SlotId id) { return chunks_[id / kChunk][id % kChunk]; }
  const Slot& operator[](SlotId id) const { return chunks_[id / kChunk][id % kChunk]; }
  std::size_t size() const { return size_; }
  std::size_t known() const { return known_; }

  /// The state's row of a slot; 0 for a newcomer.
  std::int64_t RowOf(SlotId id) const { return id < known_ ? rows_[id].id : 0; }
  /// As the state knows it; zero for a newcomer.
  Hash128 FingerprintOf(SlotId id) const { return id < known_ ? rows_[id].fingerprint : Hash128{}; }
  /// The state's source, where a record of another one was seen; else kNoSource.
  std::uint16_t FormerSourceOf(SlotId id) const {
    return id < former_sources_.size() ? former_sources_[id] : kNoSource;
  }
  /// The first of them stays. Nothing is kept of a newcomer.
  void NoteFormerSource(SlotId id, std::uint16_t source);

  /// kNone when there is none.
  SlotId Find(Kind kind, const Hash128& key_hash) const;
  SlotId FindOrAdd(Kind kind, const Hash128& key_hash);
  /// The slot of a row of the state, kNone when the row is unknown.
  SlotId WithRow(std::int64_t id) const;
  /// Gives back the memory that finding by key takes. Nobody may Find or FindOrAdd any more.
  void ForgetKeys() { LargeVector<Bucket>().swap(buckets_); }

 private:
  static constexpr std::size_t kChunk = 65536;  // 4 MiB: two large pages

  /// What a newcomer has not.
  struct Row {
    Hash128 fingerprint;
    std::int64_t id = 0;
  };

  /// The tag is a part of the hash that does not choose the bucket: it keeps a search from visiting the slots of
  /// others, each of which would be a cache miss.
  struct Bucket {
    SlotId slot = kNone;
    std::uint32_t tag = 0;
  };

  /// A slot for a key that has none: with the bucket that Probe found for it, or still without.
  SlotId Append(Kind kind, const Hash128& key_hash, std::size_t bucket);
  SlotId AddSlot(Kind kind, const Hash128& key_hash);
  void FillBucket(SlotId id);
  std::size_t Probe(Kind kind, const Hash128& key_hash) const;
  void Rehash(std::size_t buckets);

  std::vector<LargeVector<Slot>> chunks_;
  LargeVector<Row> rows_;                      // of the known
  LargeVector<std::uint16_t> former_sources_;  // of the known, once one of them has any
  std::size_t size_ = 0;
  std::size_t known_ = 0;
  LargeVector<Bucket> buckets_;                // a power of two, at most 70 % full
  std::array<SlotId, kKindCount> expected_{};  // the slot behind the one that was found last
  std::vector<SlotId> by_row_;                 // known slots by row; empty when they came in that order
};

}  // namespace ucaas_sync::plan
