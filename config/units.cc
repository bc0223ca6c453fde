#include "config/units.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <limits>
#include <utility>

namespace ucaas_sync::config {
namespace {

constexpr std::string_view kDigits = "0123456789";

/// Digits, at most one point between digits: what charconv takes beyond that (1e3, inf, nan) is no configuration.
std::optional<double> ParseDecimal(std::string_view text) {
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  if (!ParseInteger(whole)) return std::nullopt;
  if (point != std::string_view::npos) {
    const std::string_view fraction = text.substr(point + 1);
    if (fraction.empty() || fraction.find_first_not_of(kDigits) != std::string_view::npos) return std::nullopt;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <std::size_t N>
std::optional<std::uint64_t> ParseWithUnit(std::string_view text,
                                           const std::array<std::pair<std::string_view, std::uint64_t>, N>& units,
                                           std::uint64_t limit) {
  const std::size_t split = text.find_first_not_of(kDigits);
  if (split == std::string_view::npos) return std::nullopt;
  const std::optional<std::uint64_t> number = ParseInteger(text.substr(0, split));
  if (!number) return std::nullopt;
  for (const auto& [unit, factor] : units) {
    if (text.substr(split) != unit) continue;
    if (*number > limit / factor) return std::nullopt;
    return *number * factor;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> ParseInteger(std::string_view text) {
  if (text.empty() || text.find_first_not_of(kDigits) != std::string_view::npos) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::optional<Duration> ParseDuration(std::string_view text) {
  static constexpr std::uint64_t kDay = 24ULL * 3600 * 1000;
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 5> kUnits{
      {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", kDay}}};
  const auto value = ParseWithUnit(text, kUnits, 36'500 * kDay);
  if (!value) return std::nullopt;
  return Duration(static_cast<Duration::rep>(*value));
}

std::optional<double> ParseRate(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, double>, 4> kUnits{
      {{"/s", 1.0}, {"/min", 60.0}, {"/m", 60.0}, {"/h", 3600.0}}};
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::optional<double> number = ParseDecimal(text.substr(0, slash));
  if (!number) return std::nullopt;
  for (const auto& [unit, seconds] : kUnits) {
    if (text.substr(slash) == unit) return *number / seconds;
  }
  return std::nullopt;
}

std::optional<double> ParsePercent(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  const std::optional<double> number = ParseDecimal(text.substr(0, text.size() - 1));
  if (!number || *number > 100) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> ParseSize(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 4> kUnits{
      {{"B", 1}, {"KiB", 1ULL << 10}, {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}}};
  return ParseWithUnit(text, kUnits, std::numeric_limits<std::uint64_t>::max());
}

}  // namespace ucaas_sync::config
