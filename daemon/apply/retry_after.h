// The header `Retry-After` (RFC 9110, section 10.2.3) and the dates of HTTP. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/model/time.h"

namespace ucaas_sync::apply {

/// `Retry-After` in both its forms: seconds, or an HTTP date, which is taken against the target's own `now` so that a
/// wrong clock here does not matter. Nothing when it is neither. Years stand for whatever is longer.
std::optional<Duration> ParseRetryAfter(const std::string& header, Instant now);

/// All three forms that a recipient must read (RFC 9110, section 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT", and the old
/// "Sunday, 06-Nov-94 08:49:37 GMT" and "Sun Nov  6 08:49:37 1994".
std::optional<Instant> ParseHttpDate(std::string_view text);

}  // namespace ucaas_sync::apply
