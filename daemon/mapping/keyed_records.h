// Records kept by their key, packed to a few bytes beside their text: join partners, and records that wait for others
// of their key (`prefer`). Append, then look up; views stay valid until Clear(). Single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daemon/model/hash.h"
#include "daemon/model/record.h"

namespace ucaas_sync::mapping {

class KeyedRecords {
 public:
  /// A packed record; 0 is none.
  using Ref = std::uint64_t;

  /// Keeps the record under `key` (not empty), with the slots for which `wanted` is true (all, when it is empty). A
  /// record that is identical to one of its key, but for its line, is dropped.
  void Add(std::string_view key, const Record& record, const std::vector<bool>& wanted, bool with_dn);

  /// The first record of the key.
  Ref Find(std::string_view key) const;
  /// The further, different records of the key whose first is `first`, in the order of the file.
  std::span<const Ref> Others(Ref first) const;
  /// Fills `record` with views of what is kept.
  void Load(Ref ref, Record& record) const;
  std::uint64_t LineOf(Ref ref) const;
  std::string_view KeyOf(Ref ref) const;
  /// The first record of each key, in the order of the file.
  std::span<const Ref> firsts() const { return firsts_; }

  void Clear();

 private:
  static constexpr unsigned kBlockBits = 20;
  static constexpr std::size_t kBlockSize = std::size_t{1} << kBlockBits;
  static constexpr unsigned kRefBits = 40;

  struct Header {
    std::uint64_t line = 0;
    std::string_view key;
    std::string_view body;
  };

  const char* At(Ref ref) const { return blocks_[ref >> kBlockBits].get() + (ref & (kBlockSize - 1)); }
  Header ReadHeader(Ref ref) const;
  /// Whether `body_` is among the records of the key whose first is `first`. To be stored when it is not.
  bool IsRepeat(Ref first);
  Ref Store(std::string_view packed);
  void Grow();
  std::size_t Place(std::uint64_t hash, std::string_view key) const;

  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t used_ = kBlockSize;
  std::vector<std::uint64_t> table_;  // hash tag above kRefBits, Ref below; 0 is free; a power of two of them
  std::vector<Ref> firsts_;
  std::unordered_map<Ref, std::vector<Ref>> others_;
  std::unordered_map<Ref, std::unordered_set<Hash128, Hash128Hasher>> bodies_;  // of the keys with many others
  std::string body_;
  std::string packed_;
};

}  // namespace ucaas_sync::mapping
