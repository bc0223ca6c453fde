// Values as the rest of the program sees them: trimmed and NFC.
#pragma once

#include <string_view>

#include "daemon/mapping/scratch.h"
#include "daemon/model/record.h"

namespace ucaas_sync::mapping {

/// `value` trimmed and NFC: a view of it where that changes nothing (ASCII, Latin letters), else of `scratch`. Bytes
/// that are not UTF-8 come back as they are.
std::string_view Normalize(std::string_view value, Scratch& scratch);

/// The whole record. Values that are empty after trimming are left out, so that Has() means "has a value"; those of
/// slots from `first_marker` on, attributes that say something by being there, stay. Bytes that are not UTF-8 stay as
/// they are.
void Normalize(const Record& record, Slot first_marker, Record& normal, Scratch& scratch);

}  // namespace ucaas_sync::mapping
