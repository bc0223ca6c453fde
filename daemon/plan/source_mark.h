// What a source says of an entity, in 16 bytes: all that a rule makes of the record, groups and members included, so
// that "its source record changed" can be told without keeping the record. Pure.
#pragma once

#include <optional>

#include "daemon/model/entity.h"
#include "daemon/model/hash.h"

namespace ucaas_sync::plan {

/// Of somebody who left, or of whom the source says nothing: both ask for the account to go.
inline constexpr Hash128 kGoneMark{.high = 1, .low = 1};

/// Nothing when the record does not tell: set aside, out of scope, or with a value that is not known in this read.
std::optional<Hash128> MarkOf(const EntityView& entity);

}  // namespace ucaas_sync::plan
