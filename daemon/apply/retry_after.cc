#include "daemon/apply/retry_after.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "daemon/model/text.h"

namespace ucaas_sync::apply {
namespace {

constexpr std::chrono::hours kLongest{24 * 3650};

std::string TwoDigits(std::string_view number) {
  const std::string_view trimmed = Trim(number);
  return trimmed.size() == 1 ? '0' + std::string(trimmed) : std::string(trimmed);
}

std::optional<Instant> FromParts(std::string_view year, std::string_view month, std::string_view day,
                                 std::string_view time) {
  static constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto name = std::find(kMonths.begin(), kMonths.end(), month);
  if (name == kMonths.end()) return std::nullopt;
  return ParseInstant(std::string(year) + '-' + TwoDigits(std::to_string(name - kMonths.begin() + 1)) + '-' +
                      TwoDigits(day) + 'T' + std::string(time) + 'Z');
}

}  // namespace

std::optional<Duration> ParseRetryAfter(const std::string& header, Instant now) {
  const std::string_view text = Trim(header);
  const bool is_number =
      !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (is_number) {
    const auto seconds = ParseUnsigned(text);
    constexpr auto kMost = static_cast<std::uint64_t>(std::chrono::seconds(kLongest).count());
    return Duration(std::chrono::seconds(std::min(seconds.value_or(kMost), kMost)));
  }
  const auto instant = ParseHttpDate(text);
  if (!instant) return std::nullopt;
  return std::clamp<Duration>(*instant - now, Duration(0), kLongest);
}

std::optional<Instant> ParseHttpDate(std::string_view text) {
  text = Trim(text);
  constexpr std::size_t kAsctime = 24;
  if (text.size() == kAsctime)
    return FromParts(text.substr(20), text.substr(4, 3), text.substr(8, 2), text.substr(11, 8));
  if (!text.ends_with(" GMT")) return std::nullopt;
  const std::size_t comma = text.find(", ");
  if (comma == std::string_view::npos) return std::nullopt;
  const std::string_view date = text.substr(comma + 2);
  constexpr std::size_t kToday = 24;   // "06 Nov 1994 08:49:37 GMT"
  constexpr std::size_t kRfc850 = 22;  // "06-Nov-94 08:49:37 GMT"
  if (date.size() == kToday) {
    return FromParts(date.substr(7, 4), date.substr(3, 3), date.substr(0, 2), date.substr(12, 8));
  }
  if (date.size() != kRfc850) return std::nullopt;
  const std::string_view year = date.substr(7, 2);
  return FromParts((year < "70" ? "20" : "19") + std::string(year), date.substr(3, 3), date.substr(0, 2),
                   date.substr(10, 8));
}

}  // namespace ucaas_sync::apply
