#include "daemon/mapping/normalize.h"

#include <cstring>

#include "daemon/model/text.h"

namespace ucaas_sync::mapping {
namespace {

bool HasHighBit(std::string_view text) {
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t seen = 0;
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    seen |= word;
  }
  for (; left > 0; ++at, --left) seen |= static_cast<std::uint64_t>(static_cast<unsigned char>(*at) & 0x80U);
  return (seen & 0x8080808080808080U) != 0;
}

/// UTF-8 of code points below U+0300 only: none of them combines, so the text is NFC as it stands.
bool IsBelowCombining(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) continue;
    if (lead < 0xC2 || lead > 0xCB || i + 1 == text.size()) return false;
    if ((static_cast<unsigned char>(text[++i]) & 0xC0U) != 0x80U) return false;
  }
  return true;
}

bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

}  // namespace

std::string_view Normalize(std::string_view value, Scratch& scratch) {
  if (!HasHighBit(value)) {
    while (!value.empty() && IsSpace(value.front())) value.remove_prefix(1);
    while (!value.empty() && IsSpace(value.back())) value.remove_suffix(1);
    return value;
  }
  if (IsBelowCombining(value)) return Trim(value);
  if (!IsUtf8(value)) return value;
  return Trim(scratch.Keep(Nfc(Trim(value))));
}

void Normalize(const Record& record, Slot first_marker, Record& normal, Scratch& scratch) {
  normal.Clear();
  normal.line = record.line;
  normal.dn = Normalize(record.dn, scratch);
  for (const Record::Cell& cell : record.cells()) {
    const std::string_view value = Normalize(cell.value, scratch);
    if (!value.empty() || cell.slot >= first_marker) normal.Add(cell.slot, value);
  }
}

}  // namespace ucaas_sync::mapping
