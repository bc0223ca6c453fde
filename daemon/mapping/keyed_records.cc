#include "daemon/mapping/keyed_records.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "daemon/model/hash.h"

namespace ucaas_sync::mapping {
namespace {

void PutNumber(std::uint64_t number, std::string& out) {
  while (number >= 0x80) {
    out += static_cast<char>(number | 0x80U);
    number >>= 7U;
  }
  out += static_cast<char>(number);
}

std::uint64_t TakeNumber(const char*& at) {
  std::uint64_t number = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    number |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) return number;
  }
}

void PutText(std::string_view text, std::string& out) {
  PutNumber(text.size(), out);
  out += text;
}

std::string_view TakeText(const char*& at) {
  const std::size_t size = TakeNumber(at);
  const std::string_view text(at, size);
  at += size;
  return text;
}

constexpr std::uint64_t kRefMask = (std::uint64_t{1} << 40U) - 1;

/// So many are compared one by one; beyond, a column that is no key would make it quadratic.
constexpr std::size_t kFewOthers = 16;

}  // namespace

void KeyedRecords::Add(std::string_view key, const Record& record, const std::vector<bool>& wanted, bool with_dn) {
  body_.clear();
  PutText(with_dn ? record.dn : std::string_view(), body_);
  const auto is_wanted = [&](Slot slot) { return wanted.empty() || (slot < wanted.size() && wanted[slot]); };
  const auto cells = record.cells();
  PutNumber(static_cast<std::uint64_t>(
                std::count_if(cells.begin(), cells.end(), [&](const auto& cell) { return is_wanted(cell.slot); })),
            body_);
  for (const Record::Cell& cell : cells) {
    if (!is_wanted(cell.slot)) continue;
    PutNumber(cell.slot, body_);
    PutText(cell.value, body_);
  }
  if (firsts_.size() * 2 >= table_.size()) Grow();
  const std::uint64_t hash = HashOf(key).low;
  const std::size_t place = Place(hash, key);
  const Ref first = table_[place] & kRefMask;
  if (first != 0 && IsRepeat(first)) return;
  packed_.clear();
  PutNumber(record.line, packed_);
  PutText(key, packed_);
  PutText(body_, packed_);
  const Ref ref = Store(packed_);
  if (first != 0) {
    others_[first].push_back(ref);
    return;
  }
  table_[place] = (hash >> kRefBits << kRefBits) | ref;
  firsts_.push_back(ref);
}

KeyedRecords::Ref KeyedRecords::Find(std::string_view key) const {
  if (table_.empty()) return 0;
  return table_[Place(HashOf(key).low, key)] & kRefMask;
}

std::span<const KeyedRecords::Ref> KeyedRecords::Others(Ref first) const {
  if (others_.empty()) return {};
  const auto found = others_.find(first);
  return found == others_.end() ? std::span<const Ref>() : std::span<const Ref>(found->second);
}

void KeyedRecords::Load(Ref ref, Record& record) const {
  const Header header = ReadHeader(ref);
  const char* at = header.body.data();
  record.Clear();
  record.line = header.line;
  record.dn = TakeText(at);
  for (std::uint64_t left = TakeNumber(at); left > 0; --left) {
    const auto slot = static_cast<Slot>(TakeNumber(at));
    record.Add(slot, TakeText(at));
  }
}

std::uint64_t KeyedRecords::LineOf(Ref ref) const {
  return ReadHeader(ref).line;
}

std::string_view KeyedRecords::KeyOf(Ref ref) const {
  return ReadHeader(ref).key;
}

void KeyedRecords::Clear() {
  *this = KeyedRecords();
}

KeyedRecords::Header KeyedRecords::ReadHeader(Ref ref) const {
  const char* at = At(ref);
  Header header;
  header.line = TakeNumber(at);
  header.key = TakeText(at);
  header.body = TakeText(at);
  return header;
}

bool KeyedRecords::IsRepeat(Ref first) {
  if (ReadHeader(first).body == body_) return true;
  const std::span<const Ref> others = Others(first);
  if (others.size() < kFewOthers) {
    return std::any_of(others.begin(), others.end(), [&](Ref other) { return ReadHeader(other).body == body_; });
  }
  auto& bodies = bodies_[first];
  if (bodies.empty()) {
    for (const Ref other : others) bodies.insert(HashOf(ReadHeader(other).body));
  }
  return !bodies.insert(HashOf(body_)).second;
}

KeyedRecords::Ref KeyedRecords::Store(std::string_view packed) {
  if (packed.size() > kBlockSize - used_) {
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(std::max(kBlockSize, packed.size() + 1)));
    // The very first byte is never given out, so that no Ref is 0.
    used_ = blocks_.size() == 1 ? 1 : 0;
  }
  const Ref ref = (Ref{blocks_.size() - 1} << kBlockBits) + used_;
  std::memcpy(blocks_.back().get() + used_, packed.data(), packed.size());
  used_ = std::min(kBlockSize, used_ + packed.size());
  return ref;
}

void KeyedRecords::Grow() {
  table_.assign(std::max<std::size_t>(1024, table_.size() * 2), 0);
  for (const Ref ref : firsts_) {
    const std::string_view key = KeyOf(ref);
    const std::uint64_t hash = HashOf(key).low;
    table_[Place(hash, key)] = (hash >> kRefBits << kRefBits) | ref;
  }
}

std::size_t KeyedRecords::Place(std::uint64_t hash, std::string_view key) const {
  const std::size_t mask = table_.size() - 1;
  for (std::size_t place = hash & mask;; place = (place + 1) & mask) {
    const std::uint64_t entry = table_[place];
    if (entry == 0) return place;
    if (entry >> kRefBits == hash >> kRefBits && KeyOf(entry & kRefMask) == key) return place;
  }
}

}  // namespace ucaas_sync::mapping
