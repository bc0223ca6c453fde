// How persons are named where others may read: in full, by key, or by a digest of the key.
#pragma once

#include <string>
#include <string_view>

#include "config/config.h"

namespace ucaas_sync::report {

/// Twelve digits of the key's SHA-256: `printf %s KEY | sha256sum` finds the lines of somebody whose key is known.
std::string DigestOf(std::string_view key);

std::string NameOf(std::string_view key, config::People people);

/// A sentence that may quote a source or the target: unless people are shown in full, its e-mail addresses are masked.
std::string Discreet(std::string_view text, config::People people);

/// Before the reason that a person gave for an approval, in the message of a run.
inline constexpr std::string_view kReasonFollows = "; reason: ";
/// A run's message for `people`: unless that is full, without e-mail addresses, and without such a reason and the
/// target's own words, either of which may name anybody.
std::string DiscreetMessage(std::string_view message, config::People people);

}  // namespace ucaas_sync::report
