// Numbers with units as the configuration writes them. Pure functions; nothing when the text is not of the accepted
// form, which kAccepted… names for the message. Nothing here guesses: no octal, no hexadecimal, no missing unit.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "daemon/model/time.h"

namespace ucaas_sync::config {

inline constexpr std::string_view kAcceptedDuration = "write a whole number and a unit: 500ms, 90s, 5m, 24h or 30d";
inline constexpr std::string_view kAcceptedRate = "write requests a time: 20/s, 600/min or 5000/h";
inline constexpr std::string_view kAcceptedPercent = "write a percentage from 0% to 100%, with its sign: 5% or 0.5%";
inline constexpr std::string_view kAcceptedSize = "write a whole number and a unit: 512B, 64KiB, 64MiB or 2GiB";
inline constexpr std::string_view kAcceptedInteger = "write digits only, without a leading zero";

/// ms, s, m, h, d; at most 36,500 days.
std::optional<Duration> ParseDuration(std::string_view text);
/// Requests a second.
std::optional<double> ParseRate(std::string_view text);
/// 0 to 100.
std::optional<double> ParsePercent(std::string_view text);
/// Bytes.
std::optional<std::uint64_t> ParseSize(std::string_view text);
/// Decimal digits; "0123" and "0x1F" are refused, since others read them as 83 and 31.
std::optional<std::uint64_t> ParseInteger(std::string_view text);

}  // namespace ucaas_sync::config
