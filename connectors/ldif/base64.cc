#include "connectors/ldif/base64.h"

#include <array>
#include <cstdint>

namespace ucaas_sync::ldif {
namespace {

constexpr std::uint32_t kBad = 0x80000000U;
using Table = std::array<std::uint32_t, 256>;

/// One table for each place in a group of four, already shifted: a group is four look-ups and three ORs.
constexpr std::array<Table, 4> MakeTables() {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<Table, 4> tables{};
  for (Table& table : tables) table.fill(kBad);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    const auto c = static_cast<unsigned char>(kAlphabet[i]);
    for (std::size_t place = 0; place < 4; ++place) {
      tables[place][c] = static_cast<std::uint32_t>(i) << (18 - 6 * place);
    }
  }
  return tables;
}

constexpr std::array<Table, 4> kTables = MakeTables();

std::uint32_t Bits(std::size_t place, char c) {
  return kTables[place][static_cast<unsigned char>(c)];
}

}  // namespace

std::optional<std::size_t> DecodeBase64To(std::string_view text, char* out) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.empty()) return 0;
  std::size_t written = 0;
  const std::size_t last = text.size() - 4;
  std::uint32_t seen = 0;
  for (std::size_t i = 0; i < last; i += 4) {
    const std::uint32_t group = Bits(0, text[i]) | Bits(1, text[i + 1]) | Bits(2, text[i + 2]) | Bits(3, text[i + 3]);
    seen |= group;
    out[written++] = static_cast<char>(group >> 16);
    out[written++] = static_cast<char>(group >> 8);
    out[written++] = static_cast<char>(group);
  }
  if ((seen & kBad) != 0) return std::nullopt;

  const std::size_t padding = text[last + 3] != '=' ? 0 : text[last + 2] != '=' ? 1 : 2;
  std::uint32_t group = Bits(0, text[last]) | Bits(1, text[last + 1]);
  if (padding < 2) group |= Bits(2, text[last + 2]);
  if (padding < 1) group |= Bits(3, text[last + 3]);
  if ((group & kBad) != 0) return std::nullopt;
  const std::uint32_t unused = padding == 2 ? 0xFFFFU : padding == 1 ? 0xFFU : 0U;
  if ((group & unused) != 0) return std::nullopt;
  out[written++] = static_cast<char>(group >> 16);
  if (padding < 2) out[written++] = static_cast<char>(group >> 8);
  if (padding < 1) out[written++] = static_cast<char>(group);
  return written;
}

}  // namespace ucaas_sync::ldif
