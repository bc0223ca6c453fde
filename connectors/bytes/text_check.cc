#include "connectors/bytes/text_check.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <cstring>

#include "daemon/model/text.h"

namespace ucaas_sync::bytes {
namespace {

constexpr std::size_t kStep = 64;

#ifdef __SSE2__
__m128i LoadSixteen(const char* bytes) {
  __m128i loaded;
  std::memcpy(&loaded, bytes, sizeof loaded);
  return loaded;
}

// Whether any of kStep bytes is NUL or over 0x7F.
bool NeedsCloserLook(const char* bytes) {
  const __m128i a = LoadSixteen(bytes);
  const __m128i b = LoadSixteen(bytes + 16);
  const __m128i c = LoadSixteen(bytes + 32);
  const __m128i d = LoadSixteen(bytes + 48);
  const __m128i any = _mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d));
  const __m128i least = _mm_min_epu8(_mm_min_epu8(a, b), _mm_min_epu8(c, d));
  return (_mm_movemask_epi8(_mm_cmpeq_epi8(least, _mm_setzero_si128())) | _mm_movemask_epi8(any)) != 0;
}
#else
bool NeedsCloserLook(const char* bytes) {
  unsigned char any = 0;
  unsigned char least = 0xFF;
  for (std::size_t i = 0; i < kStep; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    any = static_cast<unsigned char>(any | byte);
    least = std::min(least, byte);
  }
  return least == 0 || any >= 0x80;
}
#endif

}  // namespace

std::size_t FindNotText(std::string_view text) {
  std::size_t run = 0;  // where bytes begin that were seen to need a closer look
  std::size_t at = 0;
  // Steps with a high byte are checked together with their neighbours: characters cross steps. One that crosses into a
  // step of pure ASCII is broken, so a run may end there.
  const auto check_run = [&]() -> std::size_t {
    const std::string_view piece = text.substr(run, at - run);
    const std::size_t bad = std::min(FindInvalidUtf8(piece), piece.find('\0'));  // npos is the greatest
    return bad == std::string_view::npos ? bad : run + bad;
  };
  for (; text.size() - at >= kStep; at += kStep) {
    if (NeedsCloserLook(text.data() + at)) continue;
    if (run < at) {
      if (const std::size_t bad = check_run(); bad != std::string_view::npos) return bad;
    }
    run = at + kStep;
  }
  at = text.size();
  return check_run();
}

std::size_t CutCharacter(std::string_view text) {
  const std::size_t most = std::min<std::size_t>(3, text.size());
  for (std::size_t back = 1; back <= most; ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0U) == 0x80U) continue;
    const std::size_t needed = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return needed > back ? back : 0;
  }
  return 0;
}

std::uint64_t CharactersInLastLine(std::string_view text) {
  const std::size_t newline = text.find_last_of("\r\n");
  if (newline != std::string_view::npos) text.remove_prefix(newline + 1);
  return static_cast<std::uint64_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string HexByte(char byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(byte);
  return {'0', 'x', kDigits[value >> 4U], kDigits[value & 0xFU]};
}

std::uint64_t CountLines(std::string_view text) {
  std::uint64_t lines = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'))) ++lines;
  }
  return lines;
}

}  // namespace ucaas_sync::bytes
