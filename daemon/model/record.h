// A record as a source yields it: attribute names to lists of values, with its line (and DN).
// One Record object is filled again and again; its values point into the reader's buffer and are valid only until the
// reader goes on. Single-threaded. Nothing here allocates per value once the vectors have grown.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ucaas_sync {

/// Position of an attribute in an AttributeTable.
using Slot = std::uint32_t;
inline constexpr Slot kNoSlot = std::numeric_limits<Slot>::max();

/// The attributes that are worth keeping, each with a slot. Names compare without ASCII case; LDAP options
/// ("cn;lang-de") are part of the name.
class AttributeTable {
 public:
  /// Keeps nothing but what Need() names.
  static AttributeTable Selected() { return AttributeTable(false); }
  /// Keeps everything: a name that is new gets the next slot (the `read` command).
  static AttributeTable Everything() { return AttributeTable(true); }

  /// Slot of `name`, added if it is new.
  Slot Need(std::string_view name);
  /// Slot of `name`, or kNoSlot if nobody needs it. In an Everything table each name is needed.
  Slot Find(std::string_view name);
  /// The name as it was first spelled.
  std::string_view NameOf(Slot slot) const { return names_[slot]; }
  std::size_t size() const { return names_.size(); }
  bool keeps_everything() const { return everything_; }

 private:
  explicit AttributeTable(bool everything) : everything_(everything) {}
  bool everything_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, Slot> slots_;  // by lower-case name
};

class Record {
 public:
  struct Cell {
    std::string_view value;
    Slot slot = kNoSlot;
    std::uint32_t next = kEnd;  ///< The next cell of the same attribute.
  };

  /// Forgets the values; keeps the memory.
  void Clear();
  void Add(Slot slot, std::string_view value);

  bool Has(Slot slot) const { return slot < chains_.size() && chains_[slot].first != kEnd; }
  /// The first value of the attribute, or nothing ("" and absent are told apart by Has).
  std::string_view First(Slot slot) const { return Has(slot) ? cells_[chains_[slot].first].value : std::string_view(); }
  /// All cells in the order of the file.
  std::span<const Cell> cells() const { return cells_; }

  /// Calls `visit(std::string_view)` for each value of the attribute, in the order of the file.
  template <typename Visit>
  void ForEach(Slot slot, Visit&& visit) const {
    if (!Has(slot)) return;
    for (std::uint32_t i = chains_[slot].first; i != kEnd; i = cells_[i].next) visit(cells_[i].value);
  }

  std::uint64_t line = 0;  ///< Where the record begins, from 1.
  std::string_view dn;     ///< Empty for CSV.

 private:
  static constexpr std::uint32_t kEnd = std::numeric_limits<std::uint32_t>::max();
  struct Chain {
    std::uint32_t first = kEnd;
    std::uint32_t last = kEnd;
  };
  std::vector<Cell> cells_;
  std::vector<Chain> chains_;  // by slot
};

}  // namespace ucaas_sync
